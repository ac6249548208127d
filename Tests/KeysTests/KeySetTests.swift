// Key sets as issuers publish them: which keys are taken, which are left out, and which texts are refused whole.

import LiveProtocol
import Testing

@testable import LiveKeys

@Suite struct KeySetTests {
    private static let x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
    private static let y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"

    private static func ec(_ more: String = "", y: String = y) -> String {
        #"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)"\#(more.isEmpty ? "" : "," + more)}"#
    }

    private static func set(_ keys: String..., for algorithm: SignatureAlgorithm = .es256) throws(KeySetError) -> KeySet
    {
        try KeySet(Array("{\"keys\":[\(keys.joined(separator: ","))]}".utf8), for: algorithm)
    }

    @Test func `a key is found by its id, and without one where it is the only key`() throws {
        let one = try Self.set(Self.ec(#""kid":"a""#))
        #expect(one.key("a") != nil && one.key(nil) != nil && one.key("b") == nil && one.key("") == nil)
        let other = try SigningKey.generate(.es256).publicKey
        let two = one.adding(other)
        #expect(two.key(KeySet.id(of: other))?.spki == other.spki)
        #expect(two.key(nil)?.spki == one.key("a")?.spki, "our own key must be named")
        let nameless = try Self.set(Self.ec())
        #expect(nameless.key(nil) != nil && nameless.key("a") == nil)
        let several = try Self.set(Self.ec(#""kid":"a""#), Self.ec(#""kid":"b""#))
        #expect(several.key("a") != nil && several.key("b") != nil && several.key(nil) == nil)
        let mixed = try Self.set(Self.ec(#""kid":"a""#), Self.ec())
        #expect(mixed.key("a") != nil && mixed.key(nil) == nil && mixed.refused == [.malformed])
    }

    @Test(arguments: [
        (#""kid":"k","use":"sig","alg":"ES256","key_ops":["verify"],"x5c":["x"],"ext":true"#, true),
        (#""kid":"k","use":"enc""#, false), (#""kid":"k","use":7"#, false), (#""kid":"k","alg":"ES384""#, false),
        (#""kid":"k","alg":"HS256""#, false), (#""kid":"k","key_ops":["sign"]"#, false),
        (#""kid":"k","key_ops":"verify""#, false), (#""kid":"k","d":"AAAA""#, false), (#""kid":"""#, false),
        (#""kid":7"#, false), (#""kid":"k","k":"c2VjcmV0""#, false),
    ])
    func `use, operations, algorithm and id must fit`(more: String, isTaken: Bool) throws {
        let set = try Self.set(Self.ec(#""kid":"good""#), Self.ec(more))
        #expect((set.key("k") != nil) == isTaken)
        #expect(set.key("good") != nil)
    }

    @Test func `keys of other kinds are left out, with the reason`() throws {
        let set = try Self.set(
            Self.ec(#""kid":"good""#), #"{"kty":"oct","kid":"s","k":"c2VjcmV0"}"#,
            #"{"kty":"OKP","crv":"Ed25519","kid":"e","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            #"{"kty":"EC","crv":"P-384","kid":"l","x":"AA","y":"AA"}"#,
            #"{"kty":"EC","crv":"P-256","kid":"off","x":"\#(Self.x)","y":"\#(Self.x)"}"#,
            #"{"kty":"EC","crv":"P-256","kid":"pad","x":"\#(Self.x)=","y":"\#(Self.y)"}"#,
            #"{"kid":"none"}"#, "7")
        #expect(set.count == 1)
        #expect(
            set.refused == [.notForUs, .notForUs, .notForUs, .unsound, .malformed, .malformed, .malformed])
    }

    @Test func `of two keys with one id neither is taken`() throws {
        let twice = try Self.set(Self.ec(#""kid":"a""#), Self.ec(#""kid":"a""#), Self.ec(#""kid":"b""#))
        #expect(twice.key("a") == nil && twice.key("b") != nil)
        #expect(throws: KeySetError.noUsableKey) { try Self.set(Self.ec(#""kid":"a""#), Self.ec(#""kid":"a""#)) }
    }

    @Test(arguments: [
        "", "{}", "[]", "null", #"{"keys":{}}"#, #"{"keys":[],"keys":[]}"#, #"{"keys":[]} x"#, "<html></html>",
    ])
    func `what is no set is refused`(text: String) {
        #expect(throws: KeySetError.malformed) { try KeySet(Array(text.utf8), for: .es256) }
    }

    @Test func `a set without a usable key, with too many, or too long is refused`() {
        #expect(throws: KeySetError.noUsableKey) { try KeySet(Array(#"{"keys":[]}"#.utf8), for: .es256) }
        #expect(throws: KeySetError.noUsableKey) { try Self.set(Self.ec(), for: .rs256) }
        let many = (0...KeyLimits.keysMax).map { Self.ec("\"kid\":\"\($0)\"") }.joined(separator: ",")
        #expect(throws: KeySetError.malformed) { try KeySet(Array("{\"keys\":[\(many)]}".utf8), for: .es256) }
        let long = Self.ec("\"kid\":\"a\",\"x5c\":\"" + String(repeating: "a", count: KeyLimits.setBytesMax) + "\"")
        #expect(throws: KeySetError.malformed) { try Self.set(long) }
        let kid = String(repeating: "k", count: KeyLimits.kidBytesMax)
        #expect((try? Self.set(Self.ec("\"kid\":\"\(kid)\"")))?.key(kid) != nil)
        #expect((try? Self.set(Self.ec("\"kid\":\"\(kid)k\""))) == nil)
    }

    @Test func `a set that lost or changed a key does not keep all of the old one`() throws {
        let both = try Self.set(Self.ec(#""kid":"a""#), Self.ec(#""kid":"b""#))
        let less = try Self.set(Self.ec(#""kid":"a""#))
        #expect(both.keepsAll(of: both) && !less.keepsAll(of: both) && less.keepsAll(of: less))
        let added = try Self.set(Self.ec(#""kid":"a""#), Self.ec(#""kid":"b""#), Self.ec(#""kid":"c""#))
        #expect(added.keepsAll(of: both))
        let published = String(
            decoding: KeySet.json(publishing: try SigningKey.generate(.es256).publicKey), as: UTF8.self)
        let changed = try KeySet(
            Array(
                published.replacing("\"kid\":\"", with: "\"was\":\"", maxReplacements: 1)
                    .replacing("{\"kty\"", with: "{\"kid\":\"a\",\"kty\"").utf8), for: .es256)
        #expect(changed.key("a") != nil && !changed.keepsAll(of: less))
    }
}
