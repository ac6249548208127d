// The traps of RFC 8725 where tokens are signed with public keys: each way to make the server check something else,
// with another key, or not at all, ends in a refusal.

import LiveKeys
import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@testable import LiveServer

/// An issuer with a key of its own, who also forges.
struct Issuer {
    let key: SigningKey
    let settings: TokenSettings
    let set: KeySet

    init(_ algorithm: TokenAlgorithm, audience: String = "liveclassroom") throws {
        key = try SigningKey.generate(try #require(algorithm.signature))
        settings = TokenSettings(
            key: Forge.key, algorithm: algorithm, issuer: "https://issuer.example", audience: audience)
        set = KeySet(key.publicKey)
    }

    var kid: String { KeySet.id(of: key.publicKey) }

    /// A header with the right algorithm and key, and what a test adds.
    func header(_ more: String = "", alg: String? = nil, kid: String? = nil) -> String {
        let extra = more.isEmpty ? "" : "," + more
        return #"{"alg":"\#(alg ?? settings.algorithm.rawValue)","kid":"\#(kid ?? self.kid)"\#(extra)}"#
    }

    func token(header: String? = nil, payload: String = Forge.payload(), by other: SigningKey? = nil) -> String {
        let message = Self.message(header ?? self.header(), payload)
        return message + "." + TokenText.base64URL((other ?? key).sign(Array(message.utf8)))
    }

    static func message(_ header: String, _ payload: String) -> String {
        TokenText.base64URL(Array(header.utf8)) + "." + TokenText.base64URL(Array(payload.utf8))
    }

    func verdict(_ token: String, nowS: Int64 = Forge.nowS) -> Result<AccessToken, TokenError> {
        let verdict = Array(token.utf8).withUnsafeBytes { compact in
            TokenJudge(settings: settings).issued(compact, nowS: nowS) { kid in
                set.key(kid).map { .found($0) } ?? .unknown
            }
        }
        switch verdict {
        case .good(let token): return .success(token)
        case .bad(let error): return .failure(error)
        case .unavailable: return .failure(.unknownKey)
        }
    }

    func refusal(_ header: String) -> TokenError? { verdict(token(header: header)).error }
}

@Suite struct AuthTrapTests {
    static let algorithms: [TokenAlgorithm] = [.es256, .rs256, .edDSA]

    @Test(arguments: algorithms)
    func `an issuer's token is accepted with what it says`(algorithm: TokenAlgorithm) throws {
        let issuer = try Issuer(algorithm)
        let minted = TokenMint.mint(Forge.claims(), settings: issuer.settings, key: issuer.key)
        let token = try issuer.verdict(minted).get()
        #expect(token.sub.raw == "ada" && token.role == .instructor && token.jti == "t1")
        #expect(issuer.verdict(issuer.token()).value?.role == .student)
        for type in ["JWT", "jwt", "at+jwt", "application/at+jwt"] {
            #expect(issuer.refusal(issuer.header("\"typ\":\"\(type)\"")) == nil, "\(type)")
        }
        #expect(issuer.refusal(#"{"alg":"\#(algorithm.rawValue)"}"#) == nil, "the only key need not be named")
    }

    @Test(arguments: algorithms)
    func `none, HMAC and every other algorithm are refused, whatever signed them`(algorithm: TokenAlgorithm) throws {
        let issuer = try Issuer(algorithm)
        var names = ["none", "None", "NONE", "", "HS384", "HS512", "PS256", "ES384", "RS512", "es256", "EdDSA "]
        names += TokenAlgorithm.allCases.filter { $0 != algorithm }.map(\.rawValue)
        for name in names {
            #expect(issuer.refusal(issuer.header(alg: name)) == .badAlgorithm, "\(name)")
            let unsigned = Issuer.message(issuer.header(alg: name), Forge.payload()) + "."
            #expect(issuer.verdict(unsigned).error == .badAlgorithm, "\(name), unsigned")
        }
        let unsigned = Issuer.message(issuer.header(), Forge.payload()) + "."
        #expect(issuer.verdict(unsigned).error == .badSignature)
    }

    @Test(arguments: algorithms)
    func `a public key is never an HMAC secret`(algorithm: TokenAlgorithm) throws {
        let issuer = try Issuer(algorithm)
        let spki = issuer.key.publicKey.spki
        let pem = spki.withUnsafeBytes { String(decoding: Base64.encode($0), as: UTF8.self) }
        let secrets: [[UInt8]] = [
            spki, Array(pem.utf8), Array("-----BEGIN PUBLIC KEY-----\n\(pem)\n-----END PUBLIC KEY-----\n".utf8),
            KeySet.json(publishing: issuer.key.publicKey), Array(issuer.kid.utf8), [0],
        ]
        let verifier = TokenVerifier(settings: issuer.settings)
        for secret in secrets {
            for header in [issuer.header(alg: "HS256"), #"{"alg":"HS256","kid":"node","typ":"JWT"}"#] {
                let message = Issuer.message(header, Forge.payload())
                let token = message + "." + TokenText.base64URL(HMACSHA256(key: secret).tag(of: Array(message.utf8)))
                #expect(issuer.verdict(token).error == .badAlgorithm)
                #expect(verifier.verify(token, nowS: Forge.nowS).value == nil)
            }
        }
    }

