import Foundation
import Testing

@testable import LiveProtocol

/// The JSON Parsing Test Suite (Nicolas Seriot), which scripts/json-suite.sh fetches. Its `y_` texts must be taken, its
/// `n_` texts refused; of the `i_` texts either is right, and what is ours stands here.
@Suite(.enabled(if: JSONSuite.isThere, "scripts/json-suite.sh did not run"))
struct JSONSuiteTests {
    /// RFC 8259 §4 only says that names should be unique. The contract wants them unique: of two members of one name a
    /// proxy may see one and we the other.
    private static let refusedByContract: Set<String> = [
        "y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json",
    ]
    /// `i_` texts of the suite that this archive calls `y_`, after its own reader's choice. RFC 8259 §8.1 knows UTF-8
    /// alone.
    private static let refusedByChoice: Set<String> = [
        "y_string_utf16BE_no_BOM.json", "y_string_utf16LE_no_BOM.json",
    ]
    /// Of what an implementation may choose, what we take: noncharacters are characters of Unicode like others, and
    /// numbers of any size are numbers. Refused are lone surrogates, ill-formed UTF-8, byte order marks and UTF-16.
    private static let taken: Set<String> = [
        "i_string_unicode_U+10FFFE_nonchar.json", "i_string_unicode_U+1FFFE_nonchar.json",
        "i_string_unicode_U+FDD0_nonchar.json", "i_string_unicode_U+FFFE_nonchar.json",
    ]

    private static func isTaken(_ bytes: [UInt8]) -> Bool {
        (try? JSONReader().parse(bytes, limits: .document)) != nil
    }

    @Test func `what must be taken is taken`() throws {
        let texts = try JSONSuite.texts("y_")
        #expect(texts.count > 80)
        for (name, bytes) in texts {
            let isRefused = Self.refusedByContract.union(Self.refusedByChoice).contains(name)
            #expect(Self.isTaken(bytes) != isRefused, "\(name)")
        }
    }

    @Test func `what must be refused is refused`() throws {
        let texts = try JSONSuite.texts("n_")
        #expect(texts.count > 150)
        for (name, bytes) in texts { #expect(!Self.isTaken(bytes), "\(name)") }
    }

    @Test func `of what is free to choose, the choice is written down`() throws {
        for (name, bytes) in try JSONSuite.texts("i_") {
            let isNumber = name.hasPrefix("i_number")
            #expect(Self.isTaken(bytes) == (isNumber || Self.taken.contains(name)), "\(name)")
        }
    }
}

/// Where the suite lies.
private enum JSONSuite {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent(".build/json-suite")

    static var isThere: Bool {
        FileManager.default.fileExists(atPath: folder.appendingPathComponent("complete").path)
    }

    static func texts(_ prefix: String) throws -> [(name: String, bytes: [UInt8])] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix(prefix) }.sorted()
            .map { ($0, [UInt8](try Data(contentsOf: folder.appendingPathComponent($0)))) }
    }
}
