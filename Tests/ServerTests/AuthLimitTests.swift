// Rate limits, attempts per address, names, origins and the QR picture.

import LiveTestSupport
import Testing

@testable import LiveServer

@Suite struct AuthLimitTests {
    @Test func `a bucket holds its burst and refills at its rate`() {
        let bucket = Bucket(TokenRate(perSecond: 5, burst: 20))
        #expect(MemoryLayout<TokenBucket>.size <= 16)
        for _ in 0..<20 { #expect(bucket.take(nowMs: 1_000)) }
        #expect(!bucket.take(nowMs: 1_000))
        #expect(bucket.retryAfterMs(nowMs: 1_000) == 200)
        #expect(!bucket.take(nowMs: 1_199))
        #expect(bucket.take(nowMs: 1_200))
        #expect(!bucket.take(nowMs: 1_200))
        #expect(bucket.retryAfterMs(nowMs: 1_300) == 100)
        for _ in 0..<20 { #expect(bucket.take(nowMs: 1_000_000)) }
        #expect(!bucket.take(nowMs: 1_000_000))
    }

    @Test(arguments: SeededRandom.seeds(20))
    func `a bucket never gives more than burst and rate allow, and gives again when it said`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let perSecond = 1 + random.below(300)
        let burst = 1 + random.below(50)
        let bucket = Bucket(TokenRate(perSecond: perSecond, burst: burst))
        var nowMs: UInt64 = 10_000
        var taken = 0
        for _ in 0..<2_000 {
            if bucket.take(nowMs: nowMs) {
                taken += 1
            } else {
                let wait = bucket.retryAfterMs(nowMs: nowMs)
                #expect(wait > 0)
                let patient = Bucket(bucket.value)
                #expect(patient.take(nowMs: nowMs + UInt64(wait)))
            }
            nowMs += UInt64(random.below(20))
            // The interval is rounded down to microseconds: at most one part in a thousand more at these rates.
            let allowed = Double(burst) + Double(nowMs - 10_000) * Double(perSecond) / 1_000 * 1.001 + 1
            #expect(Double(taken) <= allowed)
        }
    }

    @Test func `a clock that steps back only delays the refill`() {
        let bucket = Bucket(TokenRate(perSecond: 1, burst: 1))
        #expect(bucket.take(nowMs: 100_000))
        #expect(!bucket.take(nowMs: 0))
        #expect(bucket.retryAfterMs(nowMs: 0) == 101_000)
        #expect(bucket.take(nowMs: 101_000))
    }

    @Test func `the table of addresses stays bounded and forgets those that owe least`() {
        let limiter = Attempts(rate: TokenRate(everySeconds: 10, burst: 3), addresses: 64)
        let guesser = AddressKey(ipv4: 0xFFFF_FFFF)
        for _ in 0..<3 { #expect(limiter.count(guesser, nowMs: 1_000)) }
        #expect(!limiter.count(guesser, nowMs: 1_000))
        for other in 0..<10_000 {
            let address = AddressKey(ipv4: UInt32(other))
            #expect(limiter.waitMs(address, nowMs: 1_000) == nil)
            #expect(limiter.count(address, nowMs: 1_000))
        }
        #expect(limiter.waitMs(guesser, nowMs: 1_000) == 10_000)
        #expect(limiter.waitMs(guesser, nowMs: 11_000) == nil)
    }

    @Test func `an address keeps the sixteen codes that it showed last`() {
        var limiter = AttemptLimiter(rate: TokenRate(everySeconds: 10, burst: 3), addresses: 64)
        let school = AddressKey(ipv4: 7)
        for known in 1...20 { for _ in 0..<2 { limiter.remember(UInt32(known), of: school, nowMs: 1_000) } }
        for known in 5...20 { #expect(limiter.remembers(UInt32(known), of: school)) }
        for known in 0...4 { #expect(!limiter.remembers(UInt32(known), of: school)) }
        #expect(!limiter.remembers(20, of: AddressKey(ipv4: 8)))
    }

    @Test func `an IPv6 household is one address and a mapped IPv4 address is itself`() {
        var one = [UInt8](repeating: 0, count: 16)
        one[0] = 0x20
        var neighbour = one
        neighbour[15] = 9
        var elsewhere = one
        elsewhere[7] = 1
        #expect(AddressKey(ipv6: one) == AddressKey(ipv6: neighbour))
        #expect(AddressKey(ipv6: one) != AddressKey(ipv6: elsewhere))
        #expect(
            AddressKey(ipv6: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, 1]) == AddressKey(ipv4: 0x0A00_0001))
    }

    @Test(arguments: SeededRandom.seeds(10))
    func `a cleaned name is clean, bounded and stays as it is`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let pieces = [
            "a", "Ж", "中", "👩‍🏫", " ", "\n", "\t", "\u{0}", "\u{301}", "\u{200D}", "\u{202E}", "\u{FEFF}", "\u{2028}",
            "<", "\"",
            "\u{E000}", "\u{AD}", "\u{3000}", "नि",
        ]
        for _ in 0..<500 {
            let text = (0..<random.below(120)).map { _ in random.pick(pieces) }.joined()
            let cleaned = DisplayName.cleaned(text)
            #expect(cleaned.unicodeScalars.count <= 64 && cleaned.utf8.count <= 256)
            #expect(!cleaned.hasPrefix(" ") && !cleaned.hasSuffix(" ") && !cleaned.contains("  "))
            let hidden: [Unicode.Scalar] = ["\u{0}", "\n", "\u{202E}", "\u{FEFF}", "\u{2028}", "\u{E000}", "\u{AD}"]
            #expect(!cleaned.unicodeScalars.contains { hidden.contains($0) })
            #expect(DisplayName.cleaned(cleaned) == cleaned)
        }
        #expect(DisplayName.cleaned("👩‍🏫 Zoë  Müller") == "👩‍🏫 Zoë Müller")
        #expect(DisplayName.cleaned("z" + String(repeating: "\u{301}", count: 40)).unicodeScalars.count == 5)
    }

    @Test func `a page of the server's own origin may connect and a foreign one may not`() throws {
        let policy = try OriginPolicy(["https://school.example", "http://localhost:5173"])
        #expect(policy.allows(origin: nil, host: "class.example"))
        for (origin, host) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080"), ("https://class.example", "class.example"),
            ("https://class.example:443", "class.example"), ("https://class.example", "CLASS.example:443"),
            ("http://[::1]:8080", "[::1]:8080"), ("https://school.example", "other"), ("HTTPS://School.Example", "x"),
            ("http://localhost:5173", "x"),
        ] {
            #expect(policy.allows(origin: origin, host: host), "\(origin) at \(host)")
        }
        for (origin, host) in [
            ("https://evil.example", "class.example"), ("null", "class.example"), ("", "class.example"),
            ("https://class.example.evil", "class.example"), ("https://class.example:8443", "class.example"),
            ("http://school.example", "x"), ("https://school.example@evil.example", "x"),
            ("https://school.example/path", "x"), ("ftp://class.example", "class.example"),
            ("https://class.example, https://evil.example", "class.example"), ("https://", ""),
            ("http://class.example:99999", "class.example:99999"), ("http://class.example:", "class.example"),
        ] {
            #expect(!policy.allows(origin: origin, host: host), "\(origin) at \(host)")
        }
        #expect(try OriginPolicy(["*"]).allows(origin: "null", host: "x"))
        #expect(!OriginPolicy.sameOriginOnly.allows(origin: "https://a.example", host: nil))
        for bad in ["school.example", "https://school.example/", "https://*.school.example", "null", ""] {
            #expect(throws: OriginPolicy.EntryError.notAnOrigin(bad)) { try OriginPolicy([bad]) }
        }
    }

