// Access tokens: which are accepted with what content, and every trap that must be refused.

import LiveTestSupport
import Rooms
import Testing

@testable import LiveServer

@Suite struct AuthTokenTests {
    @Test func `a minted token is verified with every claim it was given`() throws {
        let claims = Forge.claims()
        let token = try Forge.verdict(TokenMint.mint(claims, settings: Forge.settings)).get()
        #expect(token.sub == claims.sub)
        #expect(token.name == "Ada")
        #expect(token.role == .instructor)
        #expect(token.rooms == claims.rooms)
        #expect(token.cohort == "a")
        #expect(token.expS == claims.expS)
        #expect(token.jti == "t1")
    }

    @Test func `a token made by PyJWT is verified`() throws {
        // jwt.encode({"sub": "6f1c2a34-…", "name": "Zoë", …}, bytes(range(32)), algorithm="HS256")
        let text =
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI2ZjFjMmEzNC05ZjBlLTRjNTgtOWEzOS0zZjZhMGQwYzdiMTEiLCJuYW1"
            + "lIjoiWm9cdTAwZWIiLCJyb2xlIjoic3R1ZGVudCIsInJvb21zIjpbImRlbW8vY3MxMDEvbGl2ZSIsInVuaS8qLyoiXSwiY29ob3J0I"
            + "joiYSIsImlzcyI6Imh0dHBzOi8vaXNzdWVyLmV4YW1wbGUiLCJhdWQiOlsib3RoZXIiLCJsaXZlY2xhc3Nyb29tIl0sImlhdCI6MTc"
            + "wMDAwMDAwMCwibmJmIjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMDM2MDAsImp0aSI6InQxIn0.IxwRSh7qqSs2WqLr7vBJ8ScmyzoWo"
            + "415EgiJkX3fTUw"
        let token = try Forge.verdict(text).get()
        #expect(token.sub.raw == "6f1c2a34-9f0e-4c58-9a39-3f6a0d0c7b11")
        #expect(token.name == "Zoë")
        #expect(token.role == .student)
        #expect(token.rooms.map(\.description) == ["demo/cs101/live", "uni/*/*"])
        #expect(token.permits(RoomKey("uni/any/thing")!))
        #expect(!token.permits(RoomKey("demo/cs101/other")!))
    }

