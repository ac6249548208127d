// How short of memory a node is, from its resident bytes and its ceiling: five levels, each of which sheds one class
// more. Pure: the bytes are an argument.
//
// Owns: the thresholds and their reason. Never: measures, sheds.

/// What a node that runs out of memory gives up, in this order. Whoever is inside and keeps up stays to the last.
enum MemoryLevel: Int, Comparable, Sendable {
    /// Nothing is given up.
    case well
    /// Newcomers are told when to come again, and no room is opened.
    case refusesJoins
    /// Tails shrink to the least that a short absence needs; who was away longer gets a snapshot.
    case shortensTails
    /// Readers for whom bytes wait are closed with 4408.
    case closesSlowReaders
    /// Observers are told when to come again: they watch, and nobody waits for their answer.
    case closesObservers

    static func < (left: MemoryLevel, right: MemoryLevel) -> Bool { left.rawValue < right.rawValue }
}

/// The judgement, with a margin between going up and coming down, so that a level is not left as soon as it helps.
struct MemoryPressure {
    /// Resident bytes that the node may have; 0: no ceiling.
    let ceilingBytes: Int
    private(set) var level = MemoryLevel.well

    /// Thousandths of the ceiling at which each level begins. The first leaves a tenth for those who are inside.
    static let thresholds: [(level: MemoryLevel, thousandths: Int)] = [
        (.refusesJoins, 900), (.shortensTails, 940), (.closesSlowReaders, 970), (.closesObservers, 1_000),
    ]
    /// How far under its threshold a level is left, in thousandths of the ceiling.
    static let marginThousandths = 30

    init(ceilingBytes: Int) { self.ceilingBytes = ceilingBytes }

    /// Takes a measurement and says at which level the node is now.
    mutating func step(residentBytes: Int) -> MemoryLevel {
        guard ceilingBytes > 0 else { return .well }
        let used = residentBytes / max(1, ceilingBytes / 1_000)
        let rises = Self.thresholds.last { used >= $0.thousandths }?.level ?? .well
        let stays = Self.thresholds.last { used >= $0.thousandths - Self.marginThousandths }?.level ?? .well
        level = rises > level ? rises : min(level, stays)
        return level
    }
}
