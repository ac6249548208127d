// Owns the keys that session tickets are sealed with: shared by all reactors, renewed by time, the one before accepted
// until the next renewal. Never leaves the process's memory, so a restart makes every ticket a full handshake. Time is
// an argument; whoever handshakes tells it.

internal import COpenSSL
internal import Glibc
internal import Synchronization

/// What seals and opens session tickets (RFC 5077 §4: AES-256-CBC and HMAC-SHA256 under a named key).
package final class TLSTicketKeys: Sendable {
    private struct Key {
        var name: [UInt8]
        var cipher: [UInt8]
        var mac: [UInt8]

        static func fresh() -> Key? {
            var bytes = [UInt8](repeating: 0, count: 16 + 32 + 32)
            guard RAND_bytes(&bytes, Int32(bytes.count)) == 1 else { return nil }
            return Key(name: Array(bytes[..<16]), cipher: Array(bytes[16..<48]), mac: Array(bytes[48...]))
        }
    }

    private struct State {
        var current: Key
        var previous: Key?
        var sinceMs: UInt64?
    }

    /// How long a key seals new tickets, in milliseconds; it opens them for as long again.
    package let rotationMs: UInt64
    private let state: Mutex<State>

    /// Fresh keys that are renewed each `rotationMs`.
    package init(rotationMs: UInt64) throws(TLSFailure) {
        precondition(rotationMs > 0, "a ticket key is good for some time")
        guard let key = Key.fresh() else { throw TLSFailure(takingFromQueue: "a random ticket key") }
        self.rotationMs = rotationMs
        state = Mutex(State(current: key))
    }

    /// Longest validity of a ticket in seconds: it is sealed at the earliest when its key is new.
    package var lifetimeS: Int { Int(rotationMs / 1_000) * 2 }

    /// Tells the time, monotonic: renews the key where it is old enough. Any thread.
    package func advance(nowMs: UInt64) {
        state.withLock { state in
            guard let since = state.sinceMs else {
                state.sinceMs = nowMs
                return
            }
            guard nowMs >= since + rotationMs, let fresh = Key.fresh() else { return }
            // After a pause of two periods both keys are older than any ticket may be.
            state.previous = nowMs >= since + 2 * rotationMs ? nil : state.current
            state.current = fresh
            state.sinceMs = nowMs
        }
    }

    // MARK: What OpenSSL calls (SSL_CTX_set_tlsext_ticket_key_evp_cb(3))

    /// Prepares sealing a ticket; 1, or -1 where that fails.
    func seal(
        name: UnsafeMutablePointer<UInt8>, iv: UnsafeMutablePointer<UInt8>, cipher: OpaquePointer, mac: OpaquePointer
    ) -> Int32 {
        let key = state.withLock { $0.current }
        guard RAND_bytes(iv, 16) == 1 else { return -1 }
        for (index, byte) in key.name.enumerated() { name[index] = byte }
        guard EVP_EncryptInit_ex2(cipher, EVP_aes_256_cbc(), key.cipher, iv, nil) == 1,
            live_mac_start(mac, key.mac, key.mac.count) == 1
        else { return -1 }
        return 1
    }

    /// Prepares opening a ticket; 1, 2 where it is to be renewed, 0 for a key that is not ours any more, -1 for
    /// failure.
    func open(
        name: UnsafeMutablePointer<UInt8>, iv: UnsafeMutablePointer<UInt8>, cipher: OpaquePointer, mac: OpaquePointer
    ) -> Int32 {
        let named = UnsafeBufferPointer(start: name, count: 16)
        let found = state.withLock { state -> (key: Key, isOld: Bool)? in
            if named.elementsEqual(state.current.name) { return (state.current, false) }
            guard let previous = state.previous, named.elementsEqual(previous.name) else { return nil }
            return (previous, true)
        }
        guard let found else { return 0 }
        guard EVP_DecryptInit_ex2(cipher, EVP_aes_256_cbc(), found.key.cipher, iv, nil) == 1,
            live_mac_start(mac, found.key.mac, found.key.mac.count) == 1
        else { return -1 }
        return found.isOld ? 2 : 1
    }
}
