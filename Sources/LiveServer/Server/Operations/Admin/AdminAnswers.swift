// What a reactor answers to the administration: the rooms that live here, one of them, who is in it; and a participant
// sent out of a room.
//
// Owns: the form of these answers. Never: opens a room for a question. Limit: `roomsMax` rooms a reactor and answer.

import LiveIO
import LiveProtocol
import Rooms

extension ReactorCore {
    /// Rooms of one answer; some ten milliseconds of this reactor's time at most.
    private static let adminRoomsMax = 1_000

    func answer(_ question: AdminQuestion) { _ = question.answers.post(adminAnswer(question.kind)) }

    private func adminAnswer(_ kind: AdminQuestion.Kind) -> [UInt8] {
        switch kind {
        case .rooms: adminRooms()
        case .room(let key):
            withKnownHome(key) { home in AdminRequest.success { self.append(home, to: &$0) } }
        case .participants(let key):
            withKnownHome(key) { home in
                AdminRequest.success {
                    $0.key("roster")
                    $0.raw(self.rosterJSON(home, after: nil, limit: self.limits.rosterPageMax))
                }
            }
        case .kick(let key, let participant):
            withKnownHome(key) { home in
                guard home.presence.holds(participant) else {
                    return AdminRequest.refusal("this participant is not in the room")
                }
                let endpoints = home.presence.remove(participant)
                for endpoint in endpoints {
                    post(
                        .close(endpoint.connection, code: CloseCode.removed, reason: "removed by the operator"),
                        to: Int(endpoint.reactor))
                }
                presenceChanged(home)
                return AdminRequest.success { $0.field("connections", endpoints.count) }
            }
        }
    }

    private func withKnownHome(_ key: RoomKey, _ body: (RoomHome) -> [UInt8]) -> [UInt8] {
        guard let home = homeOf[key].flatMap({ homes[$0] }), home.waiting == nil else {
            return AdminRequest.refusal("this room is not in memory")
        }
        return body(home)
    }

    private func adminRooms() -> [UInt8] {
        let known = homes.values.sorted { $0.key.raw < $1.key.raw }
        return AdminRequest.success { json in
            json.field("count", known.count)
            json.key("rooms")
            json.beginArray()
            for home in known.prefix(Self.adminRoomsMax) {
                json.beginObject()
                append(home, to: &json)
                json.endObject()
            }
            json.endArray()
        }
    }

    private func append(_ home: RoomHome, to json: inout JSONWriter) {
        json.field("room", home.key.raw)
        json.field("reactor", index)
        json.field("people", home.presence.count)
        json.field("moderators", home.presence.moderatorCount)
        json.field("seq", home.room.seq)
        json.field("open_polls", home.room.openPolls.count)
        json.field("locked", home.room.locked)
        json.field("ended", home.room.ended)
        json.field("tail_bytes", replica(home.key)?.tailBytes ?? 0)
        json.key("off")
        json.beginArray()
        for feature in node.switches.off(in: home.key).features { json.string(feature.rawValue) }
        json.endArray()
    }
}
