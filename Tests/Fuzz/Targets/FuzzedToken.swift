// Owns the promises of tokens: nobody who lacks the key makes one that is taken; claims under a good signature are
// taken or refused and never more; what was sealed opens to the same, and with any byte changed not at all.

@testable import LiveProtocol
@testable import LiveServer
@testable import Rooms

enum FuzzedToken {
    private static let nowS: Int64 = 1_700_000_100
    private static let settings: TokenSettings = {
        guard let key = try? TokenKey(secret: Array(0..<32)) else { preconditionFailure("32 bytes are a key") }
        return TokenSettings(key: key, issuer: "i", audience: "a")
    }()

    /// Any text as a token.
    static func run(_ input: [UInt8]) {
        let verifier = TokenVerifier(settings: settings, cacheCapacity: 16)
        input.withExactCopy { block in
            let raw = UnsafeRawBufferPointer(block)
            let first = verifier.verify(raw, nowS: nowS)
            promise(first == verifier.verify(raw, nowS: nowS), "judged otherwise the second time")
            if case .success = first { promise(isSigned(input), "a token that nobody signed") }
        }
    }

    private static func isSigned(_ compact: [UInt8]) -> Bool {
        guard let dot = compact.lastIndex(of: UInt8(ascii: ".")) else { return false }
        let tag = HMACSHA256(key: settings.key.secret).tag(of: Array(compact[..<dot]))
        return Array(TokenText.base64URL(tag).utf8) == Array(compact[(dot + 1)...])
    }

    /// The input as header and payload, parted by the first line's end, under a signature that holds.
    static func runClaims(_ input: [UInt8]) {
        let parts = input.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
        let header = parts.count == 2 ? Array(parts[0]) : Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8)
        let payload = Array(parts.last ?? [])
        let message = TokenText.base64URL(header) + "." + TokenText.base64URL(payload)
        let tag = HMACSHA256(key: settings.key.secret).tag(of: Array(message.utf8))
        let verifier = TokenVerifier(settings: settings, cacheCapacity: 16)
        let verdict = verifier.verify(message + "." + TokenText.base64URL(tag), nowS: nowS)
        guard case .success(let token) = verdict else { return }
        promise(token.expS > nowS, "an expired token")
        promise((1...64).contains(token.rooms.count), "a token for no room, or too many")
        promise(!token.name.isEmpty && token.sub != .system, "a token of nobody, or of the server itself")
        mintAgain(token, verifier)
    }

    private static func mintAgain(_ token: AccessToken, _ verifier: TokenVerifier) {
        var claims = TokenClaims(
            sub: token.sub, name: token.name, role: token.role, rooms: token.rooms, expS: token.expS)
        claims.cohort = token.cohort
        claims.jti = token.jti
        let minted = TokenMint.mint(claims, settings: settings)
        guard minted.utf8.count <= TokenLimits.compactBytesMax else { return }
        guard case .success(let again) = verifier.verify(minted, nowS: nowS) else {
            preconditionFailure("a token minted from accepted claims is refused")
        }
        promise(again == token, "minted anew it says something else")
    }

    /// The first byte chooses: a token by chance, or a good one with a byte changed.
    static func runResume(_ input: [UInt8]) {
        guard input.count > 2 else { return }
        let sealer = ResumeSealer(key: settings.key)
        let text = Array(input.dropFirst())
        promise(text.withUnsafeBytes { sealer.open($0, nowMs: nowS * 1000) } == nil, "opens what nobody sealed")
        let name = String(decoding: text.prefix(64), as: UTF8.self)
        guard let room = RoomKey("a/b/c"), let participant = ParticipantID(name) ?? ParticipantID("ada") else { return }
        let claims = ResumeClaims(
            room: room, participant: participant, issuedMs: nowS * 1000 - Int64(input[0]) * 1000, accessExpS: nowS + 60)
        var sealed: [UInt8] = []
        sealer.seal(claims, into: &sealed)
        promise(sealed.count <= ResumeSealer.textBytesMax, "longer than it may be")
        promise(sealed.withUnsafeBytes { sealer.open($0, nowMs: nowS * 1000) } == claims, "opens to something else")
        let at = Int(input[1]) % sealed.count
        sealed[at] = sealed[at] == input[2] ? sealed[at] ^ 1 : input[2]
        promise(sealed.withUnsafeBytes { sealer.open($0, nowMs: nowS * 1000) } == nil, "opens with a byte changed")
    }
}
