// Owns what the reactor keeps of one connection: 56 bytes, with the slab's head 64. An idle plain connection owns
// nothing else: kept input and outbox are heap blocks only while they hold bytes.

internal import CLinux
internal import Glibc

/// Where a connection stands.
enum ConnectionPhase: UInt8 {
    /// connect has begun; not yet writable.
    case connecting
    /// TLS is being agreed upon; the driver of a server does not know of the connection yet.
    case handshaking
    /// Both ways open.
    case open
    /// Closing: the outbox still drains, input is discarded.
    case draining
    /// Our FIN is sent; input is discarded until the peer's.
    case lingering
    /// On the list of ends; nothing happens any more.
    case ended
}

/// One connection's state; the reactor's thread only.
struct ConnectionSlot {
    let descriptor: Int32
    /// Events that epoll watches for now.
    var interest: UInt32 = 0
    var phase: ConnectionPhase
    /// Reads reach the driver (or, when closing, the floor).
    var isReading = true
    /// The kernel had no room, or the outbox holds bytes: EPOLLOUT is watched.
    var isBlocked = false
    /// The peer's FIN was read.
    var sawEnd = false
    /// The driver's deadline, that of a handshake, or the closing one.
    var timer: TimerHandle?
    /// Two marks in one byte: the slot is full.
    private var marks: UInt8 = 0
    /// The driver knows of the connection, and is told its end.
    var isTold = true
    /// While closing: what the looks at it found.
    var drain = DrainProgress()
    /// Input that the driver did not consume: exactly `keptCount` bytes, malloc'd; nil for none.
    var kept: UnsafeMutableRawPointer?
    var keptCount: UInt32 = 0
    /// Valid in `.ended`: why.
    var end = CompactEnd(.closed)
    /// As it goes to the kernel: encrypted, where the connection is.
    var outbox: Outbox?
    /// Nil for a plain connection, and where TLS has not begun or is over.
    var tls: TLSLink?

    init(descriptor: Int32, phase: ConnectionPhase) {
        self.descriptor = descriptor
        self.phase = phase
    }

    /// On the list of connections whose handshake is to begin.
    var isQueued: Bool {
        get { marks & 1 != 0 }
        set { marks = newValue ? marks | 1 : marks & ~1 }
    }

    /// Watched in the lobby: the driver has not admitted it yet.
    var isNewcomer: Bool {
        get { marks & 2 != 0 }
        set { marks = newValue ? marks | 2 : marks & ~2 }
    }

    /// The driver may set a deadline, hold back reading and leave bytes to be sent.
    var isDriven: Bool { phase == .open || phase == .connecting || (phase == .handshaking && isTold) }

    /// Gives up kept input, outbox and TLS.
    mutating func freeBuffers() {
        free(kept)
        kept = nil
        keptCount = 0
        outbox?.free()
        outbox = nil
        tls = nil
    }
}

/// How a closing connection gets rid of its outbox, in one byte: looked at each `drainMs`.
struct DrainProgress {
    /// The lowest bit: something was taken since the last look. Above it the looks so far.
    private var bits: UInt8 = 0

    /// The peer took something.
    mutating func noteTaken() { bits |= 1 }

    /// Whether the peer gets another while: it took something since the last look, and this is not the last of them.
    mutating func goesOn(looksMax: UInt8) -> Bool {
        guard bits & 1 == 1, bits >> 1 < min(looksMax, 127) else { return false }
        bits = (bits >> 1 + 1) << 1
        return true
    }
}

/// A `ConnectionEnd` in four bytes.
struct CompactEnd {
    private let code: Int32

    init(_ end: ConnectionEnd) {
        switch end {
        case .closed: code = -1
        case .peerClosed: code = -2
        case .peerReset: code = -3
        case .timedOut: code = -4
        case .failed(let errno): code = errno
        }
    }

    var full: ConnectionEnd {
        switch code {
        case -1: .closed
        case -2: .peerClosed
        case -3: .peerReset
        case -4: .timedOut
        default: .failed(errno: code)
        }
    }
}

/// Bytes that must go out before anything else on a connection: one malloc'd block, a head and then the bytes.
///
/// Exists only while it holds bytes. Grows by doubling; what was sent is skipped, and moved over before growing.
struct Outbox {
    private struct Head {
        var start: Int
        var end: Int
        var capacity: Int
    }

    private var block: UnsafeMutableRawPointer

    /// Room of a first block: a control frame or the rest of a cut one.
    private static let smallestBytes = 232

    /// A block with a copy of `bytes`.
    init(_ bytes: UnsafeRawBufferPointer) {
        let capacity = max(Self.smallestBytes, bytes.count)
        block = Self.allocate(nil, capacity)
        head.initialize(to: Head(start: 0, end: 0, capacity: capacity))
        append(bytes)
    }

    private var head: UnsafeMutablePointer<Head> { block.assumingMemoryBound(to: Head.self) }
    private var base: UnsafeMutableRawPointer { block + MemoryLayout<Head>.size }

    /// What is still to be sent.
    var waiting: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + head.pointee.start, count: count)
    }

    var count: Int { head.pointee.end - head.pointee.start }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        if head.pointee.end + bytes.count > head.pointee.capacity { makeRoom(bytes.count) }
        memcpy(base + head.pointee.end, source, bytes.count)
        head.pointee.end += bytes.count
    }

    mutating func removeFirst(_ sent: Int) { head.pointee.start += sent }

    func free() { Glibc.free(block) }

    private mutating func makeRoom(_ more: Int) {
        let count = count
        if head.pointee.start > 0 {
            memmove(base, base + head.pointee.start, count)
            head.pointee.start = 0
            head.pointee.end = count
        }
        guard count + more > head.pointee.capacity else { return }
        let capacity = max(count + more, head.pointee.capacity * 2)
        block = Self.allocate(block, capacity)
        head.pointee.capacity = capacity
    }

    private static func allocate(_ old: UnsafeMutableRawPointer?, _ capacity: Int) -> UnsafeMutableRawPointer {
        guard let block = realloc(old, MemoryLayout<Head>.size + capacity) else {
            preconditionFailure("no memory for \(capacity) bytes to send")
        }
        return block
    }
}
