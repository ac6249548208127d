// The effects on polls. Ballots are not here: the store judges and counts them, and only the count comes into the log.

extension Room {
    mutating func openPoll(_ entry: LogEntry, _ draft: PollDraft) -> Event {
        // The room's time, not the entry's: where the machine's date was set back it is ahead, and all that closes the
        // poll goes by it.
        let poll = Poll(
            id: PollID(seq: entry.seq), draft: draft, openedTs: ts,
            closesTs: draft.durationS.map { ts + Int64($0) * 1_000 }, closedTs: nil, revealed: false,
            results: nil)
        pollsOpen.append(poll)
        return .pollStarted(poll)
    }

    mutating func closePoll(_ id: PollID, _ reveal: Bool, _ closedTs: Int64) -> Event {
        guard let index = pollsOpen.firstIndex(where: { $0.id == id }) else {
            preconditionFailure("the rules found this poll open")
        }
        var poll = pollsOpen.remove(at: index)
        poll.closedTs = closedTs
        poll.revealed = reveal
        pollsClosed.append(poll)
        if pollsClosed.count > RoomLimits.pollsClosedKept { pollsClosed.removeFirst() }
        return .pollClosed(id, revealed: reveal)
    }

    mutating func publish(_ results: PollResults) -> Event {
        guard let index = pollsClosed.lastIndex(where: { $0.id == results.poll }) else {
            preconditionFailure("the rules found this poll closed")
        }
        pollsClosed[index].results = results
        let poll = pollsClosed[index]
        return .pollResults(
            PublishedResults(
                results: results, revealed: poll.revealed, show: poll.draft.show, correct: poll.draft.correct))
    }
}
