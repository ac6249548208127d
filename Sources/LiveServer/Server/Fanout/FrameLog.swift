// One view of one room on one reactor: every event as a finished WebSocket text frame, in order, in
// memory that lies in one piece as far as a send wants it. A connection is an index into this log, so
// "what is new for you" is a slice, and one slice serves everybody who stands at the same place.
//
// Owns: the frames and their index. Never: sends, knows a connection, reads a clock.
// Limits: `entriesMax` events and `bytesMax` bytes; the oldest go first.

/// An append-only log of encoded frames with a trimmed tail.
struct FrameLog: ~Copyable {
    /// Where one frame lies.
    private struct Entry {
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

    /// Index of the oldest frame kept. Indices count frames from the start of this log and never fall.
    private(set) var firstIndex: UInt64 = 0
    /// Index that the next frame will get: a cursor that stands here has everything.
    private(set) var nextIndex: UInt64 = 0
    /// Everything up to and including this seq has been dropped (or was never here).
    private(set) var baseSeq: UInt64
    /// Seq of the newest frame, `baseSeq` while empty.
    private(set) var headSeq: UInt64
    /// Bytes of the frames kept.
    private(set) var bytes = 0

    private let entriesMax: Int
    private let bytesMax: Int

    /// First chunk of a log: a quiet room costs little.
    private static let chunkBytesFirst = 4096
    /// Later chunks: one gather's worth, so that a slice is rarely cut by the end of a chunk.
    private static let chunkBytes = 65_536

    /// - Parameters:
    ///   - baseSeq: the seq that a cursor must at least have to be served from here.
    ///   - entriesMax: frames kept, 1 or more.
    ///   - bytesMax: bytes kept; at least one frame stays whatever its size.
    init(baseSeq: UInt64, entriesMax: Int, bytesMax: Int) {
        precondition(entriesMax > 0, "a tail keeps at least one event")
        self.baseSeq = baseSeq
        self.headSeq = baseSeq
        self.entriesMax = entriesMax
        self.bytesMax = bytesMax
    }

    deinit {
        for chunk in chunks { chunk.base.deallocate() }
    }

    /// Frames kept.
    var count: Int { Int(nextIndex - firstIndex) }

    private func position(_ index: UInt64) -> Int {
        let p = ringStart + Int(index - firstIndex)
        return p < entries.count ? p : p - entries.count
    }

    private func pointer(_ entry: Entry) -> UnsafeMutableRawPointer {
        chunks[Int(entry.chunk - firstChunk)].base + Int(entry.offset)
    }

    /// Appends one event's JSON as an unmasked text frame (RFC 6455 §5.2). `seq` must rise.
    mutating func append(seq: UInt64, json: UnsafeRawBufferPointer) {
        precondition(seq > headSeq, "the log's seq must rise")
        let headerBytes = json.count < 126 ? 2 : json.count < 65_536 ? 4 : 10
        let length = headerBytes + json.count
        let target = reserve(length)
        FrameLog.writeHeader(target, payloadBytes: json.count)
        if let source = json.baseAddress {
            (target + headerBytes).copyMemory(from: source, byteCount: json.count)
        }
        let chunkNumber = firstChunk + UInt32(chunks.count - 1)
        let offset = chunks[chunks.count - 1].used
        chunks[chunks.count - 1].used += length
        insert(Entry(seq: seq, chunk: chunkNumber, offset: UInt32(offset), length: UInt32(length)))
        headSeq = seq
        nextIndex += 1
        bytes += length
        trim()
    }

    private static func writeHeader(_ target: UnsafeMutableRawPointer, payloadBytes: Int) {
        target.storeBytes(of: 0x81, as: UInt8.self)
        if payloadBytes < 126 {
            target.storeBytes(of: UInt8(payloadBytes), toByteOffset: 1, as: UInt8.self)
        } else if payloadBytes < 65_536 {
            target.storeBytes(of: 126, toByteOffset: 1, as: UInt8.self)
            target.storeBytes(of: UInt16(payloadBytes).bigEndian, toByteOffset: 2, as: UInt16.self)
        } else {
            target.storeBytes(of: 127, toByteOffset: 1, as: UInt8.self)
            target.storeBytes(of: UInt64(payloadBytes).bigEndian, toByteOffset: 2, as: UInt64.self)
        }
    }

