// Owns the slab's checks against a dictionary, and the size of a connection's slot.

import LiveTestSupport
import Testing

@testable import LiveIO

@Suite struct SlabTests {
    @Test func `a connection's slot fits 64 bytes with its head`() {
        #expect(MemoryLayout<ConnectionSlot>.size <= 56)
        #expect(Slab<ConnectionSlot>.cellStride == 64)
    }

    @Test(arguments: SeededRandom.seeds(20))
    func `the slab holds what a dictionary would, and stale ids find nothing`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var slab = Slab<String>()
        var model: [SlabID: String] = [:]
        var stale: [SlabID] = []
        for step in 0..<5_000 {
            if random.chance(3, in: 5) {
                let id = slab.insert("element \(step)")
                #expect(model[id] == nil && !stale.contains(id))
                model[id] = "element \(step)"
            } else if let id = model.keys.max(by: { $0.index < $1.index }) {
                let removed = slab.remove(id)
                #expect(removed == model[id])
                model[id] = nil
                stale.append(id)
            }
            let count = slab.count
            #expect(count == model.count)
        }
        for (id, element) in model {
            let found = slab.pointer(to: id)?.pointee
            let named = slab.id(at: id.index)
            #expect(found == element && named == id)
        }
        for id in stale {
            let found = slab.pointer(to: id)
            let removed = slab.remove(id)
            #expect(found == nil && removed == nil)
        }
        let beyond = slab.pointer(to: SlabID(index: 4_000_000, generation: 1))
        #expect(beyond == nil)
    }

    @Test func `an element stays where it is while the slab grows`() {
        var slab = Slab<Int>()
        let first = slab.insert(1)
        let address = slab.pointer(to: first)
        for number in 0..<40_000 { _ = slab.insert(number) }
        let now = slab.pointer(to: first)
        let end = slab.indexEnd
        #expect(now == address && now?.pointee == 1 && end == 40_001)
    }

    @Test func `a slab lets go of the elements it still holds`() {
        final class Counted {
            let onEnd: () -> Void
            init(_ onEnd: @escaping () -> Void) { self.onEnd = onEnd }
            deinit { onEnd() }
        }
        var ended = 0
        do {
            var slab = Slab<Counted>()
            let first = slab.insert(Counted { ended += 1 })
            for _ in 0..<1_500 { _ = slab.insert(Counted { ended += 1 }) }
            slab.remove(first)
            #expect(ended == 1)
        }
        #expect(ended == 1_501)
    }
}