    @Test func `the signature of RFC 7515 A.1 holds and its content is then refused for want of our claims`() throws {
        let key = try TokenKey(
            text: "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
        let text =
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
            + ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
            + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        let settings = TokenSettings(key: key, issuer: "joe", audience: "a")
        #expect(TokenVerifier(settings: settings).verify(text, nowS: 0).error == .missingClaim(.aud))
        let forged = String(text.dropLast()) + "l"  // sets a bit behind the last byte
        #expect(TokenVerifier(settings: settings).verify(forged, nowS: 0).error == .malformed)
        let other = Forge.replaced(text, ".dBjf", ".dBjg")
        #expect(TokenVerifier(settings: settings).verify(other, nowS: 0).error == .badSignature)
    }

    @Test(arguments: [
        #"{"alg":"none"}"#, #"{"alg":"None","typ":"JWT"}"#, #"{"alg":"hs256"}"#, #"{"alg":"HS384"}"#,
        #"{"alg":"RS256"}"#,
        #"{"alg":""}"#, #"{"alg":null}"#, #"{"alg":["HS256"]}"#, #"{"typ":"JWT"}"#, #"{"alg":"HS256 "}"#,
    ])
    func `another algorithm is refused even under a right signature`(header: String) {
        #expect(Forge.verdict(Forge.token(header: header, payload: Forge.payload())).error == .badAlgorithm)
    }

    @Test func `an unsigned token is refused in each of its spellings`() {
        let header = TokenText.base64URL(Array(#"{"alg":"none"}"#.utf8))
        let payload = TokenText.base64URL(Array(Forge.payload().utf8))
        #expect(Forge.verdict("\(header).\(payload).").error == .badAlgorithm)
        #expect(Forge.verdict("\(header).\(payload)").error == .malformed)
        let honest = TokenText.base64URL(Array(Forge.header.utf8))
        #expect(Forge.verdict("\(honest).\(payload).").error == .badSignature)
    }

    @Test func `a header that asks for an extension is refused`() {
        let header = #"{"alg":"HS256","crit":["b64"],"b64":false}"#
        #expect(Forge.verdict(Forge.token(header: header, payload: Forge.payload())).error == .criticalExtension)
        let empty = #"{"crit":[],"alg":"HS256"}"#
        #expect(Forge.verdict(Forge.token(header: empty, payload: Forge.payload())).error == .criticalExtension)
    }

    @Test func `a name that stands twice is refused in header and payload`() {
        let header = #"{"alg":"HS256","alg":"HS256"}"#
        #expect(Forge.verdict(Forge.token(header: header, payload: Forge.payload())).error == .malformed)
        #expect(
            Forge.refusal(replacing: #""role":"student""#, with: #""role":"student","role":"service""#) == .malformed)
        #expect(Forge.refusal(replacing: #""sub":"ada""#, with: #""sub":"ada","s\u0075b":"eve""#) == .malformed)
    }

    @Test func `padding, blanks and foreign letters in any part are refused`() {
        let good = Forge.token(payload: Forge.payload())
        #expect(Forge.verdict(good).value != nil)
        let parts = good.split(separator: ".").map(String.init)
        for index in parts.indices {
            for extra in ["=", "==", " ", "\n", "+", "/", "\u{e4}", "."] {
                var changed = parts
                changed[index] += extra
                #expect(Forge.verdict(changed.joined(separator: ".")).value == nil)
                let message = changed[0] + "." + changed[1]
                if index < 2 { #expect(Forge.verdict(Forge.signed(message)).value == nil, "\(extra) in part \(index)") }
            }
        }
    }

    @Test func `no prefix of a token is a token`() {
        let good = Array(Forge.token(payload: Forge.payload()).utf8)
        for length in 0..<good.count {
            #expect(Forge.verdict(String(decoding: good[..<length], as: UTF8.self)).value == nil)
        }
    }

    @Test func `every flipped bit of a token is refused, also where the honest one is cached`() {
        let good = Array(Forge.token(payload: Forge.payload()).utf8)
        let verifier = TokenVerifier(settings: Forge.settings)
        #expect(good.withUnsafeBytes { verifier.verify($0, nowS: Forge.nowS) }.value != nil)
        for bit in 0..<(good.count * 8) {
            var bad = good
            bad[bit / 8] ^= 1 << (bit % 8)
            #expect(bad.withUnsafeBytes { verifier.verify($0, nowS: Forge.nowS) }.value == nil, "bit \(bit)")
        }
    }

    @Test func `a token over four kibibytes is refused and one just below is read`() {
        let bare = Forge.token(payload: Forge.payload(replacing: #""name":"Ada""#, with: #""name":"Ada","x":"""#)).utf8
            .count
        let room = (TokenLimits.compactBytesMax - bare) * 3 / 4 - 2
        func padded(_ count: Int) -> String {
            let filler = #""name":"Ada","x":""# + String(repeating: "y", count: count) + "\""
            return Forge.token(payload: Forge.payload(replacing: #""name":"Ada""#, with: filler))
        }
        #expect(padded(room).utf8.count <= TokenLimits.compactBytesMax)
        #expect(Forge.verdict(padded(room)).value != nil)
        #expect(Forge.verdict(padded(room + 16)).error == .malformed)
        #expect(Forge.verdict(String(repeating: "a", count: 1 << 20)).error == .malformed)
        #expect(Forge.verdict("").error == .malformed)
    }

    @Test func `a token under another key is refused`() throws {
        let other = try TokenKey(secret: Array(1...32))
        #expect(Forge.verdict(Forge.token(payload: Forge.payload(), key: other)).error == .badSignature)
        let development = Forge.token(payload: Forge.payload(), key: .development)
        #expect(Forge.verdict(development).error == .badSignature)
    }

    @Test func `random bytes are never a token`() {
        var random = SeededRandom(seed: 11)
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_..".utf8)
        for _ in 0..<2_000 {
            let text = (0..<random.below(200)).map { _ in letters[random.below(letters.count)] }
            #expect(Forge.verdict(String(decoding: text, as: UTF8.self)).value == nil)
            #expect(
                random.bytes(random.below(100)).withUnsafeBytes {
                    TokenVerifier(settings: Forge.settings).verify($0, nowS: 0).value
                } == nil)
        }
    }
}