    @Test func `a QR picture is one named svg with a white ground and the three finders`() throws {
        let text = "http://192.168.1.20:8080/join#c=ABC234"
        let svg = try #require(QRCode.svg(text, title: "Join \"Maths\" <1>"))
        #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>"))
        #expect(svg.contains(#"role="img""#) && svg.contains("<title>Join &quot;Maths&quot; &lt;1&gt;</title>"))
        #expect(svg.contains(##"fill="#fff""##) && !svg.contains("currentColor"))
        let code = try #require(QRCode.modules(text))
        #expect(code.side >= 21 && (code.side - 17) % 4 == 0)
        let finder = (0..<49).map { at in
            let ring = max(abs(at % 7 - 3), abs(at / 7 - 3))
            return ring != 2
        }
        for (left, top) in [(0, 0), (code.side - 7, 0), (0, code.side - 7)] {
            let corner = top * code.side + left
            let found = (0..<49).map { at in code.dark[corner + at / 7 * code.side + at % 7] }
            #expect(found == finder)
        }
        #expect(QRCode.svg("") == nil)
        #expect(QRCode.svg("a\u{0}b") == nil)
        #expect(QRCode.svg(String(repeating: "a", count: 1_025)) == nil)
        #expect(QRCode.svg(String(repeating: "ä", count: 512)) != nil)
    }
}
