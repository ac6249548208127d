// The small tables of a room's home and a reactor: ballots, debts, tickets, timers, owed mail, and which close proposal
// a poll gets.

import LiveIO
import LiveProtocol
import Rooms
import RoomsStore
import Testing

@testable import LiveServer

@Suite struct BookkeepingTests {
    private static let first = PollID(seq: 3)
    private static let second = PollID(seq: 9)

    private static func entry(_ attempt: String, _ choices: UInt64, at ms: Int64, stored: Bool = true)
        -> BallotBook.Entry
    {
        BallotBook.Entry(attempt: attempt, choices: choices, acceptedMs: ms, stored: stored, several: false)
    }

    @Test func `what the store has said of an attempt stands beside what a journal takes it for`() throws {
        let ada = try #require(ParticipantID("ada"))
        for order in [[0, 1], [1, 0]] {
            var book = BallotBook()
            let receipts = [Self.entry("a", 1, at: 10), Self.entry("a", 2, at: 20, stored: false)]
            for at in order { book.record(Self.first, ada, receipts[at], allowChange: true) }
            #expect(book.entry(Self.first, ada)?.choices == 1 && book.entry(Self.first, ada)?.stored == true)
        }
    }

    @Test(arguments: [false, true])
    func `receipts in any order leave the ballot that counts`(allowChange: Bool) throws {
        let ada = try #require(ParticipantID("ada"))
        let receipts = [Self.entry("a", 1, at: 10), Self.entry("b", 2, at: 20), Self.entry("c", 4, at: 20)]
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            var book = BallotBook()
            for at in order { book.record(Self.first, ada, receipts[at], allowChange: allowChange) }
            #expect(book.of(ada).map(\.attempt) == [allowChange ? "c" : "a"], "\(order)")
        }
    }

    @Test func `a poll is counted once at a time and again where ballots came meanwhile`() throws {
        let ada = try #require(ParticipantID("ada"))
        var book = BallotBook()
        let answer1 = book.takeChanged()
        #expect(answer1.isEmpty && !book.hasChanges)
        book.record(Self.first, ada, Self.entry("a", 1, at: 1), allowChange: true)
        let answer2 = book.takeChanged()
        #expect(answer2 == [Self.first])
        let answer3 = book.takeChanged()
        #expect(answer3.isEmpty, "under way")
        book.record(Self.first, ada, Self.entry("b", 2, at: 2), allowChange: true)
        let answer4 = book.takeChanged()
        #expect(answer4.isEmpty, "still under way")
        let answer5 = book.counted(Self.first)
        #expect(answer5)
        let answer6 = book.takeChanged()
        #expect(answer6 == [Self.first])
        let answer10 = book.counted(Self.first)
        #expect(!answer10)
        book.wantCount(Self.first)
        let answer7 = book.takeChanged()
        #expect(answer7 == [Self.first], "a count that was refused is made again")
        book.end(Self.first)
        let answer11 = book.counted(Self.first)
        #expect(!answer11 && !book.hasChanges)
    }

    @Test func `a poll that the state dropped is forgotten, and asking after one remembers nothing`() throws {
        let ada = try #require(ParticipantID("ada"))
        var book = BallotBook()
        book.record(Self.first, ada, Self.entry("a", 1, at: 1, stored: false), allowChange: false)
        book.record(Self.second, ada, Self.entry("b", 1, at: 1), allowChange: false)
        book.markStored(Self.first, ada, attempt: "other")
        #expect(book.of(ada).map(\.stored) == [false, true])
        book.markStored(Self.first, ada, attempt: "a")
        #expect(book.of(ada).map(\.stored) == [true, true])
        book.forget(Self.first, ada, "other")
        #expect(book.of(ada).count == 2, "only the attempt that was in question")
        book.retain { $0 == Self.second }
        #expect(book.of(ada).map(\.poll) == [Self.second])
        let answer12 = book.counted(Self.first)
        #expect(!answer12)
        book.markStored(Self.first, ada, attempt: "a")
        #expect(book.of(ada).map(\.poll) == [Self.second])
    }

    @Test func `a debt is owed once, in order, until it is taken`() {
        var debts = PollDebts()
        #expect(debts.isEmpty)
        debts.add(.open(Self.first))
        debts.add(.close(Self.first, reveal: true))
        debts.add(.open(Self.first))
        debts.add(.results(Self.second))
        let answer8 = debts.take()
        #expect(answer8 == [.open(Self.first), .close(Self.first, reveal: true), .results(Self.second)])
        let again = debts.take()
        #expect(debts.isEmpty && again.isEmpty)
    }

    @Test func `only a poll whose time is over is closed by its timer`() throws {
        let draft = PollDraft(question: "?", kind: .single, options: ["a", "b"], durationS: 10)
        var room = Room(key: try #require(RoomKey("demo/cs101/live")))
        let teacher = Actor(participant: try #require(ParticipantID("t")), name: "T", role: .instructor)
        let open = Proposal(actor: teacher, id: try #require(CommandID("o1")), command: .pollOpen(draft))
        _ = room.apply(LogEntry(seq: 1, ts: 1_000, proposal: open))
        let poll = try #require(room.openPolls.first)
        for (closedTs, isTimer) in [(Int64(5_000), false), (10_999, false), (11_000, true), (20_000, true)] {
            let proposal = PollClosing.proposal(poll, reveal: true, closedTs: closedTs)
            #expect(proposal.id.raw.hasPrefix("timer/") == isTimer)
            let hidden = PollClosing.proposal(poll, reveal: false, closedTs: closedTs)
            #expect(hidden.command == .pollClose(poll.id, reveal: false, closedTs: closedTs), "a timer would reveal")
            var copy = room
            guard case .accepted = copy.apply(LogEntry(seq: 2, ts: closedTs, proposal: proposal)) else {
                Issue.record("the room refuses the close at \(closedTs)")
                continue
            }
            #expect(copy.poll(poll.id)?.isOpen == false)
        }
    }

    @Test func `a ticket is redeemed once and names its reactor`() {
        var table = TicketTable()
        let tickets = (0..<4).map { table.issue(.load(room: UInt32($0)), reactor: $0 * 60) }
        #expect(Set(tickets).count == 4 && table.count == 4)
        for (number, ticket) in tickets.enumerated() {
            #expect(TicketTable.reactor(of: ticket) == number * 60)
            guard case .load(UInt32(number))? = table.redeem(ticket) else {
                Issue.record("ticket \(number)")
                continue
            }
            let answer9 = table.redeem(ticket)
            #expect(answer9 == nil)
        }
        let unknown = table.redeem(12_345)
        #expect(table.count == 0 && unknown == nil)
    }

    @Test func `a timer's payload says which it is`() {
        let timers: [CoreTimer] = [
            .presence(0), .presence(.max), .tally(7), .deadline(8), .debts(9), .tidy, .retry, .health, .drainStep,
            .unpause(index: 0, generation: 1), .unpause(index: .max, generation: 0xFF_FFFF),
        ]
        for timer in timers { #expect(CoreTimer(payload: timer.payload) == timer) }
        #expect(Set(timers.map(\.payload)).count == timers.count)
        #expect(
            CoreTimer(payload: CoreTimer.unpause(index: 3, generation: 0x0100_0002).payload)
                == .unpause(index: 3, generation: 2))
        #expect(CoreTimer(payload: 0) == nil && CoreTimer(payload: .max) == nil)
    }

    @Test func `a room that fell behind is owed one notice, mail keeps its order`() throws {
        let room = try #require(RoomKey("demo/cs101/live"))
        var owed = OwedMail()
        #expect(owed.isEmpty)
        owed.add(OwedMail.Behind(room: room, reactor: 1))
        owed.add(OwedMail.Behind(room: room, reactor: 1))
        owed.add(OwedMail.Behind(room: room, reactor: 2))
        owed.add(.unsubscribe(room: room, reactor: 0), to: 1)
        owed.add(.drain, to: 1)
        let taken = owed.take()
        #expect(owed.isEmpty && taken.behind.count == 2 && taken.messages.count == 2)
        guard case .unsubscribe = taken.messages[0].message else { throw Overdue(what: "order") }
    }
}
