// Owns the promises of the journal: whatever happened to a segment's bytes, a reader shows records that were
// written, in their order and from the first on, or says that it is damaged; a writer recovers what was committed,
// or refuses, and what it writes then is read behind that.

import LiveTestSupport

@testable import LiveIO

enum FuzzedJournal {
    /// One folder for the process, in memory; a fuzzer has one thread, and each test a process or a turn.
    static func run(_ input: [UInt8]) {
        bare(input)
        let (written, segment) = script(input)
        let folder = TemporaryDirectory("fuzz-journal", inMemory: true)
        let name = JournalFolder.segmentPath(folder.path, 1)
        guard (try? folder.write(String(name.dropFirst(folder.path.utf8.count + 1)), segment)) != nil else { return }
        let before = read(folder.path)
        promise(before.elementsEqual(written.prefix(before.count)), "a reader shows what nobody wrote")
        recover(folder.path, written)
    }

    /// Any bytes where a record or a head could stand.
    private static func bare(_ input: [UInt8]) {
        input.withExactCopy { block in
            let raw = UnsafeRawBufferPointer(block)
            _ = JournalFormat.previousEnd(ofSegmentHead: raw, id: 1)
            switch JournalFormat.find(raw, at: JournalPosition(segment: 1, offset: 32)) {
            case .record(_, let count, _, _): promise(count + 16 <= raw.count, "a record beyond the bytes")
            case .incomplete(let count): promise(count > raw.count && count <= 16 + 64 << 20, "asks for what is there")
            case .nothing: break
            }
        }
    }

    /// A segment of records whose sizes the input names, then the damage that the rest of it does.
    private static func script(_ input: [UInt8]) -> (written: [[UInt8]], segment: [UInt8]) {
        let sizes = input.prefix(8)
        var segment = JournalFormat.segmentHead(id: 1, previousEnd: 0)
        var written: [[UInt8]] = []
        for (number, size) in sizes.enumerated() {
            let payload = [UInt8](repeating: UInt8(number), count: Int(size))
            var round = [UInt8](repeating: 0, count: 16 + payload.count)
            round.withUnsafeMutableBytes { bytes in
                guard let base = bytes.baseAddress else { return }
                JournalFormat.beginRecord(base, kind: 7, payloadCount: payload.count)
                (base + 16).copyMemory(from: payload, byteCount: payload.count)
                let place = JournalPosition(segment: 1, offset: UInt64(segment.count))
                JournalFormat.seal(bytes, round: UInt32(number) + 1, at: place)
            }
            segment += round
            written.append(payload)
        }
        damage(&segment, Array(input.dropFirst(8)))
        return (written, segment)
    }

    /// Threes of bytes: where (two, a place beyond the end cuts or extends the file) and what.
    private static func damage(_ segment: inout [UInt8], _ orders: [UInt8]) {
        for at in stride(from: 0, to: orders.count - 2, by: 3) {
            let place = Int(orders[at]) << 8 | Int(orders[at + 1])
            if place < segment.count {
                segment[place] = orders[at + 2]
            } else if orders[at + 2] & 1 == 0 {
                segment.removeLast(min(segment.count, place & 0xFF))
            } else {
                segment += [UInt8](repeating: orders[at + 2], count: place & 0xFF)
            }
        }
    }

    private static func read(_ folder: String) -> [[UInt8]] {
        var payloads: [[UInt8]] = []
        guard var reader = try? JournalReader(directory: folder) else { return [] }
        while let record = try? reader.next() { payloads.append(Array(record.payload)) }
        return payloads
    }

    private static func recover(_ folder: String, _ written: [[UInt8]]) {
        var options = JournalOptions()
        options.segmentBytes = 4_096
        options.freeBytesMin = 0
        let new: [UInt8] = [1, 2, 3, 4]
        do throws(JournalFailure) {
            var writer = try JournalWriter(directory: folder, options: options)
            new.withUnsafeBytes { writer.append(kind: 9, $0) }
            try writer.commit(sync: false)
        } catch {
            guard case .corrupt = error else { preconditionFailure("recovery fails for another reason: \(error)") }
            return
        }
        let after = read(folder)
        promise(after.last == new, "what is written after a recovery is not read")
        promise(after.dropLast().elementsEqual(written.prefix(after.count - 1)), "recovery makes up records")
    }
}
