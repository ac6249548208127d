// The live count of an open poll on the wire.

import LiveProtocol
import Rooms

enum PollEncoding {
    /// The `poll_tally` event.
    static func tally(_ poll: PollID, counts: [Int], total: Int) -> [UInt8] {
        var json = JSONWriter(reserving: 128)
        json.beginObject()
        json.field("ev", static: "poll_tally")
        json.field("poll", poll.text)
        json.key("counts")
        json.beginArray()
        for count in counts { json.integer(count) }
        json.endArray()
        json.field("total", total)
        json.endObject()
        return json.bytes
    }
}
