// Owns the promises of the log's bytes and of snapshots: what decodes encodes to the same bytes; a damaged
// snapshot never becomes a room; a room that was read may be written, shown in every view and live on.

@testable import LiveProtocol
@testable import LiveServer
@testable import Rooms

enum FuzzedLog {
    static func runEntry(_ input: [UInt8]) {
        input.withExactCopy { block in
            let raw = UnsafeRawBufferPointer(block)
            let header = try? LogEntryCodec.peekHeader(raw)
            guard let (key, epoch, entry) = try? LogEntryCodec.decode(raw) else { return }
            promise(header == LogEntryHeader(room: key, epoch: epoch, seq: entry.seq, ts: entry.ts), "another header")
            var again: [UInt8] = []
            LogEntryCodec.encode(entry, room: key, epoch: epoch, into: &again)
            promise(again == input, "an entry is not what was read")
            _ = try? LogEntryCodec.redacted(raw)
            apply(entry)
        }
    }

    /// An entry that anyone may have written meets a room: it has a verdict, and the room is a room afterwards.
    private static func apply(_ entry: LogEntry) {
        var room = FuzzedRoom.lively
        if case .accepted(let event) = room.apply(entry) {
            FuzzedRoom.encode(SequencedEvent(seq: entry.seq, ts: entry.ts, event: event))
        }
        snapshotRoundTrip(room)
    }

    /// The input is a snapshot without its checksum, which is put right, so that the fuzzer gets past it.
    static func runSnapshot(_ input: [UInt8]) {
        var damaged = input
        damaged += [0, 0, 0, 0, 0, 0, 0, 0]
        if (try? Room(snapshot: damaged)) != nil {
            promise(StableHash.of(input) == 0, "takes a snapshot with another checksum")
        }
        let whole = input + withUnsafeBytes(of: StableHash.of(input).littleEndian) { Array($0) }
        guard let room = try? Room(snapshot: whole) else { return }
        promise(room.encodeSnapshot() == whole, "a snapshot is not what was read")
        for view in View.allCases {
            let state = SnapshotEncoder.state(room, view: view)
            promise((try? JSONDocument.parse(state, limits: .document)) != nil, "a state that is no JSON")
        }
    }

    static func roundTrip(_ entry: LogEntry, _ key: RoomKey) {
        var bytes: [UInt8] = []
        LogEntryCodec.encode(entry, room: key, epoch: "abcdefgh", into: &bytes)
        bytes.withUnsafeBytes { raw in
            guard let (room, epoch, again) = try? LogEntryCodec.decode(raw) else {
                preconditionFailure("an accepted command cannot be read from the log")
            }
            promise(room == key && epoch == "abcdefgh" && again == entry, "the log holds another entry")
        }
    }

    static func snapshotRoundTrip(_ room: Room) {
        let bytes = room.encodeSnapshot()
        guard let again = try? Room(snapshot: bytes) else { preconditionFailure("a room's own snapshot is refused") }
        promise(again.encodeSnapshot() == bytes && again.digest == room.digest, "a snapshot of a snapshot differs")
    }
}
