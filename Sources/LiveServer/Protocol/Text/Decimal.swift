// Decimal: whole numbers as ASCII digits, both ways.
// Never accepts signs, spaces or leading plus; never allocates beyond the array it appends to.

/// Unsigned decimal numbers in ASCII.
package enum Decimal {
    /// Appends `value` without leading zeros.
    package static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        if value < 10 {
            bytes.append(0x30 + UInt8(truncatingIfNeeded: value))
            return
        }
        var digits = 0
        var rest = value
        while rest > 0 {
            rest /= 10
            digits += 1
        }
        bytes.append(contentsOf: repeatElement(0x30, count: digits))
        var at = bytes.count - 1
        rest = value
        while rest > 0 {
            bytes[at] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
            at -= 1
        }
    }

    /// The value of `digits`, all of them `0`–`9`, at least one; nil for anything else and above `UInt64.max`.
    package static func parse(_ digits: UnsafeRawBufferPointer) -> UInt64? {
        guard !digits.isEmpty else { return nil }
        var value: UInt64 = 0
        for byte in digits {
            guard byte &- 0x30 < 10 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(byte &- 0x30))
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }
}
