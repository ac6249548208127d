// A deleted message leaves the tail: the event stays at its seq, without its text.

import LiveProtocol

enum Redaction {
    /// The event at `seq` without its text and marked as deleted; nil where the log no longer holds it.
    static func rewrite(seq: UInt64, in log: borrowing FrameLog, reader: JSONReader) -> [UInt8]? {
        guard seq > 0, let index = log.index(after: seq - 1), index < log.nextIndex else { return nil }
        let frame = log.frame(at: index)
        guard frame.seq == seq else { return nil }
        return rewrite(FrameLog.json(ofFrame: frame.bytes), reader: reader)
    }

    private static func rewrite(_ json: UnsafeRawBufferPointer, reader: JSONReader) -> [UInt8]? {
        do throws(JSONError) {
            let event = try reader.parse(json)
            var writer = JSONWriter(reserving: json.count)
            writer.beginObject()
            for member in event.root.members where !member.hasKey("text") {
                writer.key(dynamic: member.key)
                writer.value(member.value)
            }
            writer.field("text", "")
            writer.field("deleted", true)
            writer.endObject()
            return writer.bytes
        } catch {
            preconditionFailure("the log holds what we wrote: \(error.reason.rawValue)")
        }
    }
}
