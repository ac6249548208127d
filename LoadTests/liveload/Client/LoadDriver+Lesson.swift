// Owns what people do in a lesson beside messages and polls: reactions, questions and votes for them, hands, lost
// connections, leaving early. Times are drawn beforehand and do not wait for what came before. Never in other
// scenarios.

import Glibc
import LiveIO
import LiveProtocol

extension LoadDriver {
    /// Such actions a person and minute, at pace 1.
    private static let actsPerMinute = 3.0
    /// How long a hand stays up, nanoseconds.
    private static let handUpNs: UInt64 = 4_000_000_000
    /// Nothing is cut and nobody leaves so shortly before the end that it could not be back, nanoseconds.
    private static let quietNs: UInt64 = 4_000_000_000

    /// The load begins.
    func beginActing() {
        beginPolls()
        guard plan.scenario == .lesson else { return }
        for place in 0..<peopleCount where people[place].member.duty == .listener {
            planAct(place, afterNs: fromNs)
            planCut(place, afterNs: fromNs)
        }
    }

    /// Somebody is inside, for the first time or again.
    func cameInside(_ person: Int) {
        sendAgain(person)
        resumeVoting(person)
    }

    private func planAct(_ person: Int, afterNs: UInt64) {
        let meanNs = 60e9 / max(0.001, Self.actsPerMinute * plan.pace)
        let atNs = afterNs + randomWaitNs(meanNs: meanNs)
        if atNs < untilNs { schedule(.act, person, atNs: atNs) }
    }

    func planCut(_ person: Int, afterNs: UInt64) {
        guard plan.dropsPerMinute > 0 else { return }
        let atNs = afterNs + randomWaitNs(meanNs: 60e9 / plan.dropsPerMinute)
        if atNs + Self.quietNs < untilNs { schedule(.cut, person, atNs: atNs) }
    }

    /// One action of one person.
    func act(_ person: Int) {
        guard stage == .loading else { return }
        planAct(person, afterNs: nowNs)
        guard people[person].phase == .present else { return }
        let room = people[person].member.room
        switch random(below: 100) {
        case 0..<45: react(person, roomStates[room].message)
        case 45..<55: ask(person, number: people[person].commands)
        case 55..<80: upvote(person, roomStates[room].question)
        case 80..<97:
            if send(person, "hand_raise", .other) { schedule(.lower, person, atNs: nowNs + Self.handUpNs) }
        default: leaveEarly(person)
        }
    }

    private func react(_ person: Int, _ message: String) {
        guard !message.isEmpty else { return }
        send(person, "chat_react", .other) { text in
            text.append(",\"message\":\"")
            text.append(message)
            text.append("\",\"emoji\":\"👍\"")
        }
    }

    private func ask(_ person: Int, number: UInt32) {
        send(person, "question_ask", .other) { text in
            text.append(",\"text\":\"What about \(number)?\",\"anonymous\":\(number % 2 == 0)")
        }
    }

    private func upvote(_ person: Int, _ question: String) {
        guard !question.isEmpty else { return }
        send(person, "question_upvote", .other) { text in
            text.append(",\"question\":\"")
            text.append(question)
            text.append("\"")
        }
    }

    func lowerHand(_ person: Int) {
        guard stage < .worked else { return }
        send(person, "hand_lower", .other)
    }

    /// Some leave before the end; who writes or votes stays.
    private func leaveEarly(_ person: Int) {
        guard nowNs > fromNs + (untilNs - fromNs) / 2, writerOf[person] == nil, ballots.current(person) == nil,
            !pending.values.contains(where: { $0.person == person })
        else { return }
        let member = people[person].member
        leave(person)
        roomStates[member.room].note(member, isHere: false)
    }
}
