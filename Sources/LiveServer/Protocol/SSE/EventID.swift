// EventID: the position `epoch.seq` in Last-Event-ID, cursors and `id:` lines.
// Never says whether the position exists: it is the client's claim.

/// A position in a room's log as text. Source: Docs/protocol.md; epoch is `[a-z0-9]{8,16}`, seq decimal.
package struct EventID: Equatable, Sendable {
    /// Which run of the room's log.
    package let epoch: String
    /// The position within it.
    package let seq: UInt64

    /// Nil if `epoch` is not 8–16 of a–z and 0–9.
    package init?(epoch: String, seq: UInt64) {
        var text = epoch
        guard text.withUTF8({ Self.isEpoch(UnsafeRawBufferPointer($0)) }) else { return nil }
        self.epoch = epoch
        self.seq = seq
    }

    /// Reads `epoch.seq`; nil for anything else. Leading zeros and values above `Int64.max` are refused.
    package init?(_ text: UnsafeRawBufferPointer) {
        guard let dot = text.firstIndex(of: UInt8(ascii: ".")) else { return nil }
        let epoch = UnsafeRawBufferPointer(rebasing: text[..<dot])
        let digits = UnsafeRawBufferPointer(rebasing: text[(dot + 1)...])
        guard Self.isEpoch(epoch), digits.count == 1 || digits.first != UInt8(ascii: "0"),
            let seq = Decimal.parse(digits), seq <= UInt64(Int64.max)
        else { return nil }
        self.epoch = String(decoding: epoch, as: UTF8.self)
        self.seq = seq
    }

    /// As above, for a text.
    package init?(_ text: String) {
        var text = text
        guard let id = text.withUTF8({ EventID(UnsafeRawBufferPointer($0)) }) else { return nil }
        self = id
    }

    /// Appends `epoch.seq`.
    package func append(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: epoch.utf8)
        bytes.append(UInt8(ascii: "."))
        Decimal.append(seq, to: &bytes)
    }

    private static func isEpoch(_ text: UnsafeRawBufferPointer) -> Bool {
        text.count >= 8 && text.count <= 16
            && text.allSatisfy { $0 &- 0x30 < 10 || $0 &- 0x61 < 26 }
    }
}
