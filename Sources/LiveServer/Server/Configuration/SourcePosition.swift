// Owns the way from an offset in a file to what a person looks for: line, column and the name that stands there; and
// from a misspelt key to the nearest right one. Only for messages, so approximate is enough: it never decides anything.

/// A place in a file, counted from 1.
struct SourcePosition: Equatable {
    let line: Int
    /// In bytes.
    let column: Int
    private let offset: Int

    init(offset: Int, in bytes: [UInt8]) {
        let before = bytes.prefix(max(0, offset))
        let newline = UInt8(ascii: "\n")
        line = before.count { $0 == newline } + 1
        column = before.count - (before.lastIndex(of: newline).map { $0 + 1 } ?? 0) + 1
        self.offset = before.count
    }

    /// The text in quotes that begins at this place.
    func quotedName(in bytes: [UInt8]) -> String? {
        let quote = UInt8(ascii: "\"")
        guard let start = bytes[offset...].firstIndex(of: quote), start - offset <= 1,
            let end = bytes[(start + 1)...].firstIndex(of: quote)
        else { return nil }
        return String(decoding: bytes[(start + 1)..<end], as: UTF8.self)
    }

    /// Where a dotted key stands: the last segment's first occurrence behind its group's.
    static func ofKey(_ key: String, in bytes: [UInt8]) -> SourcePosition? {
        var from = 0
        for segment in key.split(separator: ".") {
            let quoted = Array("\"\(segment)\"".utf8)
            guard let at = find(quoted, in: bytes, from: from) else { return nil }
            from = at + quoted.count
        }
        return SourcePosition(offset: from - 1, in: bytes)
    }

    private static func find(_ needle: [UInt8], in bytes: [UInt8], from: Int) -> Int? {
        guard bytes.count - from >= needle.count else { return nil }
        return (from...(bytes.count - needle.count)).first { bytes[$0..<($0 + needle.count)].elementsEqual(needle) }
    }
}

/// Which known name a misspelt one may have meant.
enum Spelling {
    /// The nearest name within three changes and a third of its length; nil where none is that near.
    static func nearest(to text: String, among names: [String]) -> String? {
        guard text.utf8.count <= 64 else { return nil }
        let scored = names.map { (name: $0, distance: distance(Array(text.utf8), Array($0.utf8))) }
        guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= min(3, text.utf8.count / 3) ? best.name : nil
    }

    /// Levenshtein's distance.
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (index, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let changed = diagonal + (byte == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(changed, row[column] + 1, row[column + 1] + 1)
            }
        }
        return row[right.count]
    }
}
