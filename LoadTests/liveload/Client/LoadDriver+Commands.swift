// Owns commands and their replies: ids that no run repeats, what a reply means, and sending again what a lost
// connection left open, under the same id. Never decides when something is sent.

import LiveIO
import LiveProtocol

/// What a command was for.
enum CommandKind: UInt8, Sendable {
    case chat, heartbeat, pollOpen, pollAnswer, pollClose, other
}

/// A command whose reply has not come.
struct PendingCommand {
    let kind: CommandKind
    let person: Int
    let sentNs: UInt64
    /// `chat`: the message's number in its stream.
    let number: Int
    /// To send it again; empty where the plan does not come back.
    let json: [UInt8]
}

extension LoadDriver {
    /// Sends `{"op":…,"id":…` with what `members` adds. False where the participant is not inside.
    @discardableResult
    func send(
        _ person: Int, _ op: StaticString, _ kind: CommandKind, number: Int = 0,
        _ members: (inout [UInt8]) -> Void = { _ in }
    ) -> Bool {
        guard people[person].phase == .present, let id = people[person].connection,
            transport(of: person) == .websocket
        else { return false }
        people[person].commands += 1
        let key = UInt64(people[person].member.number) << 32 | UInt64(people[person].commands)
        text.removeAll(keepingCapacity: true)
        text.append("{\"op\":\"")
        text.append(op)
        text.append("\",\"id\":\"L")
        Stamp.append(UInt64(runNumber), 8, to: &text)
        Stamp.append(key, 16, to: &text)
        text.append("\"")
        members(&text)
        text.append("}")
        transmit(id, text)
        pending[key] = PendingCommand(
            kind: kind, person: person, sentNs: nowNs, number: number, json: plan.comesBack ? text : [])
        if kind != .chat { measurements.count(.commands) }
        return true
    }

    private func transmit(_ id: ConnectionID, _ json: [UInt8]) {
        frame.removeAll(keepingCapacity: true)
        WebSocketFrame.append(.text, payload: json, mask: mask(), to: &frame)
        frame.withUnsafeBytes { reactor.send(id, $0) }
    }

    /// Back inside: what had no reply goes out again under the same id. The reply is the same if it had its effect.
    func sendAgain(_ person: Int) {
        guard plan.comesBack, let id = people[person].connection else { return }
        let number = UInt64(people[person].member.number)
        let open = pending.filter { $0.key >> 32 == number }.sorted { $0.key < $1.key }
        for (key, command) in open {
            if command.kind == .heartbeat || command.kind == .pollAnswer {
                // The next heartbeat says more; ballots have attempts of their own.
                pending[key] = nil
            } else {
                transmit(id, command.json)
            }
        }
    }

    /// Whether something that was sent still has no outcome; heartbeats never hold up a run.
    var hasOpenOutcomes: Bool {
        ballots.hasOpen || pending.values.contains { $0.kind != .heartbeat }
    }

    /// What has no outcome now never will.
    func noteUnanswered() {
        for command in pending.values where command.kind != .heartbeat { measurements.count(.unanswered) }
        pending.removeAll()
    }

    // MARK: Replies

    /// `{"re":"<id>","ok":true,…}`
    func reply(_ person: Int, _ json: UnsafeRawBufferPointer) {
        guard json.count > 32, json[7] == UInt8(ascii: "L"), let run = Stamp.number(json, 8, 8),
            run == UInt64(runNumber), let key = Stamp.number(json, 16, 16)
        else { return broken(person, "a reply to nobody's command") }
        guard let command = pending.removeValue(forKey: key) else {
            // To a command that was sent twice, or given up.
            return
        }
        let isAccepted = WireText.begins(UnsafeRawBufferPointer(rebasing: json[32...]), with: "\",\"ok\":true")
        let code = isAccepted ? nil : WireText.text("\"code\":\"", in: json) ?? "no code"
        let tookNs = nowNs - min(nowNs, command.sentNs)
        switch command.kind {
        case .chat: chatReply(command, json, refusal: code, tookNs: tookNs)
        case .pollAnswer: receipt(command, json, refusal: code, tookNs: tookNs)
        case .heartbeat:
            takeResume(person, json)
            fallthrough
        case .pollOpen, .pollClose, .other:
            measurements.record(.command, ns: tookNs)
            if let code {
                measurements.count(.commandsRefused)
                measurements.failed("command: \(code)")
            }
        }
    }

    private func chatReply(
        _ command: PendingCommand, _ json: UnsafeRawBufferPointer, refusal: String?, tookNs: UInt64
    ) {
        guard let writer = writerOf[command.person] else { return }
        measurements.record(.ack, ns: tookNs)
        if let refusal {
            measurements.count(.rejected)
            measurements.failed("message: \(refusal)")
            records[writer].seqs[command.number] = StreamRecord.refused
            // It does not count as under way.
            if plan.inflight > 0 { lostFromFlight(people[command.person].member.room) }
        } else if let seq = WireText.number("\"seq\":", in: json) {
            measurements.count(.accepted)
            records[writer].seqs[command.number] = Int64(clamping: seq)
        } else {
            broken(command.person, "a reply without seq")
        }
    }

    // MARK: Heartbeats

    func beginHeartbeats(_ person: Int) {
        guard plan.heartbeatMs > 0, transport(of: person) == .websocket, people[person].member.duty != .sleeper else {
            return
        }
        // Spread, or ten thousand people who joined together would beat together for ever.
        schedule(.heartbeat, person, atNs: nowNs + UInt64(random(below: Int(plan.heartbeatMs))) * 1_000_000)
    }

    func heartbeat(_ person: Int) {
        guard stage < .settling, people[person].phase != .failed, people[person].phase != .gone else { return }
        schedule(.heartbeat, person, atNs: nowNs + UInt64(plan.heartbeatMs) * 1_000_000)
        let cursor = people[person].cursorSeq
        let lagMs = people[person].lagMs
        send(person, "heartbeat", .heartbeat) { text in
            text.append(",\"seq\":")
            Decimal.append(cursor, to: &text)
            text.append(",\"lag_ms\":")
            Decimal.append(UInt64(lagMs), to: &text)
            text.append(",\"transport\":\"ws\",\"failed_connects\":0")
        }
    }
}

extension [UInt8] {
    /// Appends text that is valid within JSON as it stands.
    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { append(contentsOf: $0) }
    }

    /// As above.
    mutating func append(_ text: String) { append(contentsOf: text.utf8) }
}
