// Owns the report as one HTML page: verdict first, then tables and charts, nothing from elsewhere, no script; light and
// dark as the reader's system has it; every chart also as a table. Never a value that is not escaped.

/// An outcome as a page.
enum HTMLReport {
    static func page(_ outcome: Outcome) -> String {
        var html = """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(HTMLText.escaped(outcome.scenario.rawValue)): \(outcome.isGood ? "good" : "not good")</title>
            <style>\(style)</style></head><body><main>

            """
        html += head(outcome)
        html += verdict(outcome)
        html += latencies(outcome)
        html += charts(outcome)
        html += polls(outcome)
        html += figures(outcome)
        html += seconds(outcome)
        return html + "</main></body></html>\n"
    }

    private static func head(_ outcome: Outcome) -> String {
        var html = "<header><p class=\"kind\">Load test</p><h1>\(HTMLText.escaped(outcome.scenario.rawValue))</h1>"
        html += "<p>\(HTMLText.escaped(outcome.target)) · \(UTCDate.text(outcome.startedS)) · run "
        html += "\(HTMLText.escaped(outcome.run))</p><ul class=\"options\">"
        for (name, value) in outcome.options.sorted(by: { $0.key < $1.key }) {
            html += "<li><b>\(HTMLText.escaped(value))</b> \(HTMLText.escaped(name))</li>"
        }
        return html + "</ul></header>"
    }

    private static func verdict(_ outcome: Outcome) -> String {
        var html = "<section class=\"verdict \(outcome.isGood ? "good" : "bad")\"><h2>"
        html += outcome.isGood ? "✓ Good" : "✗ Not good"
        html += "</h2>"
        var items = outcome.violations.map { "<li class=\"bad\">✗ \(HTMLText.escaped($0))</li>" }
        items += outcome.judgements.map { one in
            let value = one.value.map(Figures.text) ?? "nothing"
            return "<li class=\"\(one.holds ? "good" : "bad")\">\(one.holds ? "✓" : "✗") "
                + "\(HTMLText.escaped(one.level)) <span class=\"unit\">measured \(value)</span></li>"
        }
        items += outcome.warnings.map { "<li class=\"warning\">! \(HTMLText.escaped($0))</li>" }
        if items.isEmpty { items = ["<li>Everything that was due arrived once and in order.</li>"] }
        return html + "<ul>" + items.joined() + "</ul></section>"
    }

    private static func latencies(_ outcome: Outcome) -> String {
        guard !outcome.latencies.isEmpty else { return "" }
        let rows = outcome.latencies.map { one in
            ["\(one.metric)", one.title]
                + [one.p50, one.p90, one.p99, one.p999, one.max, Double(one.count)].map(Figures.text)
        }
        return "<section><h2>Latencies, milliseconds</h2>"
            + table(["name", "what", "p50", "p90", "p99", "p99.9", "max", "count"], rows, texts: 2) + "</section>"
    }

    private static func charts(_ outcome: Outcome) -> String {
        var html = "<section><h2>Over time</h2>"
        let points = outcome.seconds
        func line(_ name: String, _ value: (SecondPoint) -> Double?) -> Chart.Line {
            Chart.Line(name: name, points: points.map { (Double($0.second), value($0)) })
        }
        html +=
            Chart(
                title: "Inside", xTitle: "seconds", yTitle: "connections",
                lines: [line("inside") { Double($0.present) }]
            ).html
        if points.contains(where: { $0.deliveries > 0 }) {
            html +=
                Chart(
                    title: "Delivered", xTitle: "seconds", yTitle: "messages a second",
                    lines: [line("delivered") { Double($0.deliveries) }]
                ).html
        }
        if points.contains(where: { $0.p99 != nil }) {
            html +=
                Chart(
                    title: "Latency", xTitle: "seconds", yTitle: "milliseconds",
                    lines: [line("p50") { $0.p50 }, line("p99") { $0.p99 }]
                ).html
        }
        html +=
            Chart(
                title: "Generator", xTitle: "seconds", yTitle: "% of a CPU, busiest worker",
                lines: [line("CPU") { $0.processorShare * 100 }]
            ).html
        html += "</section>"
        let curves = outcome.latencies.filter { $0.count > 100 && $0.metric != Metric.late.rawValue }
        guard !curves.isEmpty else { return html }
        html += "<section><h2>By percentile</h2>"
        // As HDR histograms are drawn: each step to the right leaves a tenth of the values behind it.
        func place(_ percentile: Double) -> Double { -tenths(1 - percentile / 100) }
        for group in stride(from: 0, to: curves.count, by: 4).map({ Array(curves[$0..<min($0 + 4, curves.count)]) }) {
            html +=
                Chart(
                    title: group.map(\.metric).joined(separator: ", "), xTitle: "percentile", yTitle: "milliseconds",
                    lines: group.map { one in
                        Chart.Line(name: one.metric, points: zip(one.percentiles, one.values).map { (place($0), $1) })
                    },
                    xTicks: [0, 50, 90, 99, 99.9, 99.99].filter {
                        $0 <= group.compactMap(\.percentiles.last).max() ?? 0
                    }
                    .map { (place($0), "\(Figures.text($0))") }
                ).html
        }
        return html + "</section>"
    }

    /// The logarithm to base ten.
    private static func tenths(_ share: Double) -> Double { share > 0 ? Logarithm.ofTen(share) : -6 }

