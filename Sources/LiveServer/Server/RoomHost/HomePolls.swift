// Polls between the room's log and the ballot desk. The log says which polls exist and that they closed;
// the desk judges every ballot, closes durably before the close is sequenced, and counts.

import LiveIO
import LiveProtocol
import Rooms
import RoomsStore

extension ReactorCore {
    // MARK: Ballots

    func judge(_ answer: PollAnswer, _ actor: Actor, _ command: RoomCommand, _ home: RoomHome) {
        guard !home.unusablePolls.contains(answer.poll) else {
            counters.reject(.closed)
            return replyRefused(command, Rejection(.closed, "the poll cannot be used, please open it again"))
        }
        guard actor.role.mayAnswerPolls, !home.room.isBanned(actor.participant) else {
            counters.reject(.forbidden)
            return replyRefused(command, Rejection(.forbidden, "ballots are the students'"))
        }
        if let poll = home.room.poll(answer.poll) {
            if let rejection = answer.rejection(
                options: poll.draft.options.count, several: poll.draft.kind.acceptsSeveral)
            {
                counters.reject(rejection.code)
                return replyRefused(command, rejection)
            }
        }
        if repeats(answer, actor, command, home) { return }
        guard
            let ballot = Ballot(
                room: home.key, poll: answer.poll, participant: actor.participant, attempt: answer.attempt,
                choices: answer.choices)
        else {
            return replyRefused(command, Rejection(.badRequest, "attempt_id: 1 to 64 printable ASCII is expected"))
        }
        let ticket = tickets.issue(.ballot(command, answer, room: home.handle), reactor: index)
        if !node.ballots.submit(ballot, ticket: ticket) {
            _ = tickets.redeem(ticket)
            counters.reject(.overloaded)
            replyRefused(command, Rejection(.overloaded, "too many ballots are waiting", retryAfterMs: 500))
        }
    }

    /// Answers what the store's own word is known for. The desk would say the same, but for its journal: while the
    /// store is away, that would take an answer that is stored already, or a second one, for a new one.
    private func repeats(_ answer: PollAnswer, _ actor: Actor, _ command: RoomCommand, _ home: RoomHome) -> Bool {
        guard let held = home.ballots.entry(answer.poll, actor.participant), held.stored else { return false }
        if held.attempt == answer.attempt {
            sayReceipt(command, answer, held, duplicate: true)
            return true
        }
        guard let poll = home.room.poll(answer.poll), poll.isOpen, !poll.draft.allowChange else { return false }
        counters.reject(.alreadyAnswered)
        replyRefused(
            command, BallotRefusal.rejection(.alreadyAnswered(attempt: held.attempt, choices: held.choices)))
        return true
    }

    /// One answer of the ballot desk for a ticket of this reactor, or news of a room that lives here.
    func ballotOutcome(_ outcome: BallotOutcome) {
        switch outcome {
        case .receipt(let ticket, let durable, let acceptedMs, let choices, let duplicate):
            receipt(ticket, stored: durable == .store, acceptedMs: acceptedMs, choices: choices, duplicate: duplicate)
        case .rejected(let ticket, let rejection): ballotRejected(ticket, rejection)
        case .stored(let room, let poll, let participant, let attempt, let fate):
            ballotStored(room, BallotInQuestion(poll: poll, participant: participant, attempt: attempt), fate)
        case .opened(let ticket, _, let poll, let closedTs):
            guard case .open(let handle, _)? = tickets.redeem(ticket), let home = homes[handle] else { return }
            // The store holds a close that the log never got: finish it.
            if let closedTs, let known = home.room.poll(poll) {
                let reveal = PollClosing.mayReveal(known, closedTs: closedTs, hasEnded: home.room.ended)
                sequenceClose(poll, reveal: reveal, closedTs: closedTs, nil, home)
            }
        case .closed(let ticket, _, let poll, let closedTs):
            guard case .close(let handle, _, let command, let reveal)? = tickets.redeem(ticket),
                let home = homes[handle]
            else { return }
            sequenceClose(poll, reveal: reveal, closedTs: closedTs, command, home)
        case .tally(let ticket, _, let poll, let tally): tallied(ticket, poll, tally)
        case .own(let ticket, let ballots): ownBallots(ticket, ballots)
        case .drained(let room, let poll):
            withHome(room, .ballots([outcome])) { drained(poll, $0) }
        }
    }

