// HTTPCorpus: requests that are to be taken or refused, for the tests of meaning and of splitting alike.

enum HTTPCorpus {
    /// Requests that are fine, some of them several in a row.
    static let accepted: [String] = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nGET /x?y=1&z HTTP/1.1\r\nHost: a.example:8080\r\nAccept:  text/html \t\r\nX-Empty:\r\n\r\n",
        "POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n00A\r\n0123456789\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n3;a=b;c=\"d\"\r\nabc\r\n1 ;x\r\nd\r\n0\r\n"
            + "Trailer-One: 1\r\nTwo:\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
        "GET http://Example.com/p?q HTTP/1.1\r\nHost: other\r\n\r\n",
        "GET HTTPS://[::1]:443 HTTP/1.1\r\nHost: [::1]\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n",
        "HEAD / HTTP/1.1\r\nhOsT: a\r\n\r\n",
        "BREW /pot HTTP/1.1\r\nHost: a:\r\n\r\n",
        "PUT /u HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
        "GET /live HTTP/1.1\r\nHost: a\r\nUpgrade: h2c, WebSocket\r\nConnection: keep-alive, Upgrade\r\n\r\n",
        "DELETE /a%20b/ä HTTP/1.1\r\n".replacing("ä", with: "%C3%A4") + "Host: a\r\nX: \u{E9}\t|\r\n\r\n",
        "PATCH /|{}^ HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nX-A: 2\r\n\r\n",
    ]

    /// Requests that must not be taken, and the status that says so. Request smuggling lives in most of them.
    static let refused: [(String, Int)] =
        framing + lines + targets + chunks

    private static func post(_ fields: String, _ body: String = "") -> String {
        "POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n\(body)"
    }

    private static func get(_ fields: String) -> String { "GET / HTTP/1.1\r\n\(fields)\r\n\r\n" }

    private static let framing: [(String, Int)] = [
        (post("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400),
        (post("Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n"), 400),
        (post("Content-Length: 5\r\nContent-Length: 5", "hello"), 400),
        (post("Content-Length: 5\r\nContent-Length: 6", "hello"), 400),
        (post("Content-Length: 5,5", "hello"), 400), (post("Content-Length: 5, 5", "hello"), 400),
        (post("Content-Length: +5", "hello"), 400), (post("Content-Length: -5", "hello"), 400),
        (post("Content-Length: 0x5", "hello"), 400), (post("Content-Length: 5 5", "hello"), 400),
        (post("Content-Length: 5.0", "hello"), 400), (post("Content-Length:", "hello"), 400),
        (post("Content-Length: \"5\"", "hello"), 400), (post("Content-Length: 5e1", "hello"), 400),
        (post("Content-Length: 99999999999999999999"), 400), (post("Content-Length: 18446744073709551617"), 400),
        (post("Content-Length: 00000000000000000005", "hello"), 400),
        (post("Content-Length: 9999999999"), 413),
        (post("Transfer-Encoding: gzip"), 400), (post("Transfer-Encoding: gzip, chunked"), 501),
        (post("Transfer-Encoding: chunked, gzip"), 400), (post("Transfer-Encoding: chunked, chunked"), 400),
        (post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400),
        (post("Transfer-Encoding: identity"), 400), (post("Transfer-Encoding: identity, chunked"), 501),
        (post("Transfer-Encoding: chunked;q=1"), 400), (post("Transfer-Encoding: xchunked"), 400),
        (post("Transfer-Encoding: \"chunked\""), 400), (post("Transfer-Encoding:"), 400),
        (post("Transfer-Encoding: \u{0B}chunked"), 400), (post("Transfer-Encoding: chun\tked"), 400),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (post("Expect: 200-maybe"), 417), (post("Expect: 100-continue\r\nExpect: 100-continue"), 417),
    ]

    private static let lines: [(String, Int)] = [
        (post("Transfer-Encoding : chunked"), 400), (post("Content-Length\t: 5"), 400),
        (post(" Content-Length: 5"), 400),
        (post("X: a\r\n b"), 400), (post("X: a\r\n\tb: c"), 400), (post("X:a\r\n \r\n"), 400), (post(": x"), 400),
        (post("X"), 400), (post("X y: z"), 400), (post("X\u{0}: z"), 400), (post("X: a\u{0}b"), 400),
        (post("X: a\u{7F}"), 400), (post("X: a\u{1B}[0m"), 400), (post("X(y): z"), 400), (post("Ä: z"), 400),
        (post("X: a\rb"), 400), (post("X: a\r\r\nY: b"), 400), (post("\rX: a"), 400),
        ("GET / HTTP/1.1\nHost: a\n\n", 400), ("GET / HTTP/1.1\r\nHost: a\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nX: y\n\n", 400),
        ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400), ("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", 400),
        (get("X: y"), 400), (get("Host: a\r\nHost: a"), 400), (get("Host:"), 400), (get("Host: a b"), 400),
        (get("Host: a,b"), 400), (get("Host: a/b"), 400), (get("Host: u@a"), 400), (get("Host: a:b"), 400),
        (get("Host: a:65536"), 400), (get("Host: [::1"), 400), (get("Host: [g::]"), 400), (get("Host: a:1:2"), 400),
        (get("Host: a\u{E9}"), 400), (get("Host: :80"), 400), (get("Host: http://a"), 400),
        ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400), ("GET / HTTP/1.0\r\nHost: a b\r\n\r\n", 400),
    ]

    private static let targets: [(String, Int)] = [
        ("GET /\r\n\r\n", 400), ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400), ("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / a HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /\u{0} HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET /ä HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("OPTIONS ** HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET http://a:x/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505), ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505), ("GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505),
        ("GET / http/1.1\r\nHost: a\r\n\r\n", 400), ("GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1\r\nHost: a\r\n\r\n", 400), ("GET / HTTP/1,1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/+1.1\r\nHost: a\r\n\r\n", 400), ("G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /\(String(repeating: "x", count: 8192)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("GET /\(String(repeating: "x", count: 20000)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (post("X: \(String(repeating: "x", count: 17000))"), 431),
        (post((0..<64).map { "X\($0): y" }.joined(separator: "\r\n")), 431),
    ]

    private static let chunks: [(String, Int)] =
        [
            "", "x", "-1", "+1", "0x1", " 1", "1 ", "1\t", "g", "1 x", "1;", "1;\u{0}", "1,1", "fffffffffffffffff",
            "FFFFFFFFFFFFFFFF", "7fffffffffffffff", "0000000000000001",
        ].map { (post("Transfer-Encoding: chunked", "\($0)\r\na\r\n0\r\n\r\n"), 400) } + [
            (post("Transfer-Encoding: chunked", "1\na\r\n0\r\n\r\n"), 400),
            (post("Transfer-Encoding: chunked", "1\r\nab\r\n0\r\n\r\n"), 400),
            (post("Transfer-Encoding: chunked", "1\r\na\n0\r\n\r\n"), 400),
            (post("Transfer-Encoding: chunked", "1\r\na0\r\n\r\n"), 400),
            (post("Transfer-Encoding: chunked", "1\r\na\rb"), 400),
            (post("Transfer-Encoding: chunked", "1;\(String(repeating: "x", count: 300))\r\na\r\n0\r\n\r\n"), 400),
            (post("Transfer-Encoding: chunked", "0\r\nbad trailer: x\r\n\r\n"), 400),
            (post("Transfer-Encoding: chunked", "0\r\n folded\r\n\r\n"), 400),
            (post("Transfer-Encoding: chunked", "0\r\nX: y\n\r\n"), 400),
            (post("Transfer-Encoding: chunked", "0\r\n" + String(repeating: "X: y\r\n", count: 1000) + "\r\n"), 431),
            (post("Transfer-Encoding: chunked", "100001\r\na"), 413),
            (post("Transfer-Encoding: chunked", "1\r\na\r\n100000\r\na"), 413),
        ]
}
