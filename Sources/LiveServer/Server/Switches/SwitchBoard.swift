// The switches of a running node: read by every reactor, changed by the administration's thread, kept in
// `switches.json` of the data folder so that they outlast a restart.
//
// Owns: the table behind a lock, its version, the file. Never: tells rooms (the reactors do). A message costs a load of
// the version; the lock is taken when that has changed, and on joins.

import Glibc
import LiveProtocol
import Rooms
import Synchronization

/// The node's switches. Any thread.
final class SwitchBoard: Sendable {
    static let fileName = "switches.json"

    private let path: String
    private let defaults: FeatureSet
    private let table: Mutex<SwitchTable>
    private let versionNow = Atomic<UInt64>(1)
    private let nodeOff: Atomic<UInt16>

    /// The board of a data folder; a file that cannot be read refuses the start, since what an operator switched off
    /// must not be on by surprise.
    init(dataDirectory: String, settings: FeatureSettings) throws(StartFailure) {
        path = dataDirectory + "/" + Self.fileName
        defaults = Self.defaults(settings)
        let table: SwitchTable
        if let bytes = try SmallFile.read(path) {
            do throws(JSONError) {
                table = try SwitchTable(json: bytes)
            } catch {
                throw StartFailure("\(path): not JSON at byte \(error.offset); mend or remove the file")
            }
        } else {
            table = SwitchTable()
        }
        nodeOff = Atomic(table.off(default: defaults).rawValue)
        self.table = Mutex(table)
    }

    /// Rises with every change.
    var version: UInt64 { versionNow.load(ordering: .acquiring) }

    /// What is off in a room.
    func off(in room: RoomKey) -> FeatureSet { table.withLock { $0.off(in: room, default: defaults) } }

    /// Whether a feature is on where no room is concerned.
    func isOn(_ feature: Feature) -> Bool {
        !FeatureSet(rawValue: nodeOff.load(ordering: .relaxed)).contains(feature)
    }

    /// All rules, as an object's member.
    func append(to writer: inout JSONWriter) { table.withLock { $0 }.append(to: &writer) }

    /// Changes a rule, on the disk first; nil when done, else why not.
    func set(_ feature: Feature, _ on: Bool?, for scope: SwitchTable.Scope) -> String? {
        if feature == .echo, scope != .node { return "echo is the node's: no room and no institution has its own" }
        var changed = table.withLock { $0 }
        guard changed.set(feature, on, for: scope) else { return "there are \(SwitchTable.rulesMax) rules already" }
        do throws(StartFailure) {
            try SmallFile.write(changed.json, to: path)
        } catch {
            return error.description
        }
        table.withLock { $0 = changed }
        nodeOff.store(changed.off(default: defaults).rawValue, ordering: .relaxed)
        versionNow.add(1, ordering: .releasing)
        return nil
    }

    private static func defaults(_ settings: FeatureSettings) -> FeatureSet {
        let on: [(Feature, Bool)] = [
            (.chat, settings.chat), (.polls, settings.polls), (.questions, settings.questions),
            (.hands, settings.hands), (.reactions, settings.reactions), (.guests, settings.guests),
            (.echo, settings.echo),
        ]
        return on.reduce(into: []) { if !$1.1 { $0.insert(FeatureSet($1.0)) } }
    }
}

/// A file of a few kilobytes that is replaced as a whole.
enum SmallFile {
    /// Longest file that is read: the rules of a full table.
    static let bytesMax = 4 << 20

    /// The file's bytes; nil where there is none.
    static func read(_ path: String) throws(StartFailure) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        if file < 0, errno == ENOENT { return nil }
        guard file >= 0 else { throw failure(path) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < bytesMax {
            let count = Glibc.read(file, &buffer, buffer.count)
            guard count >= 0 else { throw failure(path) }
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return bytes
    }

    /// Puts `bytes` in the file's place, on the disk before it returns; whole or not at all (rename(2)).
    static func write(_ bytes: [UInt8], to path: String) throws(StartFailure) {
        let fresh = path + ".new"
        let file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard file >= 0 else { throw failure(fresh) }
        let isWhole =
            bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) } == bytes.count && fsync(file) == 0
        close(file)
        guard isWhole, rename(fresh, path) == 0 else { throw failure(path) }
    }

    private static func failure(_ path: String) -> StartFailure {
        StartFailure("\(path): \(String(cString: strerror(errno)))")
    }
}
