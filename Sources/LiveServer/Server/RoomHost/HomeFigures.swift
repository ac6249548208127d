// The five session figures on their way: heartbeats are added up where they arrive and brought to the room's home every
// few seconds; the home adds what it sees itself and has the history keep the sum. Lost where the process is killed:
// what was reported since then, at most `figuresEveryMs` and one `tidyEveryMs`.

import LiveIO
import LiveProtocol
import Rooms
import RoomsStore

extension ReactorCore {
    /// A client's report, for the node's counters and for its session.
    func note(_ beat: Heartbeat, in room: RoomKey) {
        counters.heartbeat(beat)
        if let replica = replica(room) { return replica.heartbeats.add(beat) }
        // By POST, to a reactor where nobody of the room is.
        var figures = HeartbeatFigures()
        figures.add(beat)
        post(.figures(room: room, figures), to: node.home(of: room))
    }

    /// What was reported here goes to the rooms' homes.
    func handOverFigures() {
        for case let replica? in replicas where !replica.heartbeats.isEmpty {
            // A full mailbox loses these; the figures of a session bear that.
            post(.figures(room: replica.key, replica.heartbeats), to: node.home(of: replica.key))
            replica.heartbeats = HeartbeatFigures()
        }
    }

    /// Reports from a reactor. Nobody waits for a room that is not in memory: nobody is there either.
    func addFigures(_ room: RoomKey, _ figures: HeartbeatFigures) {
        guard let handle = homeOf[room], let home = homes[handle] else { return }
        home.figures.heartbeats.merge(figures)
        home.hasNewFigures = true
        if isDraining { saveFigures(home, isLast: true) }
    }

    /// Somebody has come in: counts it unless it is the next poll of one stay, or a reset on the same connection.
    /// - Parameter before: the person as the room had it.
    func countConnect(_ request: AttachRequest, before: PresenceBook.Person?, _ home: RoomHome) {
        let isPaused = before.map { $0.lingersUntilMs != 0 } ?? false
        let isHere = before?.lines.contains { $0.endpoint == request.endpoint } ?? false
        guard !isPaused, !isHere else { return }
        let returns = request.cursor != nil
        counters.connects += 1
        if returns { counters.reconnects += 1 }
        home.figures.connected(returns: returns, participants: home.presence.count, ts: reactor.wallMs)
        home.hasNewFigures = true
    }

    /// Has the history keep the figures where they changed, at most every `figuresEveryMs` unless it `isLast`.
    func saveFigures(_ home: RoomHome, isLast: Bool = false) {
        guard home.hasNewFigures, home.waiting == nil else { return }
        guard isLast || reactor.nowMs &- home.figuresSavedMs >= limits.figuresEveryMs else { return }
        home.figuresSavedMs = reactor.nowMs
        // Refused by a full queue: the next time.
        home.hasNewFigures = !node.history.saveFigures(room: home.key, bytes: home.figures.kept)
    }

    /// The sessions here for `/metrics`.
    func sessionGauges() -> SessionGauges {
        var gauges = SessionGauges()
        for home in homes.values { gauges.add(home.figures, participants: home.presence.count) }
        return gauges
    }
}
