// Owns elements in chunks that never move, each behind an index and a generation: a stale id is refused, a pointer is
// good until its element is removed. Never shrinks; a chunk is touched only as far as it was used. Not for sharing
// between threads. Limits: 2^32 - 1 elements.

/// Names one element of a `Slab`: its place and which of the place's successive tenants it is.
package struct SlabID: Hashable, Sendable, BitwiseCopyable {
    /// The place, from 0.
    package let index: UInt32
    /// Which tenant of the place; never 0.
    package let generation: UInt32

    /// Puts together what `Slab.insert` gave.
    @inlinable
    package init(index: UInt32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }
}

/// A table of elements with stable addresses and ids that cannot be mistaken for a later tenant's.
///
/// Looking up costs two dependent loads and one comparison. A cell is 8 bytes larger than its element.
package struct Slab<Element>: ~Copyable {
    /// The head of each cell; the element follows.
    @usableFromInline
    struct Head: BitwiseCopyable {
        /// Even while the cell is empty, odd while it holds an element.
        @usableFromInline var generation: UInt32
        @usableFromInline var nextFree: UInt32
    }

    @usableFromInline static var chunkShift: UInt32 { 10 }
    @usableFromInline static var chunkCells: Int { 1 << Int(chunkShift) }
    @usableFromInline static var elementOffset: Int { max(8, MemoryLayout<Element>.alignment) }
    @usableFromInline static var cellAlignment: Int { max(8, MemoryLayout<Element>.alignment) }
    @usableFromInline static var cellStride: Int {
        let size = elementOffset + MemoryLayout<Element>.size
        return (size + cellAlignment - 1) / cellAlignment * cellAlignment
    }
    @usableFromInline static var none: UInt32 { .max }

    @usableFromInline var chunks: UnsafeMutablePointer<UnsafeMutableRawPointer>
    @usableFromInline var chunkCount = 0
    @usableFromInline var chunkRoom: Int
    /// Cells in use or free again; those beyond were never touched.
    @usableFromInline var touched: UInt32 = 0
    @usableFromInline var firstFree: UInt32
    /// Elements in the table.
    package private(set) var count = 0

    /// An empty table; takes no chunk before the first element.
    package init() {
        chunkRoom = 16
        chunks = .allocate(capacity: chunkRoom)
        firstFree = Self.none
    }

    deinit {
        for index in 0..<touched {
            let cell = chunks[Int(index >> Self.chunkShift)] + Int(index) % Self.chunkCells * Self.cellStride
            if cell.load(as: Head.self).generation & 1 == 1 {
                (cell + Self.elementOffset).assumingMemoryBound(to: Element.self).deinitialize(count: 1)
            }
        }
        for chunk in 0..<chunkCount { chunks[chunk].deallocate() }
        chunks.deallocate()
    }

    @inlinable
    @inline(__always)
    func cell(_ index: UInt32) -> UnsafeMutableRawPointer {
        chunks[Int(index >> Self.chunkShift)] + (Int(index) & (Self.chunkCells - 1)) * Self.cellStride
    }

    /// The element's address, good until it is removed; nil for a stale id.
    @inlinable
    package func pointer(to id: SlabID) -> UnsafeMutablePointer<Element>? {
        guard id.index < touched else { return nil }
        let cell = cell(id.index)
        // Live generations are odd: one comparison refuses empty cells and later tenants.
        guard cell.load(as: Head.self).generation == id.generation, id.generation & 1 == 1 else { return nil }
        return (cell + Self.elementOffset).assumingMemoryBound(to: Element.self)
    }

    /// The id of the element at a place; nil where the place is empty.
    @inlinable
    package func id(at index: UInt32) -> SlabID? {
        guard index < touched else { return nil }
        let generation = cell(index).load(as: Head.self).generation
        return generation & 1 == 1 ? SlabID(index: index, generation: generation) : nil
    }

    /// One more than the highest place ever used; for walks over all elements with `id(at:)`.
    @inlinable
    package var indexEnd: UInt32 { touched }

    /// Puts an element in; the place freed last is used first, while it is still in the cache.
    package mutating func insert(_ element: consuming Element) -> SlabID {
        let index: UInt32
        if firstFree != Self.none {
            index = firstFree
            firstFree = cell(index).load(as: Head.self).nextFree
        } else {
            precondition(touched < Self.none, "a slab holds fewer than 2^32 - 1 elements")
            if Int(touched) == chunkCount * Self.chunkCells { addChunk() }
            index = touched
            touched += 1
            cell(index).storeBytes(of: Head(generation: 0, nextFree: Self.none), as: Head.self)
        }
        let cell = cell(index)
        let generation = cell.load(as: Head.self).generation &+ 1
        cell.storeBytes(of: Head(generation: generation, nextFree: Self.none), as: Head.self)
        (cell + Self.elementOffset).bindMemory(to: Element.self, capacity: 1).initialize(to: element)
        count += 1
        return SlabID(index: index, generation: generation)
    }

    /// Takes an element out; nil for a stale id. Its id is stale from now on.
    @discardableResult
    package mutating func remove(_ id: SlabID) -> Element? {
        guard let pointer = pointer(to: id) else { return nil }
        let element = pointer.move()
        cell(id.index).storeBytes(of: Head(generation: id.generation &+ 1, nextFree: firstFree), as: Head.self)
        firstFree = id.index
        count -= 1
        return element
    }

    private mutating func addChunk() {
        if chunkCount == chunkRoom {
            let larger = UnsafeMutablePointer<UnsafeMutableRawPointer>.allocate(capacity: chunkRoom * 2)
            larger.moveInitialize(from: chunks, count: chunkCount)
            chunks.deallocate()
            chunks = larger
            chunkRoom *= 2
        }
        let bytes = Self.chunkCells * Self.cellStride
        (chunks + chunkCount).initialize(to: .allocate(byteCount: bytes, alignment: max(64, Self.cellAlignment)))
        chunkCount += 1
    }
}
