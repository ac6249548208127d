// Owns the making of access tokens under the configured key: for `liveserver token`, for guests and for tests. Never
// checks who asks. One HMAC context is made for each call: for a handful of tokens, not for the hot path.

import LiveProtocol
import Rooms

/// Signs claims into compact tokens that `TokenVerifier` with the same settings accepts.
package enum TokenMint {
    /// The signed token. `nbf`, `iat`, `name`, `cohort` and `jti` are written where the claims have them.
    package static func mint(_ claims: TokenClaims, settings: TokenSettings) -> String {
        precondition(!claims.rooms.isEmpty, "a token opens at least one room")
        var header = JSONWriter(reserving: 32)
        header.beginObject()
        header.field("alg", settings.algorithm.rawValue)
        header.field("typ", "JWT")
        header.endObject()
        let message = TokenText.base64URL(header.bytes) + "." + TokenText.base64URL(payload(claims, settings: settings))
        let signature = HMACSHA256(key: settings.key.secret).tag(of: Array(message.utf8))
        return message + "." + TokenText.base64URL(signature)
    }

    private static func payload(_ claims: TokenClaims, settings: TokenSettings) -> [UInt8] {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        writer.field("iss", settings.issuer)
        writer.field("aud", settings.audience)
        writer.field("sub", claims.sub.raw)
        if let name = claims.name { writer.field("name", name) }
        writer.field("role", claims.role.text)
        writer.key("rooms")
        writer.beginArray()
        for room in claims.rooms { writer.string(room.description) }
        writer.endArray()
        if let cohort = claims.cohort { writer.field("cohort", cohort) }
        writer.field("exp", claims.expS)
        if let start = claims.nbfS { writer.field("nbf", start) }
        if let issued = claims.iatS { writer.field("iat", issued) }
        if let id = claims.jti { writer.field("jti", id) }
        writer.endObject()
        return writer.bytes
    }
}
