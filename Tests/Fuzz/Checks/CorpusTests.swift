import Foundation
import FuzzTargets
import LiveTestSupport
import Testing

/// The kept inputs of every target, and small changes of them: the fuzzers' work in every test run.
struct CorpusTests {
    /// Changed inputs of each target.
    private static let changes = 300

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("corpus")

    static func inputs(of target: FuzzTarget) throws -> [[UInt8]] {
        let names = try FileManager.default.contentsOfDirectory(
            atPath: folder.appendingPathComponent(target.rawValue).path)
        return try names.sorted().map {
            [UInt8](try Data(contentsOf: folder.appendingPathComponent("\(target.rawValue)/\($0)")))
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func `every kept input keeps its reader's promises`(target: FuzzTarget) throws {
        let inputs = try Self.inputs(of: target)
        #expect(!inputs.isEmpty, "a target without kept inputs")
        for input in inputs { target.run(input) }
    }

    @Test(arguments: FuzzTarget.allCases)
    func `changed inputs keep their reader's promises`(target: FuzzTarget) throws {
        let inputs = try Self.inputs(of: target)
        var random = SeededRandom(seed: 20)
        for _ in 0..<Self.changes { target.run(Self.changed(random.pick(inputs), random.pick(inputs), &random)) }
    }

    @Test(arguments: FuzzTarget.allCases)
    func `the empty input and bytes without sense are no trouble`(target: FuzzTarget) {
        target.run([])
        var random = SeededRandom(seed: 4)
        for count in 1..<200 { target.run(random.bytes(count)) }
    }

    private static func changed(_ input: [UInt8], _ other: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = input
        for _ in 0...random.below(4) {
            let at = random.below(bytes.count + 1)
            switch random.below(5) {
            case 0 where at < bytes.count: bytes[at] = UInt8(random.below(256))
            case 1 where at < bytes.count: bytes[at] ^= 1 << UInt8(random.below(8))
            case 2: bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.below(8)))
            case 3: bytes.insert(contentsOf: random.bytes(1 + random.below(4)), at: at)
            default: bytes.replaceSubrange(at..., with: other[random.below(other.count + 1)...])
            }
        }
        return bytes
    }
}
