// Owns a class with an open poll, a teacher and a student, for the tests of polls at their home.

import Rooms
import Testing

@testable import LiveServer

/// One poll among two people.
struct PollClass {
    let home: RoomHome
    let poll: PollID
    let teacher: CorePeer
    let ada: CorePeer

    /// The teacher's command that closes the poll.
    func close(reveal: Bool) -> String {
        #"{"op":"poll_close","id":"c1","poll":"\#(poll.text)","reveal":\#(reveal)}"#
    }

    /// A student's answer; the attempt is its id, too.
    func answer(_ attempt: String, _ choice: Int) -> String {
        #"{"op":"poll_answer","id":"\#(attempt)","poll":"\#(poll.text)","#
            + #""attempt_id":"\#(attempt)","choice":\#(choice)}"#
    }
}

extension CoreWorld {
    /// A class in which the poll of `command` is open and the desk knows it.
    func pollClass(_ command: String) throws -> PollClass {
        let key = try room()
        let teacher = try member("teacher", .instructor, of: key)
        let ada = try member("ada", of: key)
        teacher.command(command)
        try until("the poll is open") { ada.has("poll_started") && cores[0].tickets.count == 0 }
        let home = try #require(self.home(key))
        return PollClass(home: home, poll: try #require(home.room.openPolls.first).id, teacher: teacher, ada: ada)
    }
}
