// How much of one connection's input a reactor looks at before it turns to the others: so many messages, control
// frames and requests in a stretch of time, good or bad. What is beyond waits with the peer: nobody is closed for it.
// Without this a single read may bring ten thousand empty messages or requests, and everybody else waits for them.

import LiveIO

/// The arithmetic of the stretches.
enum StepBudget {
    /// The length of a stretch as a power of two of milliseconds: 128 ms, short enough that a small share of a second's
    /// steps comes at once, long enough that a moderator's burst is through in half a second.
    static let windowShift: UInt32 = 7
    static let windowMs: UInt32 = 1 << windowShift

    /// Steps of one stretch, at least one.
    static func steps(perSecond rate: Int) -> UInt16 {
        UInt16(clamping: max(1, rate * Int(windowMs) / 1000))
    }
}

extension ReactorCore {
    /// Whether one more step of this connection is taken now. Where not, it is not read until the stretch is over.
    func takesStep(_ session: UnsafeMutablePointer<Session>) -> Bool {
        switch session.pointee.kind {
        case .http, .webSocket: break
        // Echo is for conformance suites, the others take no step: what comes is discarded or waits.
        case .vacant, .awaitingAnswer, .longPoll, .eventStream, .echo, .closing: return true
        }
        if session.pointee.flags.contains(.paused) {
            reactor.setReading(session.pointee.id, false)
            return false
        }
        let window = UInt16(truncatingIfNeeded: now32 >> StepBudget.windowShift)
        if session.pointee.stepWindow != window {
            session.pointee.stepWindow = window
            session.pointee.steps = 0
        }
        // Answers that pile up within one read count too: a request of forty bytes may ask for a large page.
        let unsent = session.pointee.unreadReplyBytes
        guard session.pointee.steps < limits.stepsPerWindow, unsent <= limits.unreadRepliesMax else {
            pause(session, ms: StepBudget.windowMs - now32 & (StepBudget.windowMs - 1))
            counters.throttled += 1
            return false
        }
        session.pointee.steps += 1
        return true
    }

    /// Does not read a connection for a while.
    func pause(_ session: UnsafeMutablePointer<Session>, ms: UInt32) {
        session.pointee.flags.insert(.paused)
        let id = session.pointee.id
        reactor.setReading(id, false)
        _ = reactor.schedule(
            inMs: ms, payload: CoreTimer.unpause(index: id.index, generation: id.generation).payload)
    }
}
