// Owns polls: a teacher opens and closes them, everybody else answers, some several times, some over a connection that
// is cut before the receipt. Never sends another attempt before the first has its outcome.

import LiveIO
import LiveProtocol

extension LoadDriver {
    /// An answer without reply is sent again after this time, nanoseconds.
    private static let replyPatienceNs: UInt64 = 5_000_000_000
    /// Time from the beginning of a lesson to its first poll, nanoseconds.
    private static let firstPollNs: UInt64 = 2_000_000_000

    // MARK: Teachers

    /// The load begins: teachers plan their polls.
    func beginPolls() {
        guard plan.scenario == .burst || plan.scenario == .lesson else { return }
        for place in 0..<peopleCount where people[place].member.duty == .publisher {
            let wait = plan.scenario == .burst ? 0 : min(Self.firstPollNs, (untilNs - fromNs) / 10)
            schedule(.poll, place, atNs: fromNs + wait)
        }
    }

    /// A teacher opens the next poll, or closes the one that is open.
    func pollIsDue(_ person: Int) {
        guard stage == .loading else { return }
        let room = people[person].member.room
        if roomStates[room].isPollOurs {
            closePoll(person)
            schedule(.poll, person, atNs: nowNs + (plan.pollEveryMs - plan.pollOpenMs) * 1_000_000)
            return
        }
        let isBurst = plan.scenario == .burst
        guard isBurst || nowNs + plan.pollOpenMs * 1_000_000 < untilNs else { return }
        guard openPoll(person) else {
            schedule(.poll, person, atNs: nowNs + 500_000_000)
            return
        }
        if !isBurst { schedule(.poll, person, atNs: nowNs + plan.pollOpenMs * 1_000_000) }
    }

    private func openPoll(_ person: Int) -> Bool {
        let member = people[person].member
        let stamp = Stamp(
            run: runNumber, room: UInt16(truncatingIfNeeded: member.room), stream: 0,
            n: UInt32(roomStates[member.room].polls), intendedNs: nowNs, lateUs: 0)
        let isSent = send(person, "poll_open", .pollOpen) { text in
            text.append(",\"question\":\"Which one? ")
            stamp.append(to: &text)
            text.append("\",\"kind\":\"single\",\"options\":[\"one\",\"two\",\"three\",\"four\"]")
        }
        if isSent {
            roomStates[member.room].polls += 1
            roomStates[member.room].isPollOurs = true
            roomStates[member.room].poll = ""
        }
        return isSent
    }

    private func closePoll(_ person: Int) {
        let room = people[person].member.room
        let poll = roomStates[room].poll
        guard !poll.isEmpty else { return }
        let isSent = send(person, "poll_close", .pollClose) { text in
            text.append(",\"poll\":\"")
            text.append(poll)
            text.append("\"")
        }
        if isSent { roomStates[room].isPollOurs = false }
    }

    /// Every voter has its outcome: what is still open is closed, and its results are waited for.
    func closeOpenPolls() {
        for place in 0..<peopleCount where people[place].member.duty == .publisher {
            if roomStates[people[place].member.room].isPollOurs { closePoll(place) }
        }
    }

    // MARK: Events

    /// An event of the log that is no message.
    func roomEvent(_ person: Int, _ json: UnsafeRawBufferPointer, seq: UInt64) {
        let room = people[person].member.room
        if WireText.begins(json, with: "{\"ev\":\"poll_started\"") {
            pollStarted(person, json, seq: seq)
        } else if WireText.begins(json, with: "{\"ev\":\"poll_results\"") {
            guard let poll = WireText.text("\"poll\":\"", in: json),
                WireText.end(of: "\"final\":true", in: json) != nil,
                let counts = WireText.numbers("\"counts\":[", in: json)
            else { return }
            let revision = WireText.number("\"revision\":", in: json) ?? 0
            ballots.noteResults(room: room, poll: poll, revision: revision, counts: counts)
        } else if seq > roomStates[room].questionSeq, WireText.begins(json, with: "{\"ev\":\"question_asked\"") {
            roomStates[room].questionSeq = seq
            roomStates[room].question = WireText.text("\"id\":\"", in: json) ?? ""
        }
    }

    private func pollStarted(_ person: Int, _ json: UnsafeRawBufferPointer, seq: UInt64) {
        let member = people[person].member
        guard let poll = WireText.text("\"poll\":\"", in: json), let stamp = Stamp.find(in: json),
            stamp.run == runNumber
        else { return }
        if Int(stamp.room) != member.room { measurements.count(.foreign) }
        if seq > roomStates[member.room].pollSeq {
            roomStates[member.room].pollSeq = seq
            roomStates[member.room].poll = poll
        }
        if member.duty == .publisher {
            ballots.expectResults(room: member.room, poll: poll)
            return
        }
        if seq > people[person].catchUpTo {
            measurements.record(.pollStarted, ns: nowNs - min(nowNs, stamp.intendedNs))
        }
        beginBallot(person, poll)
    }

