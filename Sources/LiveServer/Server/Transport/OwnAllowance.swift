// Messages that no room is asked about: heartbeats, and those that cannot be read. They are answered where they arrive,
// so they spend an allowance of their connection there; by POST, of their sender at this reactor.
//
// Owns: that allowance and the count of malformed messages. Never: the allowance of commands, which is the room's.
// Limits: `limits.connection_rate`, `limits.connection_burst`, `limits.malformed_messages`.

import LiveIO
import LiveProtocol
import Rooms

extension ReactorCore {
    /// Takes one message out of a connection's allowance; milliseconds to wait where none is left.
    func spendHere(_ identity: SessionIdentity) -> UInt32? {
        var bucket = identity.allowance ?? TokenBucket(limits.connectionRate)
        let allowed = bucket.take(nowMs: reactor.nowMs)
        identity.allowance = bucket
        return allowed ? nil : max(1, bucket.retryAfterMs(nowMs: reactor.nowMs))
    }

    /// The same for messages by POST, whose connections come and go: a bounded table, forgotten as a whole when full.
    func spendHere(_ participant: ParticipantID) -> UInt32? {
        if postAllowances.count >= limits.strangersMax { postAllowances.removeAll(keepingCapacity: true) }
        var bucket = postAllowances[participant] ?? TokenBucket(limits.connectionRate)
        let allowed = bucket.take(nowMs: reactor.nowMs)
        postAllowances[participant] = bucket
        return allowed ? nil : max(1, bucket.retryAfterMs(nowMs: reactor.nowMs))
    }

    /// A message that cannot be read is answered as long as its allowance lasts, and too many of them end the
    /// connection: no client of ours sends one.
    func refuseMalformed(_ session: UnsafeMutablePointer<Session>, _ id: String?, _ rejection: Rejection) {
        guard let identity = session.pointee.identity else { return }
        identity.malformedCount += 1
        guard Int(identity.malformedCount) < limits.malformedMax else {
            counters.protocolErrors += 1
            return closeSession(session, code: CloseCode.policy, reason: "too many malformed messages")
        }
        if let waitMs = spendHere(identity) { return refuseHere(session, id, waitMs) }
        counters.reject(rejection.code)
        sendJSON(session, ReplyEncoding.refused(id, rejection))
    }

    /// The allowance is used up: `rate_limited`, and who goes on regardless is not read for a while.
    func refuseHere(_ session: UnsafeMutablePointer<Session>, _ id: String?, _ waitMs: UInt32) {
        counters.reject(.rateLimited)
        sendJSON(session, ReplyEncoding.refused(id, Self.tooMany(waitMs)))
        throttle(session, pauseMs: waitMs)
    }

    /// The same as the answer to a POST.
    func answerHere(_ session: UnsafeMutablePointer<Session>, _ id: String?, _ waitMs: UInt32) {
        counters.reject(.rateLimited)
        var reply = HTTPAnswer.json(429, ReplyEncoding.refused(id, Self.tooMany(waitMs)))
        reply.retryAfterMs = waitMs
        answer(session.pointee.id, reply)
    }

    static func tooMany(_ waitMs: UInt32) -> Rejection {
        Rejection(.rateLimited, "too many messages", retryAfterMs: Int64(waitMs))
    }
}
