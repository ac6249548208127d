// Owns the form of one log line, logfmt or JSON, and what may stand in it: only known fields, bounded and free of
// control characters, and nothing that names a person unless the operator asked for it. Pure; the time is an argument.

import LiveProtocol
import Rooms

/// The fields that a log line may have. What is not here is not logged.
package enum LogField: String, Sendable, CaseIterable {
    /// Why something failed: a technical text, never a person's words.
    case reason
    /// Index of a reactor.
    case reactor
    case count, bytes, ms, status, code, errno, signal, seq, epoch, port, version, file, setting
    /// Rooms are named after courses, not after people.
    case room
    /// Who: only where `log.names` is on.
    case participant, name, address, text, query

    /// Whether the field can name a person or repeat a person's words.
    var isPersonal: Bool {
        switch self {
        case .participant, .name, .address, .text, .query: true
        default: false
        }
    }
}

/// Writes log lines.
package struct LogLine: Sendable {
    /// Longest message or value, bytes; the rest is cut.
    static let valueBytesMax = 300
    /// Most fields of a line; the rest is left out.
    static let fieldsMax = 16

    private let format: LogFormat
    private let names: Bool

    /// Lines of one form; with `names`, personal fields are written too.
    package init(format: LogFormat, names: Bool) {
        self.format = format
        self.names = names
    }

    /// One line with its newline. `level` is swift-log's word; `fields` come in the order given; those with unknown
    /// names or about people are written as `-`.
    package func bytes(level: String, message: String, fields: [(key: String, value: String)], wallMs: Int64) -> [UInt8]
    {
        let shown = fields.prefix(Self.fieldsMax).map { field in
            (key: Self.key(field.key), value: mayShow(field.key) ? Self.clean(field.value) : "-")
        }
        switch format {
        case .logfmt: return logfmt(level, Self.clean(message), shown, wallMs)
        case .json: return json(level, Self.clean(message), shown, wallMs)
        }
    }

    private func mayShow(_ key: String) -> Bool {
        guard let field = LogField(rawValue: key) else { return false }
        return names || !field.isPersonal
    }

    private func logfmt(
        _ level: String, _ message: String, _ fields: [(key: String, value: String)], _ wallMs: Int64
    ) -> [UInt8] {
        var line = "ts=\(Timestamp.text(wallMs)) level=\(level) msg=\(Self.quoted(message))"
        for field in fields { line += " \(field.key)=\(Self.quoted(field.value))" }
        return Array(line.utf8) + [UInt8(ascii: "\n")]
    }

    private func json(
        _ level: String, _ message: String, _ fields: [(key: String, value: String)], _ wallMs: Int64
    ) -> [UInt8] {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        writer.field("ts", Timestamp.text(wallMs))
        writer.field("level", level)
        writer.field("msg", message)
        var seen: Set<String> = ["ts", "level", "msg"]
        for field in fields where seen.insert(field.key).inserted {
            writer.key(dynamic: field.key)
            writer.string(field.value)
        }
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// A field's name without what would break a line.
    private static func key(_ text: String) -> String {
        let safe = text.utf8.prefix(32).filter { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
        return safe.isEmpty ? "field" : String(decoding: safe, as: UTF8.self)
    }

    /// Control characters as spaces, cut at the limit between scalars.
    private static func clean(_ text: String) -> String {
        var result = ""
        var bytes = 0
        for scalar in text.unicodeScalars {
            let isControl =
                scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || [0x2028, 0x2029].contains(scalar.value)
            bytes += UTF8.width(scalar)
            guard bytes <= valueBytesMax else { return result + "…" }
            result.unicodeScalars.append(isControl ? " " : scalar)
        }
        return result
    }

    /// As it is where that is one word, else in quotes.
    private static func quoted(_ text: String) -> String {
        let plain =
            !text.isEmpty
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x3D && $0 != 0x5C }
        if plain { return text }
        var result = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
        return result + "\""
    }
}

/// Points in time as RFC 3339 text in UTC.
enum Timestamp {
    /// Such as `2026-11-21T08:30:00.123Z`; years 1970 to 9999.
    static func text(_ wallMs: Int64) -> String {
        let ms = min(max(wallMs, 0), 253_402_300_799_999)
        let day = civil(days: ms / 86_400_000)
        let second = ms / 1_000 % 86_400
        return "\(pad(day.year, 4))-\(pad(day.month, 2))-\(pad(day.day, 2))T\(pad(second / 3_600, 2)):"
            + "\(pad(second / 60 % 60, 2)):\(pad(second % 60, 2)).\(pad(ms % 1_000, 3))Z"
    }

    /// The Gregorian date of a number of days since 1970 (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func pad(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
