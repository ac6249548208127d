// Owns what events mean to a participant: its place in the log, what arrived how late, twice or out of order. Never
// allocates for a chat message.

import Glibc
import LiveIO
import LiveProtocol

extension LoadDriver {
    /// One message of the server.
    func message(_ person: Int, _ json: UnsafeRawBufferPointer) {
        if WireText.begins(json, with: "{\"ev\":\"") {
            event(person, json)
        } else if WireText.begins(json, with: "{\"re\":\"") {
            reply(person, json)
        } else {
            broken(person, "neither event nor reply")
        }
    }

    private func event(_ person: Int, _ json: UnsafeRawBufferPointer) {
        measurements.count(.events)
        let pointer = people + person
        guard pointer.pointee.phase == .present else {
            greeting(person, json)
            return
        }
        // `{"ev":"name","seq":N`: an event of the log; others carry no seq there.
        guard let base = json.baseAddress, let quote = memchr(base + 7, 0x22, json.count - 7) else {
            return broken(person, "an event without a name")
        }
        let nameEnd = UnsafeRawPointer(quote) - base
        let rest = UnsafeRawBufferPointer(rebasing: json[nameEnd...])
        guard WireText.begins(rest, with: "\",\"seq\":"), let seq = WireText.number(json, at: nameEnd + 8) else {
            ephemeral(person, json)
            return
        }
        let isNew = seq > pointer.pointee.cursorSeq
        if isNew { pointer.pointee.cursorSeq = seq }
        if WireText.begins(json, with: "{\"ev\":\"chat_message\"") {
            chat(pointer, json, seq: seq)
            return
        }
        if !isNew { measurements.count(.duplicate) }
        roomEvent(person, json, seq: seq)
    }

    /// The first event of an attach.
    private func greeting(_ person: Int, _ json: UnsafeRawBufferPointer) {
        let isResumed = WireText.begins(json, with: "{\"ev\":\"resumed\"")
        guard people[person].phase == .greeting || people[person].phase == .asking,
            isResumed || WireText.begins(json, with: "{\"ev\":\"welcome\""),
            let seq = WireText.number("\"seq\":", in: json)
        else {
            if WireText.begins(json, with: "{\"ev\":\"closed\"") { return closedStream(person, json) }
            return broken(person, "an event before the welcome")
        }
        takeResume(person, json)
        if isResumed {
            people[person].catchUpTo = seq
            if WireText.number("\"from\":", in: json) != people[person].cursorSeq {
                measurements.count(.outOfOrder)
                measurements.failed("resumed from another place")
            }
        } else if let epoch = WireText.text("\"epoch\":\"", in: json) {
            roomStates[people[person].member.room].epoch = epoch
        }
        joined(person, seq: seq, isResumed: isResumed)
        if plan.comesBack, !isResumed { openPolls(person, json) }
    }

    func takeResume(_ person: Int, _ json: UnsafeRawBufferPointer) {
        guard plan.comesBack, let resume = WireText.bytes("\"resume\":\"", in: json) else { return }
        people[person].resume = Array(resume)
    }

    private func chat(_ person: UnsafeMutablePointer<Participant>, _ json: UnsafeRawBufferPointer, seq: UInt64) {
        let member = person.pointee.member
        roomStates[member.room].noteMessage(seq: seq, json)
        guard let stamp = Stamp.find(in: json), stamp.run == runNumber else { return }
        guard Int(stamp.room) == member.room, Int(stamp.stream) < person.pointee.cursors.count else {
            measurements.count(.foreign)
            return
        }
        switch person.pointee.cursors[Int(stamp.stream)].take(stamp.n) {
        case .inOrder: break
        case .duplicate:
            measurements.count(.duplicate)
            return
        case .outOfOrder: measurements.count(.outOfOrder)
        }
        guard member.duty != .publisher, member.stream != Int(stamp.stream) else { return }
        measurements.count(.deliveries)
        delivered(member.room)
        // What came while it was away came late through nobody's fault.
        guard stamp.intendedNs >= measuredFromNs, seq > person.pointee.catchUpTo else { return }
        let latencyNs = nowNs - min(nowNs, stamp.intendedNs)
        measurements.record(.chat, ns: latencyNs)
        measurements.record(.chatService, ns: nowNs - min(nowNs, stamp.sentNs))
        person.pointee.lagMs = UInt32(clamping: latencyNs / 1_000_000)
        if plan.scenario == .storm, member.duty == .listener {
            let stormFromNs = fromNs + plan.calmMs * 1_000_000
            let isStorm = stamp.intendedNs >= stormFromNs
            let isOver = stamp.intendedNs >= stormFromNs + plan.arrivalMs * 1_000_000
            if !isOver { measurements.record(isStorm ? .chatDuring : .chatBefore, ns: latencyNs) }
        }
    }

    private func ephemeral(_ person: Int, _ json: UnsafeRawBufferPointer) {
        if WireText.begins(json, with: "{\"ev\":\"closed\"") {
            closedStream(person, json)
        } else if WireText.begins(json, with: "{\"ev\":\"welcome\"") {
            // On a connection that stands: the reader had fallen behind the tail.
            guard let seq = WireText.number("\"seq\":", in: json) else {
                return broken(person, "a welcome without seq")
            }
            measurements.count(.reset)
            if let reading = reading(of: people + person) { closedReadings.append(closing(reading, person)) }
            people[person].joinSeq = seq
            people[person].cursorSeq = seq
            for stream in people[person].cursors.indices { people[person].cursors[stream].restart() }
            takeResume(person, json)
        }
    }

    /// A reading that ends with what was read, though the participant is still there.
    private func closing(_ reading: Reading, _ person: Int) -> Reading {
        Reading(
            room: reading.room, afterSeq: reading.afterSeq, upToSeq: people[person].cursorSeq,
            cursors: reading.cursors)
    }

    /// An event stream's last event says why it ends.
    private func closedStream(_ person: Int, _ json: UnsafeRawBufferPointer) {
        let code = WireText.number("\"code\":", in: json) ?? 0
        guard let id = people[person].connection else { return }
        reactor.close(id, afterDrain: false)
        let isDeferral = code == 1013
        wentAway(
            person, "stream closed with \(code)", retryAfterMs: isDeferral ? 1_000 : nil,
            mayComeBack: code != 4401 && code != 4403 && code != 4409)
    }
}
