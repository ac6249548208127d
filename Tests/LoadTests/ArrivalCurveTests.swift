import Testing

@testable import liveload

@Suite("liveload: arrivals")
struct ArrivalCurveTests {
    private static let spanNs: UInt64 = 60_000_000_000

    @Test(arguments: ArrivalShape.allCases)
    func `arrivals keep their order and stay within the span`(_ shape: ArrivalShape) {
        let curve = ArrivalCurve(shape: shape, count: 997, spanNs: Self.spanNs)
        let offsets = (0..<997).map { curve.offsetNs($0) }
        #expect(zip(offsets, offsets.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(offsets.allSatisfy { $0 <= Self.spanNs })
    }

    @Test func `a bell has most arrivals around its middle, as many before as after it`() {
        let curve = ArrivalCurve(shape: .bell, count: 10_000, spanNs: Self.spanNs)
        let offsets = (0..<10_000).map { curve.offsetNs($0) }
        // Within one standard deviation (a sixth of the span) of the middle: 68.3 of the 99.7 % that are not cut.
        let near = offsets.count { $0 >= Self.spanNs / 3 && $0 <= Self.spanNs * 2 / 3 }
        #expect(abs(near - 6_845) <= 10)
        #expect(abs(offsets.count { $0 < Self.spanNs / 2 } - 5_000) <= 1)
        #expect(offsets[0] < Self.spanNs / 10)
        #expect(offsets[9_999] > Self.spanNs * 9 / 10)
    }

    @Test func `a flat curve arrives at an even pace`() {
        let curve = ArrivalCurve(shape: .flat, count: 600, spanNs: Self.spanNs)
        #expect(curve.offsetNs(0) == 50_000_000)
        #expect(curve.offsetNs(599) == 59_950_000_000)
    }

    @Test func `the quantiles of the normal distribution are those of the tables`() {
        #expect(abs(ArrivalCurve.normalQuantile(0.5)) < 1e-8)
        #expect(abs(ArrivalCurve.normalQuantile(0.975) - 1.959_963_985) < 1e-6)
        #expect(abs(ArrivalCurve.normalQuantile(0.001) + 3.090_232_306) < 1e-6)
    }

    @Test func `everybody has one worker, and every room its writers first`() {
        var plan = Plan.sample(.storm)
        plan.rooms = 3
        plan.publishersPerRoom = 2
        plan.people = 20
        plan.slowPeople = 4
        plan.crowd = 11
        let roster = Roster(plan)
        #expect(roster.count == 41)
        let numbers = (0..<4).flatMap { roster.numbers(of: $0, processes: 4) }
        #expect(numbers.sorted() == Array(0..<41))
        let writers = (0..<6).map { roster[$0] }
        #expect(writers.allSatisfy { $0.duty == .publisher })
        #expect(Set(writers.map { [$0.room, $0.stream ?? -1] }).count == 6)
        #expect((0..<41).filter { roster[$0].duty == .newcomer } == Array(30..<41))
        #expect((0..<41).allSatisfy { (0..<3).contains(roster[$0].room) })
    }

    @Test func `of a lesson's people only the talkers of each room have a stream of their own`() {
        var plan = Plan.sample(.lesson)
        plan.rooms = 2
        plan.people = 10
        plan.talkersPerRoom = 3
        let roster = Roster(plan)
        let talkers = (0..<roster.count).map { roster[$0] }.filter { $0.duty == .listener && $0.stream != nil }
        #expect(talkers.count == 6)
        #expect(Set(talkers.map { [$0.room, $0.stream ?? -1] }).count == 6)
        #expect(talkers.allSatisfy { $0.stream.map { $0 < roster.streamsPerRoom } ?? false })
    }
}
