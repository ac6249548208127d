// Owns the way from a JWT's payload, whose signature holds, to an AccessToken: presence, form and bounds of each claim,
// then issuer, audience and times. Never a signature, never the clock. Unknown claims are ignored (RFC 7519 §4).

import LiveProtocol
import Rooms

/// Reads the claims of one payload.
struct ClaimReader {
    private let payload: JSONValue

    init(_ payload: JSONValue) { self.payload = payload }

    /// The token, if every claim holds at `nowS` and it is `issuer`'s. Expiry is judged last: `.expired` means that
    /// nothing else is wrong.
    func token(issuer: String, settings: TokenSettings, nowS: Int64) throws(TokenError) -> AccessToken {
        try checkIssuer(issuer)
        try checkAudience(settings.audience)
        let sub = try subject()
        guard let expS = try seconds(.exp, payload["exp"], roundUp: false) else { throw .missingClaim(.exp) }
        let token = AccessToken(
            sub: sub, name: try name(of: sub), role: try role(), rooms: try rooms(), cohort: try cohort(),
            expS: expS, jti: try tokenID())
        let latestStart = nowS + settings.leewayS
        if let start = try seconds(.nbf, payload["nbf"], roundUp: true), start > latestStart { throw .notYetValid }
        if let issued = try seconds(.iat, payload["iat"], roundUp: true), issued > latestStart { throw .notYetValid }
        guard token.expS > nowS else { throw .expired }
        return token
    }

    private func checkIssuer(_ expected: String) throws(TokenError) {
        guard let issuer = payload["iss"] else { throw .missingClaim(.iss) }
        guard let text = issuer.string else { throw .badClaim(.iss) }
        guard text.utf8.elementsEqual(expected.utf8) else { throw .wrongIssuer }
    }

    /// One string or an array of them (RFC 7519 §4.1.3).
    private func checkAudience(_ expected: String) throws(TokenError) {
        guard let audience = payload["aud"] else { throw .missingClaim(.aud) }
        let texts = audience.kind == .array ? Array(audience.elements) : [audience]
        var found = false
        for value in texts {
            guard let text = value.string else { throw .badClaim(.aud) }
            if text.utf8.elementsEqual(expected.utf8) { found = true }
        }
        guard found else { throw .wrongAudience }
    }

    private func subject() throws(TokenError) -> ParticipantID {
        guard let value = payload["sub"] else { throw .missingClaim(.sub) }
        // `system` is the server itself, the author of timers and results.
        guard let text = value.string, let sub = ParticipantID(text), sub != .system else { throw .badClaim(.sub) }
        return sub
    }

    private func name(of sub: ParticipantID) throws(TokenError) -> String {
        guard let value = payload["name"] else { return sub.raw }
        guard let text = value.string else { throw .badClaim(.name) }
        let cleaned = DisplayName.cleaned(text)
        return cleaned.isEmpty ? sub.raw : cleaned
    }

    private func role() throws(TokenError) -> Role {
        guard let value = payload["role"] else { throw .missingClaim(.role) }
        guard let text = value.string, let role = Role(text: text) else { throw .badClaim(.role) }
        return role
    }

    private func rooms() throws(TokenError) -> [RoomPattern] {
        guard let value = payload["rooms"] else { throw .missingClaim(.rooms) }
        guard value.kind == .array, (1...TokenLimits.roomsMax).contains(value.count) else { throw .badClaim(.rooms) }
        var patterns: [RoomPattern] = []
        patterns.reserveCapacity(value.count)
        for element in value.elements {
            guard let text = element.string, let pattern = RoomPattern(text) else { throw .badClaim(.rooms) }
            patterns.append(pattern)
        }
        return patterns
    }

    private func cohort() throws(TokenError) -> String? {
        guard let value = payload["cohort"] else { return nil }
        guard let text = value.string, TokenLimits.isCohort(text) else { throw .badClaim(.cohort) }
        return text
    }

    private func tokenID() throws(TokenError) -> String? {
        guard let value = payload["jti"] else { return nil }
        guard let text = value.string, (1...TokenLimits.jtiBytesMax).contains(text.utf8.count) else {
            throw .badClaim(.jti)
        }
        return text
    }

    /// A NumericDate (RFC 7519 §2), whole seconds since 1970; a fraction is rounded against the holder.
    private func seconds(_ claim: TokenClaim, _ value: JSONValue?, roundUp: Bool) throws(TokenError) -> Int64? {
        guard let value else { return nil }
        let number: Int64?
        if let whole = value.int {
            number = whole
        } else {
            number = value.double.flatMap { Int64(exactly: $0.rounded(roundUp ? .up : .down)) }
        }
        guard let number, (0...TokenLimits.expSMax).contains(number) else { throw .badClaim(claim) }
        return number
    }
}
