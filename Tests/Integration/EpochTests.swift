// The promise that no (epoch, seq) ever names two events: after a machine was reset, which may have lost what was
// already shown, and without a journal, the log goes on under another name.

import Foundation
import LiveProtocol
import LiveTestSupport
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct EpochTests {
    /// Makes the data folder one that a machine left behind whose kernel runs no more.
    private func resetMachine(_ node: ServerUnderTest) throws {
        let path = "data/epoch.json"
        let boot = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let text = String(decoding: try node.folder.read(path), as: UTF8.self)
        guard text.contains(boot) else {
            throw IntegrationFailure("the folder does not name the running kernel: \(text)")
        }
        let other = "00000000-0000-4000-8000-000000000000"
        try node.folder.write(path, Array(text.replacingOccurrences(of: boot, with: other).utf8))
    }

    @Test(arguments: SharedNodes.threadCounts)
    func `after a reset of the machine a new epoch begins, and old cursors still resume`(threads: Int) throws {
        let node = try ServerUnderTest(threads: threads)
        let room = Classroom(node)
        let teacher = try room.socket("ms-k", .instructor)
        let ada = try room.socket("ada")
        try teacher.demand("chat_send", ["text": "seen"])
        try ada.chat("seen")
        ada.wire.cut()
        let last = try teacher.demand("chat_send", ["text": "missed"])
        let oldHead = try #require(last.seq)
        let oldEpoch = ada.epoch
        try node.kill()
        try resetMachine(node)
        try node.start()

        let fresh = try room.socket("ben")
        #expect(fresh.epoch != oldEpoch)
        #expect(fresh.messages.first?["state"]?["chat"]?.array?.count == 2)
        let back = try room.socket("ada", AttachOptions(after: ada))
        #expect(back.messages.first?.event == "resumed", "the kept log of the old epoch is still whole")
        try back.chat("missed")
        let sent = try fresh.demand("chat_send", ["text": "new"])
        #expect(sent.seq ?? 0 > oldHead, "places rise over epochs")
        try back.chat("new")
        #expect(back.chat == ["missed", "new"])

        // What the old epoch never held, though somebody may have been shown it before the reset.
        let beyond = try room.socket(
            "ada", AttachOptions(cursor: Cursor(epoch: oldEpoch, seq: oldHead + 1).description, device: "other"))
        #expect(beyond.messages.first?["reset"]?.bool == true)
        back.wire.cut()
        try fresh.demand("chat_send", ["text": "newer"])
        let again = try room.socket("ada", AttachOptions(after: back))
        #expect(again.messages.first?.event == "resumed")
        try again.chat("newer")
        #expect(again.chat == ["newer"])
    }

    @Test func `without a journal rooms end with the process, and their cursors with them`() throws {
        let node = try ServerUnderTest(settings: ["journal.enabled=false"])
        let room = Classroom(node)
        let ada = try room.socket("ada")
        for number in 0..<3 { try ada.demand("chat_send", ["text": .text("first life \(number)")]) }
        try node.crashAndRestart()
        let ben = try room.socket("ben")
        for number in 0..<5 { try ben.demand("chat_send", ["text": .text("second life \(number)")]) }
        let back = try room.socket("ada", AttachOptions(after: ada))
        #expect(back.messages.first?["reset"]?.bool == true, "another log under the same name: \(back.messages)")
    }
}
