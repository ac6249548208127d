// Owns that every entry of a room reaches a home once and in order, whatever pub/sub loses, doubles or delays.

import LiveTestSupport
import RoomsBackplane
import Testing

@Suite struct RoomFeedTests {
    private static let epoch = "epoch001"

    private func message(_ seq: UInt64, epoch: String = epoch) throws -> RoomMessage {
        RoomMessage(seq: seq, ts: 1_800_000_000_000 + Int64(seq), epoch: epoch, tag: [], entry: [7], frames: [])
    }

    private func messages(_ seqs: ClosedRange<UInt64>) throws -> [RoomMessage] { try seqs.map { try message($0) } }

    /// A feed that has caught up behind seq 10.
    private func live() -> RoomFeed {
        var feed = RoomFeed(epoch: Self.epoch, applied: 10)
        #expect(feed.start() == [.subscribe])
        #expect(feed.subscribed() == [.read(after: 10)])
        #expect(feed.range([], isEnd: true) == [.caughtUp])
        return feed
    }

    @Test func `a home reads the log behind its subscription, and what is published meanwhile waits`() throws {
        var feed = RoomFeed(epoch: Self.epoch, applied: 10)
        _ = feed.start()
        _ = feed.subscribed()
        #expect(try feed.news(message(14)).isEmpty)
        #expect(try feed.range(messages(11...12), isEnd: false) == [.deliver(messages(11...12)), .read(after: 12)])
        #expect(!feed.isLive)
        let rest = [RoomFeedAction.deliver([try message(13)]), .deliver([try message(14)]), .caughtUp]
        #expect(try feed.range([message(13)], isEnd: true) == rest)
        #expect(feed.isLive && feed.applied == 14)
    }

    @Test func `news in order are delivered at once, and doubled ones never again`() throws {
        var feed = live()
        #expect(try feed.news(message(11)) == [.deliver([message(11)])])
        #expect(try feed.news(message(11)).isEmpty)
        #expect(try feed.news(message(3)).isEmpty)
        #expect(try feed.news(message(12)) == [.deliver([message(12)])])
    }

    @Test func `a gap is read from the log once, and what came behind it is not lost`() throws {
        var feed = live()
        #expect(try feed.news(message(13)) == [.read(after: 10)])
        #expect(try feed.news(message(14)).isEmpty, "one repair at a time")
        let actions = feed.range(try messages(11...12), isEnd: true)
        #expect(try actions == [.deliver(messages(11...12)), .deliver(messages(13...14)), .caughtUp])
    }

    @Test func `a last message that was lost is found by the head`() throws {
        var feed = live()
        #expect(feed.head(10).isEmpty)
        #expect(feed.head(11) == [.read(after: 10)])
        #expect(feed.head(12).isEmpty, "a repair is under way")
        #expect(try feed.range([message(11)], isEnd: true) == [.deliver([message(11)]), .caughtUp])
    }

    @Test func `a log that no longer reaches back asks for a snapshot`() throws {
        var feed = RoomFeed(epoch: Self.epoch, applied: 10)
        _ = feed.start()
        _ = feed.subscribed()
        #expect(try feed.range(messages(12...13), isEnd: true) == [.reload])
        var half = RoomFeed(epoch: Self.epoch, applied: 10)
        _ = half.start()
        _ = half.subscribed()
        let torn = [try message(11), try message(13)]
        #expect(try half.range(torn, isEnd: true) == [.deliver([message(11)]), .reload])
    }

    @Test func `a log that ends before what was heard of asks for a snapshot, and is not asked for ever`() throws {
        var feed = live()
        #expect(feed.head(12) == [.read(after: 10)])
        #expect(feed.range([], isEnd: true) == [.reload])
        #expect(try !feed.isLive && feed.news(message(13)).isEmpty)
        // What comes while the log is read may stand behind it: it is asked for once more.
        var other = live()
        _ = other.head(11)
        #expect(try other.news(message(13)).isEmpty)
        #expect(try other.range([message(11)], isEnd: true) == [.deliver([message(11)]), .read(after: 11)])
        #expect(other.range([], isEnd: true) == [.reload])
    }

    @Test func `messages of another epoch are never delivered`() throws {
        var feed = live()
        #expect(try feed.news(message(11, epoch: "epoch002")) == [.otherEpoch("epoch002")])
        #expect(feed.applied == 10)
        var reading = RoomFeed(epoch: Self.epoch, applied: 10)
        _ = reading.start()
        _ = reading.subscribed()
        let range = [try message(11), try message(12, epoch: "epoch002"), try message(13, epoch: "epoch002")]
        let expected: [RoomFeedAction] = [.deliver([try message(11)]), .otherEpoch("epoch002")]
        #expect(reading.range(range, isEnd: true) == expected)
        #expect(reading.applied == 11 && !reading.isLive)
    }

