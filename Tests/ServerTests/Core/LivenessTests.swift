// Who counts as being there: a slow reader is not a silent one, one that reads nothing is not kept by what it sends,
// and a large greeting is not held against who gets it.

import LiveIO
import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@testable import LiveServer

@Suite(.serialized) struct LivenessTests {
    private static let text = String(repeating: "x", count: 1_500)

    /// A class whose moderator may fill anybody's buffers.
    private func world(tailEvents: Int = 4_096) throws -> CoreWorld {
        try CoreWorld {
            $0.limits.pingMs = 2_000
            $0.limits.silentMs = 5_000
            $0.limits.tailEvents = tailEvents
            $0.limits.moderatorRate = 100_000
            $0.limits.moderatorBurst = 100_000
            $0.limits.frameRate = 100_000
        }
    }

    /// A member that takes little at once, and its session's id.
    private func slowReader(of room: RoomKey, _ world: CoreWorld) throws -> (peer: CorePeer, id: ConnectionID) {
        let peer = try CorePeer(port: world.ports[0], receiveBytes: 4_096)
        peer.upgrade(room, try world.token("slow"))
        try world.until("it is greeted") { peer.has("\"ev\":\"welcome\"") }
        return (peer, world.cores[0].sessions.at(0).pointee.id)
    }

    /// Sends until the reader's socket takes no more.
    private func block(_ id: ConnectionID, by teacher: CorePeer, _ world: CoreWorld) throws {
        let core = world.cores[0]
        for _ in 0..<200 where core.sessions.find(id)?.pointee.flags.contains(.blocked) == false {
            for _ in 0..<20 { teacher.command(#"{"op":"chat_send","id":"\#(nextID())","text":"\#(Self.text)"}"#) }
            try world.until("they are accepted") { teacher.text.ranges(of: "\"ok\":true").count == 20 }
            teacher.forget()
        }
        #expect(core.sessions.find(id)?.pointee.flags.contains(.blocked) == true)
    }

    private let ids = Counter()

    private func nextID() -> String {
        ids.value += 1
        return "c\(ids.value)"
    }

    private final class Counter {
        var value = 0
    }

    @Test func `a socket that reads slowly is not silent, one that stops reading is`() throws {
        let world = try world()
        let core = world.cores[0]
        let room = try world.room()
        let (slow, id) = try slowReader(of: room, world)
        let teacher = try world.member("teacher", .instructor, of: room)
        teacher.forget()
        let plan = FaultPlan(at: 0)
        try plan.during {
            // Twelve seconds without a byte from it: it is blocked at each look, and reads between.
            for _ in 0..<6 {
                try block(id, by: teacher, world)
                plan.monotonicAheadNs += 1_900_000_000
                world.turn()
                try world.until("it reads") {
                    slow.forget()
                    return core.sessions.find(id)?.pointee.flags.contains(.blocked) != true
                }
                try #require(core.sessions.find(id) != nil)
            }
            try block(id, by: teacher, world)
            let endsBefore = core.counters.silentEnds
            for _ in 0..<4 {
                plan.monotonicAheadNs += 2_000_000_000
                world.turn()
            }
            try world.until("it is over") { core.sessions.find(id) == nil }
            #expect(core.counters.silentEnds > endsBefore)
        }
    }

    @Test func `an event stream that takes what waits for it is not taken for dead`() throws {
        let world = try CoreWorld()
        let core = world.cores[0]
        let room = try world.room()
        let stream = try CorePeer(port: world.ports[0], receiveBytes: 4_096)
        stream.get(
            "/v1/rooms/\(room.raw)/live",
            ["Authorization: Bearer \(try world.token("slow"))", "Accept: text/event-stream"])
        try world.until("the stream stands") { stream.has("welcome") }
        let id = core.sessions.at(0).pointee.id
        // So much at once that the whole of it takes long.
        let large = [UInt8](repeating: UInt8(ascii: "x"), count: 8 << 20)
        core.sendJSON(core.sessions.at(0), large)
        try world.until("it waits") { core.reactor.outboxBytes(id) > 1 << 20 }
        let plan = FaultPlan(at: 0)
        try plan.during {
            for _ in 0..<12 {
                let before = core.reactor.outboxBytes(id)
                try world.until("some of it is read") {
                    stream.forget()
                    return core.reactor.outboxBytes(id) < before
                }
                plan.monotonicAheadNs += 10_000_000_000
                world.turn()
                try #require(core.sessions.find(id) != nil)
                if core.reactor.outboxBytes(id) == 0 { break }
            }
            #expect(core.counters.silentEnds == 0)
        }
    }

    @Test func `who reads nothing while the log goes on is ended, whatever it sends`() throws {
        let world = try world(tailEvents: 64)
        let core = world.cores[0]
        let room = try world.room()
        let (stuck, id) = try slowReader(of: room, world)
        let teacher = try world.member("teacher", .instructor, of: room)
        teacher.forget()
        try block(id, by: teacher, world)
        for _ in 0..<5 {
            for _ in 0..<20 { teacher.command(#"{"op":"chat_send","id":"\#(nextID())","text":"\#(Self.text)"}"#) }
            try world.until("they are accepted") { teacher.text.ranges(of: "\"ok\":true").count == 20 }
            teacher.forget()
        }
        let plan = FaultPlan(at: 0)
        plan.during {
            for beat in 0..<4 where core.sessions.find(id) != nil {
                stuck.command(#"{"op":"heartbeat","id":"b\#(beat)","seq":0,"lag_ms":1,"transport":"ws"}"#)
                teacher.command(#"{"op":"heartbeat","id":"b\#(beat)","seq":0,"lag_ms":1,"transport":"ws"}"#)
                for _ in 0..<3 { world.turn() }
                plan.monotonicAheadNs += 2_100_000_000
                for _ in 0..<3 { world.turn() }
            }
            #expect(core.sessions.find(id) == nil)
            #expect(core.counters.slowClosed == 1 && core.counters.silentEnds == 0)
        }
    }

    @Test func `a greeting does not count among the replies that are not read, those behind it do`() throws {
        let world = try CoreWorld()
        let core = world.cores[0]
        _ = try world.member("ada", of: try world.room())
        let session = core.sessions.at(0)
        let large = [UInt8](repeating: UInt8(ascii: " "), count: core.limits.replyBytesMax)
        let buffer = core.replyBuffer(session)
        WebSocketFrame.append(.text, payload: large, to: &buffer.bytes)
        session.pointee.flags.insert(.greeting)
        session.pointee.greetingEnd = UInt32(buffer.bytes.count)
        core.sendJSON(session, core.degradedJSON)
        #expect(session.pointee.kind == .webSocket && core.counters.slowClosed == 0)
        core.sendJSON(session, large)
        #expect(session.pointee.kind == .closing && core.counters.slowClosed == 1)
    }
}
