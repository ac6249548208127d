// One reactor's part of a room: the encoded tail of its log and the connections here that read it.
// The home reactor has one too; all are fed by the same batches.
//
// Owns: the two frame logs, the lists of members by transport. Never: decides, sends (Flush does).

import LiveIO
import Rooms

/// How a member's bytes are framed.
enum MemberEncoding: Int, CaseIterable {
    case webSocket
    /// A WebSocket that takes compressed frames.
    case deflatedSocket
    case eventStream
    case longPoll
}

/// Latest value of an ephemeral stream, for readers that missed it while they were blocked.
struct EphemeralValue {
    var key: String
    var json: [UInt8]
}

/// The events and members of one room on one reactor. That reactor's thread only.
final class RoomReplica {
    let key: RoomKey
    /// Handle in the reactor's table, as sessions hold it.
    let slot: Int32
    let epoch: String
    /// Seq of the last entry that arrived, also of entries that no view sees.
    private(set) var headSeq: UInt64
    var moderators: FrameLog
    var peers: FrameLog

    /// Session slots: [log class][encoding].
    private(set) var members: [[ContiguousArray<UInt32>]]
    /// Ephemeral events of this round as JSON objects, by log class.
    var pendingEphemeral: [[[UInt8]]] = [[], []]
    /// Latest ephemeral values by log class.
    var latestEphemeral: [[EphemeralValue]] = [[], []]
    /// What a reactor that missed a batch must be told again.
    private var redactions = RedactionMemory()
    /// In the reactor's list of rooms to flush.
    var isDirty = false
    /// This round was held back once for events that are at the log.
    var hasWaited = false
    /// Frames were lost between home and here: when the range was asked for, in reactor milliseconds.
    var repairAskedMs: UInt64?
    /// Sessions whose greeting held more than this log does, and up to where: what a repair brings of that is not for
    /// them.
    var ahead: [(session: ConnectionID, seq: UInt64)] = []
    /// When the oldest event of this round was received, 0 for none.
    var receivedNs: UInt64 = 0
    /// Events that arrived since the last flush.
    var eventsDue = 0
    /// Heartbeats that arrived here and are not yet at the room's home.
    var heartbeats = HeartbeatFigures()
    /// Since when nobody is here, in reactor milliseconds; nil while somebody is.
    var emptySinceMs: UInt64?

    init(key: RoomKey, slot: Int32, epoch: String, baseSeq: UInt64, entriesMax: Int, bytesMax: Int) {
        self.key = key
        self.slot = slot
        self.epoch = epoch
        headSeq = baseSeq
        moderators = FrameLog(baseSeq: baseSeq, entriesMax: entriesMax, bytesMax: bytesMax)
        peers = FrameLog(baseSeq: baseSeq, entriesMax: entriesMax, bytesMax: bytesMax)
        let lists = ContiguousArray<UInt32>()
        members = Array(repeating: Array(repeating: lists, count: MemberEncoding.allCases.count), count: 2)
    }

    var memberCount: Int { members.reduce(0) { $0 + $1.reduce(0) { $0 + $1.count } } }

    /// Bytes of the tails as the node counts them; see `ReactorCore.account`.
    var countedBytes = 0

    /// Drops the oldest events until the tails have at most so many bytes, but keeps some.
    func shorten(toBytes bytes: Int, eventsMin: Int) {
        moderators.shorten(toBytes: bytes / 2, eventsMin: eventsMin)
        peers.shorten(toBytes: bytes / 2, eventsMin: eventsMin)
    }

    /// Bytes of both tails.
    var tailBytes: Int { moderators.bytes + peers.bytes }

    /// Adds a session; its place is written into the session.
    func add(_ session: UnsafeMutablePointer<Session>, _ encoding: MemberEncoding) {
        let list = LogClass(session.pointee.view).rawValue
        session.pointee.memberIndex = UInt32(members[list][encoding.rawValue].count)
        session.pointee.room = slot
        members[list][encoding.rawValue].append(session.pointee.id.index)
        if encoding == .deflatedSocket {
            if list == LogClass.moderators.rawValue { moderators.beginTwins() } else { peers.beginTwins() }
        }
        emptySinceMs = nil
    }

