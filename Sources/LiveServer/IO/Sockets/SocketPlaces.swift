// Owns the count of sockets that all listeners of a node have taken, handshakes included. Never decides who is let in.

internal import Synchronization

/// Places for accepted sockets, shared by the reactors of a node: whoever has not yet said who it is holds a descriptor
/// too, and what the process needs for its files must not be among them. Any thread; single steps, no lock.
package final class SocketPlaces: Sendable {
    /// The most at once.
    package let countMax: Int
    private let taken = Atomic<Int>(0)

    /// - Parameter countMax: the most at once, over all reactors.
    package init(countMax: Int) { self.countMax = countMax }

    /// Sockets that hold a place now.
    package var count: Int { taken.load(ordering: .relaxed) }

    /// Takes a place; false where none is left.
    package func take() -> Bool {
        if taken.add(1, ordering: .relaxed).newValue <= countMax { return true }
        giveBack()
        return false
    }

    /// A socket that held a place is closed.
    package func giveBack() { taken.subtract(1, ordering: .relaxed) }
}
