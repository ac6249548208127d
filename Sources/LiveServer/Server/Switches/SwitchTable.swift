// Which features are off where: rules for the node, an institution or a room, of which the nearest counts. Pure, with
// its form as JSON.
//
// Owns: the rules. Never: the defaults (the configuration's), a file. Limit: `rulesMax` rules.

import LiveProtocol
import Rooms

/// The rules that operators set while a node runs.
struct SwitchTable: Equatable {
    /// For whom a rule is.
    enum Scope: Hashable {
        case node
        case institution(String)
        case room(RoomKey)

        fileprivate var order: String {
            switch self {
            case .node: ""
            case .institution(let name): "i" + name
            case .room(let room): "r" + room.raw
            }
        }
    }

    /// Rules kept; beyond it a new one is refused.
    static let rulesMax = 10_000

    private var rules: [Scope: [Feature: Bool]] = [:]

    var count: Int { rules.values.reduce(0) { $0 + $1.count } }
    var isEmpty: Bool { rules.isEmpty }

    /// Sets a rule; nil takes it back. False: too many.
    mutating func set(_ feature: Feature, _ on: Bool?, for scope: Scope) -> Bool {
        guard let on else {
            rules[scope]?[feature] = nil
            if rules[scope]?.isEmpty == true { rules[scope] = nil }
            return true
        }
        guard count < Self.rulesMax || rules[scope]?[feature] != nil else { return false }
        rules[scope, default: [:]][feature] = on
        return true
    }

    /// What is off in a room: the room's own rule, else its institution's, else the node's, else the default.
    /// What is the node's alone is in no room.
    func off(in room: RoomKey, default off: FeatureSet) -> FeatureSet {
        apply(.room(room), to: apply(.institution(room.institution), to: apply(.node, to: off)))
            .subtracting(FeatureSet(.echo))
    }

    /// What is off on the node where no room is concerned.
    func off(default off: FeatureSet) -> FeatureSet { apply(.node, to: off) }

    private func apply(_ scope: Scope, to off: FeatureSet) -> FeatureSet {
        var off = off
        for (feature, on) in rules[scope] ?? [:] {
            if on { off.remove(FeatureSet(feature)) } else { off.insert(FeatureSet(feature)) }
        }
        return off
    }

    // MARK: JSON

    /// `{"switches":[{"feature":…,"on":…,"room":…}, …]}` in a fixed order.
    var json: [UInt8] {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        append(to: &writer)
        writer.endObject()
        return writer.bytes
    }

    /// The member `switches` of an object under way.
    func append(to writer: inout JSONWriter) {
        writer.key("switches")
        writer.beginArray()
        for (scope, features) in rules.sorted(by: { $0.key.order < $1.key.order }) {
            for (feature, on) in features.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                writer.beginObject()
                writer.field("feature", feature.rawValue)
                writer.field("on", on)
                switch scope {
                case .node: break
                case .institution(let name): writer.field("institution", name)
                case .room(let room): writer.field("room", room.raw)
                }
                writer.endObject()
            }
        }
        writer.endArray()
    }

    /// Reads what `json` wrote; a rule that is not understood (of a newer program) is passed over.
    init(json bytes: [UInt8]) throws(JSONError) {
        let root = try JSONDocument.parse(bytes, limits: .document).root
        for rule in root["switches"]?.array ?? [] {
            guard let feature = rule["feature"]?.string.flatMap(Feature.init(rawValue:)), let on = rule["on"]?.bool,
                let scope = Scope(room: rule["room"]?.string, institution: rule["institution"]?.string)
            else { continue }
            _ = set(feature, on, for: scope)
        }
    }

    init() {}
}

extension SwitchTable.Scope {
    /// The scope that a request names; nil where a name cannot be one, or there are two.
    init?(room: String?, institution: String?) {
        switch (room, institution) {
        case (nil, nil): self = .node
        case (let room?, nil):
            guard let key = RoomKey(room) else { return nil }
            self = .room(key)
        case (nil, let name?):
            guard RoomKey(name + "/c/s") != nil else { return nil }
            self = .institution(name)
        default: return nil
        }
    }
}
