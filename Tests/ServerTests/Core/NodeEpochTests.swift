// When a node goes on in its epoch and when it begins another: no (epoch, seq) may ever name two events.

import Foundation
import LiveTestSupport
import Testing

@testable import LiveServer

@Suite struct NodeEpochTests {
    private func edit(_ folder: TemporaryDirectory, _ change: (inout [String: Any]) -> Void) throws {
        let url = URL(fileURLWithPath: folder.path + "/epoch.json")
        var held = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
        change(&held)
        try JSONSerialization.data(withJSONObject: held).write(to: url)
    }

    @Test func `a killed process goes on, a machine that was reset does not, one that was shut down does`() throws {
        let folder = TemporaryDirectory("epoch")
        let first = try NodeEpoch.enter(dataDirectory: folder.path, keepsLog: true)
        #expect(first.beganBecause != nil && RoomCursor(first.epoch + ".1") != nil)
        let killed = try NodeEpoch.enter(dataDirectory: folder.path, keepsLog: true)
        #expect(killed.epoch == first.epoch && killed.beganBecause == nil)
        try edit(folder) { $0["bootID"] = "another boot" }
        let reset = try NodeEpoch.enter(dataDirectory: folder.path, keepsLog: true)
        #expect(reset.epoch != first.epoch && reset.beganBecause != nil)
        try NodeEpoch.leave(dataDirectory: folder.path, epoch: reset.epoch, keepsLog: true)
        try edit(folder) { $0["bootID"] = "yet another boot" }
        let rebooted = try NodeEpoch.enter(dataDirectory: folder.path, keepsLog: true)
        #expect(rebooted.epoch == reset.epoch && rebooted.beganBecause == nil)
        // From here on it runs, and a reset costs it the epoch.
        try edit(folder) { $0["bootID"] = "a third boot" }
        #expect(try NodeEpoch.enter(dataDirectory: folder.path, keepsLog: true).epoch != reset.epoch)
    }

    @Test(arguments: ["", "{", "[]", #"{"epoch":"UPPER-CASE","bootID":"","clean":true}"#, #"{"epoch":"abc"}"#])
    func `a file that cannot be read begins a new epoch`(text: String) throws {
        let folder = TemporaryDirectory("epoch")
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder.path + "/epoch.json"))
        let entered = try NodeEpoch.enter(dataDirectory: folder.path, keepsLog: true)
        #expect(entered.beganBecause != nil && entered.epoch.utf8.count == 12)
    }

    @Test func `a folder that is not there cannot be entered`() {
        #expect(throws: (any Error).self) { try NodeEpoch.enter(dataDirectory: "/nonexistent/folder", keepsLog: true) }
    }
}
