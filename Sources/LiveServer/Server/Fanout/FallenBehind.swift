// Readers who are so slow that the tail no longer reaches back to them: found while a log is walked, dealt with behind
// the walk.
//
// Owns: what becomes of them: a fresh snapshot, but not over and over. Never: touches a room while one of its logs is
// being read. Closing the last reader of compressed frames, or moving one to the other view, changes the log itself.

import LiveIO

extension ReactorCore {
    /// The tail no longer reaches back to this member. Called while its log is read: only notes it.
    func fellBehind(_ session: UnsafeMutablePointer<Session>) {
        fallenBehind.append(session.pointee.id)
    }

    /// Deals with those who were noted. One who was noted twice stands at the head the second time, or is gone.
    func settleFallenBehind() {
        var at = 0
        while at < fallenBehind.count {
            let id = fallenBehind[at]
            at += 1
            guard let session = sessions.find(id), let replica = replica(of: session) else { continue }
            let list = LogClass(session.pointee.view)
            switch session.pointee.kind {
            case .webSocket, .eventStream:
                guard session.pointee.cursor < replica.firstIndex(in: list) else { continue }
                settle(session, replica, list)
            case .vacant, .http, .awaitingAnswer, .longPoll, .echo, .closing: break
            }
        }
        fallenBehind.removeAll(keepingCapacity: true)
    }

    private func settle(_ session: UnsafeMutablePointer<Session>, _ replica: RoomReplica, _ list: LogClass) {
        let sinceReset = now32 &- session.pointee.lastResetMs
        guard session.pointee.lastResetMs == 0 || sinceReset >= UInt32(limits.resetEveryMs) else {
            counters.slowClosed += 1
            return closeSession(session, code: CloseCode.tooSlow, reason: "reading too slowly")
        }
        session.pointee.lastResetMs = max(1, now32)
        counters.resets += 1
        // Stand at the head meanwhile: the welcome under way holds everything up to its own seq.
        session.pointee.cursor = replica.nextIndex(in: list)
        requestReset(session, replica)
    }
}
