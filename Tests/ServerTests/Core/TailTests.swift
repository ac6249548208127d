// Tails within the node's bound, and what goes when memory is short: what nobody reads first, those who keep up last.

import LiveIO
import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@testable import LiveServer

@Suite(.serialized) struct TailTests {
    /// A batch of events of `bytes` each for both views.
    private func fill(_ core: ReactorCore, _ key: RoomKey, _ count: UInt64, bytes: Int) {
        guard let replica = core.replica(key) else { return }
        let json = [UInt8](repeating: UInt8(ascii: "x"), count: bytes)
        for _ in 0..<count {
            let seq = replica.headSeq + 1
            replica.append(
                FrameBatch(
                    room: key, previousSeq: replica.headSeq, headSeq: seq,
                    items: [.init(seq: seq, moderators: UInt32(bytes), peers: UInt32(bytes))], moderators: json,
                    peers: json, redactions: [], receivedNs: 0))
        }
        core.markDirty(replica)
    }

    @Test func `the tails of all rooms stay within the node's bound, unread and large ones give way first`() throws {
        let world = try CoreWorld(reactors: 2) {
            $0.limits.tailBytesNode = 1 << 20
            $0.limits.tailEvents = 100_000
        }
        let core = world.cores[0]
        let keys = (0..<1_000).compactMap { RoomKey("demo/cs101/x\($0)") }.filter { world.node.home(of: $0) == 0 }
        let members = try (0..<2).map { try world.member("m\($0)", of: keys[$0]) }
        for key in keys[2..<6] { _ = core.openReplica(key, epoch: "epoch1234567", baseSeq: 0) }
        for key in keys[2..<6] { fill(core, key, 200, bytes: 500) }
        fill(core, keys[0], 100, bytes: 500)
        world.turn()
        let before = world.node.gauges.tailBytes
        #expect(before > 900_000 && before <= 1 << 20, "\(before)")
        #expect(core.tailBytesHere == core.replicas.reduce(0) { $0 + ($1?.tailBytes ?? 0) })
        fill(core, keys[1], 400, bytes: 1_000)
        world.turn()
        #expect(world.node.gauges.tailBytes <= 1 << 20)
        func events(_ key: RoomKey) -> Int { core.replica(key)?.moderators.count ?? -1 }
        #expect(events(keys[2]) == core.limits.tailEventsMin, "nobody reads it, longest")
        #expect(events(keys[0]) == 100, "a small room that is read keeps all")
        // More than all can hold: the largest room gives way, the small one still does not.
        fill(core, keys[1], 1_000, bytes: 1_000)
        world.turn()
        #expect(world.node.gauges.tailBytes <= 1 << 20)
        #expect((2..<6).allSatisfy { events(keys[$0]) == core.limits.tailEventsMin })
        #expect(events(keys[0]) == 100 && events(keys[1]) < 500)
        for key in keys[2..<6] { if let replica = core.replica(key) { core.closeReplica(replica) } }
        #expect(world.node.gauges.tailBytes == core.tailBytesHere)
        for member in members { member.close() }
    }

    @Test func `one room may keep all that the node has while no other needs it`() throws {
        let world = try CoreWorld {
            $0.limits.tailBytesNode = 1 << 20
            $0.limits.tailEvents = 100_000
        }
        let core = world.cores[0]
        let key = try world.room()
        _ = core.openReplica(key, epoch: "epoch1234567", baseSeq: 0)
        fill(core, key, 5_000, bytes: 500)
        #expect(core.replica(key)?.tailBytes ?? 0 > 900_000)
    }

    @Test func `memory pressure rises at once, falls with a margin, and has no level without a ceiling`() {
        var pressure = MemoryPressure(ceilingBytes: 1_000_000)
        func level(_ bytes: Int) -> MemoryLevel { pressure.step(residentBytes: bytes) }
        #expect(level(899_999) == .well && level(900_000) == .refusesJoins)
        #expect(level(880_000) == .refusesJoins && level(869_000) == .well)
        #expect(level(1_000_000) == .closesObservers && level(975_000) == .closesObservers)
        #expect(level(960_000) == .closesSlowReaders && level(939_000) == .shortensTails)
        #expect(level(100) == .well)
        var free = MemoryPressure(ceilingBytes: 0)
        #expect(free.step(residentBytes: .max) == .well)
        #expect(MemoryWatch.ceiling(4_096) == 4_096 && MemoryWatch.ceiling(0) > 1 << 20)
    }

    @Test func `short memory refuses joins, then shortens tails, then closes slow readers, then observers`() throws {
        let world = try CoreWorld()
        let core = world.cores[0]
        let room = try world.room()
        let ada = try world.member("ada", of: room)
        let watcher = try world.member("watcher", .observer, of: room)
        let slow = try CorePeer(port: world.ports[0], receiveBytes: 4_096)
        slow.upgrade(room, try world.token("slow"))
        try world.until("it is in") { slow.has("welcome") }
        world.node.gauges.memoryLevel = .refusesJoins
        let late = try world.peer()
        late.upgrade(room, "no token is looked at")
        try world.until("the newcomer is told") { late.has("retry_after_ms") }
        let other = try #require((0..<100).compactMap { RoomKey("demo/cs101/y\($0)") }.first)
        #expect(core.homeOf[other] == nil)
        world.node.gauges.memoryLevel = .well
        // A reader that stops: bytes wait for it.
        fill(core, room, 600, bytes: 16_000)
        for _ in 0..<200 {
            world.turn()
            _ = ada.text
            _ = watcher.text
        }
        let blocked = (0..<UInt32(16)).filter { core.reactor.outboxBytes(core.sessions.at($0).pointee.id) > 0 }
        #expect(blocked.count == 1)
        #expect(world.node.post(.shed(.shortensTails), to: 0))
        world.turn()
        #expect(core.replica(room)?.moderators.count == core.limits.tailEventsMin)
        #expect(core.connectionsByTransport().webSocket == 3, "nobody is closed yet")
        #expect(world.node.post(.shed(.closesSlowReaders), to: 0))
        world.turn()
        #expect(core.connectionsByTransport().webSocket == 2 && core.counters.shed == 1)
        #expect(world.node.post(.shed(.closesObservers), to: 0))
        try world.until("the observer is told") { watcher.has("retry_after_ms") }
        ada.forget()
        ada.command(#"{"op":"heartbeat","id":"h","seq":0,"lag_ms":1,"transport":"ws"}"#)
        try world.until("who keeps up is served") { ada.has("\"re\":\"h\"") }
        #expect(core.connectionsByTransport().webSocket == 1)
    }
}
