// Owns what the tests of identity share: a key, settings, and tokens forged byte by byte, so that a test can say what
// no honest minter would. Never used to check a signature: that is TokenVerifier's.

import LiveProtocol
import Rooms
import Testing

@testable import LiveServer

/// Keys, settings and forged tokens of the tests of identity.
enum Forge {
    static let key = try! TokenKey(secret: Array(0..<32))  // 32 bytes: cannot fail, and a failure stops the tests
    static let nowS: Int64 = 1_700_000_100
    static let settings = TokenSettings(key: key, issuer: "https://issuer.example", audience: "liveclassroom")
    static let header = #"{"alg":"HS256","typ":"JWT"}"#
    static let room = RoomKey("demo/cs101/live")!

    /// The payload of a good token; `replacing` swaps one piece of its text for another.
    static func payload(replacing old: String = "", with new: String = "") -> String {
        let good =
            #"{"iss":"https://issuer.example","aud":"liveclassroom","sub":"ada","name":"Ada","role":"student","#
            + #""rooms":["demo/cs101/live"],"exp":1700003600}"#
        guard !old.isEmpty else { return good }
        precondition(good.contains(old), "the good payload has no \(old)")
        return replaced(good, old, new)
    }

    static func token(header: String = header, payload: String, key: TokenKey = key) -> String {
        signed(TokenText.base64URL(Array(header.utf8)) + "." + TokenText.base64URL(Array(payload.utf8)), key: key)
    }

    static func signed(_ message: String, key: TokenKey = key) -> String {
        message + "." + TokenText.base64URL(HMACSHA256(key: key.secret).tag(of: Array(message.utf8)))
    }

    static func verdict(_ token: String, nowS: Int64 = nowS) -> Result<AccessToken, TokenError> {
        TokenVerifier(settings: settings).verify(token, nowS: nowS)
    }

    /// The error of a token whose payload differs from the good one.
    static func refusal(replacing old: String, with new: String, nowS: Int64 = nowS) -> TokenError? {
        verdict(token(payload: payload(replacing: old, with: new)), nowS: nowS).error
    }

    static func claims(expS: Int64 = nowS + 3_600) -> TokenClaims {
        TokenClaims(
            sub: ParticipantID("ada")!, name: "Ada", role: .instructor, rooms: [RoomPattern("demo/*/live")!],
            cohort: "a", expS: expS, nbfS: nowS, iatS: nowS, jti: "t1")
    }

    static func replaced(_ text: String, _ old: String, _ new: String) -> String {
        guard let range = text.firstRange(of: old) else { return text }
        return text.replacingCharacters(in: range, with: new)
    }
}

extension String {
    fileprivate func replacingCharacters(in range: Range<String.Index>, with new: String) -> String {
        String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
    }
}

extension Result {
    /// The error of a failure.
    var error: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }

    /// The value of a success.
    var value: Success? {
        if case .success(let value) = self { value } else { nil }
    }
}

/// A directory behind a reference, since an expectation can't call what changes a value.
final class Office {
    private var directory: ClassDirectory

    init(key: TokenKey = Forge.key, limits: ClassLimits = ClassLimits()) {
        directory = ClassDirectory(key: key, limits: limits)
    }

    var count: Int { directory.count }

    func create(
        name: String, guests: GuestPolicy = .named, cap: Int? = nil, random: [UInt8], from address: AddressKey,
        now: ClassClock
    ) -> Result<CreatedClass, ClassRefusal> {
        directory.create(name: name, guests: guests, cap: cap, random: random, from: address, now: now)
    }

    func join(
        code: String, name: String?, device: String, from address: AddressKey, now: ClassClock
    ) -> Result<Admission, ClassRefusal> {
        directory.join(code: code, name: name, device: device, from: address, now: now)
    }

    func join(
        teacherSecret: String, name: String?, from address: AddressKey, now: ClassClock
    ) -> Result<Admission, ClassRefusal> {
        directory.join(teacherSecret: teacherSecret, name: name, from: address, now: now)
    }

    func find(code: String, from address: AddressKey, now: ClassClock) -> Result<ClassRecord, ClassRefusal> {
        directory.find(code: code, from: address, now: now)
    }

    func record(of room: RoomKey, nowMs: Int64) -> ClassRecord? { directory.record(of: room, nowMs: nowMs) }

    func update(_ code: ClassCode, cap: Int? = nil, locked: Bool? = nil) -> ClassRecord? {
        directory.update(code, cap: cap, locked: locked)
    }

    func restore(_ record: ClassRecord, guests: Set<UInt64> = []) { directory.restore(record, guests: guests) }
}

/// A bucket behind a reference.
final class Bucket {
    private var bucket: TokenBucket

    init(_ rate: TokenRate) { bucket = TokenBucket(rate) }
    init(_ bucket: TokenBucket) { self.bucket = bucket }

    var value: TokenBucket { bucket }
    func take(nowMs: UInt64) -> Bool { bucket.take(nowMs: nowMs) }
    func retryAfterMs(nowMs: UInt64) -> UInt32 { bucket.retryAfterMs(nowMs: nowMs) }
}

/// A table of attempts behind a reference.
final class Attempts {
    private var limiter: AttemptLimiter

    init(rate: TokenRate, addresses: Int) { limiter = AttemptLimiter(rate: rate, addresses: addresses) }

    func waitMs(_ address: AddressKey, nowMs: UInt64) -> UInt32? { limiter.waitMs(address, nowMs: nowMs) }
    func count(_ address: AddressKey, nowMs: UInt64) -> Bool { limiter.count(address, nowMs: nowMs) }
}
