// The test that greps everything a student receives: over random histories, no byte of a peer's events and snapshots
// tells an author of an anonymous question, a right option before it is revealed, or a moderators' event.

import LiveProtocol
import RoomHistories
import Rooms
import Testing

@testable import LiveServer

struct WireLeakTests {
    /// What peers know of polls, from the log itself: which were revealed and have results.
    struct Revealed {
        var polls: Set<String> = []
        var results: Set<String> = []

        mutating func note(_ event: Event) {
            if case .pollClosed(let poll, true) = event { polls.insert(poll.text) }
            if case .pollResults(let published) = event { results.insert(published.results.poll.text) }
        }
    }

    static let moderatorEvents: Set<String> = [
        "participant_muted", "participant_unmuted", "participant_removed", "participant_banned",
    ]

    @Test(arguments: [101, 102, 103, 104] as [UInt64])
    func `nothing a student receives tells what is the moderators'`(seed: UInt64) throws {
        var history = RandomHistory(seed: seed)
        var w = WireRoom()
        var revealed = Revealed()
        var secretsForModerators = 0
        var correctForPeers = 0
        for step in 0..<4_000 {
            let proposal = history.next(in: w.room)
            let entry = LogEntry(seq: w.room.seq + 1, ts: history.nowMs, proposal: proposal)
            guard case .accepted(let event) = w.room.apply(entry) else { continue }
            revealed.note(event)
            let sequenced = SequencedEvent(seq: entry.seq, ts: entry.ts, event: event)
            if WireRoom.encode(sequenced, .moderator)?.contains(Cast.secretMark) == true { secretsForModerators += 1 }
            for view in [View.member, .observer] {
                guard let json = WireRoom.encode(sequenced, view) else { continue }
                let place = "seed \(seed), step \(step), \(view): \(json)"
                #expect(!json.contains(Cast.secretMark), "\(place)")
                try checkEvent(json, revealed, &correctForPeers, place)
            }
            if step % 20 == 0 { try checkState(w, revealed, "seed \(seed), step \(step)") }
        }
        #expect(secretsForModerators > 20, "the search would have found something")
        #expect(correctForPeers > 0, "right options were revealed at times")
    }

    private func checkEvent(_ json: String, _ revealed: Revealed, _ found: inout Int, _ place: String) throws {
        let event = try JSONDocument.parse(Array(json.utf8))
        let name = try #require(event["ev"]?.string)
        #expect(!Self.moderatorEvents.contains(name), "\(place)")
        if name == "question_asked", event["anonymous"]?.bool == true {
            #expect(event["from"] == nil && event["name"] == nil, "\(place)")
        }
        if event["correct"] != nil {
            let poll = try #require(event["poll"]?.string)
            #expect(name == "poll_results" && revealed.polls.contains(poll), "\(place)")
            found += 1
        }
    }

