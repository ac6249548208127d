// Owns messages as these tests read and write them: a JSON object that came, and the members of a command to be sent.

import LiveProtocol

/// One JSON object of the server: an event, a reply, or a body.
struct LiveMessage: CustomStringConvertible {
    let text: String
    let json: JSONValue

    init(_ text: String) throws {
        self.text = text
        do {
            json = try JSONDocument.parse(Array(text.utf8), limits: .document).root
        } catch {
            throw IntegrationFailure("not JSON (\(error)): \(text.prefix(200))")
        }
        guard json.kind == .object else { throw IntegrationFailure("not an object: \(text.prefix(200))") }
    }

    init(_ json: JSONValue) throws {
        var writer = JSONWriter()
        writer.value(json)
        try self.init(String(decoding: writer.bytes, as: UTF8.self))
    }

    subscript(_ name: StaticString) -> JSONValue? { json[name] }

    /// The event's name; nil for a reply.
    var event: String? { json["ev"]?.string }
    /// Where the event stands in the log; nil for ephemeral ones and for refusals.
    var seq: UInt64? { json["seq"]?.int.flatMap { UInt64(exactly: $0) } }
    /// The id of the command that a reply answers.
    var re: String? { json["re"]?.string }
    var isReply: Bool { json["re"] != nil }
    var isOK: Bool { json["ok"]?.bool == true }
    /// The error's code of a refusal.
    var code: String? { json["error"]?["code"]?.string }

    var description: String { String(text.prefix(400)) }
}

/// A value of a command's member.
enum Member: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral
{
    case text(String)
    case number(Int)
    case flag(Bool)
    case list([Member])

    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int) { self = .number(value) }
    init(booleanLiteral value: Bool) { self = .flag(value) }
    init(arrayLiteral elements: Member...) { self = .list(elements) }

    func write(to json: inout JSONWriter) {
        switch self {
        case .text(let text): json.string(text)
        case .number(let number): json.integer(number)
        case .flag(let flag): json.bool(flag)
        case .list(let members):
            json.beginArray()
            for member in members { member.write(to: &json) }
            json.endArray()
        }
    }
}

/// The members of a command or of a body, in their order.
typealias Members = KeyValuePairs<String, Member>

/// Makes the bytes of commands.
enum Command {
    /// `{"op":…,"id":…,…}`
    static func bytes(_ op: String, id: String, _ members: Members = [:]) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.field("op", op)
        json.field("id", id)
        append(members, to: &json)
        json.endObject()
        return json.bytes
    }

    /// An object of `members` alone.
    static func object(_ members: Members) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        append(members, to: &json)
        json.endObject()
        return json.bytes
    }

    private static func append(_ members: Members, to json: inout JSONWriter) {
        for (name, value) in members {
            json.key(dynamic: name)
            value.write(to: &json)
        }
    }
}

/// A place in a room's log as clients know it.
struct Cursor: Equatable, CustomStringConvertible {
    var epoch: String
    var seq: UInt64

    init(epoch: String, seq: UInt64) {
        self.epoch = epoch
        self.seq = seq
    }

    /// Reads `epoch.seq`.
    init(_ text: String) throws {
        let parts = text.split(separator: ".")
        guard parts.count == 2, let seq = UInt64(parts[1]) else {
            throw IntegrationFailure("not a cursor: \(text)")
        }
        self.init(epoch: String(parts[0]), seq: seq)
    }

    var description: String { "\(epoch).\(seq)" }
}
