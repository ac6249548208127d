// `GET /v1/rooms/{i}/{c}/{s}/record`: what a class was, for moderators: its log, its polls, its figures. The home adds
// the figures, the history says when it has all that was committed, the record desk reads and answers.

import LiveIO
import LiveProtocol
import Rooms
import RoomsStore

extension ReactorCore {
    func record(_ session: UnsafeMutablePointer<Session>, _ exchange: HTTPExchange, _ room: RoomKey) {
        guard let token = authorized(session, exchange, room) else { return }
        let id = session.pointee.id
        guard token.role.isModerator else {
            counters.reject(.forbidden)
            return answer(id, .problem(Rejection(.forbidden, "the record is the moderators'")))
        }
        let limit = exchange.parameter("limit").map { Int($0) ?? 0 } ?? limits.recordPage
        guard (1...limits.recordPageMax).contains(limit) else {
            return answer(
                id, .problem(Rejection(.badRequest, "limit: 1 to \(limits.recordPageMax) is expected")))
        }
        guard let after = exchange.parameter("after").map({ UInt64($0) }) ?? 0, after <= UInt64(Int64.max) else {
            return answer(id, .problem(Rejection(.badRequest, "after: a seq is expected")))
        }
        awaitAnswer(session)
        let origin = Endpoint(reactor: UInt8(index), connection: id)
        let request = RecordRequest(
            origin: origin, participant: token.sub, room: room, after: after, limit: limit)
        post(.record(request), to: node.home(of: room))
    }

    /// At the home: the figures as they stand, then the history is to catch up.
    func answerRecord(_ request: RecordRequest, at home: RoomHome) {
        guard !home.room.isBanned(request.participant) else {
            counters.reject(.forbidden)
            return refuse(request.origin, Rejection(.forbidden, "You were banned from this room."))
        }
        var json = JSONWriter(reserving: 512)
        home.figures.append(to: &json)
        let ticket = tickets.issue(.record(request, epoch: home.epoch, figures: json.bytes), reactor: index)
        guard node.history.epochs(room: request.room, ticket: ticket) else {
            _ = tickets.redeem(ticket)
            return refuse(request.origin, Rejection(.overloaded, "too much waits for the history", retryAfterMs: 1000))
        }
    }

    /// The history has all that was committed when the record was asked for.
    func historyCaughtUp(_ ticket: UInt64) {
        guard case .record(let request, let epoch, let figures)? = tickets.redeem(ticket) else { return }
        guard node.records.post(RecordDesk.Order(request: request, epoch: epoch, figures: figures)) else {
            return refuse(
                request.origin, Rejection(.overloaded, "other records are being written", retryAfterMs: 2000))
        }
    }
}
