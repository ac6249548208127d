// The rules, run over the repository as it stands.
import Testing

@Suite("Tidy: the repository")
struct RepositoryTests {
    private func expectClean(_ rule: Rule, sourceLocation: SourceLocation = #_sourceLocation) {
        let findings = rule.check(Repository.files)
        #expect(findings.isEmpty, Comment(rawValue: list(findings)), sourceLocation: sourceLocation)
    }

    private func list(_ findings: [Finding]) -> String {
        let shown = findings.prefix(400).map(\.description).joined(separator: "\n")
        return findings.count > 400 ? "\(shown)\n… and \(findings.count - 400) more" : shown
    }

    @Test func `the repository was found and read`() {
        let paths = Set(Repository.files.map(\.path))
        #expect(paths.contains("Package.swift"))
        #expect(paths.contains("Tests/Tidy/RepositoryTests.swift"))
        #expect(paths.count > 20)
    }

    @Test func `no file is longer than the limit`() {
        expectClean(SizeRules.fileLength)
        let long = SizeRules.longFiles(Repository.files)
        if !long.isEmpty {
            print("worth splitting (over \(SizeRules.fileLinesSuggested) lines):\n" + long.joined(separator: "\n"))
        }
    }

    @Test func `no line is longer than the limit`() { expectClean(SizeRules.lineLength) }
    @Test func `every file opens with a comment`() { expectClean(SizeRules.headComment) }
    @Test func `every file imports only what its layer may`() { expectClean(LayerRules.imports) }
    @Test func `the package depends on no foreign event loop`() { expectClean(LayerRules.noForeignEventLoop) }
    @Test func `no message waits at a suspension point`() { expectClean(LayerRules.noSuspension) }
    @Test func `only the command line prints`() { expectClean(LayerRules.noPrinting) }
    @Test func `the room domain knows no time, chance or floating point`() { expectClean(PurityRules.refused) }
    @Test func `the room domain never walks through a dictionary or set`() { expectClean(PurityRules.keyedCollections) }
    @Test func `no file or type has an empty name`() { expectClean(WordRules.names) }
    @Test func `nothing is marked as unfinished`() { expectClean(WordRules.unfinished) }
    @Test func `nothing is forced and nothing ends without a sentence`() { expectClean(WordRules.forced) }
    @Test func `no path of somebody's machine stands in a file`() { expectClean(WordRules.noMachinePaths) }
    @Test func `every escape from the concurrency checker is reasoned and listed`() { expectClean(EscapeRules.reasons) }
    @Test func `every package declaration has a doc comment`() { expectClean(DocCommentRules.packageDeclarations) }
    @Test func `no script makes HTML out of text`() { expectClean(WebRules.scripts) }
    @Test func `no page holds a script, style or handler of its own`() { expectClean(WebRules.pages) }
    @Test func `every file of the web client is served`() { expectClean(WebRules.served) }
    @Test func `every link between the pages leads somewhere`() {
        expectClean(LinkRules.resolve(existing: Repository.allPaths))
    }
    @Test func `every file and folder that a page names is there`() {
        expectClean(PageRules.files(existing: Repository.allPaths))
    }
    @Test func `every setting that a page names is in the reference`() { expectClean(PageRules.settings) }
    @Test func `every metric that a page names is written by the server`() { expectClean(PageRules.metrics) }
    @Test func `every target of make that a page names is in the Makefile`() { expectClean(PageRules.targets) }
    @Test func `every type and escape on the architecture page exists`() { expectClean(PageRules.types) }
    @Test func `every attack on the security page is held by tests that exist`() {
        expectClean(SecurityPageRules.tests)
    }
}
