// What a reactor gives up when the node runs short of memory, and how the tails of all rooms stay within the node's
// bound: the oldest events of rooms that nobody reads go first, then those of the largest rooms.
//
// Owns: the count of this reactor's tail bytes within the node's. Never: measures memory (MemoryWatch does), drops
// less than a short absence needs (`tailEventsMin`).

import LiveIO
import LiveProtocol
import Rooms

extension ReactorCore {
    // MARK: Tails

    /// Takes what a replica's tail has grown or shrunk by into the node's count.
    func account(_ replica: RoomReplica) {
        let now = replica.tailBytes
        guard now != replica.countedBytes else { return }
        node.gauges.changeTailBytes(by: now - replica.countedBytes)
        tailBytesHere += now - replica.countedBytes
        replica.countedBytes = now
    }

    /// A replica is dropped with its tail.
    func discount(_ replica: RoomReplica) {
        node.gauges.changeTailBytes(by: -replica.countedBytes)
        tailBytesHere -= replica.countedBytes
        replica.countedBytes = 0
    }

    /// At the end of a round: where the node's tails are over their bound, this reactor gives up its part of what is
    /// too much, and an eighth more, so that not every round has to.
    func keepTailsBounded() {
        let all = node.gauges.tailBytes
        guard all > limits.tailBytesNode, tailBytesHere > 0 else {
            tailBytesLeast = 0
            return
        }
        // Where each tail is as short as it may be already, another look is worth it only when they have grown.
        guard tailBytesHere > tailBytesLeast + tailBytesLeast / 8 else { return }
        let share = Int(Double(tailBytesHere) * Double(limits.tailBytesNode) / Double(all))
        shortenTails(toBytes: share - share / 8)
        tailBytesLeast = tailBytesHere > share ? tailBytesHere : 0
    }

    /// Shortens tails until all here have at most so many bytes, or each is as short as it may be.
    func shortenTails(toBytes target: Int) {
        var tails = replicas.compactMap { $0 }
        let unread = tails.filter { $0.memberCount == 0 }
            .sorted { ($0.emptySinceMs ?? 0, $0.slot) < ($1.emptySinceMs ?? 0, $1.slot) }
        for replica in unread where tailBytesHere > target { shorten(replica, toBytes: 0) }
        guard tailBytesHere > target else { return }
        tails.sort { $0.tailBytes < $1.tailBytes }
        // From the smallest on: who has less than an equal share of what is left keeps all it has.
        var left = target
        for (place, replica) in tails.enumerated() {
            let share = max(0, left) / (tails.count - place)
            if replica.tailBytes > share { shorten(replica, toBytes: share) }
            left -= replica.tailBytes
        }
    }

    private func shorten(_ replica: RoomReplica, toBytes bytes: Int) {
        replica.shorten(toBytes: bytes, eventsMin: limits.tailEventsMin)
        account(replica)
    }

    // MARK: Memory

    /// The node is at a level: each class below it is shed as well.
    func shed(_ level: MemoryLevel) {
        if level >= .shortensTails { shortenTails(toBytes: 0) }
        if level >= .closesSlowReaders {
            closeMembers(CloseCode.tooSlow, "reading too slowly while memory is short") {
                reactor.outboxBytes($0.pointee.id) > 0
            }
        }
        if level >= .closesObservers {
            let waitMs = UInt32.random(in: limits.joinRetryMs)
            closeMembers(CloseCode.tryAgain, CloseReason.retry(afterMs: waitMs)) { $0.pointee.view == .observer }
        }
        if level >= .shortensTails { replyPool.removeAll() }
    }

    private func closeMembers(
        _ code: UInt16, _ reason: String, where fits: (UnsafeMutablePointer<Session>) -> Bool
    ) {
        for replica in replicas {
            // Closing takes a session out of the lists: walk copies.
            for index in replica.map({ $0.members.flatMap { $0.flatMap { $0 } } }) ?? [] {
                let session = sessions.at(index)
                guard fits(session) else { continue }
                counters.shed += 1
                closeSession(session, code: code, reason: reason)
            }
        }
    }
}
