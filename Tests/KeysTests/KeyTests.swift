// Keys and signatures: the examples of the RFCs hold, and every weak key and forged signature is refused.

import LiveProtocol
import LiveTestSupport
import Testing

@testable import LiveKeys

@Suite struct KeyTests {
    static let message = Array("header.payload".utf8)

    static func verifies(_ key: VerificationKey, _ signature: [UInt8], _ message: [UInt8] = message) -> Bool {
        signature.withUnsafeBytes { signature in message.withUnsafeBytes { key.verifies(signature, of: $0) } }
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func `what a key signs holds under its public half, as it does after PEM and JWK`(
        algorithm: SignatureAlgorithm
    ) throws {
        let key = try SigningKey.generate(algorithm)
        let again = try SigningKey(algorithm, pem: key.pem())
        #expect(again.publicKey.spki == key.publicKey.spki)
        let published = try KeySet(KeySet.json(publishing: key.publicKey), for: algorithm)
        let read = try #require(published.key(KeySet.id(of: key.publicKey)))
        #expect(read.spki == key.publicKey.spki)
        for _ in 0..<20 {
            let signature = again.sign(Self.message)
            #expect(Self.verifies(read, signature))
            #expect(!Self.verifies(read, signature, Self.message + [0]))
        }
        let other = try SigningKey.generate(algorithm)
        #expect(!Self.verifies(read, other.sign(Self.message)))
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func `no changed, cut, longer or empty signature holds`(algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey.generate(algorithm)
        let good = key.sign(Self.message)
        for bit in stride(from: 0, to: good.count * 8, by: algorithm == .rs256 ? 37 : 1) {
            var bad = good
            bad[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!Self.verifies(key.publicKey, bad), "bit \(bit)")
        }
        #expect(!Self.verifies(key.publicKey, []))
        #expect(!Self.verifies(key.publicKey, Array(good.dropLast())))
        #expect(!Self.verifies(key.publicKey, good + [0]))
        #expect(!Self.verifies(key.publicKey, [0] + good))
        #expect(!Self.verifies(key.publicKey, [UInt8](repeating: 0, count: good.count)))
        #expect(!Self.verifies(key.publicKey, [UInt8](repeating: 255, count: good.count)))
        #expect(Self.verifies(key.publicKey, good), "refusals leave nothing behind")
    }

    @Test func `an ECDSA signature in DER, or with a zero, is refused`() throws {
        let key = try SigningKey.generate(.es256)
        let raw = key.sign(Self.message)
        let der = try #require(raw.withUnsafeBytes { ECDSASignature.der(raw: $0) })
        #expect(ECDSASignature.raw(der: der) == raw)
        #expect(!Self.verifies(key.publicKey, der))
        let zeros = [UInt8](repeating: 0, count: 32)
        let halves: [[UInt8]] = [zeros + Array(raw[32...]), Array(raw[..<32]) + zeros, zeros + zeros]
        for zero in halves {
            #expect(!Self.verifies(key.publicKey, zero))
            #expect(zero.withUnsafeBytes { ECDSASignature.der(raw: $0) } == nil)
        }
        // r = s = n, the order of the curve, which is zero to careless arithmetic.
        let order = try #require(
            Base64.decodeURL("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE"))
        #expect(!Self.verifies(key.publicKey, order + order))
    }

    @Test func `numbers of a signature keep their length whatever they begin with`() throws {
        var random = SeededRandom(seed: 3)
        for _ in 0..<500 {
            var raw = (0..<64).map { _ in UInt8.random(in: 0...255, using: &random) }
            for index in 0..<Int.random(in: 0...8, using: &random) { raw[index] = 0 }
            raw[31] |= 1
            raw[63] |= 1
            let der = try #require(raw.withUnsafeBytes { ECDSASignature.der(raw: $0) })
            #expect(ECDSASignature.raw(der: der) == raw, "seed 3")
        }
    }

    @Test func `the examples of RFC 7515 A-2, A-3 and RFC 8037 A-4 hold`() throws {
        let payload =
            "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        let p256 = try Self.only(
            #"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","#
                + #""y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#, .es256)
        #expect(
            Self.holds(
                p256, "eyJhbGciOiJFUzI1NiJ9." + payload,
                "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"))
        let rsa = try Self.only(Self.rsa(Self.rfc7515n), .rs256)
        #expect(Self.holds(rsa, "eyJhbGciOiJSUzI1NiJ9." + payload, Self.rfc7515signature))
        let ed = try Self.only(
            #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, .edDSA)
        #expect(
            Self.holds(
                ed, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
                "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"))
    }

    @Test func `a point that is not on the curve, at infinity or of another length is no key`() throws {
        let good = try SigningKey.generate(.es256).publicKey.spki.suffix(64)
        let (x, y) = (Array(good.prefix(32)), Array(good.suffix(32)))
        #expect(VerificationKey(p256X: x, y: y) != nil)
        var wrong = y
        wrong[31] ^= 1
        #expect(VerificationKey(p256X: x, y: wrong) == nil)
        let zeros = [UInt8](repeating: 0, count: 32)
        #expect(VerificationKey(p256X: zeros, y: zeros) == nil)
        #expect(VerificationKey(p256X: [UInt8](repeating: 255, count: 32), y: y) == nil, "beyond the field")
        #expect(VerificationKey(p256X: Array(x.dropFirst()), y: y) == nil)
        #expect(VerificationKey(p256X: [0] + x, y: y) == nil)
        #expect(VerificationKey(ed25519: Array(x.dropFirst())) == nil)
    }

