// Owns the checks of socket addresses and listeners: which literals are taken, what is printed, what is loopback. Never
// resolves a name.

import Glibc
import LiveTestSupport
import Testing

@testable import LiveIO

@Suite struct AddressTests {
    private func peer(_ host: String) throws -> PeerAddress {
        PeerAddress(try #require(SocketAddress(host: host, port: 443)).storage)
    }

    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1", true), ("127.9.8.7", "127.9.8.7", true), ("10.1.2.3", "10.1.2.3", false),
        ("255.255.255.255", "255.255.255.255", false), ("::1", "::1", true), ("[::1]", "::1", true),
        ("2001:db8:0:0:0:0:0:5", "2001:db8::5", false), ("::ffff:127.0.0.1", "127.0.0.1", true),
        ("::ffff:192.0.2.1", "192.0.2.1", false), ("::", "::", false),
    ])
    func `an address prints in canonical form and knows loopback`(host: String, text: String, loopback: Bool) throws {
        let peer = try peer(host)
        #expect(peer.text == text)
        #expect(peer.isLoopback == loopback)
        #expect(peer.port == 443)
    }

    @Test(arguments: ["", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "::g", "[::1", "example.org", " 127.0.0.1"])
    func `what is not a literal is refused`(host: String) {
        #expect(SocketAddress(host: host, port: 1) == nil)
        #expect(throws: IOFailure.self) { _ = try Listener.tcp(host: host, port: 0, reusePort: false) }
    }

    @Test func `limits count an IPv4 address whole and an IPv6 one by its network`() throws {
        #expect(try peer("192.0.2.1").limitKey == peer("::ffff:192.0.2.1").limitKey)
        #expect(try peer("192.0.2.1").limitKey != peer("192.0.2.2").limitKey)
        #expect(try peer("2001:db8::1").limitKey == peer("2001:db8::ffff:1").limitKey)
        #expect(try peer("2001:db8::1").limitKey != peer("2001:db8:1::1").limitKey)
    }

    @Test func `a listener names the port that the kernel chose, and shares it only when asked`() throws {
        let first = try Listener.tcp(host: "127.0.0.1", port: 0, reusePort: true)
        #expect(first.port != 0)
        let second = try Listener.tcp(host: "127.0.0.1", port: first.port, reusePort: true)
        #expect(second.port == first.port)
        let failure = #expect(throws: IOFailure.self) {
            _ = try Listener.tcp(host: "127.0.0.1", port: first.port, reusePort: false)
        }
        #expect(failure?.errno == EADDRINUSE)
        #expect(failure?.description.contains("bind") == true)
    }

    @Test func `a Unix socket's path must fit`() throws {
        let folder = TemporaryDirectory()
        #expect(SocketAddress(unixPath: "") == nil)
        #expect(SocketAddress(unixPath: String(repeating: "x", count: 108)) == nil)
        let listener = try Listener.unix(path: folder.path("socket"))
        #expect(listener.port == 0)
    }
}
