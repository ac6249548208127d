// WebSocketMask: the exclusive-or of client frames, by words.
// Never allocates, never needs aligned memory.

/// Masking. Source: RFC 6455 §5.3.
package enum WebSocketMask {
    /// Masks or unmasks `bytes` in place.
    ///
    /// - Parameters:
    ///   - key: the four bytes of the key, the first one lowest.
    ///   - offset: how many bytes of the payload came before `bytes`.
    package static func apply(_ bytes: UnsafeMutableRawBufferPointer, key: UInt32, offset: Int = 0) {
        guard let base = bytes.baseAddress else { return }
        let turn = UInt32(offset & 3) * 8
        let turned = turn == 0 ? key : key >> turn | key << (32 - turn)
        let word = (UInt64(turned) << 32 | UInt64(turned)).littleEndian
        let count = bytes.count
        var at = 0
        let wide = SIMD4<UInt64>(repeating: word)
        while at + 32 <= count {
            let value = base.loadUnaligned(fromByteOffset: at, as: SIMD4<UInt64>.self)
            base.storeBytes(of: value ^ wide, toByteOffset: at, as: SIMD4<UInt64>.self)
            at += 32
        }
        while at + 8 <= count {
            let value = base.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            base.storeBytes(of: value ^ word, toByteOffset: at, as: UInt64.self)
            at += 8
        }
        var rest = UInt64(littleEndian: word)
        while at < count {
            let value = base.load(fromByteOffset: at, as: UInt8.self)
            base.storeBytes(of: value ^ UInt8(truncatingIfNeeded: rest), toByteOffset: at, as: UInt8.self)
            rest >>= 8
            at += 1
        }
    }
}
