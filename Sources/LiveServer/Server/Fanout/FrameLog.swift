// One view of one room on one reactor: every event as a finished WebSocket text frame, in order, in
// memory that lies in one piece as far as a send wants it. A connection is an index into this log, so
// "what is new for you" is a slice, and one slice serves everybody who stands at the same place.
//
// While somebody here reads compressed frames, each frame that comes has a compressed twin under the same
// index. Frames from before have none: their plain form serves those readers as well.
//
// Owns: the frames, their twins and their index. Never: sends, knows a connection, reads a clock.
// Limits: `entriesMax` events and `bytesMax` bytes, twins included; the oldest go first.

/// An append-only log of encoded frames with a trimmed tail.
struct FrameLog: ~Copyable {
    private var plain = FrameStore(at: 0)
    /// The compressed form of the newest frames; empty while nobody reads it.
    private var twins = FrameStore(at: 0)
    private var hasTwins = false

    /// Everything up to and including this seq has been dropped (or was never here).
    private(set) var baseSeq: UInt64
    /// Seq of the newest frame, `baseSeq` while empty.
    private(set) var headSeq: UInt64

    private let entriesMax: Int
    private let bytesMax: Int

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

    /// An empty log of the same bounds whose indices all lie beyond this one's.
    func successor(baseSeq: UInt64) -> FrameLog {
        var fresh = FrameLog(baseSeq: baseSeq, entriesMax: entriesMax, bytesMax: bytesMax)
        fresh.plain = FrameStore(at: nextIndex + 1)
        fresh.twins = FrameStore(at: nextIndex + 1)
        return fresh
    }

    /// Index of the oldest frame kept. Indices count frames from the start of this log and never fall.
    var firstIndex: UInt64 { plain.firstIndex }
    /// Index that the next frame will get: a cursor that stands here has everything.
    var nextIndex: UInt64 { plain.nextIndex }
    /// Frames kept.
    var count: Int { plain.count }
    /// Bytes of the frames kept, twins included.
    var bytes: Int { plain.bytes + twins.bytes }

    /// Appends one event's JSON as an unmasked text frame (RFC 6455 §5.2). `seq` must rise.
    mutating func append(seq: UInt64, json: UnsafeRawBufferPointer) {
        precondition(seq > headSeq, "the log's seq must rise")
        plain.append(seq: seq, payload: json)
        headSeq = seq
        trim()
    }

    private mutating func trim() {
        while count > entriesMax || (bytes > bytesMax && count > 1) { dropOldest() }
    }

    /// Drops the oldest frames until at most so many bytes are left, but keeps `eventsMin` frames, 1 or more.
    mutating func shorten(toBytes limit: Int, eventsMin: Int) {
        while bytes > limit, count > max(1, eventsMin) { dropOldest() }
    }

    private mutating func dropOldest() {
        let index = plain.firstIndex
        baseSeq = plain.entry(at: index).seq
        plain.removeFirst()
        guard hasTwins, twins.firstIndex == index else { return }
        // The newest twin goes with its frame; the store starts anew behind it.
        if twins.count > 1 { twins.removeFirst() } else { twins = FrameStore(at: index + 1) }
    }

    // MARK: Twins

    /// Somebody reads compressed frames from now on.
    mutating func beginTwins() {
        guard !hasTwins else { return }
        hasTwins = true
        twins = FrameStore(at: nextIndex)
    }

    /// Nobody reads compressed frames any more: their memory is free.
    mutating func endTwins() {
        hasTwins = false
        twins = FrameStore(at: nextIndex)
    }

    /// Gives every frame that came since the last call its twin.
    mutating func makeTwins(_ deflate: FrameDeflate) {
        guard hasTwins else { return }
        while twins.nextIndex < nextIndex {
            let index = twins.nextIndex
            let seq = plain.entry(at: index).seq
            let json = FrameLog.json(ofFrame: plain.frame(at: index))
            if deflate.compress(json) {
                deflate.payload.withUnsafeBytes { twins.append(seq: seq, payload: $0, isCompressed: true) }
            } else {
                twins.append(seq: seq, payload: json)
            }
            trim()
        }
    }

    // MARK: Reading

    /// The frames from `index` on that lie in one piece, and the index behind them.
    ///
    /// The memory is valid until the next call that changes the log: send it or copy it now.
    /// - Parameters:
    ///   - bytesMax: at most so many bytes, but always at least one frame.
    ///   - form: what the reader takes; it gets plain frames where there are no compressed ones.
    func slice(from index: UInt64, bytesMax: Int, form: FrameForm = .plain) -> FrameSlice {
        precondition(index >= firstIndex && index < nextIndex, "a slice starts at a frame that is kept")
        if form == .deflated, twins.holds(index) {
            let (bytes, next) = twins.slice(from: index, bytesMax: bytesMax)
            return FrameSlice(bytes: bytes, next: next, form: .deflated)
        }
        let (bytes, next) = plain.slice(from: index, bytesMax: bytesMax)
        return FrameSlice(bytes: bytes, next: next, form: .plain)
    }

    /// One whole plain frame and its seq. Valid as long as a slice is.
    func frame(at index: UInt64) -> (seq: UInt64, bytes: UnsafeRawBufferPointer) {
        precondition(index >= firstIndex && index < nextIndex, "only frames that are kept can be read")
        return (plain.entry(at: index).seq, plain.frame(at: index))
    }

    /// One whole frame in the form that a slice had. Valid as long as a slice is.
    func frame(at index: UInt64, form: FrameForm) -> UnsafeRawBufferPointer {
        form == .deflated ? twins.frame(at: index) : plain.frame(at: index)
    }

    /// The JSON inside a plain frame that this log wrote.
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
    /// - Parameter form: that of the slice.
    func locate(offset: Int, from index: UInt64, form: FrameForm = .plain) -> (index: UInt64, offsetInFrame: Int) {
        form == .deflated ? twins.locate(offset: offset, from: index) : plain.locate(offset: offset, from: index)
    }

    /// Index of the first frame with a seq above `seq`; nil when frames between have been dropped.
    func index(after seq: UInt64) -> UInt64? {
        guard seq >= baseSeq else { return nil }
        if seq >= headSeq { return nextIndex }
        var low = firstIndex
        var high = nextIndex
        while low < high {
            let middle = low + (high - low) / 2
            if plain.entry(at: middle).seq > seq { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The seq up to which a reader that stands at `index` has everything; 0 where frames that it lacks were dropped: a
    /// cursor that says so gets a snapshot.
    func seqReached(at index: UInt64) -> UInt64 {
        if index < firstIndex { return 0 }
        return index < nextIndex ? plain.entry(at: index).seq - 1 : headSeq
    }

    /// Puts other JSON in the place of the event `seq` (a deleted message leaves the tail at once), plain in both
    /// forms. Cursors stay valid; bytes that a connection has half sent were copied by it before.
    mutating func redact(seq: UInt64, json: UnsafeRawBufferPointer) {
        guard let index = index(after: seq - 1), index < nextIndex, plain.entry(at: index).seq == seq else { return }
        plain.replace(at: index, payload: json)
        if twins.holds(index) { twins.replace(at: index, payload: json) }
    }
}
