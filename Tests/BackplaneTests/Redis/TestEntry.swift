// Owns one entry of a log for tests that do not care which.

import Rooms
import RoomsBackplane

enum TestEntry {
    /// A room.
    static let room: RoomKey = named(RoomKey("demo/cs101/live"))

    /// What somebody says in it.
    static let proposal = Proposal(
        actor: Actor(participant: named(ParticipantID("ada")), name: "Ada", role: .student), id: named(CommandID("c1")),
        command: .chatSend(text: "hello", replyTo: nil))

    /// The same as a node sends it, in `epoch001`.
    static let bytes = entry(epoch: "epoch001")

    static func entry(epoch: String) -> [UInt8] { RoomLogSpeaker.entry(proposal, room: room, epoch: epoch) }

    private static func named<Name>(_ name: Name?) -> Name {
        guard let name else { preconditionFailure("a name of a test") }
        return name
    }
}
