// Tickets: an access token's right to attach, for 30 seconds and one use, in a form that may stand in an address. For
// clients that can set neither a header nor a subprotocol, such as a browser's EventSource.

import LiveIO
import LiveProtocol
import Rooms

extension ReactorCore {
    /// `POST /v1/tickets {room?}` under a Bearer token → `{ticket, expires_in_s}`.
    func issueTicket(_ session: UnsafeMutablePointer<Session>, _ exchange: HTTPExchange) {
        let id = session.pointee.id
        guard let token = exchange.token else { return refuseToken(session, exchange.tokenError) }
        var allowed = token
        if !exchange.body.isEmpty {
            guard let document = try? json.parse(exchange.body), document.root.kind == .object else {
                return answer(id, .problem(Rejection(.badRequest, "a JSON object is expected, or no body")))
            }
            if let value = document["room"] {
                guard let text = value.string, let room = RoomKey(text) else {
                    return answer(id, .problem(Rejection(.badRequest, "room: institution/course/session is expected")))
                }
                guard token.permits(room) else {
                    counters.reject(.forbidden)
                    return answer(id, .problem(Rejection(.forbidden, "the token is not for this room")))
                }
                allowed = token.narrowed(to: room)
            }
        }
        let nonce = SystemRandom.bytes(SealedBox.nonceBytes)
        guard let ticket = entryTickets.seal(allowed, nowMs: reactor.wallMs, nonce: nonce) else {
            return answer(
                id, .problem(Rejection(.tooLarge, "the token opens too many rooms for a ticket: name one as room")))
        }
        var json = JSONWriter(reserving: 512)
        json.beginObject()
        json.field("ticket", ticket)
        json.field("expires_in_s", TicketSealer.validS)
        json.endObject()
        answer(id, .json(200, json.bytes))
    }

    /// Uses a ticket: from now on nobody can.
    func useTicket(_ text: String) -> TokenVerdict {
        let ticket = Array(text.utf8).withUnsafeBytes { entryTickets.open($0, nowMs: reactor.wallMs) }
        guard let ticket else { return .bad(.badTicket) }
        switch node.usedTickets.use(ticket.id, endsMs: ticket.endsMs, nowMs: reactor.wallMs) {
        case .granted: return .good(ticket.token)
        case .refused: return .bad(.badTicket)
        case .full: return .unavailable
        }
    }
}
