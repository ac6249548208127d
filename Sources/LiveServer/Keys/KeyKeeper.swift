// Owns the thread that looks for keys, DNS and TLS included, and nothing else: it sleeps until a look is due or asked
// for, and gives what it finds to the ring. Never called by a reactor but to wake it.

import LiveIO
import Synchronization

/// What a keeper tells about its looks, for the log.
package enum KeyNews: Sendable, Equatable {
    /// A set is in force: usable keys, and keys left out.
    case loaded(keys: Int, leftOut: Int)
    /// The look failed; the last good set stays. A sentence.
    case failed(String)
}

/// Keeps a ring's keys fresh from one source.
package final class KeyKeeper: Sendable {
    /// One look: the validator of what is known, and whether the node is ending.
    package typealias Look = @Sendable (_ etag: String?, _ isStopped: @escaping () -> Bool) -> KeyFetch

    private enum Message: Sendable { case wake, stop }

    /// Wakes that wait: one is enough, more mean the same.
    private static let inboxMax = 64

    private let ring: KeyRing
    private let algorithm: SignatureAlgorithm
    private let look: Look
    private let tell: @Sendable (KeyNews) -> Void
    private let inbox = Inbox<Message>(capacity: KeyKeeper.inboxMax)
    private let isStopping = Atomic(false)
    private let thread = Mutex<CoreThread?>(nil)

    /// A keeper that has not begun.
    package init(
        _ ring: KeyRing, for algorithm: SignatureAlgorithm, look: @escaping Look,
        tell: @escaping @Sendable (KeyNews) -> Void
    ) {
        self.ring = ring
        self.algorithm = algorithm
        self.look = look
        self.tell = tell
    }

    /// Starts the thread; the first look is made at once.
    /// - Parameter waitsForFirst: The first look is made on the caller's thread, before this returns: right for a local
    ///   file, so that the first person of a node is not told to come again while it is being read.
    package func start(waitsForFirst: Bool = false) {
        var etag: String?
        if waitsForFirst { makeLook(&etag) }
        let known = etag
        thread.withLock { $0 = CoreThread.start(name: "keys") { [self] in run(known) } }
    }

    /// A look is wanted. Any thread, never waits.
    package func wake() { _ = inbox.post(.wake) }

    /// Looks again now, as after SIGHUP. Any thread.
    package func reload() {
        ring.reload(nowMs: Self.nowMs())
        wake()
    }

    /// Ends the thread, within a second where a transfer is under way.
    package func stop() {
        isStopping.store(true, ordering: .relaxed)
        inbox.answer(.stop)
        thread.withLock { $0 }?.join()
    }

    /// Milliseconds of the clock that all looks go by.
    package static func nowMs() -> Int64 { Int64(MonotonicClock.nowNs() / 1_000_000) }

    private func run(_ known: String?) {
        var etag = known
        var messages: [Message] = []
        while !isStopping.load(ordering: .relaxed) {
            let nowMs = Self.nowMs()
            let dueMs = ring.dueMs
            guard dueMs <= nowMs else {
                messages.removeAll(keepingCapacity: true)
                _ = inbox.take(into: &messages, deadlineNs: UInt64(dueMs) * 1_000_000)
                continue
            }
            makeLook(&etag)
        }
    }

    /// One look; `etag` is the validator of the set in force.
    private func makeLook(_ etag: inout String?) {
        ring.beginLook()
        settle(look(etag) { [self] in isStopping.load(ordering: .relaxed) }, &etag)
    }

    /// Gives the ring what was found.
    private func settle(_ found: KeyFetch, _ known: inout String?) {
        let chance = UInt64.random(in: 0 ... .max)
        let nowMs = Self.nowMs()
        switch found {
        case .fresh(let bytes, let etag, let lifetimeS):
            do throws(KeySetError) {
                let set = try KeySet(bytes, for: algorithm)
                ring.succeeded(set, lifetimeMs: lifetimeS.map { Int64($0) * 1_000 }, nowMs: nowMs, chance: chance)
                tell(.loaded(keys: set.count, leftOut: set.refused.count))
                known = etag
            } catch {
                ring.failed(nowMs: nowMs, chance: chance)
                tell(.failed(error.sentence))
            }
        case .unchanged(let lifetimeS):
            ring.succeeded(nil, lifetimeMs: lifetimeS.map { Int64($0) * 1_000 }, nowMs: nowMs, chance: chance)
        case .failed(.stopped): break
        case .failed(let failure):
            ring.failed(nowMs: nowMs, chance: chance)
            tell(.failed(failure.sentence))
        }
    }
}
