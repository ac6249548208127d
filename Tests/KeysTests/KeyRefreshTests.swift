// When keys are looked for, on a clock of the test's own; and what the ring says of keys that nobody knows.

import LiveTestSupport
import Synchronization
import Testing

@testable import LiveKeys

@Suite struct KeyRefreshTests {
    private static let settings = KeyRefreshSettings(refreshMs: 300_000, refetchMs: 30_000)

    @Test func `the first look is due at once, the next ahead of the end`() {
        var refresh = KeyRefresh(Self.settings)
        #expect(refresh.dueMs == 0)
        for chance in 0..<64 {
            refresh.succeeded(lifetimeMs: 100_000, nowMs: 1_000, chance: UInt64(chance))
            #expect((76_000...91_000).contains(refresh.dueMs))
            refresh.succeeded(lifetimeMs: nil, nowMs: 1_000, chance: UInt64(chance))
            #expect((226_000...271_000).contains(refresh.dueMs), "the setting, where the issuer says nothing")
            refresh.succeeded(lifetimeMs: 10_000_000, nowMs: 1_000, chance: UInt64(chance))
            #expect(refresh.dueMs <= 271_000, "never longer than the setting")
            refresh.succeeded(lifetimeMs: 0, nowMs: 1_000, chance: UInt64(chance))
            #expect((8_500...10_000).contains(refresh.dueMs), "never as often as an issuer may wish")
        }
    }

    @Test func `failures wait longer and longer, by chance, up to a bound, and a success forgets them`() {
        var random = SeededRandom(seed: 5)
        var refresh = KeyRefresh(Self.settings)
        for failure in 0..<40 {
            refresh.failed(nowMs: 0, chance: random.next())
            let ceiling = min(Int64(1_000) << Int64(min(failure, 30)), 300_000)
            #expect((ceiling / 2...ceiling).contains(refresh.dueMs), "failure \(failure), seed 5")
        }
        #expect(refresh.failures == 40)
        refresh.succeeded(lifetimeMs: nil, nowMs: 0, chance: 0)
        refresh.failed(nowMs: 0, chance: 0)
        #expect(refresh.dueMs <= 1_000)
    }

    @Test func `unknown keys cause one look in a while`() {
        var refresh = KeyRefresh(Self.settings)
        refresh.succeeded(lifetimeMs: nil, nowMs: 0, chance: 0)
        var granted: [Int64] = []
        for ms in stride(from: Int64(1), to: 90_000, by: 1) where refresh.wantsUnknown(nowMs: ms) {
            granted.append(ms)
            #expect(refresh.dueMs == ms)
        }
        #expect(granted == [30_000, 60_000])
    }

    @Test func `the ring says coming while it may still come, and unknown once the issuer was asked`() throws {
        let ring = KeyRing(Self.settings, own: nil, hasSource: true)
        let wakes = Atomic(0)
        func find(_ kid: String?, _ nowMs: Int64) -> KeyLookup {
            ring.find(kid, nowMs: nowMs) { wakes.add(1, ordering: .relaxed) }
        }
        #expect(find("a", 0).isComing && wakes.load(ordering: .relaxed) == 1)
        #expect(find("a", 1).isComing && wakes.load(ordering: .relaxed) == 1, "one look for all")
        let key = try SigningKey.generate(.es256).publicKey
        let set = try KeySet(KeySet.json(publishing: key), for: .es256)
        ring.beginLook()
        #expect(find("a", 40_000).isComing && wakes.load(ordering: .relaxed) == 1, "it is under way")
        ring.succeeded(set, lifetimeMs: nil, nowMs: 40_000, chance: 0)
        #expect(find("a", 40_001).isUnknown && find(KeySet.id(of: key), 40_001).isFound)
        #expect(find("a", 70_000).isComing && wakes.load(ordering: .relaxed) == 2)
        #expect(find("a", 70_000).isComing, "its thread has yet to wake")
        ring.beginLook()
        ring.failed(nowMs: 70_001, chance: 0)
        #expect(find("a", 70_002).isComing && wakes.load(ordering: .relaxed) == 2, "nobody knows while it is away")
        #expect(find(KeySet.id(of: key), 70_002).isFound, "the last good set stays")
        #expect(ring.health == KeyRingHealth(keys: 1, failures: 1, looks: 2))
    }

    @Test func `a lost key is told, a new one and the same answer are not`() throws {
        let ring = KeyRing(Self.settings, own: nil, hasSource: true)
        let one = try SigningKey.generate(.es256).publicKey
        let two = try SigningKey.generate(.es256).publicKey
        let first = try KeySet(KeySet.json(publishing: one), for: .es256)
        ring.succeeded(first, lifetimeMs: nil, nowMs: 0, chance: 0)
        ring.succeeded(nil, lifetimeMs: nil, nowMs: 0, chance: 0)
        ring.succeeded(first.adding(two), lifetimeMs: nil, nowMs: 0, chance: 0)
        #expect(ring.lossCount == 0)
        ring.succeeded(first, lifetimeMs: nil, nowMs: 0, chance: 0)
        #expect(ring.lossCount == 1)
    }

    @Test func `without a source a key that is not our own is unknown at once`() throws {
        let own = try SigningKey.generate(.edDSA).publicKey
        let ring = KeyRing(Self.settings, own: own, hasSource: false)
        #expect(ring.find("a", nowMs: 0, wake: { Issue.record("nobody to wake") }).isUnknown)
        #expect(ring.find(KeySet.id(of: own), nowMs: 0, wake: {}).isFound)
    }
}

extension KeyLookup {
    var isFound: Bool { if case .found = self { true } else { false } }
    var isComing: Bool { if case .coming = self { true } else { false } }
    var isUnknown: Bool { if case .unknown = self { true } else { false } }
}
