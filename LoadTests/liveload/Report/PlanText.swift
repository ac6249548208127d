// Owns how a plan reads: its options as short texts. Never tokens or keys.

/// A plan for people.
enum PlanText {
    /// The options that matter for the scenario, by name.
    static func options(_ plan: Plan) -> [String: String] {
        var all = [
            "people": "\(plan.people)", "rooms": "\(plan.rooms)", "processes": "\(plan.processes)",
            "duration": seconds(plan.durationMs), "transport": plan.transport.rawValue,
        ]
        switch plan.scenario {
        case .fanout, .slow:
            all["writers a room"] = "\(plan.publishersPerRoom)"
            all["messages"] =
                plan.inflight > 0 ? "\(plan.inflight) under way a room" : "\(Figures.text(plan.rate)) a second"
            all["text"] = "\(plan.textBytes) bytes"
        case .storm:
            all["crowd"] = "\(plan.crowd), \(plan.arrivalShape.rawValue), within \(seconds(plan.arrivalMs))"
            all["messages"] = "\(Figures.text(plan.rate)) a second"
        case .burst: all["answers"] = "1 to \(plan.answersMax) each, within \(seconds(plan.answerSpreadMs))"
        case .lesson:
            all["talkers a room"] = "\(plan.talkersPerRoom)"
            all["pace"] = Figures.text(plan.pace)
            all["lost connections"] = "\(Figures.text(plan.dropsPerMinute)) a person and minute"
        case .idle: break
        case .tls: all["handshakes under way"] = "\(plan.handshakes)"
        }
        if plan.slowPeople > 0 { all["never read"] = "\(plan.slowPeople)" }
        return all
    }

    private static func seconds(_ ms: UInt64) -> String { "\(Figures.text(Double(ms) / 1_000)) s" }
}
