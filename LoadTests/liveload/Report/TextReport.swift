// Owns the report on the terminal: latencies, deliveries, polls, then the verdict as the last line. Never colours.

/// An outcome as lines of text.
enum TextReport {
    static func text(_ outcome: Outcome) -> String {
        var lines: [String] = []
        let options = outcome.options.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        lines.append("\(outcome.scenario.rawValue) against \(outcome.target): \(options.joined(separator: ", "))")
        lines.append("")
        if !outcome.latencies.isEmpty {
            lines.append(row("milliseconds", ["p50", "p90", "p99", "p99.9", "max", "count"]))
            for one in outcome.latencies {
                lines.append(
                    row(
                        "\(one.metric): \(one.title)",
                        [one.p50, one.p90, one.p99, one.p999, one.max, Double(one.count)].map(Figures.text)))
            }
            lines.append("")
        }
        lines += counts(outcome)
        for poll in outcome.polls {
            lines.append(
                "poll \(poll.poll) in room \(poll.room): \(poll.receipts) receipts, "
                    + (poll.isExact ? "counted exactly" : "published \(poll.published)"))
        }
        if !outcome.reasons.isEmpty {
            let reasons = outcome.reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            lines.append("what went wrong: " + reasons.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
        }
        lines += outcome.warnings.map { "warning: \($0)" }
        lines += outcome.judgements.map { one in
            "\(one.holds ? "holds" : "missed"): \(one.level)"
                + " (measured \(one.value.map(Figures.text) ?? "nothing"))"
        }
        lines += outcome.violations.map { "wrong: \($0)" }
        lines.append(outcome.isGood ? "result: good" : "result: not good")
        return lines.joined(separator: "\n")
    }

    /// The figures that belong together, a line each.
    private static func counts(_ outcome: Outcome) -> [String] {
        func figure(_ name: String) -> String { Figures.text(outcome.figures[name] ?? 0) }
        func has(_ name: String) -> Bool { (outcome.figures[name] ?? 0) > 0 }
        var lines: [String] = []
        if has("joined") || has("failed") {
            var line = "joined \(figure("joined")), failed \(figure("failed"))"
            if has("joins_per_s") { line += ", \(figure("joins_per_s")) joins/s" }
            if has("cuts") { line += "; \(figure("cuts")) connections cut, \(figure("resumed")) resumed" }
            if has("reset") { line += ", \(figure("reset")) with a new snapshot" }
            if has("lost_connections") { line += "; \(figure("lost_connections")) lost" }
            lines.append(line)
        }
        if has("published") {
            lines.append(
                "sent \(figure("published")), accepted \(figure("accepted")), refused \(figure("rejected")); delivered "
                    + "\(figure("deliveries")) (\(figure("deliveries_per_s"))/s)")
            lines.append(
                "of \(figure("expected")) that were due: lost \(figure("lost")), twice \(figure("duplicate")), "
                    + "out of order \(figure("out_of_order")), foreign \(figure("foreign"))")
        }
        if has("ballots") {
            lines.append(
                "answers sent \(figure("ballots")), receipts \(figure("receipts")), contradictions "
                    + figure("contradictions"))
        }
        if has("handshakes") {
            lines.append(
                "handshakes \(figure("handshakes")): full \(figure("handshakes_per_s"))/s, resumed "
                    + "\(figure("handshakes_resumed_per_s"))/s; failed "
                    + "\(figure("handshakes_failed")), not resumed \(figure("not_resumed"))")
        }
        for (name, title) in [
            ("server_rss_bytes_per_connection", "server memory a connection, bytes"),
            ("server_cpu_s_per_million", "server CPU seconds a million deliveries"),
        ] where has(name) {
            lines.append("\(title): \(figure(name))")
        }
        lines.append(
            "generator: \(Figures.text(outcome.generator.processorShare * 100)) % of a CPU in its busiest worker, "
                + "longest round \(Figures.text(outcome.generator.lagMaxMs)) ms")
        return lines
    }

    private static func row(_ title: String, _ cells: [String]) -> String {
        var text = title + String(repeating: " ", count: max(1, 48 - title.count))
        for cell in cells { text += String(repeating: " ", count: max(1, 10 - cell.count)) + cell }
        return text
    }
}
