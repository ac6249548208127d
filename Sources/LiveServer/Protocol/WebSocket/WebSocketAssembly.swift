// WebSocketAssembly: one message that arrives in pieces.
// Never reserves what the peer only announced: memory follows the bytes that came. Linear in the message's size.
import Glibc

/// A message under way. Thread: that of the decoder which owns it.
final class WebSocketAssembly {
    /// The first block: most messages that are split at all fit.
    private static let firstBytes = 4 << 10

    let isText: Bool
    let isCompressed: Bool
    /// The message was handed out; its decoder frees it on the next call.
    var isDelivered = false
    /// Payload bytes that the frame under way still needs.
    private(set) var remaining = 0
    private(set) var count = 0
    /// Frames that have begun.
    private(set) var frames = 0
    private var isFinal = false
    private var mask: UInt32 = 0
    /// Bytes of the frame taken so far, modulo 4.
    private var phase = 0
    private var utf8 = UTF8Validator()
    private var storage: UnsafeMutableRawPointer?
    private var capacity = 0

    /// - Parameter header: that of the message's first frame.
    init(_ header: WebSocketHeader) {
        isText = header.opcode == .text
        isCompressed = header.isCompressed
    }

    deinit { free(storage) }

    var isComplete: Bool { isFinal && remaining == 0 }

    /// The message so far.
    var message: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: storage, count: count) }

    /// The next frame of the message begins.
    func begin(_ header: WebSocketHeader) {
        frames += 1
        remaining = header.payloadBytes
        isFinal = header.isFinal
        mask = header.mask
        phase = 0
    }

    /// Takes what `bytes` hold of the frame, unmasking them in place; returns how many that were.
    func take(_ bytes: UnsafeMutableRawBufferPointer) throws(WebSocketFailure) -> Int {
        let taken = min(remaining, bytes.count)
        let piece = UnsafeMutableRawBufferPointer(rebasing: bytes[..<taken])
        if mask != 0 { WebSocketMask.apply(piece, key: mask, offset: phase) }
        phase = (phase + taken) & 3
        remaining -= taken
        if isText, !isCompressed {
            guard utf8.accept(UnsafeRawBufferPointer(piece)), !isComplete || utf8.isComplete else {
                throw WebSocketFailure(1007, "text is not UTF-8")
            }
        }
        append(UnsafeRawBufferPointer(piece))
        return taken
    }

    private func append(_ piece: UnsafeRawBufferPointer) {
        guard let source = piece.baseAddress, !piece.isEmpty else { return }
        if count + piece.count > capacity {
            capacity = max(Self.firstBytes, max(capacity * 2, count + piece.count))
            storage = realloc(storage, capacity)
        }
        guard let storage else { preconditionFailure("out of memory for a message") }
        (storage + count).copyMemory(from: source, byteCount: piece.count)
        count += piece.count
    }
}
