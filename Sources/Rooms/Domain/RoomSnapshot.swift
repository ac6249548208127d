// The bytes of a whole room: for the store, for another node, for an idle room that unloads, and under the digest.
// Equal states give equal bytes, and what decodes encodes to the same bytes again: every list is checked for its order
// and bound, so no damaged snapshot makes a room that `apply` could not have made larger.
//
//     0  version (1)     1..7  zero     8  state (RoomSnapshotContents)     last 8 bytes  hash of all before
//
// All integers little-endian, counts u32, texts u16 or u8 length and UTF-8.

extension Room {
    /// The version of snapshots this program writes; it reads no other yet.
    package static let snapshotVersion: UInt8 = 1

    /// A hash over the whole state, the same in every process that applied the same entries. Costs a snapshot.
    package var digest: UInt64 { StableHash.of(snapshotBody()) }

    /// The whole state as bytes.
    package func encodeSnapshot() -> [UInt8] {
        var bytes = snapshotBody()
        var writer = BinaryWriter(taking: &bytes)
        writer.uint64(StableHash.of(writer.bytes))
        writer.give(back: &bytes)
        return bytes
    }

    /// The state that a snapshot holds; throws where the bytes are anything else.
    package init(snapshot bytes: [UInt8]) throws(RoomDecodeError) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(RoomDecodeError) in try Room(snapshot: buffer) }
        }
        self = try result.get()
    }

    /// The state that a snapshot holds, from borrowed bytes.
    package init(snapshot bytes: UnsafeRawBufferPointer) throws(RoomDecodeError) {
        guard bytes.count >= 16 else { throw .truncated(offset: bytes.count) }
        guard bytes[0] == Self.snapshotVersion else { throw .version(bytes[0]) }
        let body = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 8)])
        var hash = StableHash()
        hash.combine(body)
        let stored = bytes.loadUnaligned(fromByteOffset: body.count, as: UInt64.self)
        guard UInt64(littleEndian: stored) == hash.value else { throw .corrupt }
        var reader = BinaryReader(body)
        guard try reader.uint64() == UInt64(Self.snapshotVersion) else { throw reader.malformed("reserved bytes") }
        self.init(key: try reader.room())
        try decodeContents(&reader)
        try reader.end()
    }

    private func snapshotBody() -> [UInt8] {
        var writer = BinaryWriter(reserving: 4_096)
        writer.uint64(UInt64(Self.snapshotVersion))
        writer.shortString(key.raw)
        encodeContents(&writer)
        return writer.bytes
    }

    private func encodeContents(_ writer: inout BinaryWriter) {
        writer.uint64(seq)
        writer.int64(ts)
        writer.byte(chatMode.rawValue)
        writer.uint16(slowS)
        writer.bool(locked)
        writer.bool(ended)
        writer.participants(muted)
        writer.participants(banned)
        encodeChat(&writer)
        writer.list(pollsOpen) { $0.poll($1) }
        writer.list(pollsClosed) { $0.poll($1) }
        writer.list(questionsOpen) { $0.question($1) }
        writer.list(questionsSettled) { $0.question($1) }
        writer.list(hands) { $0.hand($1) }
        writer.list(announcements) { $0.announcement($1) }
        encodeOutcomes(&writer)
    }

    private mutating func decodeContents(_ reader: inout BinaryReader) throws(RoomDecodeError) {
        seq = try reader.uint64()
        ts = try reader.timestamp()
        chatMode = try reader.choice(ChatMode.self, "chat mode")
        slowS = try reader.uint16()
        guard chatMode == .slow ? (1...RoomLimits.slowSecondsMax).contains(slowS) : slowS == 0 else {
            throw reader.malformed("slow mode")
        }
        locked = try reader.bool()
        ended = try reader.bool()
        muted = try reader.participants(max: RoomLimits.mutedMax)
        banned = try reader.participants(max: RoomLimits.bannedMax)
        try decodeChat(&reader)
        try decodePolls(&reader)
        try decodeQuestions(&reader)
        try decodeHands(&reader)
        announcements = try reader.list(max: RoomLimits.announcementsKept, bytesEach: 21) {
            (reader: inout BinaryReader) throws(RoomDecodeError) in try reader.announcement()
        }
        try decodeOutcomes(&reader)
    }
}