    @Test(arguments: algorithms)
    func `the node's own tokens and the issuer's are not each other's`(algorithm: TokenAlgorithm) throws {
        let issuer = try Issuer(algorithm)
        let verifier = TokenVerifier(settings: issuer.settings)
        let own = TokenMint.mint(Forge.claims(), settings: issuer.settings)
        #expect(verifier.verify(own, nowS: Forge.nowS).value?.sub.raw == "ada")
        #expect(issuer.verdict(own).error == .badAlgorithm)
        // Whoever holds the node's key, as a guest's class does not, signs for the node and not for the issuer.
        let message = Issuer.message(#"{"alg":"HS256","kid":"node","typ":"JWT"}"#, Forge.payload())
        let tag = HMACSHA256(key: issuer.settings.ownSecret).tag(of: Array(message.utf8))
        let crossed = message + "." + TokenText.base64URL(tag)
        #expect(verifier.verify(crossed, nowS: Forge.nowS).error == .wrongIssuer)
        let asNode = issuer.token(
            payload: Forge.payload(replacing: "https://issuer.example", with: TokenSettings.nodeIssuer))
        #expect(issuer.verdict(asNode).error == .wrongIssuer)
        // The secret of HS256 itself is not the node's key any more.
        let old = TokenMint.mint(
            Forge.claims(),
            settings: TokenSettings(key: Forge.key, issuer: TokenSettings.nodeIssuer, audience: "liveclassroom"))
        guard case .asked = Array(old.utf8).withUnsafeBytes({ verifier.begin($0, nowS: Forge.nowS) }) else {
            Issue.record("a token of HS256 was judged by the node")
            return
        }
    }

    @Test(arguments: [
        "../../../../dev/null", "/etc/passwd", "x' OR '1'='1", "x; DROP TABLE keys", "file:///dev/null", "node", "",
        "https://evil.example/keys", "%00", "0", "$(id)", "\\u0000",
    ])
    func `a key id is a name in the set and nothing else`(kid: String) throws {
        let issuer = try Issuer(.es256)
        let expected: TokenError = kid.isEmpty ? .malformed : .unknownKey
        #expect(issuer.refusal(issuer.header(kid: kid)) == expected)
    }

    @Test func `a key id of another form or without end is refused unread`() throws {
        let issuer = try Issuer(.es256)
        let long = String(repeating: "k", count: KeyLimits.kidBytesMax)
        #expect(issuer.refusal(issuer.header(kid: long)) == .unknownKey)
        #expect(issuer.refusal(issuer.header(kid: long + "k")) == .malformed)
        for value in ["7", "null", "[]", "{}", "true"] {
            #expect(issuer.refusal(#"{"alg":"ES256","kid":\#(value)}"#) == .malformed, "\(value)")
        }
    }

    @Test func `a key, or the way to one, that a token brings along is not looked at`() throws {
        let issuer = try Issuer(.es256)
        let eve = try SigningKey.generate(.es256)
        let set = String(decoding: KeySet.json(publishing: eve.publicKey), as: UTF8.self)
        let jwk = set.dropFirst("{\"keys\":[".count).dropLast(2)
        let brought = [
            "\"jwk\":\(jwk)", #""jku":"https://evil.example/keys""#, #""x5u":"https://evil.example/cert""#,
            #""x5c":["MIIB"]"#, #""x5t":"AAAA""#,
        ]
        for member in brought {
            let forged = issuer.token(header: issuer.header(member), by: eve)
            #expect(issuer.verdict(forged).error == .badSignature, "\(member)")
            #expect(issuer.refusal(issuer.header(member)) == nil, "ignored, not obeyed: \(member)")
            let named = issuer.token(header: issuer.header(member, kid: KeySet.id(of: eve.publicKey)), by: eve)
            #expect(issuer.verdict(named).error == .unknownKey, "\(member)")
        }
    }

    @Test(arguments: [
        (#""crit":["exp"]"#, TokenError.criticalExtension), (#""crit":[]"#, .criticalExtension),
        (#""crit":["b64"],"b64":false"#, .criticalExtension), (#""crit":null"#, .criticalExtension),
        (#""cty":"JWT""#, .wrongType), (#""cty":"json""#, .wrongType), (#""typ":"JWE""#, .wrongType),
        (#""typ":"logout+jwt""#, .wrongType), (#""typ":"dpop+jwt""#, .wrongType),
        (#""typ":"secevent+jwt""#, .wrongType),
        (#""typ":7"#, .wrongType), (#""typ":"""#, .wrongType), (#""typ":null"#, .wrongType),
        (#""alg":"ES256""#, .malformed), (#""kid":"x""#, .malformed), (#""\u0061lg":"none""#, .malformed),
    ])
    func `extensions, other types and names that stand twice are refused`(more: String, error: TokenError) throws {
        let issuer = try Issuer(.es256)
        #expect(issuer.refusal(issuer.header(more)) == error)
        if error == .wrongType || error == .criticalExtension {
            let honest = #"{"alg":"HS256",\#(more)}"#
            #expect(Forge.verdict(Forge.token(header: honest, payload: Forge.payload())).error == error, "and by HMAC")
        }
    }

    @Test(arguments: algorithms)
    func `another key, another form of signature and every flipped bit are refused`(algorithm: TokenAlgorithm) throws {
        let issuer = try Issuer(algorithm)
        let stranger = try Issuer(algorithm)
        #expect(issuer.verdict(issuer.token(by: stranger.key)).error == .badSignature)
        #expect(issuer.verdict(stranger.token()).error == .unknownKey)
        let good = Array(issuer.token().utf8)
        for bit in stride(from: 0, to: good.count * 8, by: 11) {
            var bad = good
            bad[bit / 8] ^= 1 << (bit % 8)
            #expect(issuer.verdict(String(decoding: bad, as: UTF8.self)).value == nil, "bit \(bit)")
        }
        for length in stride(from: 0, to: good.count, by: 5) {
            #expect(issuer.verdict(String(decoding: good[..<length], as: UTF8.self)).value == nil)
        }
        let text = String(decoding: good, as: UTF8.self)
        for extra in ["=", "==", " ", "\n", ".", ".e30", "\0"] {
            #expect(issuer.verdict(text + extra).value == nil && issuer.verdict(extra + text).value == nil)
        }
    }

    @Test func `a nested or encrypted token is no access token`() throws {
        let issuer = try Issuer(.es256)
        let inner = issuer.token()
        let nested = issuer.token(header: issuer.header(#""cty":"JWT""#), payload: inner)
        #expect(issuer.verdict(nested).error == .wrongType)
        #expect(issuer.verdict(issuer.token(payload: inner)).error == .malformed)
        let parts = inner.split(separator: ".").map(String.init)
        #expect(issuer.verdict((parts + ["x", "y"]).joined(separator: ".")).value == nil)
    }

    @Test(arguments: [
        (#""aud":"liveclassroom""#, #""aud":"other""#, TokenError.wrongAudience),
        (#""iss":"https://issuer.example""#, #""iss":"https://issuer.example.evil.example""#, .wrongIssuer),
        (#""exp":1700003600"#, #""exp":"1700003600""#, .badClaim(.exp)),
        (#""exp":1700003600"#, #""exp":1e400"#, .badClaim(.exp)), (#""exp":1700003600"#, #""exp":-5"#, .badClaim(.exp)),
        (#""exp":1700003600"#, #""exp":99999999999999999999"#, .badClaim(.exp)),
        (#","exp":1700003600"#, "", .missingClaim(.exp)), (#""exp":1700003600"#, #""exp":1700000000"#, .expired),
        (#""sub":"ada""#, #""sub":"system""#, .badClaim(.sub)),
    ])
    func `a signature does not make claims true`(old: String, new: String, error: TokenError) throws {
        let issuer = try Issuer(.edDSA)
        #expect(issuer.verdict(issuer.token(payload: Forge.payload(replacing: old, with: new))).error == error)
        #expect(issuer.verdict(issuer.token(payload: Forge.payload() + " x")).error == .malformed)
    }

    @Test func `the leeway moves with the clock and never stretches exp`() throws {
        let issuer = try Issuer(.es256)
        let token = issuer.token(payload: Forge.payload(replacing: #""exp""#, with: #""nbf":1700000160,"exp""#))
        #expect(issuer.verdict(token, nowS: 1_700_000_099).error == .notYetValid)
        #expect(issuer.verdict(token, nowS: 1_700_000_100).value != nil)
        #expect(issuer.verdict(token, nowS: 1_700_003_599).value != nil)
        #expect(issuer.verdict(token, nowS: 1_700_003_600).error == .expired)
    }

    @Test func `what a lost key signed leaves the cache with it`() throws {
        let issuer = try Issuer(.es256)
        let verifier = TokenVerifier(settings: issuer.settings)
        let text = Array(issuer.token().utf8)
        func begin(_ losses: UInt64) -> TokenStart {
            text.withUnsafeBytes { verifier.begin($0, nowS: Forge.nowS, keyLosses: losses) }
        }
        guard case .asked(let question) = begin(0) else { throw TestStop() }
        let token = try issuer.verdict(issuer.token()).get()
        verifier.learn(question.key, token, nowS: Forge.nowS, keyLosses: 0)
        guard case .done(.good) = begin(0) else { throw TestStop() }
        guard case .asked = begin(1) else { throw TestStop() }
        // An answer from before the loss comes late.
        verifier.learn(question.key, token, nowS: Forge.nowS, keyLosses: 0)
        guard case .asked = begin(1) else { throw TestStop() }
        verifier.learn(question.key, token, nowS: Forge.nowS, keyLosses: 1)
        guard case .done(.good) = begin(1) else { throw TestStop() }
    }

    private struct TestStop: Error {}
}
