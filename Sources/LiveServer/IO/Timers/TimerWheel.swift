// Owns deadlines: a hierarchical timing wheel (Varghese and Lauck, 1987) with one bitmap a level. Setting, moving and
// cancelling are O(1); time may jump by hours and costs only what expires. Never reads a clock, never calls back: the
// caller asks for what has expired. Limits: 2^42 ms (139 years), 2^32 - 2 timers, 32 bytes a timer.

/// Names one timer; stale once it fired or was cancelled.
package struct TimerHandle: Hashable, Sendable {
    let index: UInt32
    let generation: UInt32
}

/// Timers by due time in milliseconds; a pure value, time is an argument.
package struct TimerWheel: Sendable {
    private struct Node {
        var generation: UInt32
        var next: UInt32
        var previous: UInt32
        var bucket: UInt32
        var dueMs: UInt64
        var payload: UInt64
    }

    /// Each level has 64 buckets: one bit of a word each, six bits of the due time.
    private static let levelBits: UInt64 = 6
    /// 7 levels of 6 bits: due times below 2^42.
    private static let levels = 7
    private static let expiredBucket = UInt32(levels * 64)
    private static let freeBucket = expiredBucket + 1
    private static let none = UInt32.max
    /// The latest time that the wheel can hold, in milliseconds.
    package static let latestMs: UInt64 = (1 << (levelBits * UInt64(levels))) - 1

    private var nodes: [Node] = []
    private var firstFree = TimerWheel.none
    private var heads = [UInt32](repeating: TimerWheel.none, count: TimerWheel.levels * 64 + 1)
    private var tails = [UInt32](repeating: TimerWheel.none, count: TimerWheel.levels * 64 + 1)
    private var occupied = [UInt64](repeating: 0, count: TimerWheel.levels)
    private var elapsedMs: UInt64

    /// Timers set and neither fired nor cancelled.
    package private(set) var count = 0

    /// An empty wheel whose time begins at `nowMs`.
    package init(nowMs: UInt64) {
        precondition(nowMs <= Self.latestMs, "the wheel's time ends at 2^42 ms")
        elapsedMs = nowMs
    }

    /// Sets a timer; one that is due already expires at the next question. `payload` comes back when it fires.
    package mutating func set(dueMs: UInt64, payload: UInt64) -> TimerHandle {
        let index = takeNode()
        nodes[Int(index)].payload = payload
        nodes[Int(index)].dueMs = min(dueMs, Self.latestMs)
        link(index)
        count += 1
        return TimerHandle(index: index, generation: nodes[Int(index)].generation)
    }

    /// Gives a timer another due time; false where it fired or was cancelled.
    package mutating func move(_ handle: TimerHandle, dueMs: UInt64) -> Bool {
        guard isSet(handle) else { return false }
        unlink(handle.index)
        nodes[Int(handle.index)].dueMs = min(dueMs, Self.latestMs)
        link(handle.index)
        return true
    }

    /// Takes a timer back; false where it fired or was cancelled.
    @discardableResult
    package mutating func cancel(_ handle: TimerHandle) -> Bool {
        guard isSet(handle) else { return false }
        unlink(handle.index)
        release(handle.index)
        return true
    }

    /// Whether the timer is still to fire.
    package func isSet(_ handle: TimerHandle) -> Bool {
        guard handle.index < nodes.count else { return false }
        let node = nodes[Int(handle.index)]
        return node.generation == handle.generation && node.bucket != Self.freeBucket
    }

    /// The payload of one timer that is due at `nowMs`, earliest first; nil when there are no more.
    ///
    /// Timers may be set, moved and cancelled between two questions. A time before the last one counts as the last.
    package mutating func nextExpired(nowMs: UInt64) -> UInt64? {
        if heads[Int(Self.expiredBucket)] == Self.none { collect(upTo: min(nowMs, Self.latestMs)) }
        let index = heads[Int(Self.expiredBucket)]
        guard index != Self.none else { return nil }
        unlink(index)
        let payload = nodes[Int(index)].payload
        release(index)
        return payload
    }

    /// The latest time at which to ask again, never after the next due time; nil where no timer is set.
    package var nextWakeMs: UInt64? {
        if heads[Int(Self.expiredBucket)] != Self.none { return elapsedMs }
        return nextBucket()?.startMs
    }

    // MARK: The wheel

    /// The first bucket with timers: levels rise with distance, so the lowest level that holds any has the earliest.
    private func nextBucket() -> (bucket: UInt32, startMs: UInt64)? {
        for level in 0..<Self.levels where occupied[level] != 0 {
            let slot = UInt64(occupied[level].trailingZeroBitCount)
            let shift = UInt64(level) * Self.levelBits
            let above = shift + Self.levelBits
            return (UInt32(level * 64) + UInt32(slot), (elapsedMs >> above) << above | slot << shift)
        }
        return nil
    }

    /// Moves time forward bucket by bucket until something expired or `nowMs` is reached.
    private mutating func collect(upTo nowMs: UInt64) {
        while let (bucket, startMs) = nextBucket(), startMs <= nowMs {
            elapsedMs = max(elapsedMs, startMs)
            var index = heads[Int(bucket)]
            while index != Self.none {
                let next = nodes[Int(index)].next
                unlink(index)
                link(index)
                index = next
            }
            if heads[Int(Self.expiredBucket)] != Self.none { return }
        }
        elapsedMs = max(elapsedMs, nowMs)
    }

    private func bucket(forDueMs dueMs: UInt64) -> UInt32 {
        guard dueMs > elapsedMs else { return Self.expiredBucket }
        let highestBit = 63 - (dueMs ^ elapsedMs).leadingZeroBitCount
        let level = UInt64(highestBit) / Self.levelBits
        return UInt32(level * 64 + ((dueMs >> (level * Self.levelBits)) & 63))
    }

    private mutating func link(_ index: UInt32) {
        let bucket = bucket(forDueMs: nodes[Int(index)].dueMs)
        let last = tails[Int(bucket)]
        nodes[Int(index)].bucket = bucket
        nodes[Int(index)].previous = last
        nodes[Int(index)].next = Self.none
        if last == Self.none { heads[Int(bucket)] = index } else { nodes[Int(last)].next = index }
        tails[Int(bucket)] = index
        if bucket != Self.expiredBucket { occupied[Int(bucket >> 6)] |= 1 << UInt64(bucket & 63) }
    }

    private mutating func unlink(_ index: UInt32) {
        let node = nodes[Int(index)]
        let bucket = Int(node.bucket)
        if node.previous == Self.none { heads[bucket] = node.next } else { nodes[Int(node.previous)].next = node.next }
        if node.next == Self.none {
            tails[bucket] = node.previous
        } else {
            nodes[Int(node.next)].previous = node.previous
        }
        if heads[bucket] == Self.none, node.bucket != Self.expiredBucket {
            occupied[bucket >> 6] &= ~(1 << UInt64(bucket & 63))
        }
    }

    // MARK: Nodes

    private mutating func takeNode() -> UInt32 {
        if firstFree != Self.none {
            let index = firstFree
            firstFree = nodes[Int(index)].next
            return index
        }
        precondition(nodes.count < Int(Self.none), "a wheel holds fewer than 2^32 - 1 timers")
        nodes.append(
            Node(generation: 1, next: Self.none, previous: Self.none, bucket: Self.freeBucket, dueMs: 0, payload: 0))
        return UInt32(nodes.count - 1)
    }

    private mutating func release(_ index: UInt32) {
        nodes[Int(index)].generation &+= 1
        nodes[Int(index)].bucket = Self.freeBucket
        nodes[Int(index)].next = firstFree
        firstFree = index
        count -= 1
    }
}