    private func receipt(_ ticket: UInt64, stored: Bool, acceptedMs: Int64, choices: UInt64, duplicate: Bool) {
        guard case .ballot(let command, let answer, let handle)? = tickets.redeem(ticket) else { return }
        let entry = BallotBook.Entry(
            attempt: answer.attempt, choices: choices, acceptedMs: acceptedMs, stored: stored, several: answer.several)
        sayReceipt(command, answer, entry, duplicate: duplicate)
        guard let home = homes[handle], case .ballot(_, let actor) = command.body else { return }
        home.ballots.record(
            answer.poll, actor.participant, entry,
            allowChange: home.room.poll(answer.poll)?.draft.allowChange ?? false)
        if !duplicate { armTally(home) }
    }

    private func sayReceipt(
        _ command: RoomCommand, _ answer: PollAnswer, _ entry: BallotBook.Entry, duplicate: Bool
    ) {
        if entry.stored { counters.ballotsStored += 1 } else { counters.ballotsOnNode += 1 }
        reply(
            command,
            ReplyEncoding.receipt(
                command.id, stored: entry.stored, acceptedMs: entry.acceptedMs, choices: entry.choices,
                several: answer.several, duplicate: duplicate))
    }

    private func ballotRejected(_ ticket: UInt64, _ rejection: BallotRejection) {
        switch tickets.redeem(ticket) {
        case .ballot(let command, let answer, let handle)?:
            let refusal = BallotRefusal.rejection(unlessOpen(answer.poll, rejection, homes[handle]))
            counters.reject(refusal.code)
            replyRefused(command, refusal)
        case .close(let handle, let poll, let command, let reveal)?:
            let refusal = unlessOpen(poll, rejection, homes[handle])
            if let command { return replyRefused(command, BallotRefusal.rejection(refusal)) }
            // Nobody else asks for the close of a poll whose time is over.
            if refusal == .unavailable, let home = homes[handle] { owe(.close(poll, reveal: reveal), home) }
        case .own(let handle, let poll)?:
            guard let home = homes[handle] else { return }
            owe(.ownAll(poll), home)
            loadStepDone(home)
        case .ownAll(let handle, let poll)?:
            if let home = homes[handle] { owe(.ownAll(poll), home) }
        case .ownAgain(let handle, let ballot)?:
            if let home = homes[handle] { owe(.own(ballot), home) }
        case .open(let handle, let poll)?:
            guard let home = homes[handle] else { return }
            if rejection == .unavailable { owe(.open(poll), home) } else { endUnusable(poll, home) }
        case .results(let handle, let poll)?:
            if rejection == .unavailable, let home = homes[handle] { owe(.results(poll), home) }
        case .liveTally(let handle, let poll)?:
            // The next ballot asks again.
            if let home = homes[handle], home.ballots.counted(poll) { armTally(home) }
        case .classSaved, .load, .record, nil: break
        }
    }

    /// Why the desk refused a step for a poll. One that is open here and that the desk does not know is still to be
    /// opened there, and whoever asked asks again.
    private func unlessOpen(_ poll: PollID, _ rejection: BallotRejection, _ home: RoomHome?) -> BallotRejection {
        guard rejection == .notFound, let home, home.room.poll(poll)?.isOpen == true else { return rejection }
        owe(.open(poll), home)
        return .unavailable
    }

    /// Ballots that waited in the node's journal are in the store: the count has changed.
    private func drained(_ poll: PollID, _ home: RoomHome) {
        guard home.room.poll(poll)?.isOpen == true else { return countResults(poll, home) }
        home.ballots.wantCount(poll)
        armTally(home)
    }

    // MARK: Opening and closing

    func pollStarted(_ event: Event, _ entry: LogEntry, _ home: RoomHome) {
        let id = PollID(seq: entry.seq)
        guard let poll = home.room.poll(id) else { return }
        home.ballots.retain { home.room.poll($0) != nil }
        openAtDesk(poll, home)
        armDeadlines(home)
    }

