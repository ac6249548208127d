// Close codes of the contract and the reasons that carry a time.

/// WebSocket close codes that this server sends (RFC 6455 §7.4, contract section 3).
enum CloseCode {
    static let normal: UInt16 = 1000
    static let goingAway: UInt16 = 1001
    static let unsupportedData: UInt16 = 1003
    static let policy: UInt16 = 1008
    static let tryAgain: UInt16 = 1013
    static let expired: UInt16 = 4401
    static let removed: UInt16 = 4403
    static let tooSlow: UInt16 = 4408
    static let replaced: UInt16 = 4409
}

/// Close reasons that tell the client when to come back, as JSON within the 123 bytes of a reason.
enum CloseReason {
    static func retry(afterMs: UInt32) -> String { "{\"retry_after_ms\":\(afterMs)}" }
    static func reconnect(afterMs: UInt32) -> String { "{\"reconnect_after_ms\":\(afterMs)}" }
}

/// A device's name as sessions keep it.
enum DeviceName {
    /// FNV-1a over the name; 0 is kept for "none named".
    static func hash(_ name: String) -> UInt64 {
        var value: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return max(1, value)
    }
}

extension RoomCursor {
    /// A cursor that no log recognizes: the answer is a snapshot marked as reset.
    static let unknown = RoomCursor(epoch: "-", seq: 0)

    /// `epoch.seq` with an epoch of 8 to 16 characters `[a-z0-9]`.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, (8...16).contains(parts[0].utf8.count),
            parts[0].utf8.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }),
            // `UInt64` alone would take a sign.
            parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let seq = UInt64(parts[1])
        else { return nil }
        self.init(epoch: String(parts[0]), seq: seq)
    }
}
