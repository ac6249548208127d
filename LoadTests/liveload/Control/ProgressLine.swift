// Owns the line that says how a run goes: rewritten in place on a terminal, a line each five seconds elsewhere, nothing
// where quiet is wished. On standard error, so that standard output holds the report alone.

import Glibc

/// Progress for people.
final class ProgressLine {
    private static let terminalNs: UInt64 = 500_000_000
    private static let elsewhereNs: UInt64 = 5_000_000_000

    private let isQuiet: Bool
    private let isTerminal = isatty(2) == 1
    private var lastNs: UInt64 = 0
    private var isOpen = false

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    /// Whether it is time for a line.
    func isDue(_ nowNs: UInt64) -> Bool {
        !isQuiet && nowNs - min(nowNs, lastNs) >= (isTerminal ? Self.terminalNs : Self.elsewhereNs)
    }

    func show(_ nowNs: UInt64, startNs: UInt64, timeline: Timeline, of everybody: Int) {
        lastNs = nowNs
        let seconds = Int((nowNs - min(nowNs, startNs)) / 1_000_000_000)
        let last = timeline.last
        var text = String(seconds / 60) + ":" + (seconds % 60 < 10 ? "0" : "") + String(seconds % 60)
        text += "  inside \(Figures.text(Double(timeline.present)))/\(Figures.text(Double(everybody)))"
        text += "  sent \(Figures.text(Double(timeline.total(.published))))"
        text += "  delivered \(Figures.text(Double(timeline.total(.deliveries))))"
        let handshakes = timeline.total(.handshakes)
        if handshakes > 0 { text += "  handshakes \(Figures.text(Double(handshakes)))" }
        if let last {
            text += " (\(Figures.text(Double(last.deliveries)))/s)"
            if let p50 = last.p50, let p99 = last.p99 {
                text += "  p50 \(Figures.text(p50)) p99 \(Figures.text(p99)) ms"
            }
        }
        let errors = timeline.total(.failed) + timeline.total(.lostConnections) + timeline.total(.malformed)
        text += "  errors \(Figures.text(Double(errors)))"
        // Back to the line's beginning, and clear it (ECMA-48 EL).
        StandardStream.error.write(isTerminal ? "\r\u{1B}[K" + text : text + "\n")
        isOpen = isTerminal
    }

    /// The next output begins on a line of its own.
    func end() {
        if isOpen { StandardStream.error.write("\n") }
        isOpen = false
    }
}
