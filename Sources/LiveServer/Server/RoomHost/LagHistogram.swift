// Owns delivery lags as clients report them, in buckets fine enough for a percentile that people read: to the
// millisecond below 16 ms, to an eighth of the value above. Integers only. Never a clock. Limits: an hour; longer lags
// count as one.

import LiveProtocol

/// Lags of one session, in milliseconds.
package struct LagHistogram: Equatable, Sendable {
    /// The longest lag that is told apart, in ms: what the decoder of heartbeats cuts to.
    static let lagMsMax = WireLimits.lagMsMax
    /// Below it each millisecond has a bucket of its own.
    private static let fineMs = 16
    private static let perOctave = 8
    /// 16 fine buckets, and eight for each power of two from 16 ms to beyond an hour.
    static let bucketCount = fineMs + 18 * perOctave

    /// Lags by bucket; empty until the first one, so that rooms without reports hold nothing.
    private(set) var buckets: [UInt32] = []
    /// How many lags.
    package private(set) var count: UInt64 = 0

    /// Empty.
    package init() {}

    /// Adds one lag of 0 ms or more.
    package mutating func record(ms: Int, times: UInt32 = 1) {
        add(times, at: Self.bucket(ofMs: min(max(0, ms), Self.lagMsMax)))
    }

    private mutating func add(_ times: UInt32, at bucket: Int) {
        if buckets.isEmpty { buckets = [UInt32](repeating: 0, count: Self.bucketCount) }
        buckets[bucket] = buckets[bucket].addingReportingOverflow(times).overflow ? .max : buckets[bucket] + times
        count += UInt64(times)
    }

    /// Adds another histogram's lags.
    package mutating func merge(_ other: LagHistogram) {
        for (bucket, times) in other.buckets.enumerated() where times > 0 { add(times, at: bucket) }
    }

    /// The lag that 95 of 100 reports do not exceed, in ms: the greatest of its bucket. nil without reports.
    package var p95Ms: Int? {
        guard count > 0 else { return nil }
        let rank = (count * 95 + 99) / 100
        var seen: UInt64 = 0
        for (bucket, times) in buckets.enumerated() {
            seen += UInt64(times)
            if seen >= rank { return min(Self.greatestMs(of: bucket), Self.lagMsMax) }
        }
        return Self.lagMsMax
    }

    /// The bucket of a lag.
    static func bucket(ofMs ms: Int) -> Int {
        guard ms >= fineMs else { return ms }
        let octave = Int.bitWidth - 1 - ms.leadingZeroBitCount
        return fineMs + (octave - 4) * perOctave + (ms >> (octave - 3)) & (perOctave - 1)
    }

    /// The greatest lag of a bucket.
    static func greatestMs(of bucket: Int) -> Int {
        guard bucket >= fineMs else { return bucket }
        let octave = (bucket - fineMs) / perOctave + 4
        let step = (bucket - fineMs) % perOctave
        return (perOctave + step + 1) << (octave - 3) - 1
    }

    // MARK: Kept form

    /// `[[bucket,times],…]` of what is not zero.
    func append(to json: inout JSONWriter) {
        json.beginArray()
        for (bucket, times) in buckets.enumerated() where times > 0 {
            json.beginArray()
            json.integer(bucket)
            json.integer(times)
            json.endArray()
        }
        json.endArray()
    }

    /// From what `append` wrote; what does not fit is passed over.
    init(_ json: JSONValue?) {
        guard let json, json.kind == .array else { return }
        for pair in json.elements {
            var numbers: [Int64] = []
            for number in pair.elements { numbers.append(number.int ?? -1) }
            guard numbers.count == 2, (0..<Int64(Self.bucketCount)).contains(numbers[0]),
                let times = UInt32(exactly: numbers[1])
            else { continue }
            add(times, at: Int(numbers[0]))
        }
    }
}
