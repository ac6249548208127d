// Ids of what is born in the log: the letter of the kind and the seq of the entry, so nothing needs a counter of its
// own and no two things of a room share an id. The text form is strict: `p13`, never `p013` or `P13`.

/// An id made of one letter and the seq of the log entry that brought the thing into being.
package protocol SequenceID: Hashable, Comparable, Sendable {
    /// The ASCII letter of the kind.
    static var letter: UInt8 { get }
    /// The seq of the entry, 1 or above.
    var seq: UInt64 { get }
    /// An id for a seq.
    init(seq: UInt64)
}

extension SequenceID {
    /// The text form, such as `m12`.
    package var text: String { String(UnicodeScalar(Self.letter)) + String(seq) }

    /// Reads the text form; nil for another letter, a leading zero, a sign or a number over 64 bits.
    package init?(text: String) {
        var value: UInt64 = 0
        var position = 0
        for byte in text.utf8 {
            defer { position += 1 }
            if position == 0 {
                guard byte == Self.letter else { return nil }
                continue
            }
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            if position == 1, byte == UInt8(ascii: "0") { return nil }
            let (scaled, overflowScale) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowAdd) = scaled.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
            guard !overflowScale, !overflowAdd else { return nil }
            value = sum
        }
        guard position > 1 else { return nil }
        self.init(seq: value)
    }

    /// Order of birth.
    package static func < (left: Self, right: Self) -> Bool { left.seq < right.seq }
}

/// A poll, `p<seq>` of its `poll_open`.
package struct PollID: SequenceID {
    /// `p`.
    package static let letter = UInt8(ascii: "p")
    /// The seq of the entry that opened the poll.
    package let seq: UInt64
    /// An id for a seq.
    package init(seq: UInt64) { self.seq = seq }
}

/// A chat message, `m<seq>` of its `chat_send`.
package struct MessageID: SequenceID {
    /// `m`.
    package static let letter = UInt8(ascii: "m")
    /// The seq of the entry that holds the message.
    package let seq: UInt64
    /// An id for a seq.
    package init(seq: UInt64) { self.seq = seq }
}

/// A question, `q<seq>` of its `question_ask`.
package struct QuestionID: SequenceID {
    /// `q`.
    package static let letter = UInt8(ascii: "q")
    /// The seq of the entry that asked.
    package let seq: UInt64
    /// An id for a seq.
    package init(seq: UInt64) { self.seq = seq }
}

/// An announcement, `a<seq>` of its `announce`.
package struct AnnouncementID: SequenceID {
    /// `a`.
    package static let letter = UInt8(ascii: "a")
    /// The seq of the entry that announced.
    package let seq: UInt64
    /// An id for a seq.
    package init(seq: UInt64) { self.seq = seq }
}