    private static func polls(_ outcome: Outcome) -> String {
        guard !outcome.polls.isEmpty else { return "" }
        let rows = outcome.polls.map { poll in
            [
                poll.poll, "\(poll.room)", poll.isExact ? "exact" : "WRONG",
                poll.receipts.map(String.init).joined(separator: " · "),
                poll.published.map(String.init).joined(separator: " · "),
            ]
        }
        return "<section><h2>Polls</h2>" + table(["poll", "room", "count", "receipts", "published"], rows, texts: 3)
            + "</section>"
    }

    private static func figures(_ outcome: Outcome) -> String {
        let rows = outcome.figures.filter { $0.value != 0 }.sorted { $0.key < $1.key }
            .map { [$0.key, Figures.text($0.value)] }
        let reasons = outcome.reasons.sorted { $0.value > $1.value }.map { [$0.key, "\($0.value)"] }
        var html = "<section><details><summary>All figures that are not 0</summary>"
        html += table(["figure", "value"], rows, texts: 1) + "</details>"
        if !reasons.isEmpty {
            html += "<details><summary>Why things failed</summary>" + table(["reason", "times"], reasons, texts: 1)
            html += "</details>"
        }
        return html
    }

    private static func seconds(_ outcome: Outcome) -> String {
        let rows = outcome.seconds.map { one in
            [
                "\(one.second)", "\(one.present)", "\(one.joined)", "\(one.published)", "\(one.deliveries)",
                one.p50.map(Figures.text) ?? "–", one.p99.map(Figures.text) ?? "–", "\(one.failures)",
                Figures.text(one.processorShare * 100), Figures.text(one.lagMaxMs),
            ]
        }
        let names = [
            "second", "inside", "joined", "sent", "delivered", "p50 ms", "p99 ms", "failures", "generator CPU %",
            "longest round ms",
        ]
        return "<details><summary>Each second, as a table</summary>" + table(names, rows, texts: 0)
            + "</details></section>"
    }

    /// A table; the first `texts` columns are text, the others numbers.
    private static func table(_ names: [String], _ rows: [[String]], texts: Int) -> String {
        func cell(_ tag: String, _ place: Int, _ text: String) -> String {
            let scope = tag == "th" ? " scope=\"col\"" : ""
            return "<\(tag)\(scope)\(place < texts ? " class=\"text\"" : "")>\(HTMLText.escaped(text))</\(tag)>"
        }
        var html = "<div class=\"table\" tabindex=\"0\"><table><thead><tr>"
        html += names.enumerated().map { cell("th", $0.offset, $0.element) }.joined() + "</tr></thead><tbody>"
        for row in rows {
            html += "<tr>" + row.enumerated().map { cell("td", $0.offset, $0.element) }.joined() + "</tr>"
        }
        return html + "</tbody></table></div>"
    }

    private static let style = """
        :root{--ink:#1b2430;--soft:#5a6675;--paper:#fff;--card:#f4f6f8;--edge:#d5dbe2;--good:#12692f;--bad:#a8211a;\
        --warn:#7a4f00;--s0:#0b62c4;--s1:#b3470b;--s2:#1b7f4b;--s3:#7b3fb0}
        @media (prefers-color-scheme:dark){:root{--ink:#e6ebf1;--soft:#9aa7b6;--paper:#12171d;--card:#1b222b;\
        --edge:#37424f;--good:#63d38a;--bad:#ff8a80;--warn:#f0b849;--s0:#6cb2ff;--s1:#ffa15c;--s2:#5fd39a;--s3:#c99bf5}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
        main{max-width:60rem;margin:0 auto;padding:2rem 1rem 4rem}
        h1{margin:0;font-size:2rem;line-height:1.2}h2{font-size:1.2rem;margin:2rem 0 .75rem}
        .kind,.unit,header p{color:var(--soft);margin:.1rem 0}.unit{font-size:.875rem;font-weight:400}
        .options{display:flex;flex-wrap:wrap;gap:.4rem 1.25rem;padding:0;margin:.75rem 0 0;list-style:none}
        .verdict{margin-top:1.5rem;padding:1rem 1.25rem;background:var(--card);border-left:6px solid var(--good);\
        border-radius:4px}
        .verdict.bad{border-color:var(--bad)}.verdict h2{margin:0}\
        .verdict ul{margin:.5rem 0 0;padding:0;list-style:none}
        .good>h2,li.good{color:var(--good)}.bad>h2,li.bad{color:var(--bad)}li.warning{color:var(--warn)}
        .table{overflow-x:auto}
        table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
        th,td{text-align:right;padding:.3rem .6rem;border-bottom:1px solid var(--edge);white-space:nowrap}
        th{color:var(--soft);font-weight:600}.text{text-align:left}
        figure{margin:1rem 0;padding:1rem;background:var(--card);border-radius:4px}
        figcaption{font-weight:600;margin-bottom:.25rem}
        .legend{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:.25rem 0;padding:0;\
        font-size:.875rem}
        .legend svg{width:28px;height:10px;margin-right:.4rem}
        svg{width:100%;height:auto;display:block}.legend svg{display:inline-block}
        .grid{stroke:var(--edge);stroke-width:1}.tick{fill:var(--soft);font-size:12px}
        .end{text-anchor:end}.middle{text-anchor:middle}
        .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
        .s0{stroke:var(--s0)}.s1{stroke:var(--s1);stroke-dasharray:7 4}
        .s2{stroke:var(--s2);stroke-dasharray:2 4}.s3{stroke:var(--s3);stroke-dasharray:10 3 2 3}
        summary{cursor:pointer;padding:.4rem 0;font-weight:600}
        :focus-visible{outline:3px solid var(--s0);outline-offset:2px}
        """
}
