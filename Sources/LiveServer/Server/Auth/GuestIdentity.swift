// Owns who a guest is: a participant id computed from class and device secret under a key of its own, so that the same
// device is the same participant after a reload, on every node, with nothing stored. Never learns who is behind it.

package import Rooms

/// Computes guests' ids. Sendable: it holds a derived key, not a context; a call costs a few microseconds.
package struct GuestIdentity: Sendable {
    /// Characters of a device secret (the contract's 16–128).
    package static let deviceCharacters = 16...128
    /// Random bytes that a device secret of the server's making takes.
    package static let deviceRandomBytes = 24

    /// One guest of one class.
    package struct Guest: Sendable, Equatable {
        /// `g-` and 24 hex digits.
        package let participant: ParticipantID
        /// Two bytes for the name of an anonymous guest; tells nothing of the id.
        let tag: UInt16
        /// Eight bytes of the id, to count distinct guests.
        let fingerprint: UInt64

        /// Such as `Guest 7F3A`: a handle to tell people apart, not unique.
        package var anonymousName: String {
            let digits = Array("0123456789ABCDEF".utf8)
            let shown = [12, 8, 4, 0].map { digits[Int(tag >> $0 & 15)] }
            return "Guest " + String(decoding: shown, as: UTF8.self)
        }
    }

    private let key: [UInt8]

    /// An identity under the key derived for guests.
    package init(key: TokenKey) { self.key = key.derive("guest") }

    /// The guest that `device` is in the class with `code`. The device is valid (see `isDevice`).
    package func guest(code: ClassCode, device: String) -> Guest {
        let mac = tag(purpose: "device", code: code, secret: device)
        return Guest(
            participant: Self.participant("g-", mac), tag: UInt16(mac[12]) << 8 | UInt16(mac[13]),
            fingerprint: mac[..<8].reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// The teacher of the class: one participant however many devices hold the secret link.
    package func teacher(code: ClassCode) -> ParticipantID {
        Self.participant("t-", tag(purpose: "teacher", code: code, secret: ""))
    }

    /// Whether a text can be a device secret: 16–128 visible ASCII characters.
    package static func isDevice(_ text: String) -> Bool {
        deviceCharacters.contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// A device secret for a client that brought none; `random` holds at least 24 random bytes.
    package static func makeDevice(random: [UInt8]) -> String {
        precondition(random.count >= deviceRandomBytes, "a device secret takes 24 random bytes")
        return TokenText.base64URL(Array(random[..<deviceRandomBytes]))
    }

    /// The parts are separated by a byte that none of them holds.
    private func tag(purpose: String, code: ClassCode, secret: String) -> [UInt8] {
        HMACSHA256(key: key).tag(of: Array("\(purpose)\0\(code.text)\0\(secret)".utf8))
    }

    private static func participant(_ prefix: String, _ mac: [UInt8]) -> ParticipantID {
        let digits = TokenText.hex(Array(mac[..<12]))
        guard let id = ParticipantID(prefix + digits) else {
            preconditionFailure("a prefix and hex digits are a participant id")
        }
        return id
    }
}
