// What a reactor's timers are for, packed into the payload that the timer wheel carries.

import LiveIO

/// A timer of a reactor: what is due, for which room or connection.
enum CoreTimer: Equatable {
    /// Presence of a room goes out.
    case presence(UInt32)
    /// Live counts of a room are due.
    case tally(UInt32)
    /// A poll's time is over.
    case deadline(UInt32)
    /// Rooms that nobody uses are let go.
    case tidy
    /// The log had no room for a round: a round later it may.
    case retry
    /// Log and store are looked at.
    case health
    /// The next portion of a drain.
    case drainStep
    /// A connection that went over its rate may be read again: slot and the low 24 bits of its generation.
    case unpause(index: UInt32, generation: UInt32)
    /// What store or log refused for a room's polls is tried again.
    case debts(UInt32)

    /// kind in the top byte; handle below, or slot index and the low bits of its generation.
    var payload: UInt64 {
        switch self {
        case .presence(let handle): 1 << 56 | UInt64(handle)
        case .tally(let handle): 2 << 56 | UInt64(handle)
        case .deadline(let handle): 3 << 56 | UInt64(handle)
        case .tidy: 4 << 56
        case .drainStep: 6 << 56
        case .retry: 7 << 56
        case .unpause(let index, let generation):
            5 << 56 | UInt64(generation & CoreTimer.generationMask) << 32 | UInt64(index)
        case .health: 8 << 56
        case .debts(let handle): 9 << 56 | UInt64(handle)
        }
    }

    /// What fits of a generation: a connection's successors in its slot differ in these bits for months.
    static let generationMask: UInt32 = 0xFF_FFFF

    /// The timer of a payload; nil where no timer has such a one.
    init?(payload: UInt64) {
        let handle = UInt32(truncatingIfNeeded: payload)
        switch payload >> 56 {
        case 1: self = .presence(handle)
        case 2: self = .tally(handle)
        case 3: self = .deadline(handle)
        case 4: self = .tidy
        case 5:
            self = .unpause(index: handle, generation: UInt32(truncatingIfNeeded: payload >> 32) & Self.generationMask)
        case 6: self = .drainStep
        case 7: self = .retry
        case 8: self = .health
        case 9: self = .debts(handle)
        default: return nil
        }
    }
}

extension ReactorCore {
    func timerFired(_ payload: UInt64) {
        guard let timer = CoreTimer(payload: payload) else {
            preconditionFailure("timers carry one of the kinds above")
        }
        switch timer {
        case .presence(let handle): if let home = homes[handle] { publishPresence(home) }
        case .tally(let handle): if let home = homes[handle] { askForTallies(home) }
        case .deadline(let handle): if let home = homes[handle] { deadlineReached(home) }
        case .debts(let handle): if let home = homes[handle] { payDebts(home) }
        case .tidy:
            tidyRooms()
            _ = reactor.schedule(inMs: UInt32(limits.tidyEveryMs), payload: CoreTimer.tidy.payload)
        case .unpause(let index, let generation): unpause(index, generation)
        case .drainStep: drainStep()
        case .retry: isRetryArmed = false
        case .health: checkHealth()
        }
    }

    private func unpause(_ index: UInt32, _ generation: UInt32) {
        let session = sessions.at(index)
        guard session.pointee.kind != .vacant, session.pointee.id.generation & CoreTimer.generationMask == generation
        else { return }
        session.pointee.flags.remove(.paused)
        // It could not be heard: its silence begins now.
        session.pointee.lastInboundMs = now32
        reactor.setReading(session.pointee.id, true)
    }
}
