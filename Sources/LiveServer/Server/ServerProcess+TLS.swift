// A node's encryption from settings to reactors: made at start, made anew on SIGHUP. What is wrong with a certificate
// is said before it takes effect, and the one before goes on.

import LiveIO
import LiveTLS
import Synchronization

/// The certificates of a node, and the ticket keys that outlive them.
final class NodeEncryption: Sendable {
    private let tickets: TLSTicketKeys
    /// What newcomers get; a reactor is told by message, this is for those that start.
    let context: TLSContext

    /// What a peer reads that speaks plain HTTP to an encrypted port.
    static let plainHTTPAnswer: [UInt8] = {
        let body = "This port speaks TLS: use https:// or wss:// in place of http:// or ws://.\n"
        let head =
            "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
            + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
        return Array((head + body).utf8)
    }()

    /// Reads the certificates; blocks on the disk.
    init(_ settings: TLSSettings) throws(TLSFailure) {
        tickets = try TLSTicketKeys(rotationMs: UInt64(settings.ticketRotationS) * 1_000)
        context = try Self.make(settings, tickets)
    }

    /// A context of what the settings and files say now, under the same ticket keys.
    func again(_ settings: TLSSettings) throws(TLSFailure) -> TLSContext { try Self.make(settings, tickets) }

    private static func make(_ settings: TLSSettings, _ tickets: TLSTicketKeys) throws(TLSFailure) -> TLSContext {
        try TLSContext.server(identities: settings.identities, least: settings.minVersion, tickets: tickets)
    }
}

extension ServerProcess {
    /// What SIGHUP does with the certificates: newcomers get the new ones, connections that stand keep theirs. What
    /// cannot be used changes nothing.
    static func certificateStep(_ encryption: NodeEncryption, _ node: ServerNode) -> ReloadStep {
        ReloadStep("tls.certificate") { configuration in
            guard configuration.tls.isOn else { return "TLS is switched off by a restart" }
            do throws(TLSFailure) {
                let context = try encryption.again(configuration.tls)
                noteExpiry(configuration.tls, node)
                for index in 0..<node.reactorCount where !node.post(.certificates(context), to: index) {
                    return "reactor \(index) is too busy to hear of it; try again"
                }
                return nil
            } catch {
                return "\(error)"
            }
        }
    }

    /// Keeps when the first of the certificates ends, for metrics.
    static func noteExpiry(_ settings: TLSSettings, _ node: ServerNode) {
        let left = settings.identities.compactMap { try? TLSCertificate.read($0.certificate).secondsLeft }.min()
        node.certificateExpiryS.store(
            left.map { WallClock.nowMs() / 1_000 + Int64($0) } ?? 0, ordering: .relaxed)
    }

    /// The listeners of one reactor.
    struct Listeners: ~Copyable {
        var main: Listener
        var encrypted: Listener?
    }

    /// What a reactor is told of the settings.
    static func reactorConfiguration(_ configuration: ServerConfiguration) -> ReactorConfiguration {
        var reactor = ReactorConfiguration()
        reactor.acceptBudget = configuration.limits.acceptPortion
        reactor.newcomersPerRound = configuration.limits.newcomerPortion
        reactor.roundRestNs = UInt64(configuration.limits.roundRestUs) * 1_000
        reactor.handshakesPerRound = configuration.tls.handshakesPerRound
        reactor.handshakeTimeoutMs = UInt32(configuration.tls.handshakeTimeoutMs)
        reactor.plainHTTPAnswer = NodeEncryption.plainHTTPAnswer
        return reactor
    }
}