    func openAtDesk(_ poll: Poll, _ home: RoomHome) {
        let rules = PollRules(
            options: poll.draft.options.count, multiple: poll.draft.kind.acceptsSeveral,
            allowChange: poll.draft.allowChange,
            closesTs: poll.closesTs)
        let ticket = tickets.issue(.open(room: home.handle, poll: poll.id), reactor: index)
        if !node.ballots.open(room: home.key, poll: poll.id, rules: rules, ticket: ticket) {
            _ = tickets.redeem(ticket)
            node.log.error("the ballot desk takes no more polls", reason: "its queue is full")
            owe(.open(poll.id), home)
        }
    }

    /// The store knows a poll of this name with other rules: a data folder whose parts are not of one time. Ballots
    /// would be judged by those rules, so the poll ends at once, and no count of it is published.
    private func endUnusable(_ poll: PollID, _ home: RoomHome) {
        node.log.error("the store has another poll under this name", reason: "the data folder's parts do not fit")
        guard let known = home.room.poll(poll), known.isOpen else { return }
        home.unusablePolls.insert(poll)
        propose(PollClosing.proposal(known, reveal: false, closedTs: reactor.wallMs), origin: nil, home)
    }

    /// After a load: every poll of the state exists at the desk, and its ballots are known here.
    func askForBallots(_ home: RoomHome) {
        for poll in home.room.polls {
            if poll.isOpen { openAtDesk(poll, home) }
            let ticket = tickets.issue(.own(room: home.handle, poll: poll.id), reactor: index)
            if node.ballots.own(room: home.key, poll: poll.id, ticket: ticket) {
                home.loadsUnderWay += 1
            } else {
                _ = tickets.redeem(ticket)
                owe(.ownAll(poll.id), home)
            }
            if !poll.isOpen, poll.results?.final != true { countResults(poll.id, home) }
        }
        // A class that ended while the node did may have left some open.
        if home.room.ended { closeOpenPolls(home) }
    }

    func closePoll(_ poll: PollID, reveal: Bool, _ command: RoomCommand?, _ home: RoomHome, closedTs: Int64? = nil) {
        let ticket = tickets.issue(.close(room: home.handle, poll: poll, command, reveal: reveal), reactor: index)
        guard node.ballots.close(room: home.key, poll: poll, closedTs: closedTs, ticket: ticket) else {
            _ = tickets.redeem(ticket)
            guard let command else { return owe(.close(poll, reveal: reveal), home) }
            return replyRefused(command, Rejection(.overloaded, "too many ballots are waiting", retryAfterMs: 500))
        }
        if command != nil { home.closing[poll] = reveal }
    }

    /// The class is over: nobody can close its polls any more, so the server does, and their results are published.
    func closeOpenPolls(_ home: RoomHome) {
        for poll in home.room.openPolls { closePoll(poll.id, reveal: true, nil, home) }
    }

    private func sequenceClose(
        _ poll: PollID, reveal: Bool, closedTs: Int64, _ command: RoomCommand?, _ home: RoomHome
    ) {
        let proposal: Proposal
        if let command, case .proposal(let asked) = command.body {
            proposal = Proposal(
                actor: asked.actor, id: asked.id, digest: asked.digest,
                command: .pollClose(poll, reveal: reveal, closedTs: closedTs))
        } else {
            guard let known = home.room.poll(poll), known.isOpen else { return }
            proposal = PollClosing.proposal(known, reveal: home.closing[poll] ?? reveal, closedTs: closedTs)
        }
        propose(proposal, origin: command, home)
    }

    // MARK: Deadlines

