// The promise of each command: what it makes for everybody, and what its sender is told.

import LiveProtocol
import Rooms
import Testing

@Suite(.timeLimit(.minutes(2)))
struct CommandTests {
    @Test(arguments: SharedNodes.threadCounts)
    func `a welcome names room, person, place and what the client must know`(threads: Int) throws {
        let room = try Classroom(threads: threads)
        let ada = try room.socket("ada", name: "Ada")
        let welcome = try #require(ada.messages.first)
        #expect(ada.subprotocol == "live.v1")
        #expect(welcome["room"]?.string == room.key)
        #expect(welcome["participant"]?.string == "ada")
        #expect(welcome["role"]?.string == "student")
        #expect(ada.epoch.count >= 8 && ada.epoch.count <= 16)
        #expect(welcome["heartbeat_s"]?.int == 30)
        #expect(welcome["dedupe"]?["ids"]?.int == 128)
        #expect(welcome["dedupe"]?["minutes"]?.int == 10)
        #expect(welcome["server_ts"]?.int ?? 0 > 1_700_000_000_000)
        #expect(welcome["reset"] == nil)
        #expect(!ada.resume.isEmpty)
        #expect(welcome["presence"]?["count"]?.int == 1)
        #expect(welcome["you"]?["name"]?.string == "Ada")
        #expect(welcome["state"]?["chat_mode"]?.string == "open")
        #expect(welcome["state"]?["muted"] == nil, "the list of the muted is the moderators'")
    }

}
