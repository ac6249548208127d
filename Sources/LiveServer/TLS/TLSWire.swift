// Owns the two places between a thread's TLS sessions and its sockets: encrypted bytes that came in, and those that are
// to go out. OpenSSL reads and writes here through one BIO a session; no system call is made and nothing is kept for a
// connection. One thread's; its sessions must be gone before it.

internal import COpenSSL
internal import Glibc

/// Encrypted bytes on their way in and out of the sessions of one thread; between two calls of a session it is empty.
package final class TLSWire {
    /// Most that gathers before it is sent: a record, or the flight of a handshake with a long certificate chain.
    /// Beyond it the session fails.
    static let outputBytesMax = 256 * 1_024
    private static let outputBytesFirst = 20 * 1_024

    struct State {
        var input: UnsafeRawPointer?
        var inputCount = 0
        /// A session asked for more than there was.
        var isStarved = false
        var output: UnsafeMutableRawPointer
        var outputCount = 0
        var outputRoom: Int
    }

    let state: UnsafeMutablePointer<State>

    /// An empty wire.
    package init() {
        state = .allocate(capacity: 1)
        let room = Self.outputBytesFirst
        state.initialize(to: State(output: Self.allocate(nil, room), outputRoom: room))
    }

    deinit {
        free(state.pointee.output)
        state.deallocate()
    }

    /// Lays out what came from the peer for the next calls of one session; valid until `withdraw`.
    package func show(_ bytes: UnsafeRawBufferPointer) {
        state.pointee.input = bytes.baseAddress
        state.pointee.inputCount = bytes.count
    }

    /// Takes back what was shown.
    package func withdraw() {
        state.pointee.input = nil
        state.pointee.inputCount = 0
    }

    /// Bytes shown and not yet read by the session.
    package var inputCount: Int { state.pointee.inputCount }

    /// What a session has written; the caller sends or keeps it, then calls `clearOutput`.
    package var output: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: state.pointee.output, count: state.pointee.outputCount)
    }

    /// Forgets what was written.
    package func clearOutput() { state.pointee.outputCount = 0 }

    // MARK: What OpenSSL calls

    static func read(_ wire: UnsafeMutablePointer<State>, _ into: UnsafeMutableRawPointer, _ count: Int) -> Int {
        guard let input = wire.pointee.input, wire.pointee.inputCount > 0 else {
            wire.pointee.isStarved = true
            return 0
        }
        let taken = min(count, wire.pointee.inputCount)
        memcpy(into, input, taken)
        wire.pointee.input = input + taken
        wire.pointee.inputCount -= taken
        return taken
    }

    static func write(_ wire: UnsafeMutablePointer<State>, _ bytes: UnsafeRawPointer, _ count: Int) -> Bool {
        let needed = wire.pointee.outputCount + count
        if needed > wire.pointee.outputRoom {
            guard needed <= outputBytesMax else { return false }
            wire.pointee.outputRoom = max(needed, wire.pointee.outputRoom * 2)
            wire.pointee.output = allocate(wire.pointee.output, wire.pointee.outputRoom)
        }
        memcpy(wire.pointee.output + wire.pointee.outputCount, bytes, count)
        wire.pointee.outputCount = needed
        return true
    }

    private static func allocate(_ old: UnsafeMutableRawPointer?, _ count: Int) -> UnsafeMutableRawPointer {
        guard let block = realloc(old, count) else { preconditionFailure("no memory for \(count) encrypted bytes") }
        return block
    }
}

/// The BIO that joins sessions to their thread's wire.
struct TLSWireBIO: @unchecked Sendable {
    // Unchecked because the table of callbacks is a C pointer: filled once, before any thread makes a session, and then
    // never changed.
    private let method: OpaquePointer

    static let shared = TLSWireBIO()

    private init() {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire") else {
            preconditionFailure("no memory for OpenSSL's table of callbacks")
        }
        BIO_meth_set_read_ex(method, wireRead)
        BIO_meth_set_write_ex(method, wireWrite)
        BIO_meth_set_ctrl(method, wireControl)
        self.method = method
    }

    /// A BIO on `wire`; nil where memory is out.
    func make(_ wire: TLSWire) -> OpaquePointer? {
        guard let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, wire.state)
        return bio
    }
}

private func wireState(_ bio: OpaquePointer?) -> UnsafeMutablePointer<TLSWire.State>? {
    BIO_get_data(bio)?.assumingMemoryBound(to: TLSWire.State.self)
}

private func wireRead(
    _ bio: OpaquePointer?, _ into: UnsafeMutablePointer<CChar>?, _ count: Int, _ taken: UnsafeMutablePointer<Int>?
) -> Int32 {
    guard let wire = wireState(bio), let into else { return 0 }
    live_bio_clear_retry(bio)
    let read = TLSWire.read(wire, into, count)
    taken?.pointee = read
    if read == 0 { live_bio_retry_read(bio) }
    return read > 0 ? 1 : 0
}

private func wireWrite(
    _ bio: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ count: Int, _ taken: UnsafeMutablePointer<Int>?
) -> Int32 {
    guard let wire = wireState(bio), let bytes else { return 0 }
    live_bio_clear_retry(bio)
    guard TLSWire.write(wire, bytes, count) else { return 0 }
    taken?.pointee = count
    return 1
}

private func wireControl(
    _ bio: OpaquePointer?, _ command: Int32, _ number: Int, _ pointer: UnsafeMutableRawPointer?
) -> Int {
    // OpenSSL flushes behind a flight; nothing else concerns a wire.
    command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP ? 1 : 0
}
