// Which of the last 16,384 seqs are chat messages that still have their text: one bit each, so that a reply or a
// deletion far beyond the kept messages is still judged exactly.

/// A sliding bit set over seqs.
struct MessageIndex: Equatable, Sendable {
    /// What the index knows of a seq.
    enum Answer { case message, noMessage, tooOld }

    static let wordsMax = RoomLimits.messageIndexSeqs / 64

    /// The number of the first word kept: it holds seqs from `firstWord * 64`.
    private(set) var firstWord: UInt64 = 0
    private(set) var words: [UInt64] = []

    init() {}

    /// From a snapshot; the words are at most `wordsMax`.
    init(firstWord: UInt64, words: [UInt64]) {
        self.firstWord = firstWord
        self.words = words
    }

    subscript(seq: UInt64) -> Answer {
        let word = seq / 64
        guard word >= firstWord else { return .tooOld }
        let place = word - firstWord
        guard place < UInt64(words.count) else { return .noMessage }
        return words[Int(place)] & (1 << (seq % 64)) != 0 ? .message : .noMessage
    }

    /// Notes a message; its seq is above all noted before.
    mutating func insert(_ seq: UInt64) {
        let word = seq / 64
        slide(to: word)
        while UInt64(words.count) <= word - firstWord { words.append(0) }
        words[Int(word - firstWord)] |= 1 << (seq % 64)
    }

    /// Forgets a message that was deleted; one too old is forgotten already.
    mutating func remove(_ seq: UInt64) {
        let word = seq / 64
        guard word >= firstWord, word - firstWord < UInt64(words.count) else { return }
        words[Int(word - firstWord)] &= ~(1 << (seq % 64))
    }

    /// Drops what lies too far behind a word, however far the seq jumped.
    private mutating func slide(to word: UInt64) {
        let span = UInt64(Self.wordsMax)
        guard word >= firstWord + span else { return }
        let newFirst = word - span + 1
        let gone = newFirst - firstWord
        if gone >= UInt64(words.count) { words.removeAll() } else { words.removeFirst(Int(gone)) }
        firstWord = newFirst
    }
}
