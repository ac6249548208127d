// Owns what the tests of encrypted connections share: certificates made once a process, a bench whose listener speaks
// TLS, and a peer of its own that can dribble, cut and change what it sends. Never waits: the test turns the bench.

import Foundation
import Glibc
import LiveTLS
import LiveTestSupport

@testable import LiveIO

/// Certificates of 127.0.0.1 and `class.example`, one a kind of key.
enum TestCertificates {
    private static let folder = TemporaryDirectory("live-certificates")

    /// ECDSA P-256, made by the product itself.
    static let ecdsa: TLSIdentityFiles = make("ecdsa") { certificate, key in
        guard let made = try? TLSSelfSigned(names: ["class.example"], addresses: ["127.0.0.1"]) else { return }
        try? Data(made.certificate).write(to: URL(fileURLWithPath: certificate))
        try? Data(made.key).write(to: URL(fileURLWithPath: key))
    }

    /// RSA 2048, made by OpenSSL's command.
    static let rsa: TLSIdentityFiles = make("rsa") { certificate, key in
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = [
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=class.example", "-addext",
            "subjectAltName=DNS:class.example,IP:127.0.0.1", "-keyout", key, "-out", certificate,
        ]
        process.standardError = FileHandle.nullDevice
        try? process.run()
        process.waitUntilExit()
    }

    private static func make(_ name: String, _ write: (_ certificate: String, _ key: String) -> Void)
        -> TLSIdentityFiles
    {
        let files = TLSIdentityFiles(certificate: folder.path(name + ".crt"), key: folder.path(name + ".key"))
        write(files.certificate, files.key)
        return files
    }

    /// A server's context with keys of its own.
    static func server(
        _ identities: [TLSIdentityFiles] = [ecdsa], least: TLSVersion = .tls12, tickets: TLSTicketKeys? = nil
    ) throws -> TLSContext {
        try TLSContext.server(
            identities: identities, least: least, tickets: tickets ?? TLSTicketKeys(rotationMs: 3_600_000))
    }

    /// A client's context that trusts the ECDSA certificate.
    static func client(resumes: Bool = false) throws -> TLSContext {
        try TLSContext.client(verification: .authorities(path: ecdsa.certificate), resumes: resumes)
    }
}

extension Bench {
    /// An encrypted peer whose handshake is done, and its id here.
    func joinEncrypted(_ client: TLSContext? = nil, receiveBuffer: Int32? = nil) throws -> (TLSPeer, ConnectionID) {
        let before = driver.accepted.count
        let peer = try TLSPeer(port: port, client ?? TestCertificates.client(), receiveBuffer: receiveBuffer)
        try turn("handshake") {
            peer.pump()
            return driver.accepted.count > before && peer.isOpen
        }
        return (peer, driver.accepted[before])
    }
}

/// The other end of an encrypted connection, on a socket of its own; `pump` moves what can move now.
final class TLSPeer {
    let raw: RawPeer
    let wire = TLSWire()
    private var session: TLSSession
    /// Plain bytes that came.
    private(set) var plain: [UInt8] = []
    /// Encrypted bytes that came.
    private(set) var received: [UInt8] = []
    /// Encrypted bytes that wait to be written.
    var outgoing: [UInt8] = []
    private(set) var isOpen = false
    private(set) var sawClose = false
    private(set) var sawEnd = false
    private(set) var fault: TLSFault?
    /// Most bytes a pump.
    var writePortion = Int.max
    var readPortion = 65_536
    var readsPerPump = 1

    init(port: UInt16, _ context: TLSContext, receiveBuffer: Int32? = nil, serverName: String = "127.0.0.1") throws {
        raw = try RawPeer(port: port, receiveBuffer: receiveBuffer)
        session = try TLSSession(client: context, serverName: serverName, wire: wire)
        note(session.handshake())
    }

    var version: String { session.version }
    var isResumed: Bool { session.isResumed }

    /// Writes what waits, reads what is there, goes on with what came.
    func pump() {
        if !outgoing.isEmpty {
            let portion = min(writePortion, outgoing.count)
            if (try? raw.write(Array(outgoing[..<portion]))) != nil { outgoing.removeFirst(portion) }
        }
        for _ in 0..<readsPerPump { readOnce() }
    }

    private func readOnce() {
        guard !sawEnd, fault == nil, let bytes = raw.readNow(readPortion) else { return }
        if bytes.isEmpty {
            sawEnd = true
            return
        }
        received += bytes
        bytes.withUnsafeBytes { shown in
            wire.show(shown)
            if !isOpen { note(session.handshake()) }
            if isOpen { read() }
            wire.withdraw()
        }
        takeOutput()
    }

    private func read() {
        var room = [UInt8](repeating: 0, count: 65_536)
        while true {
            switch room.withUnsafeMutableBytes({ session.read(into: $0) }) {
            case .bytes(let count): plain += room[..<count]
            case .needsInput: return
            case .closed:
                sawClose = true
                return
            case .failed(let fault):
                self.fault = fault
                return
            }
        }
    }

    private func note(_ progress: TLSProgress) {
        switch progress {
        case .established: isOpen = true
        case .needsInput: break
        case .failed(let fault): self.fault = fault
        }
        takeOutput()
    }

    private func takeOutput() {
        outgoing += wire.output
        wire.clearOutput()
    }

    /// Encrypts; the next pumps write it.
    func send(_ bytes: [UInt8]) {
        var at = 0
        while at < bytes.count {
            let end = min(bytes.count, at + TLSSession.recordBytesMax)
            let isWhole = bytes[at..<end].withUnsafeBytes { session.write($0) }
            precondition(isWhole, "a peer of the tests encrypts what it is told to")
            takeOutput()
            at = end
        }
    }

    /// Says that it sends no more.
    func sayClose() {
        session.close()
        takeOutput()
    }
}

/// The records of an encrypted stream, by type and length (RFC 8446 §5.1).
func records(_ bytes: [UInt8]) -> [(type: UInt8, count: Int)] {
    var found: [(UInt8, Int)] = []
    var at = 0
    while at + 5 <= bytes.count {
        let count = Int(bytes[at + 3]) << 8 | Int(bytes[at + 4])
        found.append((bytes[at], count))
        at += 5 + count
    }
    return found
}
