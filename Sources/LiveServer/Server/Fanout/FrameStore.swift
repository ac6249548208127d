// Finished WebSocket text frames in order, in memory that lies in one piece as far as a send wants it.
//
// Owns: the frames of one form and where each lies. Never: decides what is kept (FrameLog does), reads a clock.

/// How the frames of a log are written.
enum FrameForm {
    case plain
    /// Compressed where that makes a frame smaller (permessage-deflate, each frame by itself).
    case deflated
}

/// Frames that lie in one piece.
struct FrameSlice {
    var bytes: UnsafeRawBufferPointer
    /// Index of the frame behind them.
    var next: UInt64
    /// The form that they have: where there is no compressed one, the plain.
    var form: FrameForm
}

/// A run of frames that grows at its end and shrinks at its start.
struct FrameStore: ~Copyable {
    /// Where one frame lies.
    struct Entry {
        var seq: UInt64
        var chunk: UInt32
        var offset: UInt32
        var length: UInt32
    }

    /// A piece of memory that holds whole frames. Chunks never move while they are in use.
    private struct Chunk {
        var base: UnsafeMutableRawPointer
        var capacity: Int
        var used: Int
    }

    private var entries: [Entry] = []
    /// Position in `entries` of `firstIndex`: entries is a ring once it is full.
    private var ringStart = 0
    private var chunks: [Chunk] = []
    /// Number of the chunk at `chunks[0]`, so that entries name chunks that never change.
    private var firstChunk: UInt32 = 0

    /// Index of the oldest frame kept.
    private(set) var firstIndex: UInt64
    /// Index that the next frame will get.
    private(set) var nextIndex: UInt64
    /// Bytes of the frames kept.
    private(set) var bytes = 0

    /// First chunk of a store: a quiet room costs little.
    private static let chunkBytesFirst = 4096
    /// Later chunks: one gather's worth, so that a slice is rarely cut by the end of a chunk.
    private static let chunkBytes = 65_536

    /// - Parameter index: that of the first frame to come.
    init(at index: UInt64) {
        firstIndex = index
        nextIndex = index
    }

    deinit {
        for chunk in chunks { chunk.base.deallocate() }
    }

    /// Frames kept.
    var count: Int { Int(nextIndex - firstIndex) }

    func holds(_ index: UInt64) -> Bool { index >= firstIndex && index < nextIndex }

    private func position(_ index: UInt64) -> Int {
        let p = ringStart + Int(index - firstIndex)
        return p < entries.count ? p : p - entries.count
    }

    private func pointer(_ entry: Entry) -> UnsafeMutableRawPointer {
        chunks[Int(entry.chunk - firstChunk)].base + Int(entry.offset)
    }

    /// The entry of a frame that is kept.
    func entry(at index: UInt64) -> Entry { entries[position(index)] }

    // MARK: Writing

    /// Appends a frame that holds `payload`, unmasked and whole (RFC 6455 §5.2); `isCompressed` sets RSV1.
    mutating func append(seq: UInt64, payload: UnsafeRawBufferPointer, isCompressed: Bool = false) {
        let length = FrameStore.headerBytes(payload.count) + payload.count
        let target = reserve(length)
        FrameStore.write(payload, isCompressed: isCompressed, to: target)
        let chunkNumber = firstChunk + UInt32(chunks.count - 1)
        let offset = chunks[chunks.count - 1].used
        chunks[chunks.count - 1].used += length
        insert(Entry(seq: seq, chunk: chunkNumber, offset: UInt32(offset), length: UInt32(length)))
        nextIndex += 1
        bytes += length
    }

    private static func headerBytes(_ payloadBytes: Int) -> Int {
        payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : 10
    }

    /// Writes a whole frame.
    private static func write(
        _ payload: UnsafeRawBufferPointer, isCompressed: Bool, to target: UnsafeMutableRawPointer
    ) {
        target.storeBytes(of: isCompressed ? 0xC1 : 0x81, as: UInt8.self)
        if payload.count < 126 {
            target.storeBytes(of: UInt8(payload.count), toByteOffset: 1, as: UInt8.self)
        } else if payload.count < 65_536 {
            target.storeBytes(of: 126, toByteOffset: 1, as: UInt8.self)
            target.storeBytes(of: UInt16(payload.count).bigEndian, toByteOffset: 2, as: UInt16.self)
        } else {
            target.storeBytes(of: 127, toByteOffset: 1, as: UInt8.self)
            target.storeBytes(of: UInt64(payload.count).bigEndian, toByteOffset: 2, as: UInt64.self)
        }
        if let source = payload.baseAddress {
            (target + headerBytes(payload.count)).copyMemory(from: source, byteCount: payload.count)
        }
    }

