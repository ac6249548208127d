// Each rule finds what is planted for it and lets the good twin beside it pass: a rule that cannot fail proves nothing.
import Testing

@Suite("Tidy: planted samples")
struct PlantedTests {
    /// Expects findings on exactly these lines (0 = the file as a whole) of the one planted file.
    private func expect(
        _ rule: Rule, finds lines: [Int], in path: String, _ text: String, beside others: [SourceFile] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let found = rule.check([SourceFile(path, text)] + others)
        #expect(found.map(\.line) == lines, Comment(rawValue: "\(found)"), sourceLocation: sourceLocation)
    }

    private let domain = "Sources/Rooms/Domain/Sample.swift"
    private let server = "Sources/LiveServer/Server/Sample.swift"

    // MARK: sizes

    @Test func `a file past the limit is found`() {
        expect(SizeRules.fileLength, finds: [], in: server, String(repeating: "\n", count: 599))
        expect(SizeRules.fileLength, finds: [0], in: server, String(repeating: "\n", count: 600))
    }

    @Test func `a line past the limit is found, counted in characters`() {
        expect(SizeRules.lineLength, finds: [], in: server, String(repeating: "é", count: 120))
        expect(SizeRules.lineLength, finds: [2], in: server, "\n" + String(repeating: "x", count: 121))
    }

    @Test func `a file without a head comment is found`() {
        expect(SizeRules.headComment, finds: [], in: server, "// Owns nothing.\nstruct A {}")
        expect(SizeRules.headComment, finds: [1], in: server, "struct A {}")
    }

    // MARK: layers

    @Test func `an import across layers is found, however it is written`() {
        expect(LayerRules.imports, finds: [], in: server, "import Rooms\npackage import LiveIO\n// import Foundation")
        expect(
            LayerRules.imports, finds: [1, 2, 3], in: server,
            "import Foundation\npackage import ArgumentParser\n@preconcurrency import struct Foundation.Date")
        expect(LayerRules.imports, finds: [1], in: domain, "import Glibc")
        expect(LayerRules.imports, finds: [1], in: "Sources/LiveServer/IO/A.swift", "import Rooms")
        expect(LayerRules.imports, finds: [0], in: "Sources/Elsewhere/A.swift", "// a folder without a row")
    }

    @Test func `a foreign event loop in the manifest is found`() {
        expect(LayerRules.noForeignEventLoop, finds: [], in: "Package.swift", ".package(url: \"…/swift-log\")")
        expect(
            LayerRules.noForeignEventLoop, finds: [2], in: "Package.swift",
            "// deps\n.package(url: \"https://github.com/apple/swift-nio\", from: \"2.0.0\")")
    }

    @Test func `a suspension point on the way of a message is found`() {
        expect(LayerRules.noSuspension, finds: [], in: server, "// async\nlet a = \"await\"")
        expect(LayerRules.noSuspension, finds: [1, 2, 3], in: server, "func f() async {\n await g() }\nTask { h() }")
        expect(LayerRules.noSuspension, finds: [], in: server, "enum Task: Sendable { case save }\nSelf.await(news)")
        expect(LayerRules.noSuspension, finds: [], in: "Sources/LiveServer/Main/Sample.swift", "await g()")
    }

    @Test func `printing outside the command line is found`() {
        expect(LayerRules.noPrinting, finds: [], in: server, "table.print()\nfunc print() {}")
        expect(LayerRules.noPrinting, finds: [1], in: server, "print(\"hello\")")
        expect(LayerRules.noPrinting, finds: [], in: "Sources/LiveServer/Main/Sample.swift", "print(1)")
    }

    // MARK: purity

    @Test(arguments: [
        "let a: Double = 1", "let a = 0.5", "let a = 1e3", "let a = Int.random(in: 0..<2)", "let a = Date()",
        "let a = ContinuousClock.now", "import Glibc", "let a = key.hashValue", "var h = Hasher()",
        "let k = table.keys",
        "let v = table.values", "let a = \"\\(x.shuffled())\"",
    ])
    func `time, chance, floating point and the process's hash are found in the domain`(line: String) {
        expect(PurityRules.refused, finds: [2], in: domain, "// sample\n" + line)
    }

