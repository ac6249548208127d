// Every command against every role: the table is written out here by hand, so a change of rights needs two hands.

import Testing

@testable import Rooms

struct RoleMatrixTests {
    /// The least role of each command, by Docs/protocol.md.
    static let least: [(CommandKind, Role)] = [
        (.chatSend, .student), (.chatDelete, .assistant), (.chatReact, .student), (.pollOpen, .instructor),
        (.pollClose, .instructor), (.questionAsk, .student), (.questionUpvote, .student),
        (.questionAnswer, .assistant), (.questionDismiss, .assistant), (.handRaise, .student), (.handLower, .student),
        (.handCall, .assistant), (.announce, .instructor), (.mute, .assistant), (.unmute, .assistant),
        (.remove, .assistant), (.ban, .assistant), (.chatMode, .assistant), (.roomLock, .assistant),
        (.roomEnd, .instructor),
    ]

    /// A room in which each command would be accepted from the least role, and that command.
    static func prepare(_ kind: CommandKind, _ actor: Actor) -> (RoomFixture, Command) {
        var f = RoomFixture()
        let message = f.message(People.ben)
        let question = f.ask(People.ben)
        let poll = f.openPoll()
        f.send(People.ben, .handRaise)
        f.send(actor.role == .observer ? People.ada : actor, .handRaise)
        let ben = People.ben.participant
        let command: Command =
            switch kind {
            case .chatSend: .chatSend(text: "x", replyTo: nil)
            case .chatDelete: .chatDelete(message)
            case .chatReact: .chatReact(message, emoji: "x", on: true)
            case .pollOpen: .pollOpen(RoomFixture.single)
            case .pollClose: .pollClose(poll, reveal: true, closedTs: nil)
            case .pollResults: .pollResults(RoomFixture.results(poll, revision: 1))
            case .questionAsk: .questionAsk(text: "x", anonymous: true)
            case .questionUpvote: .questionUpvote(question)
            case .questionAnswer: .questionAnswer(question, text: "x")
            case .questionDismiss: .questionDismiss(question)
            case .handRaise: .handRaise
            case .handLower: .handLower(nil)
            case .handCall: .handCall(ben)
            case .announce: .announce(text: "x", link: nil)
            case .mute: .mute(ben)
            case .unmute: .unmute(ben)
            case .remove: .remove(ben)
            case .ban: .ban(ben)
            case .chatMode: .chatMode(.slow, slowS: 5)
            case .roomLock: .roomLock(true)
            case .roomEnd: .roomEnd
            }
        return (f, command)
    }

    @Test func `the table names every command of participants`() {
        #expect(Set(Self.least.map(\.0)) == Set(CommandKind.allCases).subtracting([.pollResults]))
        #expect(Self.least.count == CommandKind.allCases.count - 1)
    }

    @Test(arguments: Role.allCases) func `each command is accepted from its least role up`(role: Role) {
        let actor = People.of(role)
        for (kind, least) in Self.least {
            var (f, command) = Self.prepare(kind, actor)
            #expect(command.kind == kind)
            let proposal = Proposal(actor: actor, id: commandID("probe"), command: command)
            let decision = f.room.decide(proposal, nowTs: f.nowMs)
            let verdict = f.sequence(proposal)
            if role >= least {
                #expect(decision == .propose, "\(kind) by \(role)")
                #expect(verdict.event != nil, "\(kind) by \(role): \(verdict)")
            } else {
                #expect(decision == .reject(Room.forbidden), "\(kind) by \(role)")
                #expect(verdict == .ignored(Room.forbidden), "\(kind) by \(role)")
            }
        }
    }

    @Test(arguments: Role.allCases) func `only the server publishes results`(role: Role) {
        let actor = People.of(role)
        var (f, command) = Self.prepare(.pollResults, actor)
        #expect(f.refusal(actor, command) == .forbidden)
    }

    @Test func `the server only closes polls and publishes results`() {
        for kind in CommandKind.allCases {
            var (f, command) = Self.prepare(kind, People.teacher)
            let refusal = f.refusal(.system, command)
            switch kind {
            case .pollClose: #expect(refusal == nil)
            case .pollResults: #expect(refusal == .conflict, "open, but not forbidden")
            default: #expect(refusal == .forbidden, "\(kind)")
            }
        }
    }

    @Test func `roles stand in order and have their view`() {
        #expect(Role.allCases.sorted() == [.observer, .student, .assistant, .instructor, .service])
        #expect(Role.allCases.map(\.view) == [.observer, .member, .moderator, .moderator, .moderator])
        #expect(Role.allCases.map(\.isModerator) == [false, false, true, true, true])
        #expect(Role.allCases.filter(\.mayAnswerPolls) == [.student])
        for role in Role.allCases { #expect(Role(text: role.text) == role) }
        #expect(Role(text: "admin") == nil)
    }
}
