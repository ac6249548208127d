// Owns which tickets were used, until they would end anyway: that is what makes each good for one use. Bounded; when it
// is full nothing more is taken, since what can't be remembered could be used twice. One a node; where several nodes
// share it, `use` is the one question that they ask each other.

import Synchronization

/// The used tickets of a node. Any thread; a lock for one look into a set, on attaches by ticket alone.
package final class UsedTickets: Sendable {
    /// A ticket's nonce.
    package struct ID: Hashable, Sendable {
        private let high: UInt64
        private let low: UInt32

        /// 12 bytes.
        package init(_ nonce: [UInt8]) {
            precondition(nonce.count == 12, "a ticket is known by 12 bytes")
            high = nonce[..<8].reduce(0) { $0 << 8 | UInt64($1) }
            low = nonce[8...].reduce(0) { $0 << 8 | UInt32($1) }
        }
    }

    /// What became of a use.
    package enum Use: Sendable {
        /// The first one.
        case granted
        /// It was used before.
        case refused
        /// Too many are remembered.
        case full
    }

    private struct State {
        var ids: Set<ID> = []
        /// In order of their end, which is nearly that of their use.
        var order: [(endsMs: Int64, id: ID)] = []
        var first = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// A memory of at most `capacity` tickets.
    package init(capacity: Int) {
        precondition(capacity > 0, "a memory without room would let every ticket be used twice")
        self.capacity = capacity
    }

    /// Uses a ticket that ends at `endsMs`; ms since 1970.
    package func use(_ id: ID, endsMs: Int64, nowMs: Int64) -> Use {
        state.withLock { held in
            forget(&held, nowMs: nowMs)
            guard !held.ids.contains(id) else { return .refused }
            guard held.ids.count < capacity else { return .full }
            held.ids.insert(id)
            held.order.append((endsMs, id))
            return .granted
        }
    }

    /// How many are remembered.
    package var count: Int { state.withLock { $0.ids.count } }

    /// Lets go of what has ended. A ticket made a little earlier than the one before it waits behind that one: it is
    /// remembered somewhat too long, never too short.
    private func forget(_ held: inout State, nowMs: Int64) {
        while held.first < held.order.count, held.order[held.first].endsMs <= nowMs {
            held.ids.remove(held.order[held.first].id)
            held.first += 1
        }
        guard held.first >= 1_024 || held.first == held.order.count else { return }
        held.order.removeFirst(held.first)
        held.first = 0
    }
}
