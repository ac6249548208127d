// What one request may cost, before and behind its head: each refusal is a step, queries and Host are bounded, a body
// is as long as its route takes it, a picture is drawn once.

import LiveIO
import LiveTestSupport
import Rooms
import Testing

@testable import LiveServer

@Suite(.serialized) struct RequestLimitTests {
    /// The status of the answer to a request as it stands.
    private func answer(_ world: CoreWorld, _ request: String) throws -> String {
        let peer = try world.peer()
        peer.send(Array(request.utf8))
        try world.until("an answer") { peer.has("\r\n\r\n") }
        return String(peer.text.prefix(12).suffix(3))
    }

    @Test func `a request that is refused at its head costs a step as any other`() throws {
        let world = try CoreWorld { $0.limits.frameRate = 100 }
        let peer = try world.peer()
        let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nOrigin: http://elsewhere.example\r\n\r\n"
        peer.send(Array(String(repeating: request, count: 13).utf8))
        func answers() -> Int { peer.text.ranges(of: "HTTP/1.1 403").count }
        try world.until("the first answers") { answers() > 0 }
        #expect(answers() == 12)
        #expect(world.cores[0].counters.throttled == 1)
        try world.until("all are answered in the end") { answers() == 13 }
    }

    @Test func `a query of so many parameters is read, one more is 400`() throws {
        let world = try CoreWorld()
        func query(_ count: Int) -> String {
            "GET /healthz?" + [String](repeating: "+", count: count).joined(separator: "&")
                + " HTTP/1.1\r\nHost: localhost\r\n\r\n"
        }
        #expect(try answer(world, query(64)) == "200")
        #expect(try answer(world, query(65)) == "400")
    }

    @Test func `a body is as long as its route takes it: data, one object, or none`() throws {
        let world = try CoreWorld {
            $0.limits.bodyBytes = 4_096
            $0.limits.frameBytes = 2_048
            $0.features.echo = true
        }
        func send(_ method: String, _ path: String, _ bytes: Int) throws -> String {
            try answer(
                world,
                "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(bytes)\r\n\r\n"
                    + String(repeating: "x", count: bytes))
        }
        #expect(try send("POST", "/echo", 4_096) == "200")
        #expect(try send("POST", "/echo", 4_097) == "413")
        for path in ["/v1/join", "/v1/classes"] {
            #expect(try send("POST", path, 2_048) == "400", "read, and no JSON")
            #expect(try send("POST", path, 2_049) == "413")
        }
        for path in ["/healthz", "/", "/v1/classes/ABCDEF", "/v1/rooms/a/b/c/live"] {
            #expect(try send("GET", path, 0) != "413")
            #expect(try send("GET", path, 1) == "413")
        }
        #expect(try send("OPTIONS", "/healthz", 1) == "413")
    }

    @Test func `nothing is kept of a body whose sender has no good token, and the connection goes on`() throws {
        let world = try CoreWorld()
        let room = try world.room()
        let core = world.cores[0]
        for (field, isKept) in [
            ("", false), ("Authorization: Bearer bad\r\n", false),
            ("Authorization: Bearer \(try world.token("ada"))\r\n", true),
        ] {
            let requests = core.counters.requests
            let peer = try world.peer()
            let head = "POST /v1/rooms/\(room.raw)/commands HTTP/1.1\r\nHost: localhost\r\n\(field)"
            peer.send(Array((head + "Content-Length: 16000\r\n\r\n").utf8) + [UInt8](repeating: 0x20, count: 15_999))
            try world.until("its head is read") { core.counters.requests == requests + 1 }
            for _ in 0..<5 { world.turn() }
            #expect((core.sessions.at(0).pointee.exchange?.body.count ?? 0) == (isKept ? 15_999 : 0))
            peer.send([0x20])
            try world.until("it is answered") { peer.has(isKept ? "400 " : "401 ") }
            peer.get("/healthz")
            try world.until("the next one is answered") { peer.has("200 OK") }
            peer.close()
            try world.until("it is over") { world.node.gauges.connections == 0 }
        }
    }

    @Test func `a path where nothing is says so before a body comes`() throws {
        let world = try CoreWorld()
        let head = "POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
        #expect(try answer(world, head) == "404")
    }

    @Test func `a Host of the longest size is taken, one byte more is 400`() throws {
        let world = try CoreWorld()
        func host(_ bytes: Int) -> String {
            "GET /healthz HTTP/1.1\r\nHost: \(String(repeating: "h", count: bytes))\r\n\r\n"
        }
        #expect(try answer(world, host(259)) == "200")
        #expect(try answer(world, host(260)) == "400")
    }

    @Test func `the picture of a link is drawn once, and only so many are kept`() {
        var pictures = LinkPictures()
        let first = pictures.picture(of: "https://a.example/join#c=ABCDEF")
        #expect(first == QRCode.svg("https://a.example/join#c=ABCDEF"))
        #expect(pictures.picture(of: "https://a.example/join#c=ABCDEF") == first && pictures.drawn == 1)
        for number in 0..<LinkPictures.countMax { _ = pictures.picture(of: "l\(number)") }
        _ = pictures.picture(of: "https://a.example/join#c=ABCDEF")
        #expect(pictures.drawn == LinkPictures.countMax + 2)
        #expect(pictures.picture(of: "") == nil)
    }
}
