// Owns: the bytes of a ballot record in the journal. The journal's frame around them carries length, kind and CRC.
// Never: reads past the end; trusts a length.
//
//     kind 1, ballot   version u8 (1) · stamp i64 · poll u64 · choices u64 · room, participant, attempt (u8 length,
//                      ASCII)
//     kind 2, open     version u8 (1) · stamp i64 · poll u64 · options u8 · flags u8 (1 multiple, 2 allow change,
//                      4 deadline) · deadline i64 (0 without) · room
//     kind 3, close    version u8 (1) · stamp i64 · poll u64 · closed i64 · room
//
// All integers little-endian. A released version never changes; a further one gets the next number.

internal import Rooms

/// Why bytes are no ballot record: written by a newer program, or damaged before they were framed.
enum BallotRecordFault: Error, Equatable {
    case kind(UInt8)
    case version(UInt8)
    case malformed
}

/// Encodes and decodes ballot records. Stateless; any thread.
enum BallotRecordCodec {
    static let version: UInt8 = 1

    enum Kind: UInt8 {
        case ballot = 1
        case open = 2
        case close = 3
    }

    private enum Flag {
        static let multiple: UInt8 = 1
        static let allowChange: UInt8 = 2
        static let deadline: UInt8 = 4
    }

    /// Writes a record into `buffer`, which is emptied first.
    static func encode(_ record: BallotRecord, into buffer: inout [UInt8]) -> Kind {
        buffer.removeAll(keepingCapacity: true)
        buffer.append(version)
        append(UInt64(bitPattern: record.stampMs), to: &buffer)
        append(record.key.poll.seq, to: &buffer)
        switch record {
        case .ballot(let ballot, _):
            append(ballot.choices, to: &buffer)
            append(ballot.room.raw, to: &buffer)
            append(ballot.participant.raw, to: &buffer)
            append(ballot.attempt, to: &buffer)
            return .ballot
        case .open(let key, let rules, _):
            buffer.append(UInt8(rules.options))
            let flags =
                (rules.multiple ? Flag.multiple : 0) | (rules.allowChange ? Flag.allowChange : 0)
                | (rules.closesTs == nil ? 0 : Flag.deadline)
            buffer.append(flags)
            append(UInt64(bitPattern: rules.closesTs ?? 0), to: &buffer)
            append(key.room.raw, to: &buffer)
            return .open
        case .close(let key, let closedMs, _):
            append(UInt64(bitPattern: closedMs), to: &buffer)
            append(key.room.raw, to: &buffer)
            return .close
        }
    }

    /// Reads exactly one record.
    static func decode(kind: UInt8, _ bytes: UnsafeRawBufferPointer) throws(BallotRecordFault) -> BallotRecord {
        guard let known = Kind(rawValue: kind) else { throw .kind(kind) }
        var reader = Reader(bytes: bytes)
        let found = try reader.byte()
        guard found == version else { throw .version(found) }
        let stamp = Int64(bitPattern: try reader.word())
        let poll = PollID(seq: try reader.word())
        let record: BallotRecord
        switch known {
        case .ballot:
            let choices = try reader.word()
            guard let room = RoomKey(try reader.text()), let participant = ParticipantID(try reader.text()),
                let ballot = Ballot(
                    room: room, poll: poll, participant: participant, attempt: try reader.text(), choices: choices)
            else { throw .malformed }
            record = .ballot(ballot, acceptedMs: stamp)
        case .open:
            let options = Int(try reader.byte())
            let flags = try reader.byte()
            let deadline = Int64(bitPattern: try reader.word())
            // Every record has one form: no deadline is written as 0.
            guard (1...64).contains(options), flags < 8, flags & Flag.deadline != 0 || deadline == 0,
                let room = RoomKey(try reader.text())
            else { throw .malformed }
            let rules = PollRules(
                options: options, multiple: flags & Flag.multiple != 0, allowChange: flags & Flag.allowChange != 0,
                closesTs: flags & Flag.deadline != 0 ? deadline : nil)
            record = .open(PollKey(room: room, poll: poll), rules, atMs: stamp)
        case .close:
            let closedMs = Int64(bitPattern: try reader.word())
            guard let room = RoomKey(try reader.text()) else { throw .malformed }
            record = .close(PollKey(room: room, poll: poll), closedMs: closedMs, atMs: stamp)
        }
        guard reader.isAtEnd else { throw .malformed }
        return record
    }

    private static func append(_ word: UInt64, to buffer: inout [UInt8]) {
        withUnsafeBytes(of: word.littleEndian) { buffer.append(contentsOf: $0) }
    }

    private static func append(_ text: String, to buffer: inout [UInt8]) {
        let count = text.utf8.count
        precondition(count <= 0xFF, "rooms, participants and attempts are shorter by their types' rules")
        buffer.append(UInt8(count))
        buffer.append(contentsOf: text.utf8)
    }

    private struct Reader {
        let bytes: UnsafeRawBufferPointer
        var offset = 0

        init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

        var isAtEnd: Bool { offset == bytes.count }

        mutating func byte() throws(BallotRecordFault) -> UInt8 {
            guard offset < bytes.count else { throw .malformed }
            defer { offset += 1 }
            return bytes[offset]
        }

        mutating func word() throws(BallotRecordFault) -> UInt64 {
            guard bytes.count - offset >= 8 else { throw .malformed }
            defer { offset += 8 }
            return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }

        mutating func text() throws(BallotRecordFault) -> String {
            let count = Int(try byte())
            guard bytes.count - offset >= count else { throw .malformed }
            defer { offset += count }
            return String(
                decoding: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]), as: UTF8.self)
        }
    }
}