    /// Takes a session out in one step; `table` is told the new place of the one that moved.
    func remove(
        _ session: UnsafeMutablePointer<Session>, _ encoding: MemberEncoding, in table: borrowing SessionTable,
        nowMs: UInt64
    ) {
        let list = LogClass(session.pointee.view).rawValue
        let position = Int(session.pointee.memberIndex)
        let last = members[list][encoding.rawValue].removeLast()
        if last != session.pointee.id.index {
            members[list][encoding.rawValue][position] = last
            table.at(last).pointee.memberIndex = UInt32(position)
        }
        session.pointee.room = -1
        if encoding == .deflatedSocket, members[list][encoding.rawValue].isEmpty {
            if list == LogClass.moderators.rawValue { moderators.endTwins() } else { peers.endTwins() }
        }
        if memberCount == 0 { emptySinceMs = nowMs }
    }

    /// Appends a batch that follows directly on `headSeq`.
    func append(_ batch: FrameBatch) {
        var atModerators = 0
        var atPeers = 0
        batch.moderators.withUnsafeBytes { moderatorBytes in
            batch.peers.withUnsafeBytes { peerBytes in
                for item in batch.items {
                    if item.moderators > 0 {
                        let end = atModerators + Int(item.moderators)
                        moderators.append(
                            seq: item.seq, json: UnsafeRawBufferPointer(rebasing: moderatorBytes[atModerators..<end]))
                        atModerators = end
                    }
                    if item.peers > 0 {
                        let end = atPeers + Int(item.peers)
                        peers.append(seq: item.seq, json: UnsafeRawBufferPointer(rebasing: peerBytes[atPeers..<end]))
                        atPeers = end
                    }
                }
            }
        }
        for message in batch.redactions {
            redact(message)
            redactions.note(message, at: batch.headSeq)
        }
        headSeq = batch.headSeq
        eventsDue += batch.items.count
        if receivedNs == 0 { receivedNs = batch.receivedNs }
    }

    /// Gives the events of `list` that came since the last call their compressed form.
    func makeTwins(_ list: LogClass, _ deflate: FrameDeflate) {
        if list == .moderators { moderators.makeTwins(deflate) } else { peers.makeTwins(deflate) }
    }

    /// Takes an ephemeral event into this round and as the latest value of its key.
    func append(_ batch: EphemeralBatch) {
        for list in LogClass.allCases {
            let json = list == .moderators ? batch.moderators : batch.peers
            guard !json.isEmpty else { continue }
            pendingEphemeral[list.rawValue].append(json)
            let value = EphemeralValue(key: batch.key, json: batch.latest ?? json)
            if let at = latestEphemeral[list.rawValue].firstIndex(where: { $0.key == batch.key }) {
                latestEphemeral[list.rawValue][at] = value
            } else {
                latestEphemeral[list.rawValue].append(value)
            }
        }
    }

    /// Forgets the latest value of a stream that ended (a poll that closed).
    func endEphemeral(key: String) {
        for list in latestEphemeral.indices { latestEphemeral[list].removeAll { $0.key == key } }
    }

    /// Takes the text out of the message at `seq`, as far as the tail holds it.
    private func redact(_ seq: UInt64) {
        if let bare = RoomReplica.bareMessage(seq, in: moderators) {
            bare.withUnsafeBytes { moderators.redact(seq: seq, json: $0) }
        }
        if let bare = RoomReplica.bareMessage(seq, in: peers) {
            bare.withUnsafeBytes { peers.redact(seq: seq, json: $0) }
        }
    }

    /// The message at `seq` without its text; nil where the log holds no such message.
    private static func bareMessage(_ seq: UInt64, in log: borrowing FrameLog) -> [UInt8]? {
        guard seq > 0, let index = log.index(after: seq - 1), index < log.nextIndex else { return nil }
        let frame = log.frame(at: index)
        return frame.seq == seq ? EventEncoder.redacted(FrameLog.json(ofFrame: frame.bytes)) : nil
    }

    /// Where a reader of `list` who has everything up to `seq` goes on; nil when the tail starts later.
    func index(after seq: UInt64, in list: LogClass) -> UInt64? {
        list == .moderators ? moderators.index(after: seq) : peers.index(after: seq)
    }

    func nextIndex(in list: LogClass) -> UInt64 {
        list == .moderators ? moderators.nextIndex : peers.nextIndex
    }

    func firstIndex(in list: LogClass) -> UInt64 {
        list == .moderators ? moderators.firstIndex : peers.firstIndex
    }

    /// Copies everything of `list` after `seq`, which must be one that `index(after:in:)` knows; nil where that is more
    /// than `bytesMax`.
    func missed(after seq: UInt64, in list: LogClass, bytesMax: Int) -> MissedEvents? {
        list == .moderators
            ? RoomReplica.copy(moderators, after: seq, bytesMax: bytesMax)
            : RoomReplica.copy(peers, after: seq, bytesMax: bytesMax)
    }

