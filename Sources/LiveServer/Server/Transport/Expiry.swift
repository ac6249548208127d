// The end of an access token on a live connection: a warning some minutes ahead, at a time of its own for each person
// so that a class does not renew at once, and 4401 in the second in which it ends.

import LiveIO
import LiveProtocol
import Rooms

extension SessionIdentity {
    /// How far ahead of the end its holder is told, seconds (contract section 2).
    static let warningLeadS: ClosedRange<Int64> = 120...300

    /// Chooses when the holder is told. A token that is short-lived itself is told of after half of its life.
    func chooseWarning(nowS: Int64) {
        let leadS = min(Int64.random(in: Self.warningLeadS), max(0, accessExpS - nowS) / 2)
        warnAtS = accessExpS - leadS
    }
}

extension ReactorCore {
    func expired(_ session: UnsafeMutablePointer<Session>) -> Bool {
        guard let identity = session.pointee.identity else { return false }
        return identity.accessExpS <= reactor.wallMs / 1000
    }

    /// Tells the holder that the token ends, once; `expired` has been asked before.
    func warnOfExpiry(_ session: UnsafeMutablePointer<Session>) {
        guard let identity = session.pointee.identity, let json = expiryWarning(identity) else { return }
        identity.warnAtS = .max
        sendJSON(session, json)
    }

    /// `auth_expiring`, if it is time for it.
    func expiryWarning(_ identity: SessionIdentity) -> [UInt8]? {
        let nowS = reactor.wallMs / 1_000
        guard identity.warnAtS <= nowS else { return nil }
        var json = JSONWriter(reserving: 64)
        json.beginObject()
        json.field("ev", "auth_expiring")
        json.field("expires_in_s", max(0, identity.accessExpS - nowS))
        json.endObject()
        return json.bytes
    }

    /// When the session is to be looked at again: after `periodMs`, or earlier where its token ends or its holder is to
    /// be told. The wall clock may be set at any time: `periodMs` bounds what that can do.
    func nextLookMs(_ session: UnsafeMutablePointer<Session>, periodMs: Int) -> UInt32 {
        guard let identity = session.pointee.identity else { return UInt32(periodMs) }
        let atMs = min(identity.accessExpS, identity.warnAtS) * 1_000
        return UInt32(min(max(1, atMs - reactor.wallMs), Int64(periodMs)))
    }
}
