// What a reactor's timers are for, packed into the payload that the timer wheel carries.

import LiveIO

/// A timer of a reactor: what is due, for which room or connection.
enum CoreTimer {
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
    /// The drain is over.
    case stop
    /// A connection that went over its rate may be read again.
    case unpause(ConnectionID)

    /// kind in the top byte; handle below, or slot index and the low bits of its generation.
    var payload: UInt64 {
        switch self {
        case .presence(let handle): 1 << 56 | UInt64(handle)
        case .tally(let handle): 2 << 56 | UInt64(handle)
        case .deadline(let handle): 3 << 56 | UInt64(handle)
        case .tidy: 4 << 56
        case .stop: 6 << 56
        case .retry: 7 << 56
        case .health: 8 << 56
        case .unpause(let id):
            5 << 56 | UInt64(id.generation & 0xFF_FFFF) << 32 | UInt64(id.index)
        }
    }
}

extension ReactorCore {
    func timerFired(_ payload: UInt64) {
        let handle = UInt32(truncatingIfNeeded: payload)
        switch payload >> 56 {
        case 1: if let home = homes[handle] { publishPresence(home) }
        case 2: if let home = homes[handle] { askForTallies(home) }
        case 3: if let home = homes[handle] { deadlineReached(home) }
        case 4:
            tidyRooms()
            _ = reactor.schedule(inMs: UInt32(limits.tidyEveryMs), payload: CoreTimer.tidy.payload)
        case 5:
            let session = sessions.at(handle)
            let generation = UInt32(truncatingIfNeeded: payload >> 32) & 0xFF_FFFF
            guard session.pointee.kind != .vacant, session.pointee.id.generation & 0xFF_FFFF == generation else { return }
            session.pointee.flags.remove(.paused)
            reactor.setReading(session.pointee.id, true)
        case 6: reactor.stop()
        case 7: break
        case 8: checkHealth()
        default: preconditionFailure("timers carry one of the kinds above")
        }
    }
}