    @Test(arguments: [
        "let a = 0x1e3", "let a = 0..<5", "let randomness = 1", "// Double", "let a = \"Date()\"",
        "func hash(into hasher: inout Hasher) {}", "let clockwise = 1", "let keys = 1", "let a = pair.0",
    ])
    func `their harmless look-alikes pass`(line: String) {
        expect(PurityRules.refused, finds: [], in: domain, "// sample\n" + line)
    }

    @Test(arguments: [
        "for (k, v) in table { use(k, v) }", "let a = table.map { $0 }", "let a = table.sorted()",
        "let a = table.first",
        "let b = Array(table)", "let c = table\nuse(c)", "table.forEach { use($0) }",
        "for k in self.table where k > 1 {}",
        "let a = table.filter { $0 }", "let r = table.reduce(0) { $0 }", "use(seen)", "for s in seen {}", "use(late)",
        "use(made)", "use(parameter)",
    ])
    func `a walk through a dictionary or set is found`(line: String) {
        let declarations = """
            var table: [Key: Int]
            var seen: Set<Key>
            var late: Dictionary<Key, [Int]>?
            var made = [Key: Int]()
            func f(parameter: [Key: Int]) {}

            """
        expect(PurityRules.keyedCollections, finds: [6], in: domain, declarations + line + "\n// end")
    }

    @Test func `looking up, inserting, counting and arrays pass`() {
        expect(
            PurityRules.keyedCollections, finds: [], in: domain,
            """
            var table: [Key: Int] = [:]
            var seen: Set<Key> = []
            var list: [Key] = []
            var pairs: [(key: Key, value: Int)] = []
            let a = table[key]
            table[key] = 1
            table.removeValue(forKey: key)
            if seen.contains(key), seen.count > 1 { seen.insert(key) }
            for key in list { use(key) }
            let choice = [flag ? one : two]
            for (key, value) in pairs { use(key, value) }
            """)
    }

    @Test func `a private dictionary binds its own file, a shared one every file`() {
        let other = SourceFile("Sources/Rooms/Domain/Other.swift", "for a in table { use(a) }")
        let unrelated = SourceFile("Sources/LiveServer/Server/Other.swift", "for a in table { use(a) }")
        let table = "var table: [Key: Int] = [:]"
        expect(PurityRules.keyedCollections, finds: [], in: domain, "private " + table, beside: [other])
        expect(PurityRules.keyedCollections, finds: [1], in: domain, table, beside: [other])
        expect(PurityRules.keyedCollections, finds: [1], in: domain, "private(set) " + table, beside: [other])
        expect(PurityRules.keyedCollections, finds: [1], in: domain, "private let a = 1\n" + table, beside: [other])
        expect(PurityRules.keyedCollections, finds: [], in: domain, table, beside: [unrelated])
    }

    @Test func `a function of the domain that hands out a dictionary or set is found`() {
        expect(
            PurityRules.keyedCollections, finds: [1, 2], in: domain,
            "func a() -> [Key: Int] { fill() }\nfunc b() -> Set<Key> { fill() }\nfunc c() -> [Key] { fill() }\n")
    }

    // MARK: words

    @Test func `an empty name is found`() {
        expect(WordRules.names, finds: [0], in: "Sources/LiveServer/Server/StringUtils.swift", "// x")
        expect(WordRules.names, finds: [1, 2], in: server, "struct RoomManager {}\nenum JSONHelpers {}")
        expect(WordRules.names, finds: [], in: server, "struct Utility {}\nlet manager = 1")
    }

    @Test func `a mark of unfinished work is found`() {
        expect(WordRules.unfinished, finds: [2], in: server, "let a = 1\n// TO" + "DO: the rest")
        expect(WordRules.unfinished, finds: [1], in: "Sources/LiveServer/Web/live.js", "/* FIX" + "ME */")
    }

