// Owns resume tokens: who was at which room until when, sealed so that only this deployment can have said it. Binary,
// base64url, HMAC-SHA256 cut to 16 bytes (RFC 2104 §5) under a key derived for this purpose alone. A resume token
// proves identity and position, never permission. Never keeps state: any node with the key opens what another sealed.

import LiveProtocol
package import Rooms

/// What a resume token says.
package struct ResumeClaims: Sendable, Equatable {
    /// Where.
    package let room: RoomKey
    /// Who.
    package let participant: ParticipantID
    /// Last contact, milliseconds since 1970.
    package let issuedMs: Int64
    /// End of the access token, seconds since 1970: a resume token never outlives it.
    package let accessExpS: Int64

    /// Claims as they are sealed or were opened.
    package init(room: RoomKey, participant: ParticipantID, issuedMs: Int64, accessExpS: Int64) {
        self.room = room
        self.participant = participant
        self.issuedMs = issuedMs
        self.accessExpS = accessExpS
    }
}

/// Seals and opens resume tokens. One a reactor, used on its thread; about a microsecond a call.
///
/// Sealed bytes: version (1), issuedMs (8, big-endian), accessExpS (8), length of room (1), room, participant, tag
/// (16).
package final class ResumeSealer {
    /// Validity after last contact, milliseconds: the contract's ten minutes.
    package static let validMs: Int64 = 600_000
    /// How far another node's clock may run ahead, milliseconds.
    package static let clockSkewMs: Int64 = 60_000
    /// Longest token in characters; longer input is refused unread.
    package static let textBytesMax = (sealedBytesMax * 4 + 2) / 3

    private static let version: UInt8 = 1
    private static let fixedBytes = 18
    private static let tagBytes = 16
    /// Version, times, length, three segments of 64 with two slashes, a participant of 64, tag.
    private static let sealedBytesMax = fixedBytes + 194 + 64 + tagBytes

    private let mac: HMACSHA256
    private var scratch: [UInt8] = []
    private var tag = [UInt8](repeating: 0, count: HMACSHA256.tagBytes)

    /// A sealer whose key is derived from the token key.
    package init(key: TokenKey) {
        mac = HMACSHA256(key: key.derive("resume"))
        scratch.reserveCapacity(Self.sealedBytesMax)
    }

    /// Appends the token's text, at most `textBytesMax` characters of base64url, to `text`.
    package func seal(_ claims: ResumeClaims, into text: inout [UInt8]) {
        scratch.removeAll(keepingCapacity: true)
        scratch.append(Self.version)
        append(claims.issuedMs)
        append(claims.accessExpS)
        scratch.append(UInt8(claims.room.raw.utf8.count))
        scratch.append(contentsOf: claims.room.raw.utf8)
        scratch.append(contentsOf: claims.participant.raw.utf8)
        scratch.withUnsafeBytes { message in tag.withUnsafeMutableBytes { mac.authenticate(message, into: $0) } }
        scratch.append(contentsOf: tag[..<Self.tagBytes])
        scratch.withUnsafeBytes { text += Base64.encodeURL($0) }
    }

    /// What the token says, if it was sealed under this key, at most ten minutes before `nowMs`, and its access token
    /// is still valid; nil otherwise. The caller judges permission anew.
    package func open(_ text: UnsafeRawBufferPointer, nowMs: Int64) -> ResumeClaims? {
        guard text.count <= Self.textBytesMax, let bytes = Base64.decodeURL(text),
            bytes.count > Self.fixedBytes + Self.tagBytes
        else { return nil }
        let messageEnd = bytes.count - Self.tagBytes
        let genuine = bytes.withUnsafeBytes { sealed in
            tag.withUnsafeMutableBytes { expected in
                mac.authenticate(UnsafeRawBufferPointer(rebasing: sealed[..<messageEnd]), into: expected)
                return equalInConstantTime(
                    UnsafeRawBufferPointer(rebasing: expected[..<Self.tagBytes]),
                    UnsafeRawBufferPointer(rebasing: sealed[messageEnd...]))
            }
        }
        guard genuine, bytes[0] == Self.version else { return nil }
        let issuedMs = Self.integer(bytes[1..<9])
        let accessExpS = Self.integer(bytes[9..<17])
        guard issuedMs >= 0, issuedMs <= nowMs + Self.clockSkewMs, nowMs - issuedMs <= Self.validMs,
            accessExpS > nowMs / 1_000
        else { return nil }
        let roomEnd = Self.fixedBytes + Int(bytes[17])
        guard roomEnd < messageEnd,
            let room = RoomKey(String(decoding: bytes[Self.fixedBytes..<roomEnd], as: UTF8.self)),
            let participant = ParticipantID(String(decoding: bytes[roomEnd..<messageEnd], as: UTF8.self))
        else { return nil }
        return ResumeClaims(room: room, participant: participant, issuedMs: issuedMs, accessExpS: accessExpS)
    }

    private func append(_ value: Int64) {
        withUnsafeBytes(of: value.bigEndian) { scratch.append(contentsOf: $0) }
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> Int64 {
        Int64(bitPattern: bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
}
