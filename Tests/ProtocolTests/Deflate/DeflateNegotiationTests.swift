// What is agreed on for each offer of permessage-deflate: RFC 7692 §7.1 and the examples of §5.1, and what the server's
// two policies take of them.
import Testing

@testable import LiveProtocol

@Suite struct `Negotiation of permessage-deflate` {
    /// The response's field, "" for none, "malformed".
    private func answer(_ lines: [String], _ policy: DeflatePolicy) -> String {
        switch withFields(lines, { DeflateNegotiation.choose($0, policy) }) {
        case .agreed(let parameters): String(decoding: parameters.field, as: UTF8.self)
        case .without: ""
        case .malformed: "malformed"
        case nil: "no head"
        }
    }

    private func withFields<R>(_ lines: [String], _ body: (HTTPFieldTable) -> R) -> R? {
        var parser = HTTPRequestParser()
        var head = HTTPRequestHead()
        let fields = lines.map { "Sec-WebSocket-Extensions: \($0)\r\n" }.joined()
        var bytes = Array("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n".utf8)
        return bytes.withUnsafeMutableBytes { buffer in
            guard case .head = parser.next(buffer, limits: HTTPLimits(), head: &head) else { return nil }
            return body(head.fields)
        }
    }

    private static let shared = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

    @Test(arguments: [
        ("permessage-deflate", shared),
        ("permessage-deflate; client_max_window_bits", shared),
        ("permessage-deflate; client_max_window_bits=9", shared),
        ("permessage-deflate; server_no_context_takeover; client_no_context_takeover", shared),
        ("permessage-deflate; server_max_window_bits=15", shared + "; server_max_window_bits=15"),
        ("permessage-deflate; server_max_window_bits=14", ""),
        ("permessage-deflate; server_max_window_bits=8", ""),
        ("permessage-deflate; server_max_window_bits=10, permessage-deflate", shared),
        ("x-webkit-deflate-frame, permessage-deflate", shared),
        ("PerMessage-Deflate; Client_Max_Window_Bits", shared),
        ("x-webkit-deflate-frame", ""),
        ("", ""), (" , ,", ""),
    ])
    func `rooms agree to frames that all can share, or to none`(offer: String, expected: String) {
        #expect(answer([offer], .shared) == expected)
    }

    @Test(arguments: [
        ("permessage-deflate", "permessage-deflate"),
        ("permessage-deflate; client_max_window_bits", "permessage-deflate"),
        ("permessage-deflate; client_max_window_bits=10", "permessage-deflate; client_max_window_bits=10"),
        ("permessage-deflate; server_max_window_bits=8", "permessage-deflate; server_max_window_bits=8"),
        ("permessage-deflate; server_max_window_bits=\"12\"", "permessage-deflate; server_max_window_bits=12"),
        ("permessage-deflate;server_no_context_takeover", "permessage-deflate; server_no_context_takeover"),
        ("permessage-deflate ; client_no_context_takeover", "permessage-deflate; client_no_context_takeover"),
        (
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=9; client_max_window_bits=11",
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=9; client_max_window_bits=11"
        ),
        // An offer that is not as it must be counts as not made; the next is looked at.
        (
            "permessage-deflate; unknown, permessage-deflate; server_max_window_bits=9",
            "permessage-deflate; server_max_window_bits=9"
        ),
    ])
    func `echo agrees to whatever is offered first`(offer: String, expected: String) {
        #expect(answer([offer], .own) == expected)
    }

