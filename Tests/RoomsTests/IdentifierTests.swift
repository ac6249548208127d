// Ids: what is well formed, and nothing else.

import Testing

@testable import Rooms

struct IdentifierTests {
    @Test func `a room path has three parts of the allowed characters`() {
        let key = RoomKey("inst-1/cs.101/live~A_z")
        #expect(key?.institution == "inst-1")
        #expect(key?.course == "cs.101")
        #expect(key?.session == "live~A_z")
        #expect(RoomKey(institution: "a", course: "b", session: "c")?.raw == "a/b/c")
        let long = String(repeating: "x", count: 64)
        #expect(RoomKey("\(long)/\(long)/\(long)") != nil)
        for bad in [
            "", "a", "a/b", "a/b/", "/b/c", "a//c", "a/b/c/", "a/b/c/d", "a b/c/d", "ä/b/c", "a/b/c\n", "a/b/c\0",
            "\(long)x/b/c", "a/\(long)x/c", "a/b/\(long)x",
        ] {
            #expect(RoomKey(bad) == nil, "\(bad)")
        }
        #expect(RoomKey(institution: "a/b", course: "c", session: "d") == nil)
    }

    @Test func `a participant id is printable ASCII that needs no escape`() {
        #expect(ParticipantID("guest:abc@x_1|#") != nil)
        #expect(ParticipantID(String(repeating: "x", count: 64)) != nil)
        for bad in [
            "", "a b", "a\"", "a'", "a`", "a\\", "<a", "a>", "ü", "a\u{7F}", "a\n",
            String(repeating: "x", count: 65),
        ] {
            #expect(ParticipantID(bad) == nil, "\(bad)")
        }
    }

    @Test func `a command id is one to 64 printable ASCII characters`() {
        #expect(CommandID("a \"b\" \\") != nil)
        #expect(CommandID(String(repeating: "~", count: 64)) != nil)
        for bad in ["", "\t", "é", "a\u{7F}", String(repeating: "x", count: 65)] {
            #expect(CommandID(bad) == nil, "\(bad)")
        }
    }

    @Test func `sequence ids read exactly what they write`() {
        #expect(PollID(seq: 13).text == "p13")
        #expect(PollID(text: "p13") == PollID(seq: 13))
        #expect(MessageID(text: "m18446744073709551615")?.seq == .max)
        #expect(QuestionID(seq: 9).text == "q9")
        #expect(AnnouncementID(seq: 7).text == "a7")
        for bad in [
            "", "p", "13", "m13", "p013", "p+1", "p-1", "p1 ", "P1", "p0", "p1e1", "p18446744073709551616", "pp1",
        ] {
            #expect(PollID(text: bad) == nil, "\(bad)")
        }
    }

    @Test func `ids sort by their bytes`() {
        let raw = ["b", "B", "a", "~", "-", "10", "9"]
        let sorted = raw.compactMap { ParticipantID($0) }.sorted().map(\.raw)
        #expect(sorted == ["-", "10", "9", "B", "a", "b", "~"])
    }

    @Test func `a stable hash never changes its value`() {
        #expect(StableHash.of([1, 2, 3]) == StableHash.of([1, 2, 3]))
        #expect(StableHash.of([1, 2, 3]) != StableHash.of([1, 2, 3, 0]))
    }
}
