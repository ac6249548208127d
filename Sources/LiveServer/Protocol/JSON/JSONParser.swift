// JSONParser: the grammar of RFC 8259 in one pass over a loaded tape.
// Never recurses (an open container remembers the one around it in its node), never looks back except to compare
// member names. Limits: bytes, depth and nodes, as given.

/// One run over the text of a tape. Leaves the nodes in the tape.
struct JSONParser {
    private enum Expected { case value, firstMember, firstElement, separator }
    private static let none = UInt32.max
    /// Up to this many members each new name is compared with all before it; above, all are sorted at the end.
    private static let pairwiseNamesMax = 16

    private let tape: JSONTape
    private let limits: JSONLimits
    var scanner: JSONScanner
    private var used = 0
    private var depth = 0
    /// The innermost open container.
    private var open = Self.none

    init(tape: JSONTape, count: Int, limits: JSONLimits) {
        self.tape = tape
        self.limits = limits
        scanner = JSONScanner(text: tape.text, count: count)
    }

    mutating func run() throws(JSONError) {
        var expected = Expected.value
        while true {
            scanner.skipSpace()
            let byte = scanner.byte
            switch expected {
            case .value:
                expected = try value(byte)
            case .firstElement:
                expected = byte == UInt8(ascii: "]") ? try close() : .value
            case .firstMember:
                if byte == UInt8(ascii: "}") {
                    expected = try close()
                } else {
                    try name()
                    expected = .value
                }
            case .separator:
                if open == Self.none {
                    guard scanner.isAtEnd else { throw scanner.error(.trailingBytes) }
                    return
                }
                expected = try separator(byte)
            }
        }
    }

    private mutating func separator(_ byte: UInt8) throws(JSONError) -> Expected {
        let isObject = tape.nodes[Int(open)].kind == .object
        switch byte {
        case UInt8(ascii: ","):
            scanner.at += 1
            if isObject {
                scanner.skipSpace()
                try name()
            }
            return .value
        case UInt8(ascii: "}") where isObject, UInt8(ascii: "]") where !isObject:
            return try close()
        default: throw scanner.unexpected()
        }
    }

    private mutating func value(_ byte: UInt8) throws(JSONError) -> Expected {
        switch byte {
        case UInt8(ascii: "\""):
            let (start, count) = try scanner.string()
            try append(.string, start, count)
        case UInt8(ascii: "{"):
            try open(.object)
            return .firstMember
        case UInt8(ascii: "["):
            try open(.array)
            return .firstElement
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            let start = scanner.at
            let isInteger = try scanner.number()
            try append(isInteger ? .integer : .decimal, start, scanner.at - start)
        case UInt8(ascii: "t"):
            try scanner.literal("true")
            try append(.yes, 0, 0)
        case UInt8(ascii: "f"):
            try scanner.literal("false")
            try append(.no, 0, 0)
        case UInt8(ascii: "n"):
            try scanner.literal("null")
            try append(.null, 0, 0)
        default: throw scanner.unexpected()
        }
        if open != Self.none { tape.nodes[Int(open)].start += 1 }
        return .separator
    }

    private mutating func append(_ kind: JSONNode.Kind, _ start: Int, _ count: Int) throws(JSONError) {
        guard used < limits.nodesMax else { throw scanner.error(.tooManyValues) }
        if used == tape.nodeCapacity { tape.growNodes(used: used) }
        let node = JSONNode(
            kind: kind, start: UInt32(truncatingIfNeeded: start), count: UInt32(truncatingIfNeeded: count),
            next: UInt32(truncatingIfNeeded: used + 1))
        (tape.nodes + used).initialize(to: node)
        used += 1
    }

    private mutating func open(_ kind: JSONNode.Kind) throws(JSONError) {
        guard depth < limits.depthMax else { throw scanner.error(.tooDeep) }
        depth += 1
        scanner.at += 1
        try append(kind, 0, 0)
        tape.nodes[used - 1].next = open
        open = UInt32(truncatingIfNeeded: used - 1)
    }

    private mutating func close() throws(JSONError) -> Expected {
        scanner.at += 1
        depth -= 1
        let closed = Int(open)
        let node = tape.nodes[closed]
        if node.kind == .object, node.start > Self.pairwiseNamesMax { try refuseDuplicates(of: closed) }
        open = node.next
        tape.nodes[closed].next = UInt32(truncatingIfNeeded: used)
        if open != Self.none { tape.nodes[Int(open)].start += 1 }
        return .separator
    }

    /// A member's name and the colon after it.
    private mutating func name() throws(JSONError) {
        let offset = scanner.at
        guard scanner.byte == UInt8(ascii: "\"") else { throw scanner.unexpected() }
        let (start, count) = try scanner.string()
        try append(.string, start, count)
        let members = Int(tape.nodes[Int(open)].start)
        if members < Self.pairwiseNamesMax {
            let name = used - 1
            var other = Int(open) + 1
            while other < name {
                if compare(name, other) == 0 { throw JSONError(reason: .duplicateKey, offset: offset) }
                other = Int(tape.nodes[other + 1].next)
            }
        }
        scanner.skipSpace()
        guard scanner.byte == UInt8(ascii: ":") else { throw scanner.unexpected() }
        scanner.at += 1
    }

    /// Sorts the names of a large object, so that equal ones become neighbours: a hostile object costs n log n.
    private func refuseDuplicates(of object: Int) throws(JSONError) {
        var names: [Int] = []
        names.reserveCapacity(Int(tape.nodes[object].start))
        var name = object + 1
        while name < used {
            names.append(name)
            name = Int(tape.nodes[name + 1].next)
        }
        names.sort { left, right in
            let order = compare(left, right)
            return order == 0 ? left < right : order < 0
        }
        for (left, right) in zip(names, names.dropFirst()) where compare(left, right) == 0 {
            // The opening quote stands one byte before the name.
            throw JSONError(reason: .duplicateKey, offset: Int(tape.nodes[right].start) - 1)
        }
    }

    /// Orders two names by length and bytes: negative, 0 or positive.
    private func compare(_ left: Int, _ right: Int) -> Int {
        let one = tape.nodes[left]
        let other = tape.nodes[right]
        if one.count != other.count { return one.count < other.count ? -1 : 1 }
        return Bytes.compare(tape.text + Int(one.start), tape.text + Int(other.start), count: Int(one.count))
    }
}
