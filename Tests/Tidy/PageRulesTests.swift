// Each rule about the pages finds what is planted for it and lets the good twin beside it pass.
import Testing

@Suite("Tidy: planted pages")
struct PageRulesTests {
    private let page = "Docs/page.md"

    private func lines(_ rule: Rule, _ text: String, in path: String? = nil, beside others: [SourceFile] = []) -> [Int]
    {
        rule.check([SourceFile(path ?? page, text)] + others).map(\.line)
    }

    @Test func `a file that is not there is found, with or without its folder`() {
        let rule = PageRules.files(existing: ["Sources/A/Door.swift", "scripts/say.sh"])
        let good = "`Door.swift` `A/Door.swift` `Sources/A/` `Sources/A` `scripts/say.sh` `Sources/*/X.swift`"
        #expect(lines(rule, good) == [])
        #expect(lines(rule, "`Gone.swift`\nGone.swift\n`Sources/B/`\n`see scripts/no.sh`") == [1, 3, 4])
        #expect(lines(rule, "`oor.swift`\n`Sources/A/Doo`") == [1, 2])
        #expect(lines(rule, "`Gone.swift`", in: "Docs/decisions/old.md") == [])
    }

    @Test func `a setting that is not in the reference is found`() {
        let reference = SourceFile("Config/README.md", "| `limits.rooms` | `10` | 1…20 | why |")
        #expect(lines(PageRules.settings, "`limits.rooms` `live.js` `history.db` limits.x", beside: [reference]) == [])
        #expect(lines(PageRules.settings, "\n`limits.doors`", beside: [reference]) == [2])
    }

    @Test func `a metric that nobody writes is found`() {
        let code = SourceFile(
            "Sources/LiveServer/Server/M.swift", "each(\"joins_total\"); f(\"liveclassroom_x\"); h(\"lag_seconds\")")
        let good = "`liveclassroom_joins_total{reactor=\"0\"}` `liveclassroom_x` `liveclassroom_lag_seconds_bucket`"
        #expect(lines(PageRules.metrics, good, beside: [code]) == [])
        #expect(lines(PageRules.metrics, "`liveclassroom_leaves_total`", beside: [code]) == [1])
    }

    @Test func `a target that the Makefile lacks is found`() {
        let makefile = SourceFile("Makefile", "test: build ## tests\nfault-x:")
        let good = "`make test` and `make fault-x A=1`\nmake sure\n```\nmake test # all\n```\nmake haste"
        #expect(lines(PageRules.targets, good, beside: [makefile]) == [])
        #expect(lines(PageRules.targets, "```\nmake sure\n```", beside: [makefile]) == [2])
        #expect(lines(PageRules.targets, "call `make tests`", beside: [makefile]) == [1])
    }

    @Test func `a type that is gone and a row without its escape are found`() {
        let code = SourceFile(
            "Sources/A/B.swift", "struct Door { var open = 1 }\n// its owner\nfinal class Box: @unchecked Sendable {}")
        let architecture =
            "`Door` `Door.open` `Room…` `EPOLLOUT` `Last-Event-ID`\n`Gate`\n## Escapes\n| `Box` | x |\n| `Old` | x |"
        #expect(lines(PageRules.types, architecture, in: "Docs/ARCHITECTURE.md", beside: [code]) == [2, 5, 5])
    }

    @Test func `an attack that no test holds, or one that is gone, is found`() {
        let tests = [
            SourceFile("Tests/A/XTests.swift", "    @Test func `a flood ends`() {}"),
            SourceFile("Tests/B/test_x.py", "def test_fuzz(node):\n    async def inner(x):"),
        ]
        let table = "| attack | defence | held by the test |\n|---|---|---|\n"
        func rows(_ text: String) -> [Int] {
            lines(SecurityPageRules.tests, table + text, in: "Docs/security.md", beside: tests)
        }
        #expect(rows("| a | `b` | `a flood ends` · `test_fuzz` |\n\n| other | `table` |") == [])
        #expect(rows("| a | b | `a storm ends` |\n| a | b | none |\n| a | `a flood ends` |") == [3, 4, 5])
    }
}
