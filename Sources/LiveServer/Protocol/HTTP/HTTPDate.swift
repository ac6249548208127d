// HTTPDate: the one date format of HTTP that is still written.
// Never reads a clock, never knows time zones or leap seconds. Range: years 1970–9999.

/// Dates such as `Sun, 06 Nov 1994 08:49:37 GMT`. Source: RFC 9110 §5.6.7 (IMF-fixdate only).
package enum HTTPDate {
    private static let days: StaticString = "ThuFriSatSunMonTueWed"
    private static let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"

    /// The 29 bytes for `seconds` since 1970-01-01T00:00:00Z.
    package static func format(seconds: Int64) -> [UInt8] {
        precondition(seconds >= 0 && seconds < 253_402_300_800, "dates of HTTP have a year of four digits")
        let day = seconds / 86_400
        let second = Int(seconds % 86_400)
        let (year, month, dayOfMonth) = civil(day)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(29)
        appendName(days, Int(day % 7), to: &bytes)
        HTTPFieldWriter.append(", ", to: &bytes)
        appendPair(dayOfMonth, to: &bytes)
        bytes.append(0x20)
        appendName(months, month - 1, to: &bytes)
        bytes.append(0x20)
        appendPair(year / 100, to: &bytes)
        appendPair(year % 100, to: &bytes)
        bytes.append(0x20)
        appendPair(second / 3600, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        appendPair(second / 60 % 60, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        appendPair(second % 60, to: &bytes)
        HTTPFieldWriter.append(" GMT", to: &bytes)
        return bytes
    }

    /// Seconds since 1970, or nil for another format or an impossible date. A wrong day of the week is not noticed
    /// otherwise than by comparing with what `format` would write.
    package static func parse(_ text: UnsafeRawBufferPointer) -> Int64? {
        guard text.count == 29, let dayOfMonth = pair(text, 5), let month = monthNumber(text),
            let century = pair(text, 12), let yearOfCentury = pair(text, 14), let hour = pair(text, 17),
            let minute = pair(text, 20), let second = pair(text, 23),
            dayOfMonth > 0, hour < 24, minute < 60, second < 60
        else { return nil }
        let day = daysSince1970(year: century * 100 + yearOfCentury, month: month, day: dayOfMonth)
        let seconds = day * 86_400 + Int64(hour * 3600 + minute * 60 + second)
        guard seconds >= 0 else { return nil }
        let matches = format(seconds: seconds).withUnsafeBytes { Bytes.equal($0, text) }
        return matches ? seconds : nil
    }

    private static func appendName(_ names: StaticString, _ index: Int, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: names.utf8Start + index * 3, count: 3))
    }

    private static func appendPair(_ value: Int, to bytes: inout [UInt8]) {
        bytes.append(0x30 + UInt8(value / 10))
        bytes.append(0x30 + UInt8(value % 10))
    }

    private static func pair(_ text: UnsafeRawBufferPointer, _ at: Int) -> Int? {
        Decimal.parse(UnsafeRawBufferPointer(rebasing: text[at..<(at + 2)])).map { Int($0) }
    }

    private static func monthNumber(_ text: UnsafeRawBufferPointer) -> Int? {
        let name = UnsafeRawBufferPointer(rebasing: text[8..<11])
        for index in 0..<12 {
            let other = UnsafeRawBufferPointer(start: months.utf8Start + index * 3, count: 3)
            if Bytes.equal(name, other) { return index + 1 }
        }
        return nil
    }

    // Howard Hinnant, "chrono-compatible low-level date algorithms": eras of 400 years that begin in March.
    private static func civil(_ daysSince1970: Int64) -> (year: Int, month: Int, day: Int) {
        let shifted = Int(daysSince1970) + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func daysSince1970(year: Int, month: Int, day: Int) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return Int64(era * 146_097 + dayOfEra - 719_468)
    }
}
