// The bytes of a log entry, as the journal and the history hold them: a fixed header, then length-prefixed fields.
//
//     0  version (1)     1..3  zero     4  seq, u64     12  ts, i64     20  room, u8 length and ASCII
//     …  epoch, u8 length, ASCII     …  participant, role, name, command id, digest u64, command (tag and fields)
//
// All integers little-endian. The journal's frame around it carries length and CRC; nothing here repeats them.
// The log thread stamps ts at `tsOffset` into bytes that are encoded already.

/// Where an entry stands, read without its body.
package struct LogEntryHeader: Hashable, Sendable {
    /// The room.
    package let room: RoomKey
    /// The epoch of the room's log, `[a-z0-9]{8,16}`.
    package let epoch: String
    /// The place in the log.
    package let seq: UInt64
    /// Milliseconds since 1970.
    package let ts: Int64
}

/// Encodes and decodes log entries. Stateless; any thread.
package enum LogEntryCodec {
    /// The version this program writes; it reads no other yet.
    package static let version: UInt8 = 1
    /// Where seq lies, in bytes from the start: 8 bytes, little-endian.
    package static let seqOffset = 4
    /// Where ts lies, in bytes from the start: 8 bytes, little-endian.
    package static let tsOffset = 12

    /// Appends the bytes of an entry. The epoch must be `[a-z0-9]{8,16}`.
    package static func encode(_ entry: LogEntry, room: RoomKey, epoch: String, into buffer: inout [UInt8]) {
        precondition(isEpoch(epoch), "an epoch is 8 to 16 of a-z and 0-9")
        var writer = BinaryWriter(taking: &buffer)
        writer.byte(version)
        writer.byte(0)
        writer.uint16(0)
        writer.uint64(entry.seq)
        writer.int64(entry.ts)
        writer.shortString(room.raw)
        writer.shortString(epoch)
        let proposal = entry.proposal
        writer.shortString(proposal.actor.participant.raw)
        writer.byte(proposal.actor.role.rawValue)
        writer.string(proposal.actor.name)
        writer.shortString(proposal.id.raw)
        writer.uint64(proposal.digest)
        proposal.command.encode(to: &writer)
        writer.give(back: &buffer)
    }

    /// Reads a whole entry; throws where the bytes are anything but exactly one.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer
    ) throws(RoomDecodeError) -> (room: RoomKey, epoch: String, entry: LogEntry) {
        var reader = BinaryReader(bytes)
        let header = try header(&reader)
        let participant = try reader.participant()
        let role = try reader.choice(Role.self, "role")
        let name = try reader.string(max: RoomLimits.nameBytesMax)
        let id = try reader.commandID()
        let digest = try reader.uint64()
        let command = try Command(from: &reader)
        try reader.end()
        let proposal = Proposal(
            actor: Actor(participant: participant, name: name, role: role), id: id, digest: digest, command: command)
        return (header.room, header.epoch, LogEntry(seq: header.seq, ts: header.ts, proposal: proposal))
    }

    /// Reads where an entry stands and leaves its body unread and unchecked.
    package static func peekHeader(_ bytes: UnsafeRawBufferPointer) throws(RoomDecodeError) -> LogEntryHeader {
        var reader = BinaryReader(bytes)
        return try header(&reader)
    }

    /// The bytes of an entry's redacted form; nil where it is no message. For history after an accepted deletion.
    package static func redacted(_ bytes: UnsafeRawBufferPointer) throws(RoomDecodeError) -> [UInt8]? {
        let (room, epoch, entry) = try decode(bytes)
        guard let bare = entry.redacted else { return nil }
        var buffer: [UInt8] = []
        encode(bare, room: room, epoch: epoch, into: &buffer)
        return buffer
    }

    private static func header(_ reader: inout BinaryReader) throws(RoomDecodeError) -> LogEntryHeader {
        let found = try reader.byte()
        guard found == version else { throw .version(found) }
        guard try reader.byte() == 0, try reader.uint16() == 0 else { throw reader.malformed("reserved bytes") }
        let seq = try reader.uint64()
        let ts = try reader.timestamp()
        let room = try reader.room()
        let epoch = try reader.shortString()
        guard isEpoch(epoch) else { throw reader.malformed("epoch") }
        return LogEntryHeader(room: room, epoch: epoch, seq: seq, ts: ts)
    }

    private static func isEpoch(_ text: String) -> Bool {
        let count = text.utf8.count
        guard count >= RoomLimits.epochBytesMin, count <= RoomLimits.epochBytesMax else { return false }
        return text.utf8.allSatisfy {
            ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z")) || ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9"))
        }
    }
}