    /// A snapshot took the place of what was missed: a poll may have begun in it.
    func openPolls(_ person: Int, _ welcome: UnsafeRawBufferPointer) {
        let room = people[person].member.room
        guard people[person].member.duty == .listener, !roomStates[room].poll.isEmpty else { return }
        beginBallot(person, roomStates[room].poll)
    }

    // MARK: Voters

    private func beginBallot(_ person: Int, _ poll: String) {
        guard people[person].member.duty == .listener, plan.scenario == .burst || random(below: 10) < 9 else { return }
        let sends = 1 + random(below: plan.answersMax)
        let choice = random(below: BallotBox.options)
        let room = people[person].member.room
        guard ballots.begin(person: person, room: room, poll: poll, choice: choice, sends: sends) != nil else { return }
        let spreadMs = Int(min(plan.answerSpreadMs, 60_000))
        schedule(.vote, person, atNs: nowNs + UInt64(random(below: max(1, spreadMs))) * 1_000_000)
    }

    /// It is time for a voter to send its answer, again perhaps.
    func vote(_ person: Int) {
        guard stage < .worked, let place = ballots.current(person) else { return }
        guard people[person].phase == .present else { return }
        var ballot = ballots[place]
        if let since = ballot.awaitedSinceNs, nowNs < since + Self.replyPatienceNs { return }
        // Another attempt with another answer must not change what was counted.
        let isOther = ballot.isDefinite && random(below: 2) == 0
        let choice = isOther ? (ballot.choice + 1) % BallotBox.options : ballot.choice
        let attempt = "L\(plan.run)-\(people[person].member.number)-\(ballot.poll)-\(isOther ? "b" : "a")"
        let isSent = send(person, "poll_answer", .pollAnswer, number: place) { text in
            text.append(",\"poll\":\"")
            text.append(ballot.poll)
            text.append("\",\"attempt_id\":\"")
            text.append(attempt)
            text.append("\",\"choice\":")
            Decimal.append(UInt64(choice), to: &text)
        }
        guard isSent else { return }
        measurements.count(.ballots)
        ballot.sendsLeft -= 1
        ballot.awaitedSinceNs = nowNs
        ballots[place] = ballot
        schedule(.vote, person, atNs: nowNs + Self.replyPatienceNs + 1_000_000)
        // A quarter lose their connection with the answer on its way.
        if plan.scenario == .burst, random(below: 4) == 0 { cutConnection(person) }
    }

    func receipt(_ command: PendingCommand, _ json: UnsafeRawBufferPointer, refusal: String?, tookNs: UInt64) {
        var ballot = ballots[command.number]
        ballot.awaitedSinceNs = nil
        var waitMs = 50 + UInt64(random(below: 300))
        if let refusal {
            waitMs = refused(&ballot, refusal, json) ?? waitMs
        } else {
            measurements.count(.receipts)
            measurements.record(.receipt, ns: tookNs)
            let choice = WireText.number("\"choice\":", in: json).map { Int(clamping: $0) }
            if choice == nil || ballot.receiptChoice ?? choice != choice || (choice != ballot.choice) {
                measurements.count(.contradictions)
            }
            ballot.receiptChoice = ballot.receiptChoice ?? choice
            ballot.isDefinite = true
        }
        ballots[command.number] = ballot
        if ballot.sendsLeft > 0 || !ballot.isDefinite {
            schedule(.vote, command.person, atNs: nowNs + waitMs * 1_000_000)
        }
    }

    /// What a refusal means; when to try again, where it does not say for good.
    private func refused(_ ballot: inout Ballot, _ code: String, _ json: UnsafeRawBufferPointer) -> UInt64? {
        switch code {
        case "already_answered":
            // Right for another attempt; wrong for one that has no receipt.
            if !ballot.isDefinite { measurements.count(.contradictions) }
            ballot.isDefinite = true
            return nil
        case "rate_limited", "overloaded", "unavailable":
            measurements.count(.commandsRefused)
            measurements.failed("answer: \(code)")
            ballot.sendsLeft += 1
            return (WireText.number("\"retry_after_ms\":", in: json) ?? 1_000) + UInt64(random(below: 200))
        case "closed":
            ballot.isDefinite = true
            ballot.sendsLeft = 0
            return nil
        default:
            measurements.count(.commandsRefused)
            measurements.failed("answer: \(code)")
            ballot.isDefinite = true
            ballot.sendsLeft = 0
            return nil
        }
    }

    /// Back inside: an answer whose receipt was lost goes out again.
    func resumeVoting(_ person: Int) {
        guard let place = ballots.current(person) else { return }
        var ballot = ballots[place]
        if ballot.awaitedSinceNs != nil {
            ballot.awaitedSinceNs = nil
            if !ballot.isDefinite { ballot.sendsLeft = max(1, ballot.sendsLeft) }
        }
        ballots[place] = ballot
        guard ballots.current(person) != nil else { return }
        schedule(.vote, person, atNs: nowNs + UInt64(20 + random(below: 200)) * 1_000_000)
    }
}
