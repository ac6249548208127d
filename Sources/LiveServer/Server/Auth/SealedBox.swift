// Owns authenticated encryption for texts that travel in addresses: AES-256-GCM (NIST SP 800-38D) under one key with a
// random nonce each. Never decides what a text means. At most 2³² texts a key, which no node makes.

import COpenSSL

/// Seals and opens short byte strings. One a reactor, used on its thread.
struct SealedBox: ~Copyable {
    /// Random bytes of a nonce, which stands in front.
    static let nonceBytes = 12
    /// The tag, which stands at the end.
    static let tagBytes = 16
    static let overheadBytes = nonceBytes + tagBytes

    private let key: [UInt8]
    private let context: OpaquePointer

    /// A box under a key of 32 bytes.
    init(key: [UInt8]) {
        precondition(key.count == 32, "AES-256 takes a key of 32 bytes")
        guard let made = EVP_CIPHER_CTX_new() else { preconditionFailure("OpenSSL has no memory for a cipher") }
        self.key = key
        context = made
    }

    deinit { EVP_CIPHER_CTX_free(context) }

    /// `nonce` (12 bytes, never used before), then the ciphertext, then the tag.
    func seal(_ text: [UInt8], nonce: [UInt8]) -> [UInt8] {
        precondition(nonce.count == Self.nonceBytes, "a nonce of GCM holds 12 bytes")
        var sealed = [UInt8](repeating: 0, count: text.count)
        var tag = [UInt8](repeating: 0, count: Self.tagBytes)
        var count: Int32 = 0
        var rest: Int32 = 0
        var none: UInt8 = 0
        let done =
            EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1
            && EVP_EncryptUpdate(context, &sealed, &count, text, Int32(text.count)) == 1
            && EVP_EncryptFinal_ex(context, &none, &rest) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagBytes), &tag) == 1
        precondition(done && Int(count) == text.count, "OpenSSL could not seal")
        return nonce + sealed + tag
    }

    /// The text, if it was sealed under this key; nil otherwise.
    func open(_ sealed: [UInt8]) -> [UInt8]? {
        guard sealed.count > Self.overheadBytes else { return nil }
        let nonce = Array(sealed[..<Self.nonceBytes])
        let middle = Array(sealed[Self.nonceBytes..<(sealed.count - Self.tagBytes)])
        var tag = Array(sealed.suffix(Self.tagBytes))
        var text = [UInt8](repeating: 0, count: middle.count)
        var count: Int32 = 0
        var rest: Int32 = 0
        var none: UInt8 = 0
        let isWhole =
            EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1
            && EVP_DecryptUpdate(context, &text, &count, middle, Int32(middle.count)) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagBytes), &tag) == 1
            && EVP_DecryptFinal_ex(context, &none, &rest) == 1
        guard isWhole, Int(count) == middle.count else {
            ERR_clear_error()
            return nil
        }
        return text
    }
}
