// RandomJSON: random JSON values as a tree of their own, so that our reader and Foundation's can be compared.
import Foundation

@testable import LiveProtocol

indirect enum RandomJSON: Equatable {
    case object([String: RandomJSON])
    case array([RandomJSON])
    case string(String)
    case integer(Int64)
    case double(Double)
    case bool(Bool)
    case null

    private static let alphabet: [Unicode.Scalar] = Array(
        "abcXYZ 019\"\\/<>\n\t\u{0}\u{1F}é€👋\u{2028}\u{2029}\u{10FFFF}".unicodeScalars)

    static func text(_ random: inout SeededRandom) -> String {
        var text = ""
        for _ in 0..<random.below(24) { text.unicodeScalars.append(alphabet[random.below(alphabet.count)]) }
        return text
    }

    static func random(_ random: inout SeededRandom, depth: Int) -> RandomJSON {
        switch random.below(depth > 0 ? 8 : 6) {
        case 0: return .string(text(&random))
        case 1: return .integer(Int64(truncatingIfNeeded: random.next()) >> 11)  // what a double holds exactly, too
        case 2: return .integer(Int64(random.below(1000)) - 500)
        case 3: return .double(Double(random.below(1 << 20)) / 1024 + 0.5 / 1024)
        case 4: return .bool(random.below(2) == 0)
        case 5: return .null
        case 6: return .array((0..<random.below(6)).map { _ in Self.random(&random, depth: depth - 1) })
        default:
            var members: [String: RandomJSON] = [:]
            for _ in 0..<random.below(24) { members[text(&random)] = Self.random(&random, depth: depth - 1) }
            return .object(members)
        }
    }

    func write(to writer: inout JSONWriter) {
        switch self {
        case .string(let text): writer.string(text)
        case .integer(let value): writer.integer(value)
        case .double(let value): writer.double(value)
        case .bool(let value): writer.bool(value)
        case .null: writer.null()
        case .array(let list):
            writer.beginArray()
            for element in list { element.write(to: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for (name, member) in members {
                writer.key(dynamic: name)
                member.write(to: &writer)
            }
            writer.endObject()
        }
    }

    init(_ value: JSONValue) {
        switch value.kind {
        case .object:
            var members: [String: RandomJSON] = [:]
            for member in value.members { members[member.key] = RandomJSON(member.value) }
            self = .object(members)
        case .array: self = .array(value.elements.map { RandomJSON($0) })
        case .string: self = .string(value.string ?? "")
        case .number: self = value.int.map { .integer($0) } ?? value.double.map { .double($0) } ?? .null
        case .bool: self = .bool(value.bool ?? false)
        case .null: self = .null
        }
    }

    /// Foundation's tree. It reads 1.0 as the integer 1, so numbers are compared by `agrees`.
    init(foundation value: Any) {
        switch value {
        case let text as String: self = .string(text)
        case let number as NSNumber:
            switch String(cString: number.objCType) {
            case "c", "B": self = .bool(number.boolValue)
            case "d", "f": self = .double(number.doubleValue)
            default: self = .integer(number.int64Value)
            }
        case let list as [Any]: self = .array(list.map { RandomJSON(foundation: $0) })
        case let members as [String: Any]: self = .object(members.mapValues { RandomJSON(foundation: $0) })
        default: self = .null
        }
    }

    /// Equal, or the same number as an integer and as a double.
    func agrees(with other: RandomJSON) -> Bool {
        switch (self, other) {
        case (.integer(let one), .double(let two)), (.double(let two), .integer(let one)): return Double(one) == two
        case (.array(let one), .array(let two)):
            return one.count == two.count && zip(one, two).allSatisfy { $0.agrees(with: $1) }
        case (.object(let one), .object(let two)):
            return one.count == two.count && one.allSatisfy { two[$0.key]?.agrees(with: $0.value) == true }
        default: return self == other
        }
    }
}
