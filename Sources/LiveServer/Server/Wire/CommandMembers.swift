// The members of one message, read with their rule. The first that is wrong is noted with its name; reading goes on
// with stand-in values, which the caller throws away, so that decoding is a straight line without a throw at each step.

import LiveProtocol
import Rooms

/// Reads members of a JSON object and keeps the first complaint.
struct CommandMembers {
    private let object: JSONValue
    private(set) var rejection: Rejection?

    init(_ object: JSONValue) { self.object = object }

    mutating func refuse(_ name: StaticString, _ rule: StaticString) {
        if rejection == nil { rejection = Rejection(.badRequest, "\(name): \(rule)") }
    }

    /// Whether the member is there; `null` counts as absent.
    func isPresent(_ name: StaticString) -> Bool { value(name) != nil }

    private func value(_ name: StaticString) -> JSONValue? {
        guard let value = object[name], !value.isNull else { return nil }
        return value
    }

    mutating func bool(_ name: StaticString) -> Bool? {
        guard let value = value(name) else { return nil }
        guard let bool = value.bool else {
            refuse(name, "true or false.")
            return nil
        }
        return bool
    }

    mutating func integer(_ name: StaticString, _ range: ClosedRange<Int64>) -> Int64? {
        guard let value = value(name) else { return nil }
        guard let number = value.int, range.contains(number) else {
            refuse(name, "a whole number within its range.")
            return nil
        }
        return number
    }

    mutating func required(_ name: StaticString, _ range: ClosedRange<Int64>) -> Int64 {
        guard isPresent(name) else {
            refuse(name, "is missing.")
            return range.lowerBound
        }
        return integer(name, range) ?? range.lowerBound
    }

    /// An access token, unread: its form is the verifier's to judge.
    mutating func token(_ name: StaticString) -> String {
        guard let value = value(name), value.kind == .string,
            (1...TokenLimits.compactBytesMax).contains(value.utf8Count)
        else {
            refuse(name, "an access token.")
            return ""
        }
        return value.string ?? ""
    }

    // MARK: Texts

    mutating func optionalText(_ name: StaticString, charactersMax: Int) -> String? {
        guard let value = value(name) else { return nil }
        return checkedText(value, name, charactersMax)
    }

    mutating func text(_ name: StaticString, charactersMax: Int) -> String {
        guard let value = value(name) else {
            refuse(name, "is missing.")
            return ""
        }
        return checkedText(value, name, charactersMax)
    }

    mutating func texts(_ name: StaticString, count: ClosedRange<Int>, charactersMax: Int) -> [String] {
        guard let array = value(name), array.kind == .array, count.contains(array.count) else {
            refuse(name, "a list of 2 to 20 texts.")
            return []
        }
        return array.elements.map { checkedText($0, name, charactersMax) }
    }

    private mutating func checkedText(_ value: JSONValue, _ name: StaticString, _ charactersMax: Int) -> String {
        guard value.kind == .string else {
            refuse(name, "a text.")
            return ""
        }
        let measure = value.withUTF8 { TextMeasure($0) }
        if measure.scalars == 0 { refuse(name, "is empty.") }
        if measure.scalars > charactersMax { refuse(name, "has too many characters.") }
        if measure.hasControls { refuse(name, "has control characters.") }
        return value.string ?? ""
    }

    mutating func emoji(_ name: StaticString) -> String {
        guard let value = value(name), value.kind == .string else {
            refuse(name, "a text of 1 to 32 bytes.")
            return ""
        }
        let fits = (1...RoomLimits.emojiBytesMax).contains(value.utf8Count)
        let hasControls = value.withUTF8 { utf8 in TextMeasure(utf8).hasControls || utf8.contains { $0 < 0x20 } }
        if !fits || hasControls { refuse(name, "a text of 1 to 32 bytes without control characters.") }
        return value.string ?? ""
    }

    /// An address of http or https with a host, without spaces, quotes and brackets.
    mutating func optionalLink(_ name: StaticString) -> String? {
        guard let value = value(name) else { return nil }
        guard let link = value.string, value.withUTF8({ Self.isLink($0) }) else {
            refuse(name, "an address of http or https, at most 2,048 bytes.")
            return nil
        }
        return link
    }

