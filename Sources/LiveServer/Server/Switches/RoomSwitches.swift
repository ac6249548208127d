// What switches mean in a room: commands of a feature that is off are refused in words that people understand, and
// everybody there is told which features are off, when that changes and when they come in.
//
// Owns: the event `features` and the refusals. Never: the rules.

import LiveIO
import LiveProtocol
import Rooms

extension ReactorCore {
    /// Why a command is refused because of a switch; nil: it is not.
    func switchedOff(_ command: RoomCommand, _ home: RoomHome) -> Rejection? {
        let version = node.switches.version
        if home.switchVersion != version {
            home.switchVersion = version
            home.featuresOff = node.switches.off(in: home.key)
        }
        guard !home.featuresOff.isEmpty else { return nil }
        let feature: Feature?
        switch command.body {
        case .ballot: feature = .polls
        case .proposal(let proposal): feature = Feature.needed(by: proposal.command)
        }
        guard let feature, home.featuresOff.contains(feature) else { return nil }
        return Rejection(.forbidden, feature.offSentence)
    }

    /// An operator has changed a rule: rooms that live here for which that makes a difference are told.
    func switchesChanged() {
        let version = node.switches.version
        for home in homes.values where home.waiting == nil {
            let off = node.switches.off(in: home.key)
            let told = home.featuresTold
            home.switchVersion = version
            home.featuresOff = off
            home.featuresTold = off
            guard off != told else { continue }
            let json = Self.featuresJSON(off)
            publish(home, EphemeralBatch(room: home.key, key: "features", moderators: json, peers: json))
        }
    }

    /// Somebody came in: told only where something is off.
    func tellFeatures(_ session: UnsafeMutablePointer<Session>, _ room: RoomKey) {
        let off = node.switches.off(in: room)
        if !off.isEmpty { sendJSON(session, Self.featuresJSON(off)) }
    }

    /// `{"ev":"features","off":["chat"]}`
    static func featuresJSON(_ off: FeatureSet) -> [UInt8] {
        var json = JSONWriter(reserving: 96)
        json.beginObject()
        json.field("ev", static: "features")
        json.key("off")
        json.beginArray()
        for feature in off.features { json.string(feature.rawValue) }
        json.endArray()
        json.endObject()
        return json.bytes
    }
}