    /// Room for `length` bytes in one piece at the end of the last chunk.
    private mutating func reserve(_ length: Int) -> UnsafeMutableRawPointer {
        if let last = chunks.last, last.capacity - last.used >= length {
            return last.base + last.used
        }
        let usual = chunks.isEmpty && firstChunk == 0 ? FrameStore.chunkBytesFirst : FrameStore.chunkBytes
        let capacity = max(usual, length)
        let base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        chunks.append(Chunk(base: base, capacity: capacity, used: 0))
        return base
    }

    private mutating func insert(_ entry: Entry) {
        if count == entries.count {
            // Full ring: straighten it, then grow by append.
            if ringStart != 0 {
                entries = Array(entries[ringStart...]) + Array(entries[..<ringStart])
                ringStart = 0
            }
            entries.append(entry)
        } else {
            entries[position(nextIndex)] = entry
        }
    }

    /// Forgets the oldest frame. The newest one is never forgotten this way.
    mutating func removeFirst() {
        precondition(count > 1, "the newest frame stays")
        bytes -= Int(entries[ringStart].length)
        ringStart = ringStart + 1 == entries.count ? 0 : ringStart + 1
        firstIndex += 1
        let needed = entries[ringStart].chunk
        while firstChunk < needed {
            chunks.removeFirst().base.deallocate()
            firstChunk += 1
        }
    }

    /// Puts a frame with another payload in the place of one that is kept; those behind it move.
    mutating func replace(at index: UInt64, payload: UnsafeRawBufferPointer) {
        let entry = entries[position(index)]
        let length = FrameStore.headerBytes(payload.count) + payload.count
        let old = chunks[Int(entry.chunk - firstChunk)]
        let delta = length - Int(entry.length)
        let base = UnsafeMutableRawPointer.allocate(byteCount: max(old.capacity, old.used + delta), alignment: 16)
        let head = Int(entry.offset)
        base.copyMemory(from: old.base, byteCount: head)
        FrameStore.write(payload, isCompressed: false, to: base + head)
        let behind = head + Int(entry.length)
        (base + head + length).copyMemory(from: old.base + behind, byteCount: old.used - behind)
        old.base.deallocate()
        chunks[Int(entry.chunk - firstChunk)] = Chunk(
            base: base, capacity: max(old.capacity, old.used + delta), used: old.used + delta)
        entries[position(index)].length = UInt32(length)
        bytes += delta
        var next = index + 1
        while next < nextIndex, entries[position(next)].chunk == entry.chunk {
            entries[position(next)].offset = UInt32(Int(entries[position(next)].offset) + delta)
            next += 1
        }
    }

    // MARK: Reading

    /// The frames from `index` on that lie in one piece, at most `bytesMax` bytes but at least one frame.
    func slice(from index: UInt64, bytesMax: Int) -> (bytes: UnsafeRawBufferPointer, next: UInt64) {
        let first = entries[position(index)]
        // Usual case: everything to the head lies in this chunk and fits.
        let last = entries[position(nextIndex - 1)]
        let start = UnsafeRawPointer(pointer(first))
        if last.chunk == first.chunk {
            let length = Int(last.offset + last.length - first.offset)
            if length <= bytesMax { return (UnsafeRawBufferPointer(start: start, count: length), nextIndex) }
        }
        var next = index + 1
        var length = Int(first.length)
        while next < nextIndex {
            let entry = entries[position(next)]
            guard entry.chunk == first.chunk, length + Int(entry.length) <= bytesMax else { break }
            length += Int(entry.length)
            next += 1
        }
        return (UnsafeRawBufferPointer(start: start, count: length), next)
    }

    /// One whole frame. Valid as long as a slice is.
    func frame(at index: UInt64) -> UnsafeRawBufferPointer {
        let entry = entries[position(index)]
        return UnsafeRawBufferPointer(start: pointer(entry), count: Int(entry.length))
    }

    /// Which frame of a slice that began at `index` holds the byte `offset`, and where that byte lies in it.
    func locate(offset: Int, from index: UInt64) -> (index: UInt64, offsetInFrame: Int) {
        var remaining = offset
        var at = index
        while at < nextIndex {
            let length = Int(entries[position(at)].length)
            if remaining < length { return (at, remaining) }
            remaining -= length
            at += 1
        }
        return (nextIndex, 0)
    }
}