    private static func isLink(_ utf8: UnsafeRawBufferPointer) -> Bool {
        guard utf8.count <= RoomLimits.linkBytesMax, !TextMeasure(utf8).hasControls else { return false }
        let schemes: [StaticString] = ["https://", "http://"]
        guard let scheme = schemes.first(where: { startsWith(utf8, $0) }) else { return false }
        let rest = utf8[scheme.utf8CodeUnitCount...]
        guard let first = rest.first, isHostStart(first) else { return false }
        return rest.allSatisfy { byte in
            switch byte {
            case 0...0x20, UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"),
                UInt8(ascii: "`"):
                false
            default: true
            }
        }
    }

    private static func isHostStart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "["), 0x80...:
            true
        default: false
        }
    }

    private static func startsWith(_ utf8: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
        guard utf8.count >= word.utf8CodeUnitCount else { return false }
        return (0..<word.utf8CodeUnitCount).allSatisfy { at in
            let byte = utf8[at]
            let lower = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
            return lower == word.utf8Start[at]
        }
    }

    // MARK: Names

    mutating func id<T: SequenceID>(_ name: StaticString, _ type: T.Type) -> T {
        guard isPresent(name) else {
            refuse(name, "is missing.")
            return T(seq: 0)
        }
        return optionalID(name, type) ?? T(seq: 0)
    }

    mutating func optionalID<T: SequenceID>(_ name: StaticString, _ type: T.Type) -> T? {
        guard let value = value(name) else { return nil }
        guard let text = value.string, let id = T(text: text) else {
            refuse(name, "not an id of its kind.")
            return nil
        }
        return id
    }

    mutating func participant(_ name: StaticString) -> ParticipantID {
        guard isPresent(name) else {
            refuse(name, "is missing.")
            return .system
        }
        return optionalParticipant(name) ?? .system
    }

    mutating func optionalParticipant(_ name: StaticString) -> ParticipantID? {
        guard let value = value(name) else { return nil }
        guard let text = value.string, let id = ParticipantID(text) else {
            refuse(name, "not a participant's id.")
            return nil
        }
        return id
    }

    mutating func attempt(_ name: StaticString) -> String {
        guard let text = value(name)?.string, let id = CommandID(text) else {
            refuse(name, "1 to 64 printable ASCII characters.")
            return ""
        }
        return id.raw
    }

    mutating func word<T>(_ name: StaticString, _ allowed: StaticString, _ make: (String) -> T?) -> T? {
        guard let text = value(name)?.string, let word = make(text) else {
            refuse(name, allowed)
            return nil
        }
        return word
    }

    // MARK: Ballots and heartbeats

    /// A list of 1 to 20 different option indices as bits.
    mutating func optionalChoices(_ name: StaticString) -> UInt64? {
        guard let array = value(name) else { return nil }
        var bits: UInt64 = 0
        var isValid = array.kind == .array && (1...RoomLimits.optionsMax).contains(array.count)
        for element in array.elements {
            guard let index = element.int, (0..<Int64(RoomLimits.optionsMax)).contains(index) else {
                isValid = false
                break
            }
            if bits & (1 << UInt64(index)) != 0 { isValid = false }
            bits |= 1 << UInt64(index)
        }
        guard isValid else {
            refuse(name, "a list of option indices, each once.")
            return nil
        }
        return bits
    }

    mutating func transport(_ name: StaticString) -> ClientTransport {
        guard let value = value(name) else { return .unknown }
        if value.kind != .string { refuse(name, "a text.") }
        if value.isString("ws") || value.isString("websocket") { return .webSocket }
        if value.isString("sse") { return .eventStream }
        if value.isString("poll") || value.isString("longpoll") { return .longPoll }
        return .unknown
    }

    /// Milliseconds of lag, cut to what is told apart: a client's clock may run ahead or stand far behind.
    mutating func lag(_ name: StaticString) -> Int? {
        guard let value = value(name) else { return nil }
        guard let milliseconds = value.double else {
            refuse(name, "a number of milliseconds.")
            return nil
        }
        return Int(min(max(milliseconds, 0), Double(WireLimits.lagMsMax)))
    }

    /// A number of seconds as milliseconds.
    mutating func milliseconds(_ name: StaticString) -> Int64? {
        guard let value = value(name) else { return nil }
        guard let seconds = value.double, seconds >= 0, seconds <= WireLimits.positionSecondsMax else {
            refuse(name, "a number of seconds.")
            return nil
        }
        return Int64(seconds * 1_000)
    }

    /// Whether something is reported: true, or a text that says what.
    mutating func flag(_ name: StaticString) -> Bool {
        guard let value = value(name) else { return false }
        if let bool = value.bool { return bool }
        if value.kind != .string { refuse(name, "true, false or a text.") }
        return true
    }
}
