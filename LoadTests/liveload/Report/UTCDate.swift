// Owns dates as text in UTC and the one logarithm of the charts. Never local time: a report is read elsewhere.

import Glibc

/// Seconds since 1970 for people.
enum UTCDate {
    static func text(_ seconds: Int64) -> String {
        var moment = time_t(seconds)
        var parts = tm()
        gmtime_r(&moment, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(parts.tm_year + 1_900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) "
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) UTC"
    }
}

/// Logarithms.
enum Logarithm {
    static func ofTen(_ value: Double) -> Double { log10(value) }
}
