// The memory behind idempotency: which commands had their effect, per participant, in order. It holds sequenced
// outcomes only, never rejections. An outcome stays while it is among its participant's last 128 or younger than ten
// minutes; a participant silent for ten minutes is forgotten whole. What happens at the bounds stands in RoomLimits.
// Everything that leaves does so inside `record`, by the entry's ts, so every replica forgets the same.

/// What a reply names beside `seq`.
package enum OutcomeKind: UInt8, CaseIterable, Sendable {
    case plain, message, poll, question
}

/// The effect of an accepted command, enough to give the same reply again.
package struct Outcome: Equatable, Sendable {
    /// The seq of the entry.
    package let seq: UInt64
    /// Milliseconds since 1970 of the entry.
    package let ts: Int64
    /// The digest of the payload.
    package let digest: UInt64
    /// What the reply names.
    package let kind: OutcomeKind

    /// The message of the reply, for `chat_send`.
    package var message: MessageID? { kind == .message ? MessageID(seq: seq) : nil }
    /// The poll of the reply, for `poll_open`.
    package var poll: PollID? { kind == .poll ? PollID(seq: seq) : nil }
    /// The question of the reply, for `question_ask`.
    package var question: QuestionID? { kind == .question ? QuestionID(seq: seq) : nil }
}

/// Outcomes by participant and command id.
struct OutcomeTable: Sendable {
    /// One participant's outcomes, oldest first. They stand here a second time so that a snapshot of all outcomes
    /// costs a walk and no look-ups.
    struct Speaker: Sendable {
        private var all: [(id: CommandID, outcome: Outcome)] = []
        /// Nothing kept lies before this place in `all`.
        private var head = 0
        var lastTs: Int64 = 0

        var count: Int { all.count - head }
        var kept: ArraySlice<(id: CommandID, outcome: Outcome)> { all[head...] }
        /// The oldest; there is one while the participant is in the table.
        var oldest: (id: CommandID, outcome: Outcome) { all[head] }

        init(_ pairs: [(id: CommandID, outcome: Outcome)] = [], lastTs: Int64 = 0) {
            all = pairs
            self.lastTs = lastTs
        }

        mutating func append(_ id: CommandID, _ outcome: Outcome) { all.append((id, outcome)) }

        mutating func dropFirst() -> CommandID {
            let id = all[head].id
            head += 1
            if head >= 64, head * 2 >= all.count {
                all.removeFirst(head)
                head = 0
            }
            return id
        }
    }

    struct Key: Hashable, Sendable {
        let participant: ParticipantID
        let id: CommandID
    }

    /// The longest silent participant first.
    private var speakers = OrderedMap<ParticipantID, Speaker>()
    private var outcomes: [Key: Outcome] = [:]

    var count: Int { outcomes.count }
    var speakerCount: Int { speakers.count }

    func outcome(_ participant: ParticipantID, _ id: CommandID) -> Outcome? {
        outcomes[Key(participant: participant, id: id)]
    }

    /// Notes an effect at `now`, after forgetting what its time has come for.
    mutating func record(_ outcome: Outcome, of participant: ParticipantID, id: CommandID, now: Int64) {
        forgetSilent(now)
        if speakers.holds(participant) {
            speakers.moveToEnd(participant)
        } else {
            speakers.append(participant, Speaker())
        }
        speakers.update(participant) {
            $0.append(id, outcome)
            $0.lastTs = now
        }
        outcomes[Key(participant: participant, id: id)] = outcome
        trim(participant, now)
        enforceRoomLimit(participant)
    }

    /// Each participant with ids and outcomes, longest silent first; for snapshots.
    func walk(_ body: (ParticipantID, Int64, ArraySlice<(id: CommandID, outcome: Outcome)>) -> Void) {
        speakers.walk { participant, speaker in body(participant, speaker.lastTs, speaker.kept) }
    }

    /// Takes one participant over from a snapshot; false where participant or id are there already.
    mutating func restore(
        _ participant: ParticipantID, lastTs: Int64, _ pairs: [(id: CommandID, outcome: Outcome)]
    ) -> Bool {
        guard !speakers.holds(participant) else { return false }
        for pair in pairs {
            let key = Key(participant: participant, id: pair.id)
            guard outcomes.updateValue(pair.outcome, forKey: key) == nil else { return false }
        }
        speakers.append(participant, Speaker(pairs, lastTs: lastTs))
        return true
    }

    private mutating func forgetSilent(_ now: Int64) {
        while let (participant, speaker) = speakers.first, Self.isOld(speaker.lastTs, now) {
            for pair in speaker.kept { outcomes[Key(participant: participant, id: pair.id)] = nil }
            speakers.remove(participant)
        }
    }

    private mutating func trim(_ participant: ParticipantID, _ now: Int64) {
        while let speaker = speakers[participant], speaker.count > RoomLimits.outcomesKept,
            speaker.count > RoomLimits.outcomesPerParticipantMax || Self.isOld(speaker.oldest.outcome.ts, now)
        {
            dropOldest(of: participant)
        }
    }

    private mutating func enforceRoomLimit(_ participant: ParticipantID) {
        guard count > RoomLimits.outcomesPerRoomMax else { return }
        while let speaker = speakers[participant], speaker.count > RoomLimits.outcomesKept {
            dropOldest(of: participant)
        }
        while count > RoomLimits.outcomesPerRoomMax, let (silent, _) = speakers.first { dropOldest(of: silent) }
    }

    private mutating func dropOldest(of participant: ParticipantID) {
        let (id, left) = speakers.update(participant) { (speaker: inout Speaker) in
            let id = speaker.dropFirst()
            return (id, speaker.count)
        }
        outcomes[Key(participant: participant, id: id)] = nil
        if left == 0 { speakers.remove(participant) }
    }

    private static func isOld(_ ts: Int64, _ now: Int64) -> Bool { now - ts >= RoomLimits.outcomeWindowMs }
}
