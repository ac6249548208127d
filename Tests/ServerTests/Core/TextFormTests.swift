// Tables of the small translations between text and values: paths, cursors, links, replies, response heads.

import LiveIO
import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@testable import LiveServer

@Suite struct TextFormTests {
    private static func route(_ path: String, echo: Bool = false) -> String {
        let bytes = Array(path.utf8)
        let route = bytes.withUnsafeBytes { Route(path: $0, assets: Assets(), echo: echo) }
        return switch route {
        case .asset: "asset"
        case .live(let room): "live \(room.raw)"
        case .commands(let room): "commands \(room.raw)"
        case .participants(let room): "participants \(room.raw)"
        case .record(let room): "record \(room.raw)"
        case .classes: "classes"
        case .classInfo(let code): "class \(code)"
        case .join: "join"
        case .tickets: "tickets"
        case .healthz: "healthz"
        case .readyz: "readyz"
        case .metrics: "metrics"
        case .echo: "echo"
        case .nothing: "nothing"
        }
    }

    @Test func `every path means one thing`() {
        let table = [
            ("/v1/rooms/a/b/c/live", "live a/b/c"), ("/v1/rooms/a/b/c/commands", "commands a/b/c"),
            ("/v1/rooms/a/b/c/participants", "participants a/b/c"), ("/v1/rooms/a/b/c/record", "record a/b/c"),
            ("/v1/rooms/a/b/live", "nothing"),
            ("/v1/rooms/a/b/c/d/live", "nothing"), ("/v1/rooms//b/c/live", "nothing"), ("/v1/rooms/live", "nothing"),
            ("/v1/rooms/a/b/c/live/", "nothing"), ("/v1/rooms/live/live/live/live", "live live/live/live"),
            ("/v1/classes", "classes"), ("/v1/classes/ABC234", "class ABC234"), ("/v1/classes/", "nothing"),
            ("/v1/classes/12345678901234567", "nothing"), ("/v1/join", "join"), ("/v1/tickets", "tickets"),
            ("/healthz", "healthz"),
            ("/readyz", "readyz"), ("/metrics", "metrics"), ("/echo", "nothing"), ("/", "asset"), ("/join", "asset"),
            ("/../etc/passwd", "nothing"), ("", "nothing"),
        ]
        for (path, expected) in table { #expect(Self.route(path) == expected, "\(path)") }
        #expect(Self.route("/echo", echo: true) == "echo")
    }

    @Test func `Allow names exactly the methods that a route knows`() throws {
        let room = try #require(RoomKey("a/b/c"))
        let routes: [Route] = [
            .asset(0), .live(room), .commands(room), .participants(room), .classes, .classInfo("A"), .join, .healthz,
            .readyz, .metrics, .echo,
        ]
        for route in routes {
            let named = Set(route.methods.description.split(separator: ", ").map(String.init))
            for (method, name) in [(HTTPMethod.get, "GET"), (.head, "HEAD"), (.post, "POST")] {
                #expect(route.allows(method) == named.contains(name), "\(route) \(name)")
            }
        }
    }

    @Test func `a cursor is an epoch and a number, nothing else`() {
        #expect(RoomCursor("abcdefgh.0") == RoomCursor(epoch: "abcdefgh", seq: 0))
        #expect(RoomCursor("epoch1234567.18446744073709551615")?.seq == .max)
        for text in [
            "", ".", "abcdefgh", "abcdefgh.", ".1", "abcdefg.1", "abcdefghijklmnopq.1", "abcdefgh.1.2", "abcdefgh.+1",
            "abcdefgh.-1", "abcdefgh.18446744073709551616", "ABCDEFGH.1", "abcd\u{e9}fgh.1", "abcdefgh. 1",
        ] {
            #expect(RoomCursor(text) == nil, "\(text)")
        }
    }

    @Test func `a class's code is read out of its link`() {
        let table: [(String, String?)] = [
            ("https://x.example/join#c=ABC234", "ABC234"), ("#c=A", "A"), ("/join#n=Ada&c=ABC234", "ABC234"),
            ("/join#c=ABC234&n=Ada", "ABC234"), ("/join?c=ABC234", nil), ("/join#ABC234", nil), ("", nil),
            ("#cc=A", nil), ("#" + String(repeating: "x", count: 2_048) + "&c=A", nil),
        ]
        for (link, code) in table { #expect(ClassLink.code(in: link) == code, "\(link)") }
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func `replies name what a command made`() throws {
        let id = try #require(CommandID("c1"))
        let draft = PollDraft(question: "?", kind: .single, options: ["a", "b"])
        let table: [(Command, String)] = [
            (.chatSend(text: "hi", replyTo: nil), #","message":"m7""#), (.pollOpen(draft), #","poll":"p7""#),
            (.questionAsk(text: "?", anonymous: true), #","question":"q7""#),
            (.announce(text: "a", link: nil), #","announcement":"a7""#), (.handRaise, ""), (.roomEnd, ""),
        ]
        for (command, member) in table {
            #expect(
                Self.text(ReplyEncoding.accepted(id, command, seq: 7)) == #"{"re":"c1","ok":true,"seq":7\#(member)}"#)
        }
    }

    @Test func `receipts and refusals have every member of the contract and no other`() throws {
        let id = try #require(CommandID("c1"))
        #expect(
            Self.text(
                ReplyEncoding.receipt(id, stored: true, acceptedMs: 5, choices: 0b10, several: false, duplicate: false))
                == #"{"re":"c1","ok":true,"durable":"store","accepted_ms":5,"choice":1}"#)
        #expect(
            Self.text(
                ReplyEncoding.receipt(id, stored: false, acceptedMs: 5, choices: 0b101, several: true, duplicate: true))
                == #"{"re":"c1","ok":true,"durable":"node","accepted_ms":5,"choices":[0,2],"duplicate":true}"#)
        #expect(
            Self.text(ReplyEncoding.refused(nil, Rejection(.badRequest, "a \"quote\"")))
                == #"{"re":null,"ok":false,"error":{"code":"bad_request","message":"a \"quote\""}}"#)
        #expect(
            Self.text(
                ReplyEncoding.refused("c1", Rejection(.unavailable, "later", retryAfterMs: 9, maybe: true)))
                == #"{"re":"c1","ok":false,"error":{"code":"unavailable","message":"later","#
                + #""retry_after_ms":9,"maybe":true}}"#
        )
    }

    private static func head(_ answer: HTTPAnswer, origin: String? = nil, keepAlive: Bool = true) -> String {
        var headers = ResponseHeaders()
        let buffer = ReplyBuffer()
        headers.append(answer, origin: origin, keepAlive: keepAlive, headOnly: false, nowMs: 0, to: buffer)
        return text(buffer.bytes)
    }

    @Test func `answers carry the headers of their kind`() {
        let plain = Self.head(.json(200, Array("{}".utf8)))
        #expect(plain.hasPrefix("HTTP/1.1 200 OK\r\n") && plain.hasSuffix("\r\n\r\n{}"))
        #expect(plain.contains("Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"))
        #expect(plain.contains("Content-Length: 2\r\n") && plain.contains("Cache-Control: no-store\r\n"))
        #expect(plain.contains("X-Content-Type-Options: nosniff\r\n") && !plain.contains("Access-Control"))
        let limited = Self.head(
            .problem(Rejection(.rateLimited, "slow", retryAfterMs: 1_001)), origin: "https://x.example",
            keepAlive: false)
        #expect(limited.hasPrefix("HTTP/1.1 429 ") && limited.contains("Retry-After: 2\r\n"))
        #expect(limited.contains("Access-Control-Allow-Origin: https://x.example\r\n"))
        #expect(limited.contains("Connection: close\r\n") && limited.contains("application/problem+json"))
        var unchanged = HTTPAnswer(status: 304, contentType: "text/html", body: [])
        unchanged.etag = "\"a\""
        unchanged.isAsset = true
        let bare = Self.head(unchanged)
        #expect(bare.contains("ETag: \"a\"\r\n") && bare.contains("Cache-Control: no-cache\r\n"))
        #expect(!bare.contains("\r\nContent-Type:") && bare.hasSuffix("\r\n\r\n"))
        var page = HTTPAnswer(status: 200, contentType: "text/html", body: [])
        page.isPage = true
        #expect(Self.head(page).contains("Content-Security-Policy: default-src 'none'"))
    }

    @Test func `the Date header follows the second`() {
        var headers = ResponseHeaders()
        for (nowMs, expected) in [(Int64(999), "00:00:00"), (1_000, "00:00:01"), (61_500, "00:01:01")] {
            let buffer = ReplyBuffer()
            headers.append(.json(200, []), origin: nil, keepAlive: true, headOnly: true, nowMs: nowMs, to: buffer)
            #expect(Self.text(buffer.bytes).contains("Date: Thu, 01 Jan 1970 \(expected) GMT"))
        }
    }

    @Test func `a reader's place in a log names what it has, or that it lost some`() {
        var log = FrameLog(baseSeq: 10, entriesMax: 3, bytesMax: 1 << 20)
        #expect(log.seqReached(at: 0) == 10)
        for seq in [UInt64(12), 15, 20, 21] { [UInt8(1)].withUnsafeBytes { log.append(seq: seq, json: $0) } }
        #expect(log.firstIndex == 1)
        #expect((0...4).map { log.seqReached(at: $0) } == [0, 14, 19, 20, 21])
        for index in log.firstIndex...log.nextIndex { #expect(log.index(after: log.seqReached(at: index)) == index) }
        #expect(log.index(after: log.seqReached(at: 0)) == nil, "a cursor that lost some is not recognized")
    }
}