    /// Sets one timer for the nearest deadline of the room's polls. What is left of a poll's time is asked of the date
    /// once, when the poll opens or its room is read; from then on it runs by the monotonic clock, however the date is
    /// set meanwhile.
    func armDeadlines(_ home: RoomHome) {
        for poll in home.room.openPolls where home.deadlines[poll.id] == nil {
            guard let closesTs = poll.closesTs else { continue }
            let leftMs = max(0, closesTs - max(home.room.ts, node.clock.nowMs()))
            node.clock.keepSteady(forMs: leftMs + PollClosing.graceMs)
            home.deadlines[poll.id] = reactor.nowMs + UInt64(leftMs) + 1
        }
        guard let next = home.deadlines.values.min() else { return }
        if let armed = home.deadlineTimerFor, armed <= next { return }
        home.deadlineTimerFor = next
        let waitMs = UInt32(clamping: next - min(next, reactor.nowMs))
        _ = reactor.schedule(inMs: waitMs, payload: CoreTimer.deadline(home.handle).payload)
    }

    func deadlineReached(_ home: RoomHome) {
        home.deadlineTimerFor = nil
        home.deadlines = home.deadlines.filter { home.room.poll($0.key)?.isOpen == true }
        for poll in home.room.openPolls {
            guard let dueMs = home.deadlines[poll.id], dueMs <= reactor.nowMs else { continue }
            home.deadlines[poll.id] = .max
            closePoll(poll.id, reveal: true, nil, home, closedTs: poll.closesTs)
        }
        if home.deadlines.values.contains(where: { $0 != .max }) { armDeadlines(home) }
    }

    // MARK: Counting

    /// A moderator's `welcome` holds no counts of open polls, the store has them: they follow as a tally.
    func recountOpenPolls(_ home: RoomHome) {
        for poll in home.room.openPolls { home.ballots.recount(poll.id) }
        if !home.room.openPolls.isEmpty { armTally(home) }
    }

    /// A live count at most five times a second while ballots come in.
    private func armTally(_ home: RoomHome) {
        guard !home.tallyTimerArmed else { return }
        home.tallyTimerArmed = true
        _ = reactor.schedule(inMs: UInt32(limits.tallyEveryMs), payload: CoreTimer.tally(home.handle).payload)
    }

    func askForTallies(_ home: RoomHome) {
        home.tallyTimerArmed = false
        for poll in home.ballots.takeChanged() {
            guard home.room.poll(poll)?.isOpen == true else { continue }
            let ticket = tickets.issue(.liveTally(room: home.handle, poll: poll), reactor: index)
            if !node.ballots.tally(room: home.key, poll: poll, ticket: ticket) {
                _ = tickets.redeem(ticket)
                home.ballots.wantCount(poll)
                armTally(home)
            }
        }
    }

    /// The count that becomes results in the log.
    func countResults(_ poll: PollID, _ home: RoomHome) {
        guard let known = home.room.poll(poll), !known.isOpen, !home.unusablePolls.contains(poll) else { return }
        home.ballots.end(poll)
        replica(home.key)?.endEphemeral(key: poll.text)
        for other in home.subscribers { post(.ephemeralEnded(room: home.key, key: poll.text), to: other) }
        let ticket = tickets.issue(.results(room: home.handle, poll: poll), reactor: index)
        if !node.ballots.tally(room: home.key, poll: poll, ticket: ticket) {
            _ = tickets.redeem(ticket)
            owe(.results(poll), home)
        }
    }

    private func tallied(_ ticket: UInt64, _ poll: PollID, _ tally: Tally) {
        switch tickets.redeem(ticket) {
        case .liveTally(let handle, _)?:
            guard let home = homes[handle], let known = home.room.poll(poll) else { return }
            if home.ballots.counted(poll) { armTally(home) }
            // What could not be read is no count; a `.drained` follows where it may be.
            guard known.isOpen, tally.known else { return }
            let json = PollEncoding.tally(poll, counts: tally.counts, total: tally.total)
            publish(
                home,
                EphemeralBatch(
                    room: home.key, key: poll.text, moderators: json, peers: known.draft.show == .live ? json : []))
        case .results(let handle, _)?:
            guard let home = homes[handle], let known = home.room.poll(poll), tally.known else { return }
            let results = PollResults(
                poll: poll, counts: tally.counts, total: tally.total, revision: (known.results?.revision ?? 0) + 1,
                final: !tally.pending, pending: tally.pending ? [node.name] : [])
            if let published = known.results, published.counts == results.counts, published.total == results.total,
                published.final == results.final
            {
                return
            }
            propose(.results(results), origin: nil, home)
        default: break
        }
    }
}
