// What the client takes, which version it has, dates, and queries.
import Foundation
import Testing

@testable import LiveProtocol

/// Calls `body` with the bytes of `text`.
func withBytes<Result>(_ text: String, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try Array(text.utf8).withUnsafeBytes(body)
}

@Suite struct `HTTP negotiation` {
    @Test(arguments: [
        ("*", true), ("\"a\"", true), ("W/\"a\"", true), ("\"b\", \"a\"", true), ("\"b\",W/\"a\" ", true),
        ("\"b\"", false),
        ("", false), ("a", false), ("\"a", false), ("\"A\"", false), ("\"b\" x \"a\"", false), ("\"a,b\"", false),
        ("\"x,\"a\"", false), (" * ", true), ("*,", false),
    ])
    func `If-None-Match compares weakly`(value: String, matches: Bool) {
        for tag in ["\"a\"", "W/\"a\""] {
            #expect(withBytes(value) { HTTPETag.ifNoneMatch($0, names: Array(tag.utf8)) } == matches)
        }
    }

    @Test(arguments: [
        ("gzip", "gzip", 1000), ("gzip;q=0.5", "gzip", 500), ("gzip;q=0", "gzip", 0),
        ("br, GZIP ; Q=0.123", "gzip", 123),
        ("*", "gzip", 1000), ("*;q=0.1", "gzip", 100), ("gzip;q=0, *", "gzip", 0), ("br", "gzip", 0), ("", "gzip", 0),
        ("gzip;q=2", "gzip", 0), ("gzip;q=", "gzip", 0), ("gzip;q=1.0001", "gzip", 0), ("gzip;q=1.001", "gzip", 0),
        ("gzip;q=1.000", "gzip", 1000), ("gzip;q=.5", "gzip", 0), ("identity;q=0", "identity", 0),
        ("*;q=0", "identity", 0),
        ("gzip", "identity", 1), ("xgzip", "gzip", 0), ("gzip;q=0.5;q=1", "gzip", 500),
    ])
    func `a coding has its weight`(value: String, coding: String, weight: Int) {
        let found = withBytes(value) {
            coding == "gzip" ? HTTPAccept.encodingWeight("gzip", in: $0) : HTTPAccept.encodingWeight("identity", in: $0)
        }
        #expect(found == weight)
    }

    @Test func `without the field only identity is taken, and every type`() {
        #expect(HTTPAccept.encodingWeight("gzip", in: nil) == 0)
        #expect(HTTPAccept.encodingWeight("identity", in: nil) == 1000)
        #expect(HTTPAccept.typeWeight("text/event-stream", in: nil) == 1000)
        #expect(!HTTPAccept.names("text/event-stream", in: nil))
    }

    @Test(arguments: [
        ("text/event-stream", 1000, true), ("*/*", 1000, false), ("text/*;q=0.5", 500, false), ("text/html", 0, false),
        ("text/event-stream;q=0, */*", 0, false), ("*/*;q=0.1, text/*;q=0.2, TEXT/Event-Stream;q=0.3", 300, true),
        ("text/*, */*;q=0", 1000, false), ("text/event-stream;charset=utf-8;q=0.7", 700, true), ("texts/*", 0, false),
        ("text", 0, false), ("*", 0, false), ("text/event-stream-x", 0, false),
    ])
    func `the most specific media range counts`(value: String, weight: Int, isNamed: Bool) {
        withBytes(value) {
            #expect(HTTPAccept.typeWeight("text/event-stream", in: $0) == weight)
            #expect(HTTPAccept.names("text/event-stream", in: $0) == isNamed)
        }
    }
}

