// Owns tickets: what an access token allows, sealed for 30 seconds so that it may stand in an address, where a token
// must not. Encrypted, since addresses end up in logs of others, under a key derived for this purpose alone. Never
// keeps state: whether one was used is UsedTickets' to know, and any node with the key opens what another sealed.

import LiveProtocol
import Rooms

/// What an opened ticket says.
struct EntryTicket {
    /// The same on every node: what is remembered of a used ticket.
    let id: UsedTickets.ID
    /// When it ends, ms since 1970.
    let endsMs: Int64
    let token: AccessToken
}

/// Seals and opens tickets. One a reactor, used on its thread; a few microseconds a call.
///
/// Sealed bytes: version (1), issuedMs (8, big-endian), expS (8), role (1), then sub, name, cohort and each room
/// pattern, each behind its length (2).
final class TicketSealer {
    /// How long a ticket is good, seconds.
    static let validS = 30
    /// How far another node's clock may run ahead, ms.
    static let clockSkewMs: Int64 = 5_000
    /// Longest sealed bytes: with more rooms the request must name one. In base64url it fits into any address.
    static let sealedBytesMax = 2_048
    /// Longest text.
    static let textBytesMax = (sealedBytesMax * 4 + 2) / 3

    private static let version: UInt8 = 1
    private let box: SealedBox

    init(key: TokenKey) { box = SealedBox(key: key.derive("ticket")) }

    /// A ticket for what `token` allows; nil where its rooms are too many for one. `nonce`: 12 random bytes.
    func seal(_ token: AccessToken, nowMs: Int64, nonce: [UInt8]) -> String? {
        var text: [UInt8] = [Self.version]
        append(nowMs, to: &text)
        append(token.expS, to: &text)
        text.append(token.role.rawValue)
        for part in [token.sub.raw, token.name, token.cohort ?? ""] + token.rooms.map(\.description) {
            let bytes = Array(part.utf8)
            text += [UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes
        }
        guard text.count + SealedBox.overheadBytes <= Self.sealedBytesMax else { return nil }
        return TokenText.base64URL(box.seal(text, nonce: nonce))
    }

    /// What a ticket says, if it was sealed under this key at most 30 seconds before `nowMs`; nil otherwise.
    func open(_ text: UnsafeRawBufferPointer, nowMs: Int64) -> EntryTicket? {
        guard text.count <= Self.textBytesMax, let sealed = Base64.decodeURL(text), let plain = box.open(sealed),
            plain.count > 18, plain[0] == Self.version, let role = Role(rawValue: plain[17])
        else { return nil }
        let issuedMs = Self.integer(plain[1..<9])
        let expS = Self.integer(plain[9..<17])
        let endsMs = issuedMs + Int64(Self.validS) * 1_000
        guard issuedMs <= nowMs + Self.clockSkewMs, nowMs < endsMs, expS > nowMs / 1_000 else { return nil }
        var parts = Self.parts(plain[18...])
        guard parts.count >= 4, let sub = ParticipantID(parts[0]) else { return nil }
        let (name, cohort) = (parts[1], parts[2])
        parts.removeFirst(3)
        let rooms = parts.compactMap { RoomPattern($0) }
        guard rooms.count == parts.count else { return nil }
        return EntryTicket(
            id: UsedTickets.ID(Array(sealed[..<SealedBox.nonceBytes])), endsMs: endsMs,
            token: AccessToken(
                sub: sub, name: name, role: role, rooms: rooms, cohort: cohort.isEmpty ? nil : cohort, expS: expS,
                jti: nil))
    }

    private func append(_ value: Int64, to text: inout [UInt8]) {
        withUnsafeBytes(of: value.bigEndian) { text.append(contentsOf: $0) }
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> Int64 {
        Int64(bitPattern: bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    private static func parts(_ bytes: ArraySlice<UInt8>) -> [String] {
        var rest = bytes
        var parts: [String] = []
        while rest.count >= 2 {
            let count = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
            rest = rest.dropFirst(2)
            guard rest.count >= count else { return [] }
            parts.append(String(decoding: rest.prefix(count), as: UTF8.self))
            rest = rest.dropFirst(count)
        }
        return rest.isEmpty ? parts : []
    }
}