    @Test func `a forced cast, a forced try and an end without a sentence are found`() {
        expect(
            WordRules.forced, finds: [1, 2, 3], in: server,
            """
            fatalError()
            let a = try! f()
            let b = c as! D
            fatalError("the room \\(key) has no home")
            let e = try? f()
            while try !done() {}
            """)
    }

    @Test func `a machine path is found`() {
        expect(WordRules.noMachinePaths, finds: [1], in: "README.md", "cd /wo" + "rk/main")
        expect(WordRules.noMachinePaths, finds: [], in: "README.md", "the way of /workers and homework/one")
    }

    // MARK: escapes and doc comments

    @Test func `an escape without a reason or a row is found`() {
        let page = SourceFile("Docs/ARCHITECTURE.md", "| `Mailbox` | `table` |")
        let reason = "// Any thread may post; only the reactor's thread drains, both under the lock.\n"
        expect(
            EscapeRules.reasons, finds: [], in: server,
            reason + "final class Mailbox: @unchecked Sendable {}\n" + reason
                + "nonisolated(unsafe) private let table = 1",
            beside: [page])
        expect(EscapeRules.reasons, finds: [1], in: server, "struct Mailbox: @unchecked Sendable {}", beside: [page])
        expect(
            EscapeRules.reasons, finds: [2], in: server, reason + "extension Other: @unchecked Sendable {}",
            beside: [page])
        expect(EscapeRules.reasons, finds: [1, 1], in: server, "nonisolated(unsafe) var other = 1", beside: [page])
    }

    @Test func `a package declaration without a doc comment is found`() {
        expect(
            DocCommentRules.packageDeclarations, finds: [1, 2, 3, 5, 9], in: server,
            """
            package struct A {
                package static let b = 1
                package private(set) var c: Int
                @inline(always)
                package mutating func d() {}
            }
            /// E.
            package struct E {
            package let f: Int
            }
            """)
        expect(
            DocCommentRules.packageDeclarations, finds: [], in: server,
            """
            package import Rooms
            /// A.
            @frozen
            package struct A: Hashable {
                package static func == (a: A, b: A) -> Bool { true }
                package func hash(into hasher: inout Hasher) {}
                /** B. */
                package init() {}
            }
            package extension A {
                /// The size, each side in points.
                package var width: Int { 1 }
                package var height: Int { 2 }
            }
            """)
    }

    // MARK: web and links

    @Test func `HTML made out of text is found`() {
        expect(
            WebRules.scripts, finds: [2], in: "Sources/LiveServer/Web/app.js",
            "node.textContent = text;\nnode.innerHTML = text;\n// never innerHTML")
    }

    @Test func `an inline script, style or handler and a foreign host are found`() {
        expect(
            WebRules.pages, finds: [1, 2, 3, 5, 6], in: "Sources/LiveServer/Web/join.html",
            """
            <script>start()</script>
            <style>a{}</style>
            <p style="color:red">
            <button type="button"
              class="x"></button><button onclick="x()">
            <link rel="stylesheet" href="https://example.org/a.css">
            <script type="module" src="app.js"></script><p class="one">on=off</p>
            """)
    }

    @Test func `a file that the server would not serve is found`() {
        let table = SourceFile("Sources/LiveServer/CWeb/web.c", "ASSET(join.html, \"../Web/join.html\")")
        expect(WebRules.served, finds: [], in: "Sources/LiveServer/Web/join.html", "<p>", beside: [table])
        expect(WebRules.served, finds: [0], in: "Sources/LiveServer/Web/teach.html", "<p>", beside: [table])
    }

    @Test func `a link that leads nowhere is found`() {
        let rule = LinkRules.resolve(existing: ["Docs/protocol.md", "README.md", "Docs/images/a.png"])
        expect(
            rule, finds: [2], in: "Docs/ARCHITECTURE.md",
            "[wire](protocol.md#4) [home](../README.md) [pictures](images) [web](https://example.org/)\n[gone](gone.md)"
        )
    }
}
