// Keys, derived keys, HMAC and resume tokens: published vectors, round trips, every flipped bit.

import LiveTestSupport
import Rooms
import Testing

@testable import LiveServer

@Suite struct AuthKeyTests {
    @Test func `HMAC-SHA256 gives RFC 4231's tags, also when one context is used again`() {
        let mac = HMACSHA256(key: [UInt8](repeating: 0x0B, count: 20))
        for _ in 0..<3 {
            #expect(
                TokenText.hex(mac.tag(of: Array("Hi There".utf8)))
                    == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
            #expect(mac.tag(of: []).count == 32)
        }
        let long = HMACSHA256(key: [UInt8](repeating: 0xAA, count: 131))
        #expect(
            TokenText.hex(long.tag(of: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8)))
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    @Test func `SHA-256 gives FIPS 180-4's digests`() {
        let digest = SHA256Digest()
        #expect(
            TokenText.hex(digest.hash(Array("abc".utf8)))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            TokenText.hex(digest.hash([])) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test func `HKDF gives the first 32 bytes of RFC 5869's vectors`() {
        let secret = [UInt8](repeating: 0x0B, count: 22)
        #expect(
            TokenText.hex(HKDFSHA256.key(secret: secret, salt: Array(0x00...0x0C), info: Array(0xF0...0xF9)))
                == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf")
        #expect(
            TokenText.hex(HKDFSHA256.key(secret: secret, salt: [], info: []))
                == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d")
    }

    @Test func `a key is read as hex or base64url and never shorter than 32 bytes`() throws {
        let bytes = [UInt8](0..<32)
        #expect(try TokenKey(text: TokenText.hex(bytes)).secret == bytes)
        #expect(try TokenKey(text: TokenText.hex(bytes).uppercased()).secret == bytes)
        #expect(try TokenKey(text: TokenText.base64URL(bytes)).secret == bytes)
        #expect(TokenKey.parse(TokenText.hex(Array(0..<31))).error == .tooShort(bytes: 31))
        #expect(TokenKey.parse("").error == .tooShort(bytes: 0))
        #expect(TokenKey.parse(TokenText.base64URL(bytes) + "=").error == .notHexOrBase64URL)
        #expect(TokenKey.parse("pass word").error == .notHexOrBase64URL)
        #expect(TokenKey.parse(String(repeating: "ab", count: 1_025)).error == .tooLong(bytes: 1_025))
    }

    @Test func `a key shows nothing of itself`() throws {
        let key = try TokenKey(secret: Array("0123456789abcdef0123456789abcdef".utf8))
        var dump = "\(key) \(String(reflecting: key)) "
        Swift.dump(key, to: &dump)
        Swift.dump(Forge.settings, to: &dump)
        #expect(!dump.contains("48") && !dump.contains("0123"))
    }

    @Test func `derived keys differ by label and by key`() throws {
        #expect(Forge.key.derive("resume") != Forge.key.derive("guest"))
        #expect(Forge.key.derive("resume") == Forge.key.derive("resume"))
        #expect(Forge.key.derive("resume") != TokenKey.development.derive("resume"))
        #expect(Forge.key.derive("resume").count == 32)
    }
}

@Suite struct AuthResumeTests {
    private static let claims = ResumeClaims(
        room: Forge.room, participant: ParticipantID("ada")!, issuedMs: 1_700_000_000_000, accessExpS: 1_700_003_600)
    private let sealer = ResumeSealer(key: Forge.key)

    private func sealed(_ claims: ResumeClaims = claims) -> [UInt8] {
        var text: [UInt8] = []
        sealer.seal(claims, into: &text)
        return text
    }

    private func opened(_ text: [UInt8], nowMs: Int64 = 1_700_000_000_000) -> ResumeClaims? {
        text.withUnsafeBytes { sealer.open($0, nowMs: nowMs) }
    }

    @Test(arguments: SeededRandom.seeds(20))
    func `what was sealed opens to the same, on another node with the key too`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        func segment(_ random: inout SeededRandom) -> String {
            let letters = Array("abcXYZ019._~-")
            return String((0..<(1 + random.below(64))).map { _ in letters[random.below(letters.count)] })
        }
        for _ in 0..<50 {
            let room = try #require(
                RoomKey(
                    institution: segment(&random), course: segment(&random), session: segment(&random)))
            let claims = ResumeClaims(
                room: room, participant: try #require(ParticipantID(segment(&random))),
                issuedMs: Int64(random.below(1 << 41)), accessExpS: 1 << 40)
            let text = sealed(claims)
            #expect(text.count <= ResumeSealer.textBytesMax)
            let other = ResumeSealer(key: Forge.key)
            #expect(text.withUnsafeBytes { other.open($0, nowMs: claims.issuedMs) } == claims)
        }
    }

    @Test func `every flipped bit and every cut is refused`() {
        let text = sealed()
        #expect(opened(text) == Self.claims)
        for bit in 0..<(text.count * 8) {
            var bad = text
            bad[bit / 8] ^= 1 << (bit % 8)
            #expect(opened(bad) == nil, "bit \(bit)")
        }
        for length in 0..<text.count { #expect(opened(Array(text[..<length])) == nil) }
        #expect(opened(text + text) == nil)
        #expect(opened([UInt8](repeating: 65, count: 1 << 20)) == nil)
    }

    @Test func `it is valid ten minutes after last contact and no longer than the access token`() {
        let text = sealed()
        #expect(opened(text, nowMs: 1_700_000_600_000) != nil)
        #expect(opened(text, nowMs: 1_700_000_600_001) == nil)
        let short = sealed(
            ResumeClaims(
                room: Forge.room, participant: ParticipantID("ada")!, issuedMs: 1_700_000_000_000,
                accessExpS: 1_700_000_060))
        #expect(opened(short, nowMs: 1_700_000_059_999) != nil)
        #expect(opened(short, nowMs: 1_700_000_060_000) == nil)
    }

    @Test func `one from another node's clock is taken within a minute`() {
        let text = sealed()
        #expect(opened(text, nowMs: 1_700_000_000_000 - 60_000) != nil)
        #expect(opened(text, nowMs: 1_700_000_000_000 - 60_001) == nil)
    }

    @Test func `one sealed under another key is refused, the token key itself included`() {
        let text = sealed()
        let other = ResumeSealer(key: .development)
        #expect(text.withUnsafeBytes { other.open($0, nowMs: 1_700_000_000_000) } == nil)
        var message: [UInt8] = [1]
        message += withUnsafeBytes(of: Int64(1_700_000_000_000).bigEndian) { Array($0) }
        message += withUnsafeBytes(of: Int64(1_700_003_600).bigEndian) { Array($0) }
        message += [UInt8(Forge.room.raw.utf8.count)] + Array(Forge.room.raw.utf8) + Array("ada".utf8)
        let forged = message + HMACSHA256(key: Forge.key.secret).tag(of: message)[..<16]
        #expect(opened(Array(TokenText.base64URL(forged).utf8)) == nil)
        let honest = message + HMACSHA256(key: Forge.key.derive("resume")).tag(of: message)[..<16]
        #expect(opened(Array(TokenText.base64URL(honest).utf8)) == Self.claims)
    }
}
