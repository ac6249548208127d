// Layers: who may import whom. The manifest keeps our targets apart; this table also keeps out Foundation and the like.

enum LayerRules {
    /// The folder of a target (longest prefix wins) and every module its files may import.
    static let allowed: [(folder: String, modules: Set<String>)] = [
        ("Sources/LiveServer/TLS/", ["Glibc", "Synchronization", "COpenSSL"]),
        ("Sources/LiveServer/IO/", ["Glibc", "Synchronization", "LiveTLS", "CLinux", "CZlib"]),
        ("Sources/LiveServer/Protocol/", ["Glibc", "COpenSSL", "CZlib"]),
        (
            "Sources/LiveServer/Keys/",
            ["Glibc", "Synchronization", "LiveIO", "LiveProtocol", "COpenSSL", "CCurl"]
        ),
        ("Sources/Rooms/Domain/", []),
        ("Sources/Rooms/Backplane/", ["Glibc", "Synchronization", "Rooms", "LiveIO", "CHiredis"]),
        ("Sources/Rooms/Store/", ["Glibc", "Synchronization", "Rooms", "LiveIO", "CSQLite"]),
        (
            "Sources/LiveServer/Server/",
            [
                "Glibc", "Synchronization", "LiveIO", "LiveTLS", "LiveProtocol", "LiveKeys", "Rooms",
                "RoomsBackplane", "RoomsStore",
                "CLinux", "COpenSSL", "CZlib", "CWeb", "CQRCode", "CSQLite", "Logging",
            ]
        ),
        (
            "Sources/LiveServer/Main/",
            [
                "Glibc", "Foundation", "ArgumentParser", "Logging", "LiveServer", "LiveIO", "LiveTLS", "LiveProtocol",
                "LiveKeys", "Rooms",
            ]
        ),
    ]

    private static let importKinds: Set<String> = [
        "struct", "class", "enum", "protocol", "func", "var", "let", "typealias", "actor",
    ]

    /// Each file imports only what stands beside its folder in `allowed`.
    static let imports = Rule.eachFile { file in
        guard file.isSwift, file.isIn("Sources/") else { return [] }
        let row = allowed.filter { file.path.hasPrefix($0.folder) }.max { $0.folder.count < $1.folder.count }
        guard let row else { return [file.finding(line: 0, "no row in LayerRules.allowed for this folder")] }
        return importedModules(file).filter { !row.modules.contains($0.text) }
            .map { file.finding(line: $0.line, "\(row.folder) must not import \($0.text)") }
    }

    private static func importedModules(_ file: SourceFile) -> [Token] {
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            guard tokens[index].text == "import", index + 1 < tokens.count else { return nil }
            var module = index + 1
            if importKinds.contains(tokens[module].text), module + 1 < tokens.count { module += 1 }
            return tokens[module]
        }
    }

    /// The reactor is ours: no event loop, and nothing that brings one in.
    static let noForeignEventLoop = Rule.eachFile { file in
        guard file.name == "Package.swift" else { return [] }
        let refused = ["swift-nio", "grpc-swift", "async-http-client", "hummingbird", "vapor/", "flyingfox"]
        return file.lines.enumerated().flatMap { offset, line in
            refused.filter { line.lowercased().contains($0) }
                .map { file.finding(line: offset + 1, "the package must not depend on \($0)") }
        }
    }

    /// No message passes through a suspension point: `async`, `await` and `Task` stay out of what a message passes.
    static let noSuspension = Rule.eachFile { file in
        guard file.isSwift,
            file.isIn(
                "Sources/LiveServer/IO/", "Sources/LiveServer/TLS/", "Sources/LiveServer/Protocol/",
                "Sources/LiveServer/Keys/",
                "Sources/LiveServer/Server/", "Sources/Rooms/")
        else { return [] }
        let tokens = file.tokens
        return tokens.indices.filter { index in
            let before = index > 0 ? tokens[index - 1].text : ""
            let after = index + 1 < tokens.count ? tokens[index + 1].text : ""
            switch tokens[index].text {
            case "async", "await": return before != "." && before != "func"
            case "Task": return after == "{" || (after == "." && before != ".")
            case "TaskGroup", "MainActor": return true
            default: return false
            }
        }.map { file.finding(line: tokens[$0].line, "`\(tokens[$0].text)` on the way of a message") }
    }

    /// Only the command line prints; everything else logs, so that nothing personal reaches a terminal by accident.
    static let noPrinting = Rule.eachFile { file in
        guard file.isSwift, file.isIn("Sources/"), !file.isIn("Sources/LiveServer/Main/") else { return [] }
        return file.tokens.indices.filter { index in
            guard ["print", "debugPrint", "dump"].contains(file.tokens[index].text) else { return false }
            let before = index > 0 ? file.tokens[index - 1].text : ""
            let after = index + 1 < file.tokens.count ? file.tokens[index + 1].text : ""
            return after == "(" && before != "." && before != "func"
        }.map { file.finding(line: file.tokens[$0].line, "`\(file.tokens[$0].text)` outside the command line: log it") }
    }
}
