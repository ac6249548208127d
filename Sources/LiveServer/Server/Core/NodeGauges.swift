// What all reactors of a node count together, so that a limit of the node is one number and not one a reactor:
// connections, rooms, bytes of tails, and how short memory is.
//
// Owns: the counters. Never: decides what a limit means. Any thread; single steps, no lock.

import Synchronization

/// Counts of a whole node. Relaxed order: nothing else is published through them.
final class NodeGauges: Sendable {
    private let connectionCount = Atomic<Int>(0)
    private let roomCount = Atomic<Int>(0)
    private let tailByteCount = Atomic<Int>(0)
    private let memory = Atomic<Int>(0)
    private let farewellCount: Atomic<Int>

    init(reactors: Int) { farewellCount = Atomic(reactors) }

    // MARK: Connections

    var connections: Int { connectionCount.load(ordering: .relaxed) }

    /// - Returns: how many there are with this one.
    func connectionOpened() -> Int { connectionCount.add(1, ordering: .relaxed).newValue }

    func connectionClosed() { connectionCount.subtract(1, ordering: .relaxed) }

    // MARK: Rooms

    var rooms: Int { roomCount.load(ordering: .relaxed) }

    /// Takes a place for a room; false where `max` are taken.
    func enterRoom(max: Int) -> Bool {
        if roomCount.add(1, ordering: .relaxed).newValue <= max { return true }
        leaveRoom()
        return false
    }

    func leaveRoom() { roomCount.subtract(1, ordering: .relaxed) }

    // MARK: The end

    /// Reactors that still have somebody to send away, once the node drains.
    var farewells: Int { farewellCount.load(ordering: .relaxed) }

    func farewellIsOver() { farewellCount.subtract(1, ordering: .relaxed) }

    // MARK: Tails

    var tailBytes: Int { tailByteCount.load(ordering: .relaxed) }

    /// - Returns: the bytes of all tails after the change.
    @discardableResult
    func changeTailBytes(by delta: Int) -> Int { tailByteCount.add(delta, ordering: .relaxed).newValue }

    // MARK: Memory

    /// How short memory is, as the node's watch last saw it.
    var memoryLevel: MemoryLevel {
        get { MemoryLevel(rawValue: memory.load(ordering: .relaxed)) ?? .well }
        set { memory.store(newValue.rawValue, ordering: .relaxed) }
    }
}