    @Test(arguments: [
        "permessage-deflate; foo", "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=\"x\"", "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7", "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=08", "permessage-deflate; server_max_window_bits=+9",
        "permessage-deflate; server_max_window_bits=1\"2\"3", "permessage-deflate; client_max_window_bits=150",
        "permessage-deflate; client_max_window_bits=1", "permessage-deflate; client_max_window_bits=\"1\\0\"",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
        "permessage-deflate; client_max_window_bits=10; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
    ])
    func `an offer with a parameter that RFC 7692 does not allow is declined`(offer: String) {
        let expected = offer.contains("1\"2\"3") ? "malformed" : ""
        for policy in [DeflatePolicy.shared, .own] { #expect(answer([offer], policy) == expected) }
    }

    @Test(arguments: [
        ";", "permessage-deflate;", "permessage-deflate; =", "permessage-deflate; a=", "permessage-deflate; a=\"",
        "permessage-deflate; a=\"b", "permessage-deflate; a=\"\"", "permessage-deflate; a=\"b c\"", "a b", "a=b", "@",
        "permessage-deflate, ;", "permessage-deflate; a=\"\\\"", "permessage-deflate; a b",
    ])
    func `what is no list of extensions fails the handshake`(offer: String) {
        #expect(answer([offer], .own) == "malformed")
        #expect(answer(["permessage-deflate", offer], .shared) == "malformed")
    }

    @Test func `offers in several lines are one list in their order`() {
        #expect(answer(["foo", "permessage-deflate; server_max_window_bits=10"], .own).hasSuffix("bits=10"))
        #expect(answer(["permessage-deflate; server_max_window_bits=9", "permessage-deflate"], .shared) == Self.shared)
        #expect(answer([], .own) == "")
    }

    @Test func `every prefix and every changed byte of an offer ends in a verdict`() {
        let offer = Array("permessage-deflate; client_max_window_bits=\"10\"; server_no_context_takeover, foo".utf8)
        for at in offer.indices {
            _ = answer([String(decoding: offer[..<at], as: UTF8.self)], .own)
            for byte in [UInt8(0x22), 0x2C, 0x3B, 0x3D, 0x5C, 0x20, 0x41, 0x39] {
                var changed = offer
                changed[at] = byte
                let text = String(decoding: changed, as: UTF8.self)
                #expect(answer([text], .own) != "no head")
                let shared = answer([text], .shared)
                #expect(shared == "" || shared == "malformed" || shared.hasPrefix(Self.shared))
            }
        }
    }

    @Test(arguments: [
        ("permessage-deflate", true), ("permessage-deflate; client_max_window_bits=10", true),
        ("permessage-deflate; server_max_window_bits=10; server_no_context_takeover", true),
        ("permessage-deflate; client_max_window_bits", false), ("permessage-deflate; foo", false),
        ("permessage-deflate, permessage-deflate", false), ("foo", false), ("permessage-deflate, foo", false),
        ("permessage-deflate; server_max_window_bits=7", false), ("a b", false),
    ])
    func `a client takes an answer to its offer and nothing else`(field: String, isGood: Bool) {
        let verdict = withFields([field]) { DeflateNegotiation.check($0) }
        if isGood { #expect(verdict != .malformed && verdict != .without) } else { #expect(verdict == .malformed) }
    }

    @Test func `a client fails where the answer leaves out what it asked for`() {
        let asked = DeflateParameters(serverForgets: true, serverWindowBits: 10)
        func check(_ field: String, clientWindow: Bool = true) -> DeflateNegotiation.Verdict? {
            withFields([field]) { DeflateNegotiation.check($0, offered: asked, offersClientWindow: clientWindow) }
        }
        #expect(check("permessage-deflate; server_no_context_takeover") == .malformed)
        #expect(check("permessage-deflate; server_max_window_bits=10") == .malformed)
        #expect(check("permessage-deflate; server_no_context_takeover; server_max_window_bits=11") == .malformed)
        let good = "permessage-deflate; server_no_context_takeover; server_max_window_bits=9"
        #expect(check(good) == .agreed(DeflateParameters(serverForgets: true, serverWindowBits: 9)))
        #expect(check(good + "; client_max_window_bits=9", clientWindow: false) == .malformed)
        #expect(withFields([]) { DeflateNegotiation.check($0) } == .without)
    }
}