    private func checkState(_ w: WireRoom, _ revealed: Revealed, _ place: String) throws {
        for view in [View.member, .observer] {
            let text = w.state(view)
            #expect(!text.contains(Cast.secretMark), "\(place)")
            let state = try JSONDocument.parse(Array(text.utf8), limits: .document)
            #expect(state["muted"] == nil && state["banned"] == nil, "\(place)")
            for poll in state["polls"]?.array ?? [] {
                let id = try #require(poll["poll"]?.string)
                let isRevealed = revealed.polls.contains(id) && revealed.results.contains(id)
                if poll["correct"] != nil { #expect(isRevealed, "\(place), \(id)") }
                if poll["counts"] != nil { #expect(isRevealed || poll["show"]?.string == "live", "\(place), \(id)") }
            }
            for question in state["questions"]?.array ?? [] where question["anonymous"]?.bool == true {
                #expect(question["from"] == nil && question["name"] == nil, "\(place)")
            }
            for message in state["chat"]?.array ?? [] where message["deleted"]?.bool == true {
                #expect(message["text"]?.string == "", "\(place)")
            }
        }
        #expect(w.state(.member) == w.state(.observer), "\(place)")
    }

    @Test(arguments: [111, 112] as [UInt64]) func `members and observers get equal bytes`(seed: UInt64) {
        var history = RandomHistory(seed: seed)
        var w = WireRoom()
        for _ in 0..<2_000 {
            let proposal = history.next(in: w.room)
            let entry = LogEntry(seq: w.room.seq + 1, ts: history.nowMs, proposal: proposal)
            guard case .accepted(let event) = w.room.apply(entry) else { continue }
            let sequenced = SequencedEvent(seq: entry.seq, ts: entry.ts, event: event)
            #expect(WireRoom.encode(sequenced, .member) == WireRoom.encode(sequenced, .observer))
        }
    }

    @Test(arguments: [121, 122] as [UInt64])
    func `a client that folds events arrives at the chat, questions and hands of the snapshot`(seed: UInt64) throws {
        var history = RandomHistory(seed: seed)
        var w = WireRoom()
        var client = FoldingClient()
        for step in 0..<3_000 {
            let proposal = history.next(in: w.room)
            let entry = LogEntry(seq: w.room.seq + 1, ts: history.nowMs, proposal: proposal)
            guard case .accepted(let event) = w.room.apply(entry) else { continue }
            let sequenced = SequencedEvent(seq: entry.seq, ts: entry.ts, event: event)
            if let json = WireRoom.encode(sequenced, .member) {
                client.handle(try JSONDocument.parse(Array(json.utf8)))
            }
            if step % 50 == 0 {
                let state = try JSONDocument.parse(SnapshotEncoder.state(w.room, view: .member), limits: .document)
                #expect(client.agrees(with: state), "seed \(seed), step \(step)")
            }
        }
    }
}

/// A client as simple as can be: keeps what events say.
struct FoldingClient {
    var chat: [(id: String, text: String, reactions: [String: Int64])] = []
    var openQuestions: [(id: String, votes: Int64)] = []
    var hands: [(participant: String, called: Bool)] = []
    var openPolls: [String] = []

    mutating func handle(_ event: JSONDocument) {
        switch event["ev"]?.string {
        case "chat_message":
            chat.append((event["id"]?.string ?? "", event["text"]?.string ?? "", [:]))
            if chat.count > 50 { chat.removeFirst() }
        case "chat_deleted": change(event["message"]) { $0 = ($0.id, "", [:]) }
        case "chat_reaction":
            let count = event["count"]?.int ?? 0
            let emoji = event["emoji"]?.string ?? ""
            // Swift's own equality of texts would join spellings that the protocol keeps apart.
            let key = emoji.utf8.map { String($0, radix: 16) }.joined()
            change(event["message"]) { $0.reactions[key] = count == 0 ? nil : count }
        case "poll_started": openPolls.append(event["poll"]?.string ?? "")
        case "poll_closed": openPolls.removeAll { $0 == event["poll"]?.string }
        case "question_asked": openQuestions.append((event["id"]?.string ?? "", 0))
        case "question_upvoted":
            let at = openQuestions.firstIndex { $0.id == event["question"]?.string }
            if let at { openQuestions[at].votes = event["votes"]?.int ?? 0 }
        case "question_answered", "question_dismissed":
            openQuestions.removeAll { $0.id == event["question"]?.string }
        case "hand_raised":
            let participant = event["participant"]?.string ?? ""
            hands.removeAll { $0.participant == participant && $0.called }
            if !hands.contains(where: { $0.participant == participant }) { hands.append((participant, false)) }
        case "hand_lowered": hands.removeAll { $0.participant == event["participant"]?.string }
        case "hand_called":
            let at = hands.firstIndex { $0.participant == event["participant"]?.string }
            if let at { hands[at].called = true }
        default: break
        }
    }

    private mutating func change(
        _ message: JSONValue?, _ body: (inout (id: String, text: String, reactions: [String: Int64])) -> Void
    ) {
        guard let at = chat.firstIndex(where: { $0.id == message?.string }) else { return }
        body(&chat[at])
    }

    func agrees(with state: JSONDocument) -> Bool {
        let shownChat = (state["chat"]?.array ?? []).map { message in
            var reactions: [String: Int64] = [:]
            for member in message["reactions"]?.members ?? message.members where message["reactions"] != nil {
                let key = member.key.utf8.map { String($0, radix: 16) }.joined()
                reactions[key] = member.value.int
            }
            return (message["id"]?.string ?? "", message["text"]?.string ?? "", reactions)
        }
        let questions = (state["questions"]?.array ?? []).filter { $0["status"]?.string == "open" }
        let shownHands = state["hands"]?.array ?? []
        let polls = (state["polls"]?.array ?? []).filter { $0["open"]?.bool == true }
        return chat.count == shownChat.count
            && zip(chat, shownChat).allSatisfy { $0.id == $1.0 && $0.text == $1.1 && $0.reactions == $1.2 }
            && openQuestions.map(\.id) == questions.map { $0["id"]?.string ?? "" }
            && openQuestions.map(\.votes) == questions.map { $0["votes"]?.int ?? -1 }
            && hands.map(\.participant) == shownHands.map { $0["participant"]?.string ?? "" }
            && hands.map(\.called) == shownHands.map { $0["called"]?.bool ?? false }
            && openPolls == polls.map { $0["poll"]?.string ?? "" }
    }
}
