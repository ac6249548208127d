// Telling the people in a room that the node works with one hand: the log cannot be written, or ballots go to the
// node's journal because the store does not answer. Said once when it begins, once when it is over, and to whoever
// comes in between.

import LiveIO
import LiveProtocol
import Rooms

extension ReactorCore {
    /// The `degraded` event.
    var degradedJSON: [UInt8] {
        var json = JSONWriter(reserving: 64)
        json.beginObject()
        json.field("ev", static: "degraded")
        json.field("degraded", isDegraded)
        if isDegraded { json.field("retry_after_ms", limits.healthEveryMs) }
        json.endObject()
        return json.bytes
    }

    /// Once a second: tells every room that lives here when the node's state has changed.
    func checkHealth() {
        _ = reactor.schedule(inMs: UInt32(limits.healthEveryMs), payload: CoreTimer.health.payload)
        let facts = node.facts()
        let now = facts.logFailing || facts.ballotsInJournal
        guard now != isDegraded else { return }
        isDegraded = now
        let json = degradedJSON
        for home in homes.values where home.waiting == nil {
            publish(home, EphemeralBatch(room: home.key, key: "degraded", moderators: json, peers: json))
        }
    }
}
