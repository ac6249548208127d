// Claims: presence, form, bounds and times, at each edge; and what the cache must not change.

import Rooms
import Testing

@testable import LiveServer

@Suite struct AuthClaimTests {
    @Test(arguments: [
        (#""iss":"https://issuer.example","#, TokenClaim.iss), (#""aud":"liveclassroom","#, .aud),
        (#""sub":"ada","#, .sub), (#""role":"student","#, .role), (#""rooms":["demo/cs101/live"],"#, .rooms),
        (#","exp":1700003600"#, .exp),
    ])
    func `a token without a required claim is refused by its name`(text: String, claim: TokenClaim) {
        #expect(Forge.refusal(replacing: text, with: "") == .missingClaim(claim))
    }

    @Test(arguments: [
        (#""sub":"ada""#, #""sub":7"#, TokenClaim.sub), (#""sub":"ada""#, #""sub":"""#, .sub),
        (#""sub":"ada""#, #""sub":"a b""#, .sub), (#""sub":"ada""#, #""sub":"\u00e4""#, .sub),
        (#""sub":"ada""#, #""sub":"system""#, .sub), (#""sub":"ada""#, #""sub":"a\u0000b""#, .sub),
        (#""name":"Ada""#, #""name":["Ada"]"#, .name), (#""role":"student""#, #""role":"Student""#, .role),
        (#""role":"student""#, #""role":"root""#, .role), (#""role":"student""#, #""role":3"#, .role),
        (#"["demo/cs101/live"]"#, #""demo/cs101/live""#, .rooms), (#"["demo/cs101/live"]"#, "[]", .rooms),
        (#"["demo/cs101/live"]"#, #"["*"]"#, .rooms), (#"["demo/cs101/live"]"#, #"["demo/cs*/live"]"#, .rooms),
        (#"["demo/cs101/live"]"#, #"["demo/cs101/live",1]"#, .rooms),
        (#"["demo/cs101/live"]"#, #"["demo/cs101/live/x"]"#, .rooms),
        (#""exp":1700003600"#, #""exp":"1700003600""#, .exp), (#""exp":1700003600"#, #""exp":-1"#, .exp),
        (#""exp":1700003600"#, #""exp":1e300"#, .exp), (#""exp":1700003600"#, #""exp":null"#, .exp),
        (#""exp":1700003600"#, #""exp":9223372036854775807"#, .exp),
        (#""exp":1700003600"#, #""exp":1700003600,"nbf":"0""#, .nbf),
        (#""exp":1700003600"#, #""exp":1700003600,"iat":[]"#, .iat),
        (#""exp":1700003600"#, #""exp":1700003600,"jti":"""#, .jti),
        (#""exp":1700003600"#, #""exp":1700003600,"cohort":"a b""#, .cohort),
        (#""exp":1700003600"#, #""exp":1700003600,"cohort":1"#, .cohort),
        (#""iss":"https://issuer.example""#, #""iss":1"#, .iss), (#""aud":"liveclassroom""#, #""aud":[1]"#, .aud),
    ])
    func `a claim of another form is refused by its name`(old: String, new: String, claim: TokenClaim) {
        #expect(Forge.refusal(replacing: old, with: new) == .badClaim(claim))
    }

    @Test func `issuer and audience are compared byte by byte`() {
        let issuer = #""iss":"https://issuer.example""#
        #expect(Forge.refusal(replacing: issuer, with: #""iss":"https://issuer.example/""#) == .wrongIssuer)
        #expect(Forge.refusal(replacing: issuer, with: #""iss":"HTTPS://issuer.example""#) == .wrongIssuer)
        let audience = #""aud":"liveclassroom""#
        #expect(Forge.refusal(replacing: audience, with: #""aud":"liveclassrooms""#) == .wrongAudience)
        #expect(Forge.refusal(replacing: audience, with: #""aud":[]"#) == .wrongAudience)
        #expect(Forge.refusal(replacing: audience, with: #""aud":["a","liveclassroom"]"#) == nil)
    }

    @Test func `a token is valid up to the second before exp and without leeway behind it`() {
        let token = Forge.token(payload: Forge.payload())
        #expect(Forge.verdict(token, nowS: 1_700_003_599).value != nil)
        #expect(Forge.verdict(token, nowS: 1_700_003_600).error == .expired)
        let fraction = Forge.token(payload: Forge.payload(replacing: "1700003600", with: "1700003600.9"))
        #expect(Forge.verdict(fraction, nowS: 1_700_003_600).error == .expired)
    }

    @Test(arguments: ["nbf", "iat"])
    func `a start in the future is allowed within the leeway`(claim: String) {
        let token = Forge.token(
            payload: Forge.payload(replacing: #""exp""#, with: "\"\(claim)\":1700000160,\"exp\""))
        #expect(Forge.verdict(token, nowS: 1_700_000_099).error == .notYetValid)
        #expect(Forge.verdict(token, nowS: 1_700_000_100).value != nil)
        let fraction = Forge.token(
            payload: Forge.payload(replacing: #""exp""#, with: "\"\(claim)\":1700000160.1,\"exp\""))
        #expect(Forge.verdict(fraction, nowS: 1_700_000_100).error == .notYetValid)
    }

    @Test func `expiry is told only where nothing else is wrong`() {
        let late: Int64 = 1_800_000_000
        #expect(Forge.refusal(replacing: #""role":"student""#, with: #""role":"x""#, nowS: late) == .badClaim(.role))
        #expect(Forge.refusal(replacing: "liveclassroom", with: "other", nowS: late) == .wrongAudience)
        #expect(Forge.refusal(replacing: "Ada", with: "Ada", nowS: late) == .expired)
    }

    @Test func `a cached token expires like any other`() {
        let verifier = TokenVerifier(settings: Forge.settings)
        let token = Forge.token(payload: Forge.payload())
        #expect(verifier.verify(token, nowS: Forge.nowS).value != nil)
        #expect(verifier.verify(token, nowS: 1_700_003_599).value != nil)
        #expect(verifier.verify(token, nowS: 1_700_003_600).error == .expired)
        #expect(verifier.verify(token, nowS: Forge.nowS).value != nil)
    }

    @Test func `a small cache forgets tokens but never mixes them up`() throws {
        let verifier = TokenVerifier(settings: Forge.settings, cacheCapacity: 8)
        let tokens = (0..<100).map { Forge.token(payload: Forge.payload(replacing: "\"ada\"", with: "\"p\($0)\"")) }
        for _ in 0..<3 {
            for (index, token) in tokens.enumerated() {
                #expect(try verifier.verify(token, nowS: Forge.nowS).get().sub.raw == "p\(index)")
            }
        }
    }

    @Test func `a refused token is judged anew`() {
        let verifier = TokenVerifier(settings: Forge.settings)
        let token = Forge.token(payload: Forge.payload(replacing: #""exp""#, with: #""nbf":1700001000,"exp""#))
        #expect(verifier.verify(token, nowS: Forge.nowS).error == .notYetValid)
        #expect(verifier.verify(token, nowS: 1_700_001_000).value != nil)
    }

    @Test func `names are cleaned, cut and replaced by sub where nothing is left`() throws {
        func name(_ json: String) throws -> String {
            let payload = Forge.payload(replacing: #""name":"Ada""#, with: "\"name\":\(json)")
            return try Forge.verdict(Forge.token(payload: payload)).get().name
        }
        #expect(try name(#""  Ada \u0007\n  Lovelace ""#) == "Ada Lovelace")
        #expect(try name(#""\u202Eevil\u2066""#) == "evil")
        #expect(try name(#""\u200B\u200D""#) == "ada")
        #expect(try name("\"" + String(repeating: "x", count: 500) + "\"").unicodeScalars.count == 64)
        let withoutName = Forge.token(payload: Forge.payload(replacing: #""name":"Ada","#, with: ""))
        #expect(try Forge.verdict(withoutName).get().name == "ada")
    }

    @Test func `patterns cover whole segments`() throws {
        let room = Forge.room
        for covers in ["demo/cs101/live", "*/cs101/live", "demo/*/live", "demo/cs101/*", "*/*/*"] {
            #expect(try #require(RoomPattern(covers)).matches(room), "\(covers)")
        }
        for other in ["demo/cs101/liv", "demo/cs101/live2", "dem/*/*", "*/*/other", "demo/cs/*", "*/cs101x/*"] {
            #expect(try !#require(RoomPattern(other)).matches(room), "\(other)")
        }
        for bad in ["", "*", "a/b", "a/b/c/d", "a//c", "a/b*/c", "**/b/c", "a/b/c ", "ä/b/c"] {
            #expect(RoomPattern(bad) == nil, "\(bad)")
        }
        #expect(try #require(RoomPattern("demo/cs101/*")).coversCourse(institution: "demo", course: "cs101"))
        #expect(try #require(RoomPattern("*/*/*")).coversCourse(institution: "demo", course: "cs101"))
        #expect(try !#require(RoomPattern("demo/cs101/live")).coversCourse(institution: "demo", course: "cs101"))
        #expect(try !#require(RoomPattern("demo/cs102/*")).coversCourse(institution: "demo", course: "cs101"))
    }
}
