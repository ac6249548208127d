// Owns journals on a failing disk: every system call failing, random sequences of faults and crashes, a disk that is
// really full (where the process may mount one).

import Foundation
import Glibc
import LiveTestSupport
import Testing

@testable import LiveIO

/// Journals on a failing disk, against the plain model: a list of the rounds whose commit answered.
@Suite struct JournalFaultTests {
    private let folder = TemporaryDirectory("fault", inMemory: true)

    private static let faults: [FaultPlan.Fault] = [.fail(EIO), .fail(ENOSPC), .fail(EINTR), .short(0), .short(7)]

    /// Opens, writes nine rounds over several segments with the plan in force; answers what was committed.
    private func run(_ plan: FaultPlan, _ directory: String, _ options: JournalOptions) throws -> [Entry] {
        var committed: [Entry] = []
        let opened = plan.during { () -> Bool in
            guard var writer = try? JournalWriter(directory: directory, options: options) else { return false }
            for number in 0..<9 {
                let round = [Entry(UInt8(number), SeededSequence.bytes(900)), Entry(100, [UInt8(number)])]
                let failure = capture { () throws(JournalFailure) in try writer.commit(round, sync: number % 2 == 0) }
                if failure == nil { committed += round }
            }
            // The disk is well again: one more round decides what became of the one that failed last.
            plan.disarm()
            let last = [Entry(250, [1, 2, 3])]
            let failure = capture { () throws(JournalFailure) in try writer.commit(last, sync: true) }
            #expect(failure == nil, "a writer is usable again after a failure")
            committed += last
            return true
        }
        #expect(plan.open.isEmpty && plan.closedTwice.isEmpty, "descriptors leak")
        if !opened { #expect(plan.struck > 0) }
        return committed
    }

    @Test(arguments: [JournalOptions.small(), .small(reserve: 1)], [1, 2, 5])
    func `whichever system call fails, committed rounds are there and failed ones are not`(
        options: JournalOptions, times: Int
    ) throws {
        for fault in Self.faults {
            _ = try withEveryStep { step in
                let directory = folder.path("\(options.reserveSegments)-\(times)-\(step)")
                let plan = FaultPlan(fault, at: step, times: times)
                let committed = try run(plan, directory, options)
                let what = "\(fault) of call \(step) (\(plan.firstStruck.map { "\($0)" } ?? "none"))"
                #expect(try readAll(directory) == committed, "\(what)")
                do {
                    let writer = try JournalWriter(directory: directory, options: options)
                    let cut = writer.recovered.bytesCut
                    #expect(cut == 0, "\(what): everything that failed was taken back")
                }
                #expect(try readAll(directory) == committed, "\(what), opened again")
                try FileManager.default.removeItem(atPath: directory)
                return plan.struck > 0
            }
        }
    }

    @Test(arguments: SeededRandom.seeds(60))
    func `through any sequence of commits, faults, crashes and removals the journal equals the model`(
        seed: UInt64
    ) throws {
        var random = SeededRandom(seed: seed)
        let directory = folder.path("j")
        let options = JournalOptions.small(4_096 + random.below(8_000), reserve: random.below(3))
        var model: [Entry] = []
        var seen: [Entry] = []
        var position: JournalPosition?
        for _ in 0..<random.below(6) + 2 {
            var writer = try JournalWriter(directory: directory, options: options)
            var reader = try JournalReader(directory: directory, from: position, following: writer.tail)
            for _ in 0..<random.below(40) {
                let round = (0..<random.below(5) + 1).map { _ in Entry.random(&random, bytesMax: 700) }
                let fault = random.pick([FaultPlan.Fault.fail(EIO), .fail(ENOSPC), .short(random.below(40))])
                let kinds: Set<SystemCallKind>? = random.chance(1, in: 2) ? [.positionedWrite, .dataSync] : nil
                let at = random.chance(1, in: 3) ? random.below(4) + 1 : 0
                let sync = random.chance(1, in: 2)
                let failure = FaultPlan(fault, at: at, kinds: kinds).during {
                    capture { () throws(JournalFailure) in try writer.commit(round, sync: sync) }
                }
                if failure == nil { model += round }
                if random.chance(1, in: 3) {
                    seen += try reader.all()
                    #expect(seen == model)
                }
                if random.chance(1, in: 10) { try writer.removeSegments(before: reader.position) }
            }
            seen += try reader.all()
            #expect(seen == model)
            position = reader.position
        }
    }

    /// A file system of one mebibyte, for tests that fill it; nil where this process may not mount.
    private func mountSmall(_ path: String) -> Bool {
        guard geteuid() == 0 else { return false }
        _ = SystemCall.makeDirectory(path)
        return command("/bin/mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path])
    }

    private func command(_ path: String, _ arguments: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    @Test func `on a full disk nothing is acknowledged that is not there, and room makes the writer go on`() throws {
        let disk = folder.path("disk")
        guard mountSmall(disk) else {
            // Without the right to mount, the failing calls above stand for the full disk.
            return
        }
        defer { _ = command("/bin/umount", [disk]) }
        var committed: [Entry] = []
        var writer = try JournalWriter(directory: "\(disk)/j", options: .small(256 * 1024))
        var failure: JournalFailure?
        for number in 0..<200 where failure == nil {
            let round = [Entry(UInt8(number), SeededSequence.bytes(30_000))]
            failure = capture { () throws(JournalFailure) in try writer.commit(round, sync: true) }
            if failure == nil { committed += round }
        }
        #expect(failure == .diskFull)
        #expect(committed.count > 20)
        #expect(try readAll("\(disk)/j") == committed)
        try writer.removeSegments(before: JournalPosition(segment: 2, offset: 0))
        let kept = try readAll("\(disk)/j")
        #expect(kept == Array(committed.suffix(kept.count)) && kept.count < committed.count)
        try writer.commit([Entry(201, SeededSequence.bytes(30_000))], sync: true)
        #expect(try readAll("\(disk)/j") == kept + [Entry(201, SeededSequence.bytes(30_000))])
    }

    @Test func `preallocated segments take ballots while the disk is full`() throws {
        let disk = folder.path("disk")
        guard mountSmall(disk) else { return }
        defer { _ = command("/bin/umount", [disk]) }
        var options = JournalOptions.small(128 * 1024, reserve: 2)
        options.recordBytesMax = 2_048
        var writer = try JournalWriter(directory: "\(disk)/ballots", options: options)
        let filler = open("\(disk)/filler", O_WRONLY | O_CREAT, 0o600)
        let block = [UInt8](repeating: 1, count: 4_096)
        while write(filler, block, block.count) > 0 {}
        close(filler)
        var committed: [Entry] = []
        // Three segments of 128 KiB were reserved: 300 KiB must fit, whatever else the disk holds.
        for number in 0..<300 {
            let ballot = [Entry(UInt8(number % 250), SeededSequence.bytes(1_000))]
            try writer.commit(ballot, sync: true)
            committed += ballot
        }
        #expect(try readAll("\(disk)/ballots") == committed)
        var failure: JournalFailure?
        for number in 0..<300 where failure == nil {
            failure = capture { () throws(JournalFailure) in
                try writer.commit([Entry(UInt8(number % 250), SeededSequence.bytes(1_000))], sync: true)
            }
            if failure == nil { committed.append(Entry(UInt8(number % 250), SeededSequence.bytes(1_000))) }
        }
        #expect(failure == .diskFull)
        #expect(try readAll("\(disk)/ballots") == committed)
    }
}
