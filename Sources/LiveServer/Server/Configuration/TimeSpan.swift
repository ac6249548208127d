// Owns times as people write them on a command line: a whole number and a unit. Pure.

/// A span of time such as `90s`, `15m`, `2h` or `7d`.
package struct TimeSpan: Sendable, Equatable {
    /// Longest span, seconds: 366 days.
    package static let secondsMax: Int64 = 366 * 86_400

    /// 1…`secondsMax`.
    package let seconds: Int64

    /// Reads a span; nil for anything else, for nothing and for more than 366 days.
    package init?(_ text: String) {
        guard let unit = text.utf8.last, let factor = Self.factor(unit) else { return nil }
        let digits = text.utf8.dropLast()
        guard (1...9).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }),
            let number = Int64(text.dropLast())
        else { return nil }
        guard (1...Self.secondsMax).contains(number * factor) else { return nil }
        seconds = number * factor
    }

    private static func factor(_ unit: UInt8) -> Int64? {
        switch unit {
        case UInt8(ascii: "s"): 1
        case UInt8(ascii: "m"): 60
        case UInt8(ascii: "h"): 3_600
        case UInt8(ascii: "d"): 86_400
        default: nil
        }
    }
}