    private static func copy(_ log: borrowing FrameLog, after seq: UInt64, bytesMax: Int) -> MissedEvents? {
        var events = MissedEvents()
        guard var at = log.index(after: seq) else { return events }
        while at < log.nextIndex {
            let frame = log.frame(at: at)
            guard events.frames.count + frame.bytes.count <= bytesMax else { return nil }
            events.frames.append(contentsOf: frame.bytes)
            events.seqs.append(frame.seq)
            at += 1
        }
        return events
    }

    /// Copies both logs from their beginning.
    func wholeTail() -> RoomTail {
        let logs = LogClass.allCases.map { list in
            let baseSeq = list == .moderators ? moderators.baseSeq : peers.baseSeq
            return (baseSeq, missed(after: baseSeq, in: list, bytesMax: .max) ?? MissedEvents())
        }
        return RoomTail(room: key, epoch: epoch, headSeq: headSeq, logs: logs)
    }

    /// Puts the home's logs in the place of those here. Members stay where they stand.
    func fill(_ tail: RoomTail, in table: borrowing SessionTable) {
        for list in LogClass.allCases {
            let (baseSeq, events) = tail.logs[list.rawValue]
            let readers = members[list.rawValue]
            if list == .moderators {
                RoomReplica.refill(&moderators, baseSeq, events, readers, table)
            } else {
                RoomReplica.refill(&peers, baseSeq, events, readers, table)
            }
        }
        headSeq = tail.headSeq
    }

    private static func refill(
        _ log: inout FrameLog, _ baseSeq: UInt64, _ events: MissedEvents, _ readers: [ContiguousArray<UInt32>],
        _ table: borrowing SessionTable
    ) {
        var fresh = log.successor(baseSeq: baseSeq)
        events.frames.withUnsafeBytes { raw in
            var at = 0
            for seq in events.seqs {
                let length = FrameLog.length(ofFrame: UnsafeRawBufferPointer(rebasing: raw[at...]))
                let frame = UnsafeRawBufferPointer(rebasing: raw[at..<(at + length)])
                fresh.append(seq: seq, json: FrameLog.json(ofFrame: frame))
                at += length
            }
        }
        for slot in readers.joined() {
            let session = table.at(slot)
            // Who has fallen behind stays behind: the new log's indices lie beyond those of the old.
            guard session.pointee.cursor >= log.firstIndex,
                let index = fresh.index(after: log.seqReached(at: session.pointee.cursor))
            else { continue }
            session.pointee.cursor = index
        }
        if !readers[MemberEncoding.deflatedSocket.rawValue].isEmpty { fresh.beginTwins() }
        log = fresh
    }

    /// Everything after `seq` as one batch for a replica that missed some; nil where the tail starts later.
    func batch(after seq: UInt64) -> FrameBatch? {
        guard var atModerators = moderators.index(after: seq), var atPeers = peers.index(after: seq),
            let redacted = redactions.since(seq)
        else { return nil }
        var items: [FrameBatch.Item] = []
        var forModerators: [UInt8] = []
        var forPeers: [UInt8] = []
        while atModerators < moderators.nextIndex || atPeers < peers.nextIndex {
            let left = atModerators < moderators.nextIndex ? moderators.frame(at: atModerators) : nil
            let right = atPeers < peers.nextIndex ? peers.frame(at: atPeers) : nil
            let next = min(left?.seq ?? .max, right?.seq ?? .max)
            var item = FrameBatch.Item(seq: next, moderators: 0, peers: 0)
            if let left, left.seq == next {
                let json = FrameLog.json(ofFrame: left.bytes)
                item.moderators = UInt32(json.count)
                forModerators.append(contentsOf: json)
                atModerators += 1
            }
            if let right, right.seq == next {
                let json = FrameLog.json(ofFrame: right.bytes)
                item.peers = UInt32(json.count)
                forPeers.append(contentsOf: json)
                atPeers += 1
            }
            items.append(item)
        }
        return FrameBatch(
            room: key, previousSeq: seq, headSeq: headSeq, items: items, moderators: forModerators, peers: forPeers,
            redactions: redacted, receivedNs: 0)
    }

    /// Oldest seq after which both logs can serve.
    var baseSeq: UInt64 { max(moderators.baseSeq, peers.baseSeq) }
}