@Suite struct `HTTP dates` {
    @Test(
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ] as [(Int64, String)])
    func `a date is written and read`(seconds: Int64, text: String) {
        #expect(String(decoding: HTTPDate.format(seconds: seconds), as: UTF8.self) == text)
        #expect(withBytes(text) { HTTPDate.parse($0) } == seconds)
    }

    @Test func `every thirteenth day of 400 years agrees with the calendar`() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        for day in stride(from: 0, to: 146_097, by: 13) {
            let seconds = Int64(day) * 86_400 + Int64(day % 86_400)
            let bytes = HTTPDate.format(seconds: seconds)
            let parts = calendar.dateComponents([.day, .year], from: Date(timeIntervalSince1970: Double(seconds)))
            let text = String(decoding: bytes, as: UTF8.self)
            let (dayOfMonth, year) = (try #require(parts.day), try #require(parts.year))
            #expect(text.dropFirst(5).prefix(2) == (dayOfMonth < 10 ? "0\(dayOfMonth)" : "\(dayOfMonth)"))
            #expect(text.dropFirst(12).prefix(4) == "\(year)")
            #expect(bytes.withUnsafeBytes { HTTPDate.parse($0) } == seconds)
        }
    }

    @Test(arguments: [
        "", "Sun, 06 Nov 1994 08:49:37 UTC", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Wed, 31 Dec 1969 23:59:59 GMT",
    ])
    func `other formats and impossible dates are not read`(text: String) {
        #expect(withBytes(text) { HTTPDate.parse($0) } == nil)
    }
}

@Suite struct `HTTP queries` {
    @Test func `parameters are found and decoded`() {
        withBytes("cursor=abc.12&name=Ada+L%C3%B6we&empty=&flag&a%62c=x=y&bad=%zz&nul=%00&latin=%E9&&") { bytes in
            let query = HTTPQuery(bytes)
            #expect(query["cursor"] == "abc.12")
            #expect(query["name"] == "Ada Löwe")
            #expect(query["empty"] == "")
            #expect(query["flag"] == "")
            #expect(query["abc"] == "x=y")
            #expect(query["missing"] == nil && !query.contains("missing"))
            #expect(query["bad"] == nil && query.contains("bad"))
            #expect(query["nul"] == nil)
            #expect(query["latin"] == nil)
            #expect(query.raw("bad").map(HTTPReading.text) == "%zz")
            #expect(query.pairs.map { HTTPReading.text($0.name) }.count == 8)
            #expect(!query.isWellFormed)
        }
    }

    @Test func `many parameters are found in one walk, each as if it were asked for alone`() {
        let texts = [
            "", "a=1&b=2", "b=%zz&b=2&a=1", "c&a&&b=x=y", "%61=1&a=2", "+=1&a+=2&%=3&%6=4&%6=5&a%=6&a%6=7",
            "a%62=1&b%2=2",
        ]
        for text in texts {
            withBytes(text) { bytes in
                let query = HTTPQuery(bytes)
                #expect(query.values(of: ["a", "b", "c"]) == [query["a"], query["b"], query["c"]], "\(text)")
            }
        }
        #expect(withBytes("b=2&a=1&a=3") { HTTPQuery($0).values(of: ["a", "c", "b"]) } == ["1", nil, "2"])
    }

    @Test(arguments: [
        ("device", true), ("%64%65%76%69%63%65", true), ("d%65vice", true), ("devic", false), ("devices", false),
        ("%64%65%76%69%63%65%", false), ("%64%65%76%69%63%65%00", false), ("d%6", false), ("d%zzvice", false),
        ("devic+", false), ("DEVICE", false), ("", false),
    ])
    func `a name is the same in escapes and in letters, and no other is`(name: String, isNamed: Bool) {
        #expect(withBytes(name + "=x") { HTTPQuery($0).contains("device") } == isNamed)
    }

    @Test func `parameters are counted, empty ones aside`() {
        for (text, count) in [("", 0), ("&&", 0), ("a", 1), ("a&b=1&", 2), ("+&+&+", 3)] {
            for most in 0...4 {
                #expect(withBytes(text) { HTTPQuery($0).hasAtMost(most) } == (count <= most), "\(text) \(most)")
            }
        }
    }

    @Test(arguments: [
        ("", true), ("a=1&b=2", true), ("a=1&a=2", false), ("a=%", false), ("a=%4", false), ("%61=1&a", false),
    ])
    func `a query is well-formed if each part decodes and no name repeats`(text: String, isWellFormed: Bool) {
        #expect(withBytes(text) { HTTPQuery($0).isWellFormed } == isWellFormed)
    }
}
