// Owns the commands that ask or tell a running node: `set`, `switches`, `nodes`, `rooms`, `room`, `participants`,
// `kick`, `drain`. They speak over the socket in the node's data folder; the node does the work.

import ArgumentParser
import LiveProtocol
import LiveServer

/// Which node: by its data folder.
struct NodeOptions: ParsableArguments {
    @OptionGroup var options: ConfigurationOptions

    @Option(help: "The node's data folder (./data, or as configured).")
    var dataDir: String?

    @Flag(help: "Prints the node's answer as JSON.")
    var json = false

    /// Asks the node; the answer's root where it is `ok`. With `--json` it is printed as it came.
    func ask(_ members: (inout JSONWriter) -> Void) throws -> JSONValue? {
        let flags = dataDir.map { [ConfigurationFlag(name: "--data-dir", key: "data_dir", value: $0)] } ?? []
        let configuration = try options.load(flags: flags)
        var line = JSONWriter()
        line.beginObject()
        members(&line)
        line.endObject()
        let answer: [UInt8]
        do {
            answer = try AdminClient.ask(line.bytes, dataDirectory: configuration.dataDir)
        } catch {
            throw CommandFailure(error.sentence)
        }
        let root = try JSONDocument.parse(answer, limits: .document).root
        guard root["ok"]?.bool == true else {
            throw CommandFailure(root["error"]?.string ?? "the node refused")
        }
        guard json else { return root }
        StandardStream.output.line(String(decoding: answer, as: UTF8.self))
        return nil
    }
}

struct SetSwitch: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Switches a feature of a running node on or off, for all, an institution or a room.",
        discussion: "Features: \(Feature.names.joined(separator: ", ")). People in the rooms are told, and what they "
            + "try is refused in words. A room's own switch counts before its institution's, that before the node's, "
            + "that before the configuration. `default` takes a switch back. Switches outlast a restart.")

    @OptionGroup var node: NodeOptions

    @Argument(help: "Such as chat=off, polls=on or chat=default.")
    var change: String

    @Option(help: "For one room: institution/course/session.")
    var room: String?

    @Option(help: "For all rooms of an institution.")
    var institution: String?

    func validate() throws {
        _ = try parsed()
        if room != nil, institution != nil { throw ValidationError("--room or --institution, not both") }
    }

    private func parsed() throws -> (feature: String, on: Bool?) {
        let parts = change.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, Feature.names.contains(parts[0]) else {
            let names = Feature.names.joined(separator: ", ")
            throw ValidationError("\(change): FEATURE=on or FEATURE=off is expected, with one of \(names)")
        }
        switch parts[1] {
        case "on": return (parts[0], true)
        case "off": return (parts[0], false)
        case "default": return (parts[0], nil)
        default: throw ValidationError("\(change): on, off or default is expected")
        }
    }

    func run() throws {
        let (feature, on) = try parsed()
        let root = try node.ask {
            $0.field("do", "set")
            $0.field("feature", feature)
            if let on { $0.field("on", on) }
            if let room { $0.field("room", room) }
            if let institution { $0.field("institution", institution) }
        }
        if let root { Switches.show(root) }
    }
}

struct Switches: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists the switches that were set at run time.")

    @OptionGroup var node: NodeOptions

    func run() throws {
        if let root = try node.ask({ $0.field("do", "switches") }) { Self.show(root) }
    }

    static func show(_ root: JSONValue) {
        let rules = root["switches"]?.array ?? []
        if rules.isEmpty { StandardStream.output.line("no switch is set: all is as configured") }
        for rule in rules {
            let scope =
                rule["room"]?.string.map { "room \($0)" } ?? rule["institution"]?.string.map { "institution \($0)" }
                ?? "everywhere"
            let state = rule["on"]?.bool == true ? "on" : "off"
            StandardStream.output.line("\(rule["feature"]?.string ?? "")=\(state)  \(scope)")
        }
    }
}

struct NodeStatus: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodes", abstract: "Shows what a running node holds: connections, rooms, memory.")

    @OptionGroup var node: NodeOptions

    func run() throws {
        guard let root = try node.ask({ $0.field("do", "node") }) else { return }
        StandardStream.output.line(
            "version \(root["version"]?.string ?? ""), \(root["reactors"]?.int ?? 0) reactors, "
                + "\(root["connections"]?.int ?? 0) connections, \(root["rooms"]?.int ?? 0) rooms, "
                + "\((root["resident_bytes"]?.int ?? 0) >> 20) MiB (\(root["memory"]?.string ?? "")), "
                + "tails \((root["tail_bytes"]?.int ?? 0) >> 20) MiB"
                + (root["log_failing"]?.bool == true ? ", the log fails" : ""))
    }
}

struct ListRooms: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rooms", abstract: "Lists the rooms that a running node has in memory.")

    @OptionGroup var node: NodeOptions

    func run() throws {
        guard let root = try node.ask({ $0.field("do", "rooms") }) else { return }
        for room in root["rooms"]?.array ?? [] { StandardStream.output.line(ShowRoom.line(room)) }
        StandardStream.output.line("\(root["count"]?.int ?? 0) rooms")
    }
}

struct ShowRoom: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "room", abstract: "Shows one room of a running node.")

    @OptionGroup var node: NodeOptions

    @Argument(help: "institution/course/session")
    var room: String

    func run() throws {
        let root = try node.ask {
            $0.field("do", "room")
            $0.field("room", room)
        }
        if let root { StandardStream.output.line(Self.line(root)) }
    }

    static func line(_ room: JSONValue) -> String {
        var text =
            "\(room["room"]?.string ?? "")  \(room["people"]?.int ?? 0) people, "
            + "\(room["moderators"]?.int ?? 0) moderators, seq \(room["seq"]?.int ?? 0), "
            + "\(room["open_polls"]?.int ?? 0) open polls, tail \((room["tail_bytes"]?.int ?? 0) >> 10) KiB"
        if room["locked"]?.bool == true { text += ", locked" }
        if room["ended"]?.bool == true { text += ", ended" }
        let off = (room["off"]?.array ?? []).compactMap(\.string)
        if !off.isEmpty { text += ", off: " + off.joined(separator: " ") }
        return text
    }
}

struct Participants: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the first thousand people in a room of a running node.")

    @OptionGroup var node: NodeOptions

    @Argument(help: "institution/course/session")
    var room: String

    func run() throws {
        let answer = try node.ask {
            $0.field("do", "participants")
            $0.field("room", room)
        }
        guard let roster = answer?["roster"] else { return }
        for person in roster["participants"]?.array ?? [] {
            StandardStream.output.line(
                "\(person["participant"]?.string ?? "")  \(person["role"]?.string ?? "")  "
                    + "\(person["connections"]?.int ?? 0) connections  \(person["name"]?.string ?? "")")
        }
        StandardStream.output.line("\(roster["count"]?.int ?? 0) people")
    }
}

struct Kick: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sends a participant out of a room of a running node (close 4403); they may come in again.")

    @OptionGroup var node: NodeOptions

    @Argument(help: "institution/course/session")
    var room: String

    @Argument(help: "The participant's id.")
    var participant: String

    func run() throws {
        let root = try node.ask {
            $0.field("do", "kick")
            $0.field("room", room)
            $0.field("participant", participant)
        }
        if let root { StandardStream.output.line("\(root["connections"]?.int ?? 0) connections closed") }
    }
}

struct Drain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ends a running node gently, as SIGTERM does: people are told when to come back.")

    @OptionGroup var node: NodeOptions

    func run() throws {
        if try node.ask({ $0.field("do", "drain") }) != nil { StandardStream.output.line("draining") }
    }
}
