// The ordered collections of the domain against plain arrays.

import RoomHistories
import Testing

@testable import Rooms

struct CollectionTests {
    @Test(arguments: [91, 92, 93] as [UInt64]) func `an ordered map equals a list of pairs`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var map = OrderedMap<Int, Int>()
        var model: [(key: Int, value: Int)] = []
        for step in 0..<20_000 {
            let key = random.below(60)
            let place = model.firstIndex { $0.key == key }
            switch (random.below(4), place) {
            case (0, nil), (1, nil):
                map.append(key, step)
                model.append((key, step))
            case (1, let place?):
                map.moveToEnd(key)
                model.append(model.remove(at: place))
            case (2, let place?):
                #expect(map.remove(key) == model.remove(at: place).value)
            case (3, let place?):
                map.update(key) { $0 = step }
                model[place].value = step
            default: #expect(map[key] == place.map { model[$0].value })
            }
            #expect(map.count == model.count)
            #expect(map.first?.key == model.first?.key)
            if step % 50 == 0 { #expect(map.map { [$0, $1] } == model.map { [$0.key, $0.value] }, "seed \(seed)") }
        }
    }

    @Test func `a ring keeps the newest in order`() {
        var ring = RecentRing<Int>(capacity: 5)
        var model: [Int] = []
        for value in 0..<23 {
            let leaving = ring.append(value)
            model.append(value)
            #expect(leaving == (model.count > 5 ? model.removeFirst() : nil))
            #expect(ring.elements == model)
            #expect((0..<ring.count).map { ring[$0] } == model)
            #expect(ring.lastIndex { $0 == value } == ring.count - 1)
        }
        ring[0] = 99
        #expect(ring.elements == [99, 19, 20, 21, 22])
        #expect(ring.lastIndex { $0 == 1 } == nil)
    }

    @Test(arguments: [95, 96] as [UInt64]) func `a message index equals a set within its span`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var index = MessageIndex()
        var model: Set<UInt64> = []
        var seq: UInt64 = 0
        for _ in 0..<3_000 {
            seq += random.chance(1) ? UInt64(random.below(40_000)) + 1 : UInt64(random.below(20)) + 1
            index.insert(seq)
            model.insert(seq)
            if random.chance(20), let gone = model.randomMember(&random, near: seq) {
                index.remove(gone)
                model.remove(gone)
            }
            for _ in 0..<20 {
                let probe = seq &- UInt64(random.below(18_000))
                guard probe <= seq else { continue }
                switch index[probe] {
                case .message: #expect(model.contains(probe))
                case .noMessage: #expect(!model.contains(probe))
                case .tooOld: #expect(seq - probe >= UInt64(RoomLimits.messageIndexSeqs - 64))
                }
            }
            #expect(index.words.count <= MessageIndex.wordsMax)
            #expect(index[seq + 1] == .noMessage)
        }
    }

    @Test func `sorted participants behave as a set`() {
        var list: [ParticipantID] = []
        let ids = ["b", "a", "c", "a"].compactMap { ParticipantID($0) }
        #expect(ids.map { list.insertSorted($0) } == [true, true, true, false])
        #expect(list.map(\.raw) == ["a", "b", "c"])
        #expect(list.removeSorted(ids[0]) && !list.removeSorted(ids[0]))
        #expect(list.place(of: ids[2]).found && !list.place(of: ids[0]).found)
    }
}

extension Set<UInt64> {
    /// Some member not far below `seq`, found by probing, so that the set's own order never matters.
    func randomMember(_ random: inout SeededRandom, near seq: UInt64) -> UInt64? {
        for _ in 0..<50 {
            let probe = seq &- UInt64(random.below(1_000))
            if contains(probe) { return probe }
        }
        return nil
    }
}
