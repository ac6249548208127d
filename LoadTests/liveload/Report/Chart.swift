// Owns a line chart as inline SVG: axes with round numbers, lines told apart by colour and dash, a title and
// description for those who do not see it. Never a script.

import Glibc

/// A chart of one or more lines over a common axis.
struct Chart {
    struct Line {
        let name: String
        /// x and y; nil leaves a gap.
        let points: [(x: Double, y: Double?)]
    }

    let title: String
    let xTitle: String
    let yTitle: String
    let lines: [Line]
    /// Names of places on the x axis in place of numbers.
    var xTicks: [(x: Double, name: String)]?

    private static let width = 720.0
    private static let height = 260.0
    private static let left = 64.0
    private static let right = 16.0
    private static let top = 16.0
    private static let bottom = 44.0

    /// The SVG element.
    var svg: String {
        let ys = lines.flatMap { $0.points.compactMap(\.y) }
        let xs = lines.flatMap { $0.points.map(\.x) }
        let yMax = Self.roundedUp(ys.max() ?? 1)
        let xMin = xs.min() ?? 0
        let xMax = max(xs.max() ?? 1, xMin + 1e-9)
        func x(_ value: Double) -> Double {
            Self.left + (value - xMin) / (xMax - xMin) * (Self.width - Self.left - Self.right)
        }
        func y(_ value: Double) -> Double {
            Self.height - Self.bottom - value / yMax * (Self.height - Self.top - Self.bottom)
        }
        var svg = "<svg role=\"img\" viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\">"
        svg += "<title>\(HTMLText.escaped(title))</title><desc>\(HTMLText.escaped(summary))</desc>"
        for step in 0...4 {
            let value = yMax * Double(step) / 4
            let at = Self.short(y(value))
            svg += "<line class=\"grid\" x1=\"\(Self.short(Self.left))\" x2=\"\(Self.short(Self.width - Self.right))\""
            svg += " y1=\"\(at)\" y2=\"\(at)\"/>"
            svg += "<text class=\"tick end\" x=\"\(Self.short(Self.left - 8))\" y=\"\(Self.short(y(value) + 4))\">"
            svg += "\(Figures.text(value))</text>"
        }
        for tick in xTicks ?? Self.ticks(xMin, xMax) {
            svg += "<text class=\"tick middle\" x=\"\(Self.short(x(tick.x)))\""
            svg += " y=\"\(Self.short(Self.height - Self.bottom + 18))\">\(HTMLText.escaped(tick.name))</text>"
        }
        svg += "<text class=\"tick end\" x=\"\(Self.short(Self.width - Self.right))\""
        svg += " y=\"\(Self.short(Self.height - 6))\">\(HTMLText.escaped(xTitle))</text>"
        for (place, line) in lines.enumerated() {
            svg += "<path class=\"line s\(place % 4)\" d=\"\(Self.path(line, x, y))\"/>"
        }
        return svg + "</svg>"
    }

    /// The figure with its caption and legend.
    var html: String {
        var html = "<figure><figcaption>\(HTMLText.escaped(title)) "
        html += "<span class=\"unit\">\(HTMLText.escaped(yTitle))</span></figcaption>"
        if lines.count > 1 {
            html += "<ul class=\"legend\">"
            for (place, line) in lines.enumerated() {
                html += "<li><svg aria-hidden=\"true\" viewBox=\"0 0 28 10\"><path class=\"line s\(place % 4)\""
                html += " d=\"M1 5H27\"/></svg>\(HTMLText.escaped(line.name))</li>"
            }
            html += "</ul>"
        }
        return html + svg + "</figure>"
    }

    /// What the lines show, in a sentence.
    private var summary: String {
        lines.map { line in
            let ys = line.points.compactMap(\.y)
            guard let low = ys.min(), let high = ys.max() else { return "\(line.name): no values" }
            return "\(line.name): from \(Figures.text(low)) to \(Figures.text(high)) \(yTitle)"
        }.joined(separator: "; ")
    }

    private static func path(_ line: Line, _ x: (Double) -> Double, _ y: (Double) -> Double) -> String {
        var path = ""
        var isPenUp = true
        for point in line.points {
            guard let value = point.y else {
                isPenUp = true
                continue
            }
            path += "\(isPenUp ? "M" : "L")\(short(x(point.x))) \(short(y(value)))"
            // A point between two gaps is a dot.
            if isPenUp { path += "h0.01" }
            isPenUp = false
        }
        return path
    }

    private static func ticks(_ low: Double, _ high: Double) -> [(x: Double, name: String)] {
        let step = max(roundedUp((high - low) / 8), 1)
        return stride(from: (low / step).rounded(.up) * step, through: high, by: step).map { ($0, Figures.text($0)) }
    }

    /// 1, 2, 4, 5 or 8 times a power of ten that is not below `value`.
    static func roundedUp(_ value: Double) -> Double {
        guard value > 0, value.isFinite else { return 1 }
        let power = pow(10, floor(log10(value)))
        for factor in [1.0, 2, 4, 5, 8, 10] where factor * power >= value * (1 - 1e-12) { return factor * power }
        return 10 * power
    }

    private static func short(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(Double(tenths) / 10)"
    }
}

/// Text within HTML.
enum HTMLText {
    static func escaped(_ text: String) -> String {
        var out = ""
        for character in text {
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            default: out.append(character)
            }
        }
        return out
    }
}
