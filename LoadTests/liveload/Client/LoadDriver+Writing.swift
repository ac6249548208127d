// Owns when messages are written: at a rate whose times are fixed beforehand, or as many as may be under way. A writer
// that falls behind sends what is due, with the times at which it was due. Never waits for a reply before it is due.

import Glibc
import LiveIO

/// One writer of this worker.
struct Writer {
    let person: Int
    let room: Int
    let stream: Int
    /// Of a lesson: times are drawn, with this mean.
    let isDrawn: Bool
    let intervalNs: Double
    /// When the next message is due; a fraction is kept, so that rates are exact.
    var dueNs: Double = 0
}

extension LoadDriver {
    /// Messages that a talker of a lesson writes a minute, at pace 1.
    private static let talksPerMinute = 2.0

    func makeWriters() {
        for place in 0..<peopleCount {
            let member = people[place].member
            guard let stream = member.stream else { continue }
            let isTalker = member.duty == .listener
            let perSecond =
                isTalker
                ? Self.talksPerMinute * plan.pace / 60
                : plan.rate / Double(max(1, plan.rooms * plan.publishersPerRoom))
            writerOf[place] = writers.count
            writers.append(
                Writer(
                    person: place, room: member.room, stream: stream, isDrawn: isTalker,
                    intervalNs: 1e9 / max(1e-6, perSecond)))
            records.append(StreamRecord(room: member.room, stream: stream))
        }
    }

    func beginWriting() {
        switch plan.scenario {
        case .fanout, .slow, .storm, .lesson: break
        case .idle, .burst, .tls: return
        }
        for writer in writers.indices {
            let one = writers[writer]
            if one.isDrawn {
                writers[writer].dueNs = Double(fromNs + randomWaitNs(meanNs: one.intervalNs))
            } else if plan.scenario == .lesson {
                continue
            } else if plan.inflight > 0 {
                refill(one.room)
                continue
            } else {
                // Writers take turns within one interval.
                let place = Double(people[one.person].member.number)
                let share = place / Double(plan.rooms * plan.publishersPerRoom)
                writers[writer].dueNs = Double(fromNs) + share * one.intervalNs
            }
            scheduleWrite(writer)
        }
    }

    private func scheduleWrite(_ writer: Int) {
        let dueNs = writers[writer].dueNs
        guard dueNs < Double(untilNs) else { return }
        schedule(.write, writer, atNs: UInt64(dueNs))
    }

    func write(_ writer: Int) {
        guard stage == .loading else { return }
        while writers[writer].dueNs <= Double(nowNs), writers[writer].dueNs < Double(untilNs) {
            publish(writer, intendedNs: UInt64(writers[writer].dueNs))
            let one = writers[writer]
            writers[writer].dueNs += one.isDrawn ? Double(randomWaitNs(meanNs: one.intervalNs)) : one.intervalNs
        }
        scheduleWrite(writer)
    }

    /// Sends one message; false where the writer is not inside.
    @discardableResult
    private func publish(_ writer: Int, intendedNs: UInt64) -> Bool {
        let one = writers[writer]
        let lateNs = nowNs - min(nowNs, intendedNs)
        let number = records[writer].seqs.count
        let stamp = Stamp(
            run: runNumber, room: UInt16(truncatingIfNeeded: one.room), stream: UInt16(truncatingIfNeeded: one.stream),
            n: UInt32(truncatingIfNeeded: number), intendedNs: intendedNs, lateUs: UInt32(clamping: lateNs / 1_000))
        let padding = max(0, plan.textBytes - Stamp.bytes)
        let isSent = send(one.person, "chat_send", .chat, number: number) { text in
            text.append(",\"text\":\"")
            stamp.append(to: &text)
            text.append(contentsOf: repeatElement(UInt8(ascii: "x"), count: padding))
            text.append("\"")
        }
        guard isSent else { return false }
        records[writer].seqs.append(StreamRecord.unknown)
        measurements.count(.published)
        if intendedNs >= measuredFromNs { measurements.record(.late, ns: lateNs) }
        return true
    }

    // MARK: A number of messages under way

    /// A reader of `room` has one message more.
    @inline(__always)
    func delivered(_ room: Int) {
        guard plan.inflight > 0 else { return }
        roomStates[room].delivered += 1
        markDirty(room)
    }

    /// A message was refused: nobody will get it.
    func lostFromFlight(_ room: Int) {
        roomStates[room].delivered += UInt64(max(1, roomStates[room].readers))
        markDirty(room)
    }

    private func markDirty(_ room: Int) {
        guard !roomStates[room].isDirty else { return }
        roomStates[room].isDirty = true
        dirtyRooms.append(room)
    }

    /// Sends as many as may be under way: a message is under way until all of this worker's readers have it.
    func refill(_ room: Int) {
        roomStates[room].isDirty = false
        guard stage == .loading, nowNs < untilNs, plan.inflight > 0 else { return }
        let here = writers.indices.filter { writers[$0].room == room }
        guard !here.isEmpty else { return }
        let readers = UInt64(max(1, roomStates[room].readers))
        while roomStates[room].sent < roomStates[room].delivered / readers + UInt64(plan.inflight) {
            roomStates[room].turn = (roomStates[room].turn + 1) % here.count
            guard publish(here[roomStates[room].turn], intendedNs: nowNs) else { return }
            roomStates[room].sent += 1
        }
    }
}
