// The thread that looks for keys: it keeps the last good set whatever comes after it, and looks when it is asked to.

import Glibc
import LiveTestSupport
import Synchronization
import Testing

@testable import LiveKeys

@Suite(.timeLimit(.minutes(5))) struct KeyKeeperTests {
    /// What the looks of a test find, one after another; the last stays.
    private final class Script: Sendable {
        let state: Mutex<(answers: [KeyFetch], etags: [String?])>

        init(_ answers: [KeyFetch]) { state = Mutex((answers, [])) }

        func next(_ etag: String?) -> KeyFetch {
            state.withLock { held in
                held.etags.append(etag)
                return held.answers.count > 1 ? held.answers.removeFirst() : held.answers[0]
            }
        }

        func say(_ answer: KeyFetch) { state.withLock { $0.answers = [answer] } }
        var etags: [String?] { state.withLock { $0.etags } }
    }

    private static func set(_ key: VerificationKey, etag: String? = nil) -> KeyFetch {
        .fresh(KeySet.json(publishing: key), etag: etag, lifetimeS: nil)
    }

    private static func until(_ what: String, _ condition: () -> Bool) throws {
        for _ in 0..<400_000 {
            if condition() { return }
            usleep(50)
        }
        Issue.record("did not happen: \(what)")
    }

    @Test func `keys that are at hand are in force before the first question`() throws {
        let key = try SigningKey.generate(.es256).publicKey
        let script = Script([Self.set(key, etag: "\"1\"")])
        let ring = KeyRing(KeyRefreshSettings(refreshMs: 10_000, refetchMs: 1), own: nil, hasSource: true)
        let keeper = KeyKeeper(ring, for: .es256, look: { etag, _ in script.next(etag) }, tell: { _ in })
        keeper.start(waitsForFirst: true)
        defer { keeper.stop() }
        #expect(ring.find(KeySet.id(of: key), nowMs: 0, wake: {}).isFound)
        keeper.reload()
        try Self.until("a second look") { ring.health.looks > 1 }
        #expect(script.etags == [nil, "\"1\""], "the thread goes on from the look before it")
    }

    @Test func `a failure or a bad answer leaves the last good set in force`() throws {
        let key = try SigningKey.generate(.es256).publicKey
        let script = Script([Self.set(key, etag: "\"1\"")])
        let ring = KeyRing(KeyRefreshSettings(refreshMs: 10_000, refetchMs: 1), own: nil, hasSource: true)
        let news = Mutex<[KeyNews]>([])
        let tell: @Sendable (KeyNews) -> Void = { said in news.withLock { $0.append(said) } }
        let keeper = KeyKeeper(ring, for: .es256, look: { etag, _ in script.next(etag) }, tell: tell)
        keeper.start()
        defer { keeper.stop() }
        try Self.until("the first set") { ring.health.keys == 1 }
        for bad in [
            KeyFetch.failed(.timedOut), .fresh(Array("<html>".utf8), etag: "\"x\"", lifetimeS: 60),
            .fresh(Array(#"{"keys":[]}"#.utf8), etag: nil, lifetimeS: 60), .unchanged(lifetimeS: 60),
        ] {
            script.say(bad)
            let looks = ring.health.looks
            keeper.reload()
            try Self.until("a look") { ring.health.looks > looks }
            #expect(ring.health.keys == 1)
            #expect(ring.find(KeySet.id(of: key), nowMs: 0, wake: {}).isFound)
        }
        #expect(script.etags.dropFirst().allSatisfy { $0 == "\"1\"" }, "the validator is that of the set in force")
        #expect(news.withLock { $0.filter { if case .failed = $0 { true } else { false } }.count } == 3)
        #expect(ring.health.failures == 0, "304 is a success")
    }

    @Test func `an unknown key brings a new set, and the old key goes with it`() throws {
        let old = try SigningKey.generate(.es256).publicKey
        let new = try SigningKey.generate(.es256).publicKey
        let script = Script([Self.set(old)])
        let ring = KeyRing(KeyRefreshSettings(refreshMs: 3_600_000, refetchMs: 1), own: nil, hasSource: true)
        let keeper = KeyKeeper(ring, for: .es256, look: { etag, _ in script.next(etag) }, tell: { _ in })
        keeper.start()
        defer { keeper.stop() }
        try Self.until("the first set") { ring.health.keys == 1 }
        script.say(Self.set(new))
        let kid = KeySet.id(of: new)
        try Self.until("the new key") {
            ring.find(kid, nowMs: KeyKeeper.nowMs(), wake: { keeper.wake() }).isFound
        }
        #expect(ring.lossCount == 1)
    }

    @Test func `stopping ends a look that is under way`() throws {
        let isLooking = Atomic(false)
        let ring = KeyRing(KeyRefreshSettings(refreshMs: 10_000, refetchMs: 1), own: nil, hasSource: true)
        let look: KeyKeeper.Look = { _, isStopped in
            isLooking.store(true, ordering: .relaxed)
            while !isStopped() { _ = sched_yield() }
            return .failed(.stopped)
        }
        let keeper = KeyKeeper(ring, for: .es256, look: look, tell: { _ in })
        keeper.start()
        try Self.until("a look") { isLooking.load(ordering: .relaxed) }
        keeper.stop()
        #expect(ring.health.looks == 0)
    }
}
