// Presence against the simplest thing it could be: a dictionary of people with their connections.

import LiveIO
import LiveTestSupport
import Rooms
import Testing

@testable import LiveServer

@Suite struct PresenceBookTests {
    private static let bucket = TokenBucket(TokenRate(perSecond: 1, burst: 1))

    private static func person(_ number: Int) throws -> Actor {
        Actor(participant: try #require(ParticipantID("p\(number)")), name: "P\(number)", role: .student)
    }

    private static func line(_ number: Int) -> Endpoint {
        Endpoint(reactor: 0, connection: ConnectionID(index: UInt32(number), generation: 1))
    }

    /// Who is there, with connections, and until when who has none still counts.
    private struct Model {
        var lines: [String: [(endpoint: Endpoint, device: UInt64)]] = [:]
        var lingers: [String: UInt64] = [:]
        var told: Set<String> = []

        var inside: Set<String> { Set(lines.keys).union(lingers.keys) }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func `people, connections and what is told of them are the model's`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var book = PresenceBook()
        var model = Model()
        var nowMs: UInt64 = 1_000
        for step in 0..<3_000 {
            nowMs += 10
            let actor = try Self.person(Int.random(in: 0..<8, using: &random))
            let name = actor.participant.raw
            let endpoint = Self.line(Int.random(in: 0..<4, using: &random) + 10 * (Int(name.dropFirst()) ?? 0))
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1:
                let device = UInt64.random(in: 0...3, using: &random)
                let replaced = book.attach(actor, at: endpoint, device: device, devicesMax: 2, bucket: Self.bucket)
                var lines = model.lines[name] ?? []
                var expected: [Endpoint] = []
                if !lines.contains(where: { $0.endpoint == endpoint }) {
                    if device != 0, let same = lines.firstIndex(where: { $0.device == device }) {
                        expected.append(lines.remove(at: same).endpoint)
                    }
                    lines.append((endpoint, device))
                    while lines.count > 2 { expected.append(lines.removeFirst().endpoint) }
                }
                model.lines[name] = lines
                model.lingers[name] = nil
                #expect(replaced == expected)
            case 2, 3:
                let until = Bool.random(using: &random) ? nowMs + 200 : nil
                book.detach(actor.participant, endpoint, lingersUntilMs: until)
                guard var lines = model.lines[name], let at = lines.firstIndex(where: { $0.endpoint == endpoint })
                else { break }
                lines.remove(at: at)
                model.lines[name] = lines.isEmpty ? nil : lines
                if lines.isEmpty { model.lingers[name] = until }
            case 4:
                book.expire(nowMs: nowMs)
                for (name, until) in model.lingers where until <= nowMs { model.lingers[name] = nil }
            default:
                guard step % 5 == 0 else { break }
                let removed = book.remove(actor.participant)
                #expect(Set(removed) == Set((model.lines[name] ?? []).map(\.endpoint)))
                model.lines[name] = nil
                model.lingers[name] = nil
            }
            #expect(Set(book.people.map(\.actor.participant.raw)) == model.inside)
            #expect(book.isLingering == !model.lingers.isEmpty)
            #expect(book.endpoints(of: actor.participant) == (model.lines[name] ?? []).map(\.endpoint))
            if step % 7 == 0 { tell(&book, &model) }
        }
    }

    private func tell(_ book: inout PresenceBook, _ model: inout Model) {
        let changes = book.takeChanges()
        #expect(Set(changes.joined.map(\.participant.raw)) == model.inside.subtracting(model.told))
        #expect(Set(changes.left.map(\.raw)) == model.told.subtracting(model.inside))
        model.told = model.inside
        #expect(!book.hasChanges)
    }

    @Test func `the late end of a connection that was replaced removes nobody`() throws {
        var book = PresenceBook()
        let ada = try Self.person(1)
        _ = book.attach(ada, at: Self.line(1), device: 5, devicesMax: 3, bucket: Self.bucket)
        let replaced = book.attach(ada, at: Self.line(2), device: 5, devicesMax: 3, bucket: Self.bucket)
        #expect(replaced == [Self.line(1)])
        book.detach(ada.participant, Self.line(1), lingersUntilMs: nil)
        #expect(book.count == 1 && book.endpoints(of: ada.participant) == [Self.line(2)])
    }

    @Test func `an allowance outlives a reconnect and runs dry`() throws {
        var book = PresenceBook()
        let ada = try Self.person(1)
        _ = book.attach(ada, at: Self.line(1), device: 0, devicesMax: 3, bucket: Self.bucket)
        let first = book.spend(ada.participant, nowMs: 1_000)
        _ = book.attach(ada, at: Self.line(2), device: 0, devicesMax: 3, bucket: Self.bucket)
        let second = book.spend(ada.participant, nowMs: 1_000)
        let third = book.spend(ada.participant, nowMs: 2_000)
        #expect(first == nil && second == 1_000 && third == nil)
    }
}
