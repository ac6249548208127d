// Owns what a displayed name may hold: no control or invisible formatting characters (they would reorder or hide other
// people's text), single spaces, no stacks of combining marks, a bounded length. Never decides who bears a name.

/// Cleans names of people and classes.
package enum DisplayName {
    /// Longest name of a person, Unicode scalars.
    package static let scalarsMax = 64
    /// Most combining marks on one character; scripts in use need three, "zalgo" text dozens.
    static let marksInARowMax = 4

    /// The cleaned name, cut at `scalarsMax`; empty where nothing visible is left. The result, cleaned again, is
    /// itself.
    package static func cleaned(_ text: String, scalarsMax: Int = scalarsMax) -> String {
        var result = String.UnicodeScalarView()
        var count = 0
        var spaceWaits = false
        var marks = 0
        for scalar in text.unicodeScalars {
            switch kind(of: scalar) {
            case .dropped: continue
            case .space:
                spaceWaits = count > 0
                marks = 0
                continue
            case .mark:
                guard count > 0, !spaceWaits, marks < marksInARowMax else { continue }
                marks += 1
            case .joiner:
                // Joiners belong between letters or emoji, never at an end.
                guard count > 0, !spaceWaits else { continue }
            case .visible: marks = 0
            }
            let needed = spaceWaits ? 2 : 1
            guard count + needed <= scalarsMax else { break }
            if spaceWaits { result.append(" ") }
            result.append(scalar)
            count += needed
            spaceWaits = false
            if count == scalarsMax { break }
        }
        while let last = result.last, kind(of: last) == .joiner { result.removeLast() }
        return String(result)
    }

    private enum Kind { case visible, mark, joiner, space, dropped }

    private static func kind(of scalar: Unicode.Scalar) -> Kind {
        switch scalar.value {
        case 0x21...0x7E: return .visible
        case 0x20, 0x09, 0x0A, 0x0D: return .space
        case 0x200C, 0x200D: return .joiner
        default: break
        }
        switch scalar.properties.generalCategory {
        case .spaceSeparator, .lineSeparator, .paragraphSeparator: return .space
        case .control, .format, .surrogate, .privateUse, .unassigned: return .dropped
        case .nonspacingMark, .enclosingMark, .spacingMark: return .mark
        default: return .visible
        }
    }
}
