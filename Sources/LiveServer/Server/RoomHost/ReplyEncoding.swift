// Replies to commands: `{"re":…,"ok":true,…}` or `{"re":…,"ok":false,"error":{…}}`.

import LiveProtocol
import Rooms

enum ReplyEncoding {
    /// The reply to an accepted command of the log. Ids of what it made derive from its seq.
    static func accepted(_ id: CommandID, _ command: Command, seq: UInt64) -> [UInt8] {
        var json = JSONWriter(reserving: 96)
        json.beginObject()
        json.field("re", id.raw)
        json.field("ok", true)
        json.field("seq", seq)
        switch command {
        case .chatSend: json.field("message", MessageID(seq: seq).text)
        case .pollOpen: json.field("poll", PollID(seq: seq).text)
        case .questionAsk: json.field("question", QuestionID(seq: seq).text)
        case .announce: json.field("announcement", AnnouncementID(seq: seq).text)
        default: break
        }
        json.endObject()
        return json.bytes
    }

    /// The receipt of a ballot.
    static func receipt(
        _ id: CommandID, stored: Bool, acceptedMs: Int64, choices: UInt64, several: Bool, duplicate: Bool
    ) -> [UInt8] {
        var json = JSONWriter(reserving: 128)
        json.beginObject()
        json.field("re", id.raw)
        json.field("ok", true)
        json.field("durable", stored ? "store" : "node")
        json.field("accepted_ms", acceptedMs)
        YouEncoder.appendChoices(choices, several: several, to: &json)
        if duplicate { json.field("duplicate", true) }
        json.endObject()
        return json.bytes
    }

    /// The reply to `auth`, to be ended by the caller: until when the new token is good, and as what.
    static func beginRenewed(_ id: CommandID, _ token: AccessToken, to json: inout JSONWriter) {
        json.beginObject()
        json.field("re", id.raw)
        json.field("ok", true)
        json.field("role", token.role.text)
        json.field("expires_ts", token.expS * 1_000)
    }

    /// A refusal. `id` is nil where the command's own id could not be read.
    static func refused(_ id: String?, _ rejection: Rejection) -> [UInt8] {
        var json = JSONWriter(reserving: 160)
        json.beginObject()
        json.key("re")
        if let id { json.string(id) } else { json.null() }
        json.field("ok", false)
        json.key("error")
        json.beginObject()
        json.field("code", rejection.code.text)
        json.field("message", rejection.message)
        if let retry = rejection.retryAfterMs { json.field("retry_after_ms", retry) }
        if rejection.maybe { json.field("maybe", true) }
        json.endObject()
        json.endObject()
        return json.bytes
    }
}
