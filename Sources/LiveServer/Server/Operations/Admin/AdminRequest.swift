// What an operator asks of a running node, as one line of JSON, and the line that answers it. Bytes and values only.
//
// Owns: the form of requests and of refusals. Never: carries anything out.

import LiveIO
import LiveProtocol
import Rooms

/// A request of the administration.
enum AdminRequest {
    /// Sets or takes back (nil) a switch.
    case set(Feature, on: Bool?, SwitchTable.Scope)
    case switches
    case node
    case rooms
    case room(RoomKey)
    case participants(RoomKey)
    case kick(RoomKey, ParticipantID)
    case drain

    /// Why a line is no request, in a sentence.
    struct Malformed: Error {
        let sentence: String
    }

    /// Reads `{"do":…}`.
    init(_ line: [UInt8]) throws(Malformed) {
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONDocument.parse(line, limits: .document).root
        } catch {
            throw Malformed(sentence: "not JSON at byte \(error.offset)")
        }
        switch root["do"]?.string {
        case "set": self = try Self.set(root)
        case "switches": self = .switches
        case "node": self = .node
        case "rooms": self = .rooms
        case "room": self = .room(try Self.room(root))
        case "participants": self = .participants(try Self.room(root))
        case "kick":
            guard let who = root["participant"]?.string.flatMap({ ParticipantID($0) }) else {
                throw Malformed(sentence: "participant: an id is expected")
            }
            self = .kick(try Self.room(root), who)
        case "drain": self = .drain
        default: throw Malformed(sentence: "do: set, switches, node, rooms, room, participants, kick or drain")
        }
    }

    private static func room(_ root: JSONValue) throws(Malformed) -> RoomKey {
        guard let key = root["room"]?.string.flatMap({ RoomKey($0) }) else {
            throw Malformed(sentence: "room: institution/course/session is expected")
        }
        return key
    }

    private static func set(_ root: JSONValue) throws(Malformed) -> AdminRequest {
        guard let feature = root["feature"]?.string.flatMap(Feature.init(rawValue:)) else {
            throw Malformed(sentence: "feature: one of \(Feature.names.joined(separator: ", ")) is expected")
        }
        guard let scope = SwitchTable.Scope(room: root["room"]?.string, institution: root["institution"]?.string)
        else { throw Malformed(sentence: "room or institution: one of them, in the form of a room's path") }
        return .set(feature, on: root["on"]?.bool, scope)
    }

    /// `{"ok":false,"error":…}`
    static func refusal(_ sentence: String) -> [UInt8] {
        var json = JSONWriter(reserving: 128)
        json.beginObject()
        json.field("ok", false)
        json.field("error", sentence)
        json.endObject()
        return json.bytes
    }

    /// `{"ok":true, …}` with the members that `body` writes.
    static func success(_ body: (inout JSONWriter) -> Void = { _ in }) -> [UInt8] {
        var json = JSONWriter(reserving: 256)
        json.beginObject()
        json.field("ok", true)
        body(&json)
        json.endObject()
        return json.bytes
    }
}

/// A question of the administration to the reactors, and what they answer.
final class AdminQuestion: Sendable {
    enum Kind: Sendable {
        case rooms
        case room(RoomKey)
        case participants(RoomKey)
        case kick(RoomKey, ParticipantID)
    }

    let kind: Kind
    let answers = Inbox<[UInt8]>(capacity: 256)

    init(_ kind: Kind) { self.kind = kind }
}
