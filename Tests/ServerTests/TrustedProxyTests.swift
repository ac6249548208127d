// Whom a node believes about the address of a peer: ranges, the reading of X-Forwarded-For, and that limits per address
// count whom the proxy speaks for and nobody else.

import LiveIO
import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@testable import LiveServer

@Suite(.serialized) struct TrustedProxyTests {
    private func client(_ proxies: TrustedProxies, _ lists: [String]) -> String? {
        let bytes = lists.map { Array($0.utf8) }
        func read(_ at: Int, _ views: [UnsafeRawBufferPointer]) -> [UInt8]? {
            guard at < bytes.count else { return proxies.client(views) }
            return bytes[at].withUnsafeBytes { read(at + 1, views + [$0]) }
        }
        return read(0, [])?.map { String($0) }.joined(separator: ".")
    }

    @Test func `ranges hold their addresses and no others`() throws {
        let proxies = try TrustedProxies(["10.0.0.0/9", "192.0.2.1", "2001:db8::/33", "0.0.0.0/32"])
        #expect(proxies.contains([10, 0, 0, 1]) && proxies.contains([10, 127, 255, 255]))
        #expect(!proxies.contains([10, 128, 0, 0]) && !proxies.contains([11, 0, 0, 1]))
        #expect(proxies.contains([192, 0, 2, 1]) && !proxies.contains([192, 0, 2, 2]))
        let mapped = [UInt8](repeating: 0, count: 10) + [255, 255, 10, 1, 2, 3]
        #expect(proxies.contains(mapped), "IPv4 in IPv6")
        let six: [UInt8] = [0x20, 1, 0xD, 0xB8, 0x7F] + [UInt8](repeating: 1, count: 11)
        #expect(proxies.contains(six))
        #expect(!proxies.contains([0x20, 1, 0xD, 0xB8, 0x80] + [UInt8](repeating: 1, count: 11)))
        for bad in ["10.0.0.0/33", "10.0.0.1/8", "::/129", "proxy", "", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0.0/-1"] {
            #expect(throws: TrustedProxies.EntryError(entry: bad)) { _ = try TrustedProxies([bad]) }
        }
        #expect(try TrustedProxies(["0.0.0.0/0"]).contains([1, 2, 3, 4]))
    }

    @Test func `X-Forwarded-For is read from the right as far as its writers are believed`() throws {
        let proxies = try TrustedProxies(["10.0.0.0/8"])
        #expect(client(proxies, ["203.0.113.5"]) == "203.0.113.5")
        #expect(client(proxies, ["1.1.1.1, 203.0.113.5, 10.0.0.2"]) == "203.0.113.5", "what stands left was made up")
        #expect(client(proxies, ["1.1.1.1", "203.0.113.5 , 10.0.0.2"]) == "203.0.113.5", "several lines are one list")
        #expect(client(proxies, ["203.0.113.5:443"]) == "203.0.113.5")
        #expect(client(proxies, ["[2001:db8::1]:443"])?.hasPrefix("32.1.13.184.") == true)
        #expect(client(proxies, ["2001:db8::1"])?.hasPrefix("32.1.13.184.") == true)
        #expect(client(proxies, ["unknown, 10.0.0.9"]) == "10.0.0.9", "the nearest that can be read")
        #expect(client(proxies, ["nonsense"]) == nil && client(proxies, []) == nil)
        #expect(client(proxies, [Array(repeating: "10.0.0.1", count: 40).joined(separator: ",")]) == "10.0.0.1")
    }

    private func attempt(_ world: CoreWorld, _ room: RoomKey, _ fields: [String]) throws -> String {
        let peer = try world.peer()
        peer.get("/v1/rooms/\(room.raw)/live", ["Authorization: Bearer bad"] + fields)
        try world.until("an answer") { peer.has("\r\n\r\n") }
        return String(peer.text.prefix(12).suffix(3))
    }

    @Test func `failed attempts count for whom a trusted proxy speaks for`() throws {
        let world = try CoreWorld {
            $0.limits.addressFailures = 1
            $0.trustedProxies = ["127.0.0.0/8"]
        }
        let room = try world.room()
        #expect(try attempt(world, room, ["X-Forwarded-For: 203.0.113.1"]) == "401")
        #expect(try attempt(world, room, ["X-Forwarded-For: 203.0.113.1"]) == "429")
        #expect(try attempt(world, room, ["X-Forwarded-For: 203.0.113.2"]) == "401", "another person")
        #expect(try attempt(world, room, ["X-Forwarded-For: 2001:db8:0:1::5"]) == "401")
        #expect(try attempt(world, room, ["X-Forwarded-For: 2001:db8:0:1::6"]) == "429", "the same /64")
        #expect(try attempt(world, room, ["X-Forwarded-For: 2001:db8:0:2::5"]) == "401")
        #expect(try attempt(world, room, []) == "401", "the proxy itself")
    }

    @Test func `who is not on the list is not believed`() throws {
        let world = try CoreWorld { $0.limits.addressFailures = 1 }
        let room = try world.room()
        #expect(try attempt(world, room, ["X-Forwarded-For: 203.0.113.1"]) == "401")
        #expect(try attempt(world, room, ["X-Forwarded-For: 203.0.113.2"]) == "429")
    }

    @Test func `a PROXY header says who it is, and one that is missing ends the connection`() throws {
        let world = try CoreWorld {
            $0.limits.addressFailures = 1
            $0.trustedProxies = ["127.0.0.0/8"]
            $0.listen.proxyProtocol = true
        }
        let room = try world.room()
        func attempt(_ header: [UInt8], cut: Int? = nil) throws -> String {
            let peer = try world.peer()
            if let cut {
                peer.send(Array(header[..<cut]))
                for _ in 0..<3 { world.turn() }
                peer.send(Array(header[cut...]))
            } else {
                peer.send(header)
            }
            peer.get("/v1/rooms/\(room.raw)/live", ["Authorization: Bearer bad", "X-Forwarded-For: 9.9.9.9"])
            try world.until("an answer or the end") { peer.has("\r\n\r\n") || peer.isOver }
            return peer.text.isEmpty ? "ended" : String(peer.text.prefix(12).suffix(3))
        }
        let line = Array("PROXY TCP4 203.0.113.1 127.0.0.1 5000 80\r\n".utf8)
        #expect(try attempt(line) == "401")
        #expect(try attempt(line, cut: 20) == "429", "the same person; X-Forwarded-For of nobody known is nothing")
        let binary: [UInt8] =
            Array("\r\n\r\n\0\r\nQUIT\n".utf8) + [0x21, 0x11, 0, 12, 203, 0, 113, 9, 127, 0, 0, 1, 1, 1, 0, 80]
        #expect(try attempt(binary, cut: 3) == "401")
        #expect(try attempt([]) == "ended", "no header, no service")
    }
}
