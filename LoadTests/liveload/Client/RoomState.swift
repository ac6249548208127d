// Owns what a worker knows of one room: its epoch, who of its own is in it, and what can be reacted to. Never the log.

import LiveProtocol

/// One room as this worker's participants see it.
struct RoomState {
    /// The epoch of the latest welcome.
    var epoch = ""
    /// This worker's readers in the room.
    private(set) var readers = 0
    /// With a number of messages under way in place of a rate: sent, and delivered to this worker's readers.
    var sent: UInt64 = 0
    var delivered: UInt64 = 0
    var isDirty = false
    /// Which writer sends next.
    var turn = 0
    /// The newest message and question, for reactions and votes.
    private(set) var message = ""
    private(set) var messageSeq: UInt64 = 0
    var question = ""
    var questionSeq: UInt64 = 0
    /// The newest poll.
    var poll = ""
    var pollSeq: UInt64 = 0
    /// This worker's teacher has a poll open.
    var isPollOurs = false
    /// Polls that the teacher has opened.
    var polls = 0

    mutating func note(_ member: Member, isHere: Bool) {
        guard member.duty == .listener else { return }
        readers += isHere ? 1 : -1
    }

    /// Remembers one message in 16: enough to react to.
    @inline(__always)
    mutating func noteMessage(seq: UInt64, _ json: UnsafeRawBufferPointer) {
        guard seq >= messageSeq + 16 || messageSeq == 0 else { return }
        messageSeq = seq
        message = WireText.text("\"id\":\"", in: json) ?? ""
    }
}
