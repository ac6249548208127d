// Who is at the other end where a trusted proxy stands between: the PROXY header in front of a connection's first
// bytes, and X-Forwarded-For in each request. Only limits per address ask for it.
//
// Owns: the session's address. Never: believes anybody who is not on the list `trusted_proxies`, logs an address.

import LiveIO
import LiveProtocol

extension ReactorCore {
    /// A connection was accepted from `peer`.
    func meet(_ session: UnsafeMutablePointer<Session>, _ peer: PeerAddress) {
        session.pointee.addressKey = peer.limitKey
        session.pointee.peerKey = peer.limitKey
        guard !node.proxies.isEmpty, node.proxies.contains(peer.bytes) else { return }
        session.pointee.flags.insert(.proxied)
        if node.configuration.listen.proxyProtocol { session.pointee.flags.insert(.proxyHeader) }
    }

    /// The bytes of a PROXY header at the start of a connection; 0 while it is not whole. A proxy that is to send one
    /// and does not is not guessed at: the connection ends.
    func receiveProxyHeader(
        _ session: UnsafeMutablePointer<Session>, _ bytes: UnsafeMutableRawBufferPointer
    ) -> Int {
        switch ProxyHeader.read(UnsafeRawBufferPointer(bytes)) {
        case .needMore: return 0
        case .failed:
            counters.protocolErrors += 1
            reactor.close(session.pointee.id, afterDrain: false)
            session.pointee.kind = .closing
            return bytes.count
        case .header(let consumed, let source):
            session.pointee.flags.remove(.proxyHeader)
            if let source {
                session.pointee.peerKey = TrustedProxies.limitKey(source.address)
                session.pointee.addressKey = session.pointee.peerKey
                // In a chain the next one may be a proxy, too, and write X-Forwarded-For.
                if !node.proxies.contains(source.address) { session.pointee.flags.remove(.proxied) }
            }
            return consumed
        }
    }

    /// A request's head is there: a proxy keeps one connection for many people.
    func noteForwardedFor(_ session: UnsafeMutablePointer<Session>) {
        guard session.pointee.flags.contains(.proxied) else { return }
        let client = node.proxies.client(head.fields.all("x-forwarded-for"))
        session.pointee.addressKey = client.map { TrustedProxies.limitKey($0) } ?? session.pointee.peerKey
    }
}