    @Test func `behind a change of epoch the log begins with entries of the one before, and only up to the base`()
        throws
    {
        func feed(base: UInt64) -> RoomFeed {
            var feed = RoomFeed(
                epoch: "epoch002", previous: RoomLineage(epoch: Self.epoch, base: base), applied: 10)
            _ = feed.start()
            _ = feed.subscribed()
            return feed
        }
        let log = [try message(11), try message(12), try message(13, epoch: "epoch002")]
        var whole = feed(base: 12)
        #expect(whole.range(log, isEnd: true) == [.deliver(log), .caughtUp])
        var early = feed(base: 11)
        #expect(early.range(log, isEnd: true) == [.deliver([log[0]]), .otherEpoch(Self.epoch)])
        // Another epoch, later than this one, that went on from an earlier base.
        var late = feed(base: 12)
        #expect(try late.range([message(11, epoch: "epoch003")], isEnd: true) == [.otherEpoch("epoch003")])
    }

    @Test func `after a lost connection it goes on behind what was applied`() throws {
        var feed = live()
        _ = feed.news(try message(13))
        feed.lost()
        #expect(try feed.news(message(11)).isEmpty && feed.waiting == 0)
        #expect(try feed.range([message(11)], isEnd: true).isEmpty, "an answer to a question of before")
        #expect(feed.start() == [.subscribe])
        #expect(feed.subscribed() == [.read(after: 10)])
        #expect(try feed.range(messages(11...13), isEnd: true).last == .caughtUp)
    }

    @Test func `no more wait than the limit, and the log brings what was let go`() throws {
        var feed = RoomFeed(epoch: Self.epoch, applied: 0)
        _ = feed.start()
        _ = feed.subscribed()
        let count = UInt64(RoomFeed.bufferMax) + 100
        for seq in 2...count { _ = feed.news(try message(seq)) }
        #expect(feed.waiting == RoomFeed.bufferMax)
        let first = feed.range([try message(1)], isEnd: true)
        #expect(first.last == .read(after: UInt64(RoomFeed.bufferMax) + 1))
        let rest = try messages((UInt64(RoomFeed.bufferMax) + 2)...count)
        #expect(feed.range(rest, isEnd: true) == [.deliver(rest), .caughtUp])
    }

    @Test(arguments: Array(UInt64(1)...300))
    func `whatever is lost, doubled, late or cut, each entry is delivered once and in order`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var log: [RoomMessage] = []
        /// Published and not arrived; pub/sub keeps no promise here, not even its order.
        var flying: [RoomMessage] = []
        /// Questions of the feed that Redis has not answered.
        var asked: [RoomFeedAction] = []
        var delivered: [UInt64] = []
        var feed = RoomFeed(epoch: Self.epoch, applied: 0)

        func carryOut(_ actions: [RoomFeedAction]) {
            for action in actions {
                switch action {
                case .deliver(let run): delivered += run.map(\.seq)
                case .subscribe, .read: asked.append(action)
                case .caughtUp: break
                case .reload, .otherEpoch: Issue.record("\(action) of a whole log")
                }
            }
        }
        func answerOne() {
            guard !asked.isEmpty else { return }
            switch asked.removeFirst() {
            case .subscribe: carryOut(feed.subscribed())
            case .read(let after):
                let rest = log.filter { $0.seq > after }
                let portion = rest.prefix(1 + Int(random.next() % 5))
                carryOut(feed.range(Array(portion), isEnd: portion.count == rest.count))
            default: break
            }
        }

        carryOut(feed.start())
        for _ in 0..<400 {
            switch random.next() % 10 {
            case 0...3:
                let next = try message(UInt64(log.count) + 1)
                log.append(next)
                if random.next() % 5 > 0 { flying.append(next) }
                if random.next() % 8 == 0 { flying.append(next) }
            case 4...6:
                guard !flying.isEmpty else { break }
                let one = flying.remove(at: Int(random.next() % UInt64(flying.count)))
                carryOut(feed.news(one))
            case 7, 8: answerOne()
            default:
                guard random.next() % 8 == 0 else { break }
                feed.lost()
                asked.removeAll()
                flying.removeAll()
                carryOut(feed.start())
            }
        }
        // Quiet: everything is answered, and the head is asked for.
        for _ in 0..<2_000 where feed.applied < UInt64(log.count) || !asked.isEmpty {
            answerOne()
            carryOut(feed.head(UInt64(log.count)))
        }
        #expect(delivered == Array(log.map(\.seq)))
        #expect(feed.isLive && feed.waiting == 0)
    }
}