    @Test func `a key of another curve or kind, or a weak one, is refused`() throws {
        let others: [(String, String)] = [
            ("P-384", Self.p384), ("secp256k1", Self.secp256k1), ("RSA with 1,024 bits", Self.rsa1024),
        ]
        for (name, text) in others {
            let spki = try #require(Array(text.utf8).withUnsafeBytes { Base64.decode($0) })
            for algorithm in SignatureAlgorithm.allCases {
                #expect(VerificationKey(algorithm, spki: spki) == nil, "\(name) for \(algorithm)")
            }
        }
        let keys = try SignatureAlgorithm.allCases.map { try SigningKey.generate($0) }
        for key in keys {
            for algorithm in SignatureAlgorithm.allCases where algorithm != key.algorithm {
                #expect(VerificationKey(algorithm, spki: key.publicKey.spki) == nil)
                #expect(throws: SigningKeyError.self) { try SigningKey(algorithm, pem: key.pem()) }
            }
            #expect(VerificationKey(key.algorithm, spki: key.publicKey.spki + [0]) == nil, "bytes behind the key")
            #expect(VerificationKey(key.algorithm, spki: Array(key.publicKey.spki.dropLast())) == nil)
            #expect(VerificationKey(key.algorithm, spki: []) == nil)
        }
    }

    @Test func `an RSA key with a strange exponent or length is refused`() throws {
        let n = try #require(Base64.decodeURL(Self.rfc7515n))
        #expect(VerificationKey(rsaModulus: n, exponent: [1, 0, 1]) != nil)
        #expect(VerificationKey(rsaModulus: n, exponent: [3]) != nil)
        for exponent in [[], [0], [1], [2], [1, 0, 0], [0, 1, 0, 1], [1, 0, 0, 0, 1]] as [[UInt8]] {
            #expect(VerificationKey(rsaModulus: n, exponent: exponent) == nil, "\(exponent)")
        }
        #expect(VerificationKey(rsaModulus: [], exponent: [1, 0, 1]) == nil)
        #expect(VerificationKey(rsaModulus: [0] + n, exponent: [1, 0, 1]) == nil, "a second spelling of one number")
        #expect(VerificationKey(rsaModulus: [0x7F] + n.dropFirst(), exponent: [1, 0, 1]) == nil, "2,047 bits")
        let huge = [UInt8](repeating: 0xFF, count: KeyLimits.rsaBitsMax / 8)
        #expect(VerificationKey(rsaModulus: huge, exponent: [1, 0, 1]) != nil)
        #expect(VerificationKey(rsaModulus: [1] + huge, exponent: [1, 0, 1]) == nil)
    }

    @Test func `a private key must be PEM without a pass phrase`() throws {
        for text in [
            "", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIHs\n-----END ENCRYPTED PRIVATE KEY-----\n",
        ] {
            #expect(throws: SigningKeyError.self) { try SigningKey(.es256, pem: Array(text.utf8)) }
        }
        let long = [UInt8](repeating: 65, count: KeyLimits.pemBytesMax + 1)
        #expect(throws: SigningKeyError.self) { try SigningKey(.es256, pem: long) }
    }

    static func rsa(_ n: String, e: String = "AQAB") -> String { #"{"kty":"RSA","n":"\#(n)","e":"\#(e)"}"# }

    private static func only(_ jwk: String, _ algorithm: SignatureAlgorithm) throws -> VerificationKey {
        try #require(try KeySet(Array("{\"keys\":[\(jwk)]}".utf8), for: algorithm).key(nil))
    }

    private static func holds(_ key: VerificationKey, _ message: String, _ signature: String) -> Bool {
        Base64.decodeURL(signature).map { verifies(key, $0, Array(message.utf8)) } ?? false
    }

    static let rfc7515n =
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS"
        + "-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R"
        + "2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDT"
        + "W9gb54h4FRWyuXpoQ"
    private static let rfc7515signature =
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUA"
        + "r7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_d"
        + "O--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0ig"
        + "cN_IoypGlUPQGe77Rw"
    private static let p384 =
        "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEwSIL7ZcDEVAZmeKEd4YtK5ijn6l/lRcoguANPnLkGRVfnt0OOihIUdUoZt3WTIcdpTpAeDrTPoZ7f"
        + "M69ozhxaFRPT7u4wXDILAqPznidTgPkPDe2BRv+c6qqCyzBJgo5"
    private static let secp256k1 =
        "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEFxkcU5iKgkryXbs45eenIIYdoLgusHvhHt0S9lvL4SY/S1PptAAmNHdSRrPrX+z33asVgD4bfsXYQ"
        + "OlraQb0/w=="
    private static let rsa1024 =
        "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC/Nit9nrcBvcskIArS0vqS+vZzzaRVLEZr5GPdIu8BDZgtlq9iRngd6ajQHxD9yEIKUrRqG"
        + "RG/VYrZ4n0ZL1eattbs8AzXor4Gu29b82Zm1BmNkppOAHqu5UgyVaqGu2H+eeMZDees+wAFDgFohylNTOHceVwU/qGCxTSDYL7NTQIDAQAB"
}
