// Tickets: they say what their token said, for thirty seconds and one use, and nobody else can make or read one.

import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@testable import LiveServer

@Suite struct AuthTicketTests {
    private static let nowMs: Int64 = 1_700_000_100_000

    private static func token(rooms: [RoomPattern]? = nil, cohort: String? = "a") throws -> AccessToken {
        AccessToken(
            sub: try #require(ParticipantID("ada")), name: "Zoë 🎓", role: .assistant,
            rooms: try rooms ?? [#require(RoomPattern("demo/*/live")), #require(RoomPattern("uni/a/b"))],
            cohort: cohort, expS: nowMs / 1_000 + 3_600, jti: nil)
    }

    private static func open(_ sealer: TicketSealer, _ text: String, nowMs: Int64 = nowMs) -> EntryTicket? {
        Array(text.utf8).withUnsafeBytes { sealer.open($0, nowMs: nowMs) }
    }

    @Test func `a ticket says what its token said, on any node with the key`() throws {
        for cohort in ["a", nil] {
            let token = try Self.token(cohort: cohort)
            let text = try #require(
                TicketSealer(key: Forge.key).seal(token, nowMs: Self.nowMs, nonce: SystemRandom.bytes(12)))
            let opened = try #require(Self.open(TicketSealer(key: Forge.key), text))
            #expect(opened.token == token)
            #expect(opened.endsMs == Self.nowMs + 30_000)
        }
    }

    @Test func `it is good for thirty seconds and never longer than its token`() throws {
        let sealer = TicketSealer(key: Forge.key)
        let text = try #require(sealer.seal(try Self.token(), nowMs: Self.nowMs, nonce: SystemRandom.bytes(12)))
        #expect(Self.open(sealer, text, nowMs: Self.nowMs + 29_999) != nil)
        #expect(Self.open(sealer, text, nowMs: Self.nowMs + 30_000) == nil)
        #expect(Self.open(sealer, text, nowMs: Self.nowMs - 5_000) != nil, "another node's clock")
        #expect(Self.open(sealer, text, nowMs: Self.nowMs - 5_001) == nil)
        let short = AccessToken(
            sub: try #require(ParticipantID("ada")), name: "Ada", role: .student, rooms: [RoomPattern(Forge.room)],
            cohort: nil, expS: Self.nowMs / 1_000 + 10, jti: nil)
        let late = try #require(sealer.seal(short, nowMs: Self.nowMs, nonce: SystemRandom.bytes(12)))
        #expect(Self.open(sealer, late, nowMs: Self.nowMs + 9_999) != nil)
        #expect(Self.open(sealer, late, nowMs: Self.nowMs + 10_000) == nil)
    }

    @Test func `nobody can change, cut, make or read one`() throws {
        let sealer = TicketSealer(key: Forge.key)
        let text = try #require(sealer.seal(try Self.token(), nowMs: Self.nowMs, nonce: SystemRandom.bytes(12)))
        let sealed = try #require(Base64.decodeURL(text))
        for bit in 0..<(sealed.count * 8) {
            var bad = sealed
            bad[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(Self.open(sealer, Base64.encodeURL(bad)) == nil, "bit \(bit)")
        }
        for length in 0..<text.utf8.count { #expect(Self.open(sealer, String(text.prefix(length))) == nil) }
        #expect(Self.open(sealer, text + "A") == nil && Self.open(sealer, text + "=") == nil)
        #expect(Self.open(TicketSealer(key: try TokenKey(secret: Array(1...32))), text) == nil)
        #expect(String(decoding: sealed, as: UTF8.self).contains("ada") == false)
        #expect(Self.open(sealer, String(repeating: "A", count: 100_000)) == nil)
        // A resume token is made with the same root and is no ticket.
        var resume: [UInt8] = []
        ResumeSealer(key: Forge.key).seal(
            ResumeClaims(
                room: Forge.room, participant: try #require(ParticipantID("ada")), issuedMs: Self.nowMs,
                accessExpS: Self.nowMs / 1_000 + 100), into: &resume)
        #expect(resume.withUnsafeBytes { sealer.open($0, nowMs: Self.nowMs) } == nil)
    }

    @Test func `a token with too many rooms gives no ticket unless one is named`() throws {
        let segment = String(repeating: "r", count: 60)
        let many = try (0..<12).map { try #require(RoomPattern("\(segment)/\(segment)/\($0)\(segment)")) }
        let token = try Self.token(rooms: many)
        let sealer = TicketSealer(key: Forge.key)
        #expect(sealer.seal(token, nowMs: Self.nowMs, nonce: SystemRandom.bytes(12)) == nil)
        let room = try #require(RoomKey("\(segment)/\(segment)/3\(segment)"))
        let text = try #require(
            sealer.seal(token.narrowed(to: room), nowMs: Self.nowMs, nonce: SystemRandom.bytes(12)))
        #expect(text.utf8.count <= TicketSealer.textBytesMax)
        let opened = try #require(Self.open(sealer, text)).token
        #expect(opened.permits(room))
        #expect(!opened.permits(try #require(RoomKey("\(segment)/\(segment)/4\(segment)"))))
    }

    @Test func `a ticket is used once, and its memory ends with it`() {
        let used = UsedTickets(capacity: 100)
        let ids = (0..<50).map { UsedTickets.ID([UInt8](repeating: UInt8($0), count: 12)) }
        for id in ids { #expect(used.use(id, endsMs: 30_000, nowMs: 0) == .granted) }
        for id in ids { #expect(used.use(id, endsMs: 30_000, nowMs: 29_999) == .refused) }
        #expect(used.count == 50)
        let other = UsedTickets.ID([UInt8](repeating: 200, count: 12))
        #expect(used.use(other, endsMs: 60_000, nowMs: 30_000) == .granted)
        #expect(used.count == 1, "what has ended could not be opened any more")
    }

    @Test func `a full memory takes no ticket, rather than one twice`() {
        let used = UsedTickets(capacity: 2)
        func id(_ number: UInt8) -> UsedTickets.ID { UsedTickets.ID([UInt8](repeating: number, count: 12)) }
        #expect(used.use(id(1), endsMs: 100, nowMs: 0) == .granted)
        #expect(used.use(id(2), endsMs: 200, nowMs: 0) == .granted)
        #expect(used.use(id(3), endsMs: 300, nowMs: 0) == .full)
        #expect(used.use(id(1), endsMs: 100, nowMs: 0) == .refused)
        #expect(used.use(id(3), endsMs: 300, nowMs: 100) == .granted)
    }

    @Test func `sealing is AES-256-GCM as NIST's example has it`() throws {
        // GCM specification, test case 14 (a zero key, a zero nonce, sixteen zero bytes).
        let box = SealedBox(key: [UInt8](repeating: 0, count: 32))
        let sealed = box.seal([UInt8](repeating: 0, count: 16), nonce: [UInt8](repeating: 0, count: 12))
        #expect(
            TokenText.hex(Array(sealed[12...])) == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")
        #expect(box.open(sealed) == [UInt8](repeating: 0, count: 16))
        #expect(box.open(Array(sealed.prefix(28))) == nil)
        #expect(box.open([]) == nil)
    }
}
