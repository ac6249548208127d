// Owns the tickets that a client got and has not used: a bounded stock, newest first, each used once (RFC 8446 §C.4).

internal import COpenSSL
internal import Synchronization

/// A client's stock of sessions to resume; any thread.
final class TLSResumption: Sendable {
    /// Sessions kept; about 3 KiB each. Beyond it new ones are dropped.
    private static let sessionsMax = 20_000

    // Unchecked because SSL_SESSION is a C pointer: touched under the mutex only, or by the one thread that took it.
    private struct Ticket: @unchecked Sendable {
        let raw: OpaquePointer
    }

    private let stock = Mutex<[Ticket]>([])

    deinit { stock.withLock { tickets in for ticket in tickets { SSL_SESSION_free(ticket.raw) } } }

    /// Takes a reference over; false where the stock is full and the reference stays the caller's.
    func keep(_ session: OpaquePointer) -> Bool {
        let ticket = Ticket(raw: session)
        return stock.withLock { tickets in
            guard tickets.count < Self.sessionsMax else { return false }
            tickets.append(ticket)
            return true
        }
    }

    /// Gives the newest session to `ssl`, if there is one.
    func resume(_ ssl: OpaquePointer) {
        guard let ticket = stock.withLock({ $0.popLast() }) else { return }
        SSL_set_session(ssl, ticket.raw)
        SSL_SESSION_free(ticket.raw)
    }
}
