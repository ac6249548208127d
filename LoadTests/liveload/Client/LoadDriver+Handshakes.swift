// Owns the load of encrypted handshakes: connect, shake hands, ask one small question so that the server's tickets have
// come, close, begin again. The first half of the load makes full handshakes, the second resumes sessions. Never joins
// a room.

import LiveIO
import LiveProtocol
import LiveTLS

/// The handshakes of one worker.
struct HandshakeLoad {
    /// When each connection under way began, and whether it offers a session.
    var underWay: [ConnectionID: (startNs: UInt64, resumes: Bool)] = [:]
    /// Contexts without and with tickets of earlier sessions.
    let full: TLSClient
    let resuming: TLSClient
}

extension LoadDriver {
    /// The contexts of a run; nil where the target is not encrypted.
    static func handshakeLoad(_ plan: Plan) throws(TLSFailure) -> HandshakeLoad? {
        guard plan.target.isSecure else { return nil }
        let verification = plan.authorities.map { TLSVerification.authorities(path: $0) } ?? .off
        let host = plan.target.host
        let name = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        return HandshakeLoad(
            full: TLSClient(context: try .client(verification: verification), serverName: name),
            resuming: TLSClient(context: try .client(verification: verification, resumes: true), serverName: name))
    }

    /// How the participants' connections are encrypted; nil: not at all.
    var encryption: TLSClient? {
        guard let handshakeLoad else { return nil }
        return plan.resumes ? handshakeLoad.resuming : handshakeLoad.full
    }

    /// The load begins.
    func beginHandshakes() {
        guard plan.scenario == .tls else { return }
        for _ in 0..<plan.handshakes { schedule(.handshake, 0, atNs: fromNs) }
    }

    /// One more handshake, if it is still time for one.
    func beginHandshake() {
        guard stage == .loading, nowNs < untilNs, let load = handshakeLoad else { return }
        let resumes = nowNs >= fromNs + (untilNs - fromNs) / 2
        measurements.count(.connects)
        do throws(IOFailure) {
            let source = source(of: Int(measurements[.connects]))
            let id = try reactor.connect(to: address, from: source, tls: resumes ? load.resuming : load.full)
            reactor.setDeadline(id, inMs: plan.joinTimeoutMs)
            handshakeLoad?.underWay[id] = (nowNs, resumes)
        } catch {
            handshakeFailed("\(error.operation): \(errnoText(error.errno))")
        }
    }

    /// The handshake is done; false where the connection is a participant's.
    func handshakeDone(_ id: ConnectionID) -> Bool {
        guard let one = handshakeLoad?.underWay[id] else { return false }
        let tookNs = nowNs - min(nowNs, one.startNs)
        let isResumed = reactor.tlsFacts(id)?.isResumed ?? false
        // Until the first tickets have come there is nothing to resume.
        if one.resumes, !isResumed { measurements.count(.notResumed) }
        measurements.record(isResumed ? .handshakeResumed : .handshake, ns: tookNs)
        measurements.count(.handshakes)
        frame.removeAll(keepingCapacity: true)
        HTTPRequestWriter.append("GET", "/healthz", host: plan.target.authority, to: &frame)
        frame.withUnsafeBytes { reactor.send(id, $0) }
        return true
    }

    /// The answer came: this one is over, the next begins. False where the connection is a participant's.
    func handshakeAnswered(_ id: ConnectionID) -> Bool {
        guard handshakeLoad?.underWay.removeValue(forKey: id) != nil else { return false }
        reactor.close(id, afterDrain: false)
        beginHandshake()
        return true
    }

    /// The connection ended before its answer; false where it is a participant's.
    func handshakeEnded(_ id: ConnectionID, _ reason: String) -> Bool {
        guard handshakeLoad?.underWay.removeValue(forKey: id) != nil else { return false }
        handshakeFailed(reason)
        return true
    }

    private func handshakeFailed(_ reason: String) {
        guard stage == .loading else { return }
        measurements.count(.handshakesFailed)
        measurements.failed("handshake: \(reason)")
        schedule(.handshake, 0, atNs: nowNs + 100_000_000)
    }
}
