// swift-tools-version: 6.2
// The manifest is the layering: a target may import only what is listed beside it.
//
//   level 1  LiveTLS  LiveProtocol  Rooms                  nothing of ours
//            LiveIO                                        LiveTLS
//   level 2  RoomsBackplane  RoomsStore  LiveKeys          level 1
//   level 3  LiveServer                                    joins the levels below
//   level 4  liveserver and liveload (the executables), tests
import PackageDescription

var strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

// `make check` turns warnings into errors; a plain build must not break on what a newer compiler warns of.
if Context.environment["LIVECLASSROOM_STRICT"] == "1" {
    strict.append(.treatAllWarnings(as: .error))
}

let package = Package(
    name: "LiveClassroom",
    products: [
        .executable(name: "liveserver", targets: ["liveserver"]),
        .executable(name: "liveload", targets: ["liveload"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        // C: what the Glibc module lacks, and one system library a target.
        .target(name: "CLinux", path: "Sources/LiveServer/CLinux"),
        .target(name: "CWeb", path: "Sources/LiveServer/CWeb"),
        .systemLibrary(name: "COpenSSL", path: "Sources/LiveServer/COpenSSL", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", path: "Sources/LiveServer/CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CQRCode", path: "Sources/LiveServer/CQRCode", providers: [.apt(["libqrcodegen-dev"])]),
        .systemLibrary(name: "CCurl", path: "Sources/Analytics/CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CHiredis", path: "Sources/Rooms/CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CSQLite", path: "Sources/Rooms/CSQLite", providers: [.apt(["libsqlite3-dev"])]),

        // Level 1
        .target(
            name: "LiveTLS", dependencies: ["COpenSSL"], path: "Sources/LiveServer/TLS", swiftSettings: strict),
        .target(
            name: "LiveIO", dependencies: ["LiveTLS", "CLinux", "CZlib"], path: "Sources/LiveServer/IO",
            swiftSettings: strict),
        .target(
            name: "LiveProtocol", dependencies: ["COpenSSL", "CZlib"], path: "Sources/LiveServer/Protocol",
            swiftSettings: strict),
        .target(name: "Rooms", path: "Sources/Rooms/Domain", swiftSettings: strict),

        // Level 2
        .target(
            name: "RoomsBackplane", dependencies: ["Rooms", "LiveIO", "CHiredis"], path: "Sources/Rooms/Backplane",
            swiftSettings: strict),
        .target(
            name: "RoomsStore", dependencies: ["Rooms", "LiveIO", "CSQLite"], path: "Sources/Rooms/Store",
            swiftSettings: strict),

        .target(
            name: "LiveKeys", dependencies: ["LiveIO", "LiveProtocol", "COpenSSL", "CCurl"],
            path: "Sources/LiveServer/Keys", swiftSettings: strict),

        // Level 3
        .target(
            name: "LiveServer",
            dependencies: [
                "LiveIO", "LiveTLS", "LiveProtocol", "LiveKeys", "Rooms", "RoomsBackplane", "RoomsStore",
                "CLinux", "COpenSSL", "CZlib", "CWeb", "CQRCode", "CSQLite",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/LiveServer/Server", swiftSettings: strict),

        // Level 4
        .executableTarget(
            name: "liveserver",
            dependencies: [
                "LiveServer", "LiveKeys", "LiveProtocol", "LiveTLS", "Rooms",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/LiveServer/Main", swiftSettings: strict),
        .executableTarget(
            name: "liveload",
            dependencies: [
                "LiveIO", "LiveTLS", "LiveProtocol", "COpenSSL",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            path: "LoadTests/liveload", swiftSettings: strict),

        // Tests
        .target(name: "LiveTestSupport", dependencies: ["LiveIO"], path: "Tests/Support", swiftSettings: strict),
        .testTarget(
            name: "LiveIOTests", dependencies: ["LiveIO", "LiveTLS", "LiveTestSupport"], path: "Tests/IOTests",
            swiftSettings: strict),
        .testTarget(
            name: "LiveProtocolTests", dependencies: ["LiveProtocol", "LiveTestSupport"], path: "Tests/ProtocolTests",
            swiftSettings: strict),
        .target(
            name: "RoomHistories", dependencies: ["Rooms"], path: "Tests/Simulation/Histories", swiftSettings: strict),
        .testTarget(
            name: "RoomsTests", dependencies: ["Rooms", "RoomHistories", "LiveTestSupport"], path: "Tests/RoomsTests",
            swiftSettings: strict),
        .testTarget(
            name: "RoomsBackplaneTests", dependencies: ["RoomsBackplane", "LiveTestSupport"],
            path: "Tests/BackplaneTests", swiftSettings: strict),
        .testTarget(
            name: "RoomsStoreTests", dependencies: ["RoomsStore", "Rooms", "LiveIO", "LiveTestSupport", "CSQLite"],
            path: "Tests/StoreTests", swiftSettings: strict),
        .testTarget(
            name: "LiveKeysTests", dependencies: ["LiveKeys", "LiveProtocol", "LiveIO", "LiveTestSupport"],
            path: "Tests/KeysTests", swiftSettings: strict),
        .testTarget(
            name: "LiveServerTests",
            dependencies: [
                "LiveServer", "LiveProtocol", "LiveIO", "LiveTLS", "LiveKeys", "Rooms", "RoomsBackplane",
                "RoomsStore", "RoomHistories", "LiveTestSupport",
            ], path: "Tests/ServerTests", swiftSettings: strict),
        .target(
            name: "SimulationModel", dependencies: ["Rooms", "RoomHistories", "LiveServer", "LiveProtocol"],
            path: "Tests/Simulation/Model", swiftSettings: strict),
        .executableTarget(
            name: "RoomSimulation", dependencies: ["SimulationModel"], path: "Tests/Simulation/Main",
            swiftSettings: strict),
        .testTarget(
            name: "SimulationTests", dependencies: ["SimulationModel", "RoomSimulation"],
            path: "Tests/Simulation/Checks", swiftSettings: strict),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                // The executable itself, so that it is built: these tests start it as a process of its own.
                "liveserver", "LiveServer", "LiveProtocol", "LiveIO", "LiveTLS", "LiveKeys", "Rooms", "RoomsStore",
                "LiveTestSupport", "CSQLite",
            ],
            path: "Tests/Integration", swiftSettings: strict),
        .testTarget(
            name: "LoadTests",
            dependencies: [
                // Both executables: the tests start them as processes of their own.
                "liveload", "liveserver", "LiveTLS", "LiveProtocol", "LiveTestSupport",
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            path: "Tests/LoadTests", swiftSettings: strict),
        .testTarget(name: "TidyTests", path: "Tests/Tidy", swiftSettings: strict),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "LiveServer", "LiveProtocol", "LiveKeys", "LiveIO", "Rooms", "RoomsStore", "LiveTestSupport",
            ],
            path: "Tests/Fuzz/Targets", swiftSettings: strict),
        .testTarget(
            name: "FuzzTests", dependencies: ["FuzzTargets", "LiveTestSupport"], path: "Tests/Fuzz/Checks",
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)

// libFuzzer brings its own `main`: the program is known to scripts/fuzz.sh only.
if Context.environment["LIVECLASSROOM_FUZZ"] == "1" {
    package.targets.append(
        .executableTarget(
            name: "livefuzz", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/Main", swiftSettings: strict))
}
