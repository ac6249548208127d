// Owns what a look for keys can end with, and files with keys. The look over the network is CurlTransfer's.

import Glibc

/// What a look for keys found.
package enum KeyFetch: Sendable, Equatable {
    /// A whole answer. `lifetimeS`: how long the issuer lets it be kept, nil where it does not say.
    case fresh([UInt8], etag: String?, lifetimeS: Int?)
    /// What is known is still right (304).
    case unchanged(lifetimeS: Int?)
    case failed(KeyFetchFailure)
}

/// Why a look failed. Holds no address and nothing that the other side sent: safe to log.
package enum KeyFetchFailure: Error, Sendable, Equatable {
    /// The name stands for an address that is private, loopback or special, or plain HTTP was asked of a public one.
    case addressRefused
    /// The issuer wants us elsewhere: never followed.
    case redirected
    case status(Int)
    case tooLarge
    case timedOut
    case nameNotFound
    case notConnected
    /// The certificate is not to be trusted, or TLS broke.
    case untrusted
    /// The node is ending.
    case stopped
    /// Another of libcurl's reasons, by its number.
    case other(Int)
    /// The file can't be read or made: errno.
    case unreadable(Int32)

    /// A sentence for the log.
    package var sentence: String {
        switch self {
        case .addressRefused:
            "the address is private or special, or plain HTTP, and not listed in auth.jwks_private_addresses"
        case .redirected: "the issuer answered with a redirect, which is never followed: configure the final URL"
        case .status(let code): "the issuer answered with status \(code)"
        case .tooLarge: "the answer is longer than \(KeyLimits.setBytesMax) bytes"
        case .timedOut: "the issuer did not answer in time"
        case .nameNotFound: "the issuer's name could not be resolved"
        case .notConnected: "no connection to the issuer could be made"
        case .untrusted: "the issuer's certificate is not to be trusted, or TLS failed"
        case .stopped: "the node is ending"
        case .other(let code): "libcurl failed with code \(code)"
        case .unreadable(let code): "the file: \(String(cString: strerror(code)))"
        }
    }
}

/// Files with keys.
package enum KeyFile {
    /// Makes a file that did not exist, readable by its owner alone; nil when done.
    package static func create(_ path: String, _ bytes: [UInt8]) -> KeyFetchFailure? {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { return .unreadable(errno) }
        let isWhole =
            bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) } == bytes.count && fsync(file) == 0
        let failure = errno
        close(file)
        guard !isWhole else { return nil }
        unlink(path)
        return .unreadable(failure)
    }

    /// The file's bytes, at most those of the largest set and one more. Blocks on the disk.
    package static func read(_ path: String, bytesMax: Int = KeyLimits.setBytesMax) -> KeyFetch {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return .failed(.unreadable(errno)) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(file, &part, part.count)
            guard count >= 0 else { return .failed(.unreadable(errno)) }
            if count == 0 { return .fresh(bytes, etag: nil, lifetimeS: nil) }
            bytes += part[..<count]
            if bytes.count > bytesMax { return .failed(.tooLarge) }
        }
    }
}
