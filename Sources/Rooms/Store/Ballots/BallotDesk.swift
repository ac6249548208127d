// Owns: the ballot desk as the server sees it: requests in, from any thread; outcomes out, on the desk's thread.
// Never: blocks a caller, answers a ticket twice, acknowledges what is not durable.
// Limits: `queueMax` requests without an answer; beyond it a request is refused at once.

internal import LiveIO
package import Rooms

/// Takes ballots, opens and closes polls, counts.
///
/// Three threads behind it: the desk (BallotDeskLoop) decides and writes the journal, one owns the ledger, one reads.
/// The ledger commits what has gathered while it committed before: one sync for many ballots. A store that is locked,
/// slow or gone is replaced by the desk's journal until it is back.
package final class BallotDesk: Sendable {
    private let inbox: Inbox<BallotDeskLoop.Message>
    private let report: BallotDeskReport
    private let thread: CoreThread
    private let queueMax: Int

    /// Opens store and journal in the data folder and starts the threads.
    ///
    /// A store that does not answer now is no reason to fail: the desk begins with its journal. What the journal holds
    /// from before is drained first.
    ///
    /// - Parameter deliver: called on the desk's thread with whole batches; it must not block.
    /// - Throws: `.newerSchema`, `.damaged`, or `.journal` where the journal cannot be used.
    package init(
        configuration: BallotDeskConfiguration, deliver: @escaping @Sendable ([BallotOutcome]) -> Void
    ) throws(StoreFailure) {
        try makeDirectory(configuration.dataDirectory)
        let inbox = Inbox<BallotDeskLoop.Message>(capacity: .max)
        let report = BallotDeskReport()
        let loop = try BallotDeskLoop(configuration: configuration, inbox: inbox, report: report, deliver: deliver)
        self.inbox = inbox
        self.report = report
        queueMax = configuration.queueMax
        thread = CoreThread.start(name: "ballot-desk") { loop.run() }
    }

    /// Takes a ballot. Any thread; never blocks longer than a lock for one append.
    ///
    /// - Returns: false where too much waits already: nothing was taken, the sender is told `overloaded`.
    package func submit(_ ballot: Ballot, ticket: UInt64) -> Bool { post(.submit(ballot), ticket) }

    /// Opens a poll for ballots; again with the same rules does no harm. Any thread; false as in `submit`.
    package func open(room: RoomKey, poll: PollID, rules: PollRules, ticket: UInt64) -> Bool {
        post(.open(PollKey(room: room, poll: poll), rules), ticket)
    }

    /// Closes a poll for good. Any thread; false as in `submit`.
    ///
    /// - Parameter closedTs: when it closed, in ms since 1970; nil for now by the desk's clock. It is never later than
    ///   now and never so early that an accepted ballot would stop counting.
    package func close(room: RoomKey, poll: PollID, closedTs: Int64?, ticket: UInt64) -> Bool {
        post(.close(PollKey(room: room, poll: poll), closedTs: closedTs), ticket)
    }

    /// Counts a poll. It includes every ballot receipted `.store` before. Any thread; false as in `submit`.
    package func tally(room: RoomKey, poll: PollID, ticket: UInt64) -> Bool {
        post(.tally(PollKey(room: room, poll: poll)), ticket)
    }

    /// Shows one participant's ballots in some polls. Any thread; false as in `submit`.
    package func own(room: RoomKey, participant: ParticipantID, polls: [PollID], ticket: UInt64) -> Bool {
        post(.own(.participant(room, participant, polls)), ticket)
    }

    /// Shows everybody's ballots in one poll. Any thread; false as in `submit`.
    package func own(room: RoomKey, poll: PollID, ticket: UInt64) -> Bool {
        post(.own(.poll(PollKey(room: room, poll: poll))), ticket)
    }

    /// The desk's figures; any thread.
    package var statistics: BallotDeskStatistics { report.read() }

    /// Refuses further requests, answers those that wait, and ends the threads. Any thread but the desk's own.
    ///
    /// What the journal holds is drained at the next start.
    package func stop() {
        inbox.close()
        thread.join()
    }

    private func post(_ request: BallotRequest, _ ticket: UInt64) -> Bool {
        guard report.enter(queueMax: queueMax) else { return false }
        if inbox.post(.request(TicketedRequest(ticket: ticket, request: request))) { return true }
        report.leave(1)
        return false
    }
}
