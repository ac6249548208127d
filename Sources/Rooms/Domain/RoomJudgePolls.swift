// The rules of polls: a draft within its limits, one close, counts that fit and only ever rise in revision.

extension Room {
    func judgePollOpen(_ draft: PollDraft) -> Rejection? {
        if let rejection = draft.flaw { return rejection }
        guard pollsOpen.count < RoomLimits.pollsOpenMax else { return Self.overloaded("Too many polls are open.") }
        return nil
    }

    func judgePollClose(_ proposal: Proposal, _ id: PollID, _ closedTs: Int64?, _ now: Int64) -> Rejection? {
        if let closedTs, closedTs < 0 || closedTs > RoomLimits.timestampMax {
            return Rejection(.badRequest, "The time of the close is out of range.")
        }
        guard let poll = poll(id) else { return Rejection(.notFound, "This poll does not exist.") }
        guard poll.isOpen else { return Rejection(.closed, "This poll is closed.") }
        guard proposal.claimsTimer else { return nil }
        guard let deadline = Proposal.timerDeadline(in: proposal.id, poll: id), deadline == poll.closesTs else {
            return Rejection(.badRequest, "The timer is not this poll's.")
        }
        guard now >= deadline else {
            return Rejection(.unavailable, "The poll's time is not over.", retryAfterMs: deadline - now)
        }
        return nil
    }

    func judgePollResults(_ results: PollResults) -> Rejection? {
        guard let poll = poll(results.poll) else { return Rejection(.notFound, "This poll does not exist.") }
        guard !poll.isOpen else { return Rejection(.conflict, "This poll is open.") }
        guard results.counts.count == poll.draft.options.count, results.areInRange else {
            return Rejection(.badRequest, "The results do not fit the poll.")
        }
        if let held = poll.results, results.revision <= held.revision {
            return Rejection(.conflict, "A later count is published.")
        }
        return nil
    }
}

extension PollDraft {
    /// What breaks the limits; nil: nothing.
    package var flaw: Rejection? {
        guard (1...RoomLimits.pollQuestionBytesMax).contains(question.utf8.count) else {
            return Rejection(.badRequest, "A poll's question has 1 to 1,000 characters.")
        }
        guard (RoomLimits.optionsMin...RoomLimits.optionsMax).contains(options.count),
            options.allSatisfy({ (1...RoomLimits.optionBytesMax).contains($0.utf8.count) })
        else { return Rejection(.badRequest, "A poll has 2 to 20 options of 1 to 200 characters.") }
        if let correct {
            guard kind == .quiz, !correct.isEmpty, isAscending(correct), correct[0] >= 0,
                correct[correct.count - 1] < options.count
            else { return Rejection(.badRequest, "correct names options of a quiz, ascending, each once.") }
        }
        if let durationS, !(RoomLimits.pollSecondsMin...RoomLimits.pollSecondsMax).contains(durationS) {
            return Rejection(.badRequest, "duration_s is 5 to 86,400 seconds.")
        }
        return nil
    }

    private func isAscending(_ indices: [Int]) -> Bool {
        zip(indices, indices.dropFirst()).allSatisfy { $0 < $1 }
    }
}

extension PollResults {
    /// Whether every number and name is within its limit.
    var areInRange: Bool {
        let range = 0...RoomLimits.countMax
        return counts.allSatisfy { range.contains($0) } && range.contains(total) && range.contains(revision)
            && pending.count <= RoomLimits.pendingNodesMax && (pending.isEmpty || !final)
            && pending.allSatisfy { (1...RoomLimits.nodeNameBytesMax).contains($0.utf8.count) }
    }
}
