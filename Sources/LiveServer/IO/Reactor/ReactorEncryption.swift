// Owns what the encrypted connections of one reactor share: the wire to OpenSSL, the buffer for encrypted input, the
// context for newcomers, and the queue of those whose handshake is to begin. And what one connection has of TLS.

internal import Glibc
package import LiveTLS

/// How a connection that we make is to be encrypted.
package struct TLSClient: Sendable {
    /// Verification, versions, tickets.
    package let context: TLSContext
    /// Host name or address literal of the server.
    package let serverName: String

    /// TLS with `context`, to a server of this name.
    package init(context: TLSContext, serverName: String) {
        self.context = context
        self.serverName = serverName
    }
}

/// TLS of one connection: from the first bytes of its handshake until its close_notify is made.
final class TLSLink {
    var session: TLSSession
    let isClient: Bool
    /// The costly part of the handshake is done, or never ours: what comes needs no turn.
    var isPastKeyExchange: Bool
    /// The peer's close_notify came together with bytes that are not served yet.
    var endIsDue = false
    /// Then: the round in which the driver last took some of them.
    var servedInRound = UInt64.max
    /// Bytes of answers to its input that were written while it took none.
    var unreadAnswers: UInt32 = 0
    /// Plain bytes that the driver of a client left to be sent when the handshake is over.
    var early: Outbox?

    init(_ session: consuming TLSSession, isClient: Bool) {
        self.session = session
        self.isClient = isClient
        isPastKeyExchange = isClient
    }

    deinit { early?.free() }
}

/// What the encrypted connections of one reactor share; its thread's only.
final class ReactorEncryption {
    /// Bytes of one read of encrypted input. Half of what a plain read takes: decrypting it, in records of one byte at
    /// worst, must not hold up the others.
    static let inputBytes = 32 * 1_024
    /// The least that is read, so that a record never waits for the driver to make room.
    static let inputBytesLeast = 17 * 1_024
    /// What decrypted bytes may take beyond the read buffer: the least read, and the part of a record that came before.
    static let readSlackBytes = inputBytesLeast + TLSSession.recordBytesMax + TLSSession.recordOverheadMax

    let wire = TLSWire()
    let input: UnsafeMutableRawBufferPointer
    /// Where two buffers become one record.
    private let joined: UnsafeMutableRawBufferPointer
    /// What newcomers get.
    var server: TLSContext?

    init() {
        input = .allocate(byteCount: Self.inputBytes, alignment: 64)
        joined = .allocate(byteCount: TLSSession.recordBytesMax, alignment: 64)
    }

    deinit {
        input.deallocate()
        joined.deallocate()
    }

    /// The next record's plain bytes of two buffers, from `offset` on.
    func piece(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer, from offset: Int
    ) -> UnsafeRawBufferPointer {
        let count = min(first.count + second.count - offset, TLSSession.recordBytesMax)
        if offset + count <= first.count { return UnsafeRawBufferPointer(rebasing: first[offset..<offset + count]) }
        if offset >= first.count {
            let start = offset - first.count
            return UnsafeRawBufferPointer(rebasing: second[start..<start + count])
        }
        let head = UnsafeRawBufferPointer(rebasing: first[offset...])
        joined.copyMemory(from: head)
        let tail = UnsafeRawBufferPointer(rebasing: second[..<(count - head.count)])
        UnsafeMutableRawBufferPointer(rebasing: joined[head.count...]).copyMemory(from: tail)
        return UnsafeRawBufferPointer(rebasing: joined[..<count])
    }
}

/// Connections in the order in which they spoke.
struct HandshakeQueue {
    private var ids: [ConnectionID] = []
    private var first = 0
    /// Places given up before the rest is moved over them.
    private static let spentMax = 1_024

    var count: Int { ids.count - first }
    var isEmpty: Bool { first == ids.count }

    mutating func append(_ id: ConnectionID) { ids.append(id) }

    mutating func popFirst() -> ConnectionID? {
        guard first < ids.count else { return nil }
        defer {
            first += 1
            if first == ids.count {
                ids.removeAll(keepingCapacity: true)
                first = 0
            } else if first >= Self.spentMax, first * 2 >= ids.count {
                ids.removeFirst(first)
                first = 0
            }
        }
        return ids[first]
    }
}
