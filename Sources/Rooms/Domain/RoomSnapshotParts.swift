// The parts of a snapshot that have bounds among themselves: chat, polls, questions, hands, outcomes. Each decoder
// refuses what no sequence of entries could have made where that would break a bound or the form's uniqueness.

extension Room {
    func encodeChat(_ writer: inout BinaryWriter) {
        writer.list(chat) { $0.chatEntry($1) }
        writer.uint64(messageIndex.firstWord)
        writer.list(messageIndex.words) { $0.uint64($1) }
        writer.uint32(slowWriters.count)
        slowWriters.walk { participant, last in
            writer.shortString(participant.raw)
            writer.int64(last)
        }
    }

    mutating func decodeChat(_ reader: inout BinaryReader) throws(RoomDecodeError) {
        for _ in 0..<(try reader.count(max: RoomLimits.chatKept, bytesEach: 27, "chat")) {
            let entry = try reader.chatEntry()
            if messages.count > 0, messages[messages.count - 1].message.id >= entry.message.id {
                throw reader.malformed("order of chat")
            }
            reactionCount += entry.reactions.reduce(0) { $0 + $1.participants.count }
            _ = messages.append(entry)
        }
        guard reactionCount <= RoomLimits.reactionsMax else { throw reader.malformed("reactions") }
        let firstWord = try reader.uint64()
        let words = try reader.list(max: MessageIndex.wordsMax, bytesEach: 8) {
            (reader: inout BinaryReader) throws(RoomDecodeError) in try reader.uint64()
        }
        // The index never reaches beyond the last applied entry: the next message goes at or after its end.
        guard firstWord <= seq / 64, UInt64(words.count) <= seq / 64 - firstWord + 1 else {
            throw reader.malformed("index")
        }
        messageIndex = MessageIndex(firstWord: firstWord, words: words)
        var latest: Int64 = 0
        for _ in 0..<(try reader.count(max: RoomLimits.slowWritersMax, bytesEach: 10, "slow writers")) {
            let participant = try reader.participant()
            let last = try reader.timestamp()
            guard slowWriters[participant] == nil, last >= latest, last <= ts else {
                throw reader.malformed("slow writers")
            }
            slowWriters.append(participant, last)
            latest = last
        }
    }

    mutating func decodePolls(_ reader: inout BinaryReader) throws(RoomDecodeError) {
        pollsOpen = try reader.list(max: RoomLimits.pollsOpenMax, bytesEach: 32) {
            (reader: inout BinaryReader) throws(RoomDecodeError) in try reader.poll(open: true)
        }
        pollsClosed = try reader.list(max: RoomLimits.pollsClosedKept, bytesEach: 32) {
            (reader: inout BinaryReader) throws(RoomDecodeError) in try reader.poll(open: false)
        }
        guard Self.areDistinct((pollsOpen + pollsClosed).map(\.id)) else { throw reader.malformed("polls") }
    }

    mutating func decodeQuestions(_ reader: inout BinaryReader) throws(RoomDecodeError) {
        questionsOpen = try reader.list(max: RoomLimits.questionsOpenMax, bytesEach: 28) {
            (reader: inout BinaryReader) throws(RoomDecodeError) in try reader.question(open: true)
        }
        questionsSettled = try reader.list(max: RoomLimits.questionsSettledKept, bytesEach: 28) {
            (reader: inout BinaryReader) throws(RoomDecodeError) in try reader.question(open: false)
        }
        let all = questionsOpen + questionsSettled
        guard Self.areDistinct(all.map(\.id)) else { throw reader.malformed("questions") }
        upvoteCount = all.reduce(0) { $0 + $1.upvoters.count }
        guard upvoteCount <= RoomLimits.upvotesMax else { throw reader.malformed("upvotes") }
    }

    mutating func decodeHands(_ reader: inout BinaryReader) throws(RoomDecodeError) {
        for _ in 0..<(try reader.count(max: RoomLimits.handsMax, bytesEach: 13, "hands")) {
            let hand = try reader.hand()
            guard raisedHands[hand.participant] == nil else { throw reader.malformed("hands") }
            raisedHands.append(hand.participant, hand)
        }
    }

    func encodeOutcomes(_ writer: inout BinaryWriter) {
        writer.uint32(outcomes.speakerCount)
        outcomes.walk { participant, lastTs, pairs in
            writer.shortString(participant.raw)
            writer.int64(lastTs)
            writer.uint32(pairs.count)
            for (id, outcome) in pairs {
                writer.shortString(id.raw)
                writer.uint64(outcome.seq)
                writer.int64(outcome.ts)
                writer.uint64(outcome.digest)
                writer.byte(outcome.kind.rawValue)
            }
        }
    }

    mutating func decodeOutcomes(_ reader: inout BinaryReader) throws(RoomDecodeError) {
        for _ in 0..<(try reader.count(max: RoomLimits.outcomesPerRoomMax, bytesEach: 41, "speakers")) {
            let participant = try reader.participant()
            let lastTs = try reader.timestamp()
            let count = try reader.count(max: RoomLimits.outcomesPerParticipantMax, bytesEach: 27, "outcomes")
            guard count > 0 else { throw reader.malformed("outcomes") }
            var pairs: [(id: CommandID, outcome: Outcome)] = []
            pairs.reserveCapacity(count)
            for _ in 0..<count {
                let id = try reader.commandID()
                let seq = try reader.uint64()
                let ts = try reader.timestamp()
                let digest = try reader.uint64()
                let kind = try reader.choice(OutcomeKind.self, "outcome")
                pairs.append((id, Outcome(seq: seq, ts: ts, digest: digest, kind: kind)))
            }
            guard outcomes.restore(participant, lastTs: lastTs, pairs), outcomes.count <= RoomLimits.outcomesPerRoomMax
            else { throw reader.malformed("outcomes") }
        }
    }

    private static func areDistinct<T: SequenceID>(_ ids: [T]) -> Bool {
        let sorted = ids.sorted()
        return zip(sorted, sorted.dropFirst()).allSatisfy { $0 < $1 }
    }
}
