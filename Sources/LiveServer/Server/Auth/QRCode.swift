// Owns the QR picture of a join link: text to SVG through libqrcodegen (ISO/IEC 18004). Black modules on a white ground
// with the standard's quiet zone, in dark mode too: scanners want dark on light. Never more than 1,024 bytes of text.

import CQRCode

/// QR codes as inline SVG.
package enum QRCode {
    /// Longest text, UTF-8 bytes; a join link is well under 100.
    package static let textBytesMax = 1_024
    /// White modules around the code (ISO/IEC 18004 §6.3.8 asks for four).
    static let quietZone = 4

    /// One `<svg>` element that scales to its container, with `title` as its name for screen readers; nil for an empty
    /// text, one with a NUL, or one too long. Any thread; about a millisecond, so not in a hot loop.
    package static func svg(_ text: String, title: String = "QR code of the join link") -> String? {
        guard let code = modules(text) else { return nil }
        let side = code.side + 2 * quietZone
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(side) \(side)" role="img" \
            aria-label="\(escaped(title))" shape-rendering="crispEdges"><title>\(escaped(title))</title>\
            <path fill="#fff" d="M0 0h\(side)v\(side)H0z"/><path fill="#000" d="\(path(code))"/></svg>
            """
    }

    /// The code's modules row by row, true = dark.
    struct Modules {
        let side: Int
        let dark: [Bool]
    }

    static func modules(_ text: String) -> Modules? {
        let length = text.utf8.count
        guard (1...textBytesMax).contains(length), !text.utf8.contains(0) else { return nil }
        let capacity = Int(bufferBytes)
        var scratch = [UInt8](repeating: 0, count: capacity)
        var code = [UInt8](repeating: 0, count: capacity)
        let encoded = qrcodegen_encodeText(
            text, &scratch, &code, qrcodegen_Ecc_MEDIUM, qrcodegen_VERSION_MIN, qrcodegen_VERSION_MAX,
            qrcodegen_Mask_AUTO, true)
        guard encoded else { return nil }
        let side = Int(qrcodegen_getSize(code))
        var dark: [Bool] = []
        dark.reserveCapacity(side * side)
        for y in 0..<side {
            for x in 0..<side { dark.append(qrcodegen_getModule(code, Int32(x), Int32(y))) }
        }
        return Modules(side: side, dark: dark)
    }

    /// The bytes that the largest code needs (qrcodegen_BUFFER_LEN_FOR_VERSION(40), a macro that Swift can't import).
    private static let bufferBytes = ((40 * 4 + 17) * (40 * 4 + 17) + 7) / 8 + 1

    /// One rectangle for each horizontal run of dark modules.
    private static func path(_ code: Modules) -> String {
        var path = ""
        for y in 0..<code.side {
            var x = 0
            while x < code.side {
                guard code.dark[y * code.side + x] else {
                    x += 1
                    continue
                }
                var end = x
                while end < code.side, code.dark[y * code.side + end] { end += 1 }
                path += "M\(x + quietZone) \(y + quietZone)h\(end - x)v1h-\(end - x)z"
                x = end
            }
        }
        return path
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case _ where scalar.value < 0x20: result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