    /// Room for `length` bytes in one piece at the end of the last chunk.
    private mutating func reserve(_ length: Int) -> UnsafeMutableRawPointer {
        if let last = chunks.last, last.capacity - last.used >= length {
            return last.base + last.used
        }
        let usual = chunks.isEmpty && firstChunk == 0 ? FrameLog.chunkBytesFirst : FrameLog.chunkBytes
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

    private mutating func trim() {
        while count > entriesMax || (bytes > bytesMax && count > 1) {
            let oldest = entries[ringStart]
            baseSeq = oldest.seq
            bytes -= Int(oldest.length)
            ringStart = ringStart + 1 == entries.count ? 0 : ringStart + 1
            firstIndex += 1
            let needed = entries[ringStart].chunk
            while firstChunk < needed {
                chunks.removeFirst().base.deallocate()
                firstChunk += 1
            }
        }
    }

    /// The frames from `index` on that lie in one piece, and the index behind them.
    ///
    /// The memory is valid until the next `append`, `redact` or the log's end: send it or copy it now.
    /// - Parameter bytesMax: at most so many bytes, but always at least one frame.
    func slice(from index: UInt64, bytesMax: Int) -> (bytes: UnsafeRawBufferPointer, next: UInt64) {
        precondition(index >= firstIndex && index < nextIndex, "a slice starts at a frame that is kept")
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

    /// One whole frame and its seq. Valid as long as a slice is.
    func frame(at index: UInt64) -> (seq: UInt64, bytes: UnsafeRawBufferPointer) {
        precondition(index >= firstIndex && index < nextIndex, "only frames that are kept can be read")
        let entry = entries[position(index)]
        return (entry.seq, UnsafeRawBufferPointer(start: pointer(entry), count: Int(entry.length)))
    }

    /// The JSON inside a frame that this log wrote.
    static func json(ofFrame frame: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let marker = frame[1]
        let headerBytes = marker < 126 ? 2 : marker == 126 ? 4 : 10
        return UnsafeRawBufferPointer(rebasing: frame[headerBytes...])
    }

    /// Bytes of the frame at the start of `frames`, header included.
    static func length(ofFrame frames: UnsafeRawBufferPointer) -> Int {
        switch frames[1] {
        case 126: 4 + Int(frames[2]) << 8 + Int(frames[3])
        case 127: 10 + Int(UInt64(bigEndian: frames.loadUnaligned(fromByteOffset: 2, as: UInt64.self)))
        default: 2 + Int(frames[1])
        }
    }

    /// Which frame of a slice that began at `index` holds the byte `offset`, and where that byte lies in
    /// it: how far a short write came.
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

    /// Index of the first frame with a seq above `seq`; nil when frames between have been dropped.
    func index(after seq: UInt64) -> UInt64? {
        guard seq >= baseSeq else { return nil }
        if seq >= headSeq { return nextIndex }
        var low = firstIndex
        var high = nextIndex
        while low < high {
            let middle = low + (high - low) / 2
            if entries[position(middle)].seq > seq { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The seq up to which a reader that stands at `index` has everything; 0 where frames that it lacks were dropped: a
    /// cursor that says so gets a snapshot.
    func seqReached(at index: UInt64) -> UInt64 {
        if index < firstIndex { return 0 }
        return index < nextIndex ? entries[position(index)].seq - 1 : headSeq
    }

    /// Puts other JSON in the place of the event `seq` (a deleted message leaves the tail at once).
    /// Cursors stay valid; bytes that a connection has half sent were copied by it before.
    mutating func redact(seq: UInt64, json: UnsafeRawBufferPointer) {
        guard let index = index(after: seq - 1), index < nextIndex else { return }
        let entry = entries[position(index)]
        guard entry.seq == seq else { return }
        let headerBytes = json.count < 126 ? 2 : json.count < 65_536 ? 4 : 10
        let length = headerBytes + json.count
        let old = chunks[Int(entry.chunk - firstChunk)]
        let delta = length - Int(entry.length)
        let base = UnsafeMutableRawPointer.allocate(byteCount: max(old.capacity, old.used + delta), alignment: 16)
        let head = Int(entry.offset)
        base.copyMemory(from: old.base, byteCount: head)
        FrameLog.writeHeader(base + head, payloadBytes: json.count)
        if let source = json.baseAddress {
            (base + head + headerBytes).copyMemory(from: source, byteCount: json.count)
        }
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
}
