// Owns the making of access tokens: those of the node itself, for guests and teachers' links, and those of an issuer
// with a private key. Never checks who asks. One context is made for each call: for a handful of tokens, not for the
// hot path.

package import LiveKeys
import LiveProtocol
import Rooms

/// Signs claims into compact tokens.
package enum TokenMint {
    /// A token that the node signs by HMAC: with HS256 an issuer's token like any other, else one of the node's own.
    package static func mint(_ claims: TokenClaims, settings: TokenSettings) -> String {
        let message = settings.ownHeader + "." + payload(claims, issuer: settings.ownIssuer, settings)
        let signature = HMACSHA256(key: settings.ownSecret).tag(of: Array(message.utf8))
        return message + "." + TokenText.base64URL(signature)
    }

    /// A token of the configured issuer under its private key; not for reactors.
    package static func mint(_ claims: TokenClaims, settings: TokenSettings, key: SigningKey) -> String {
        precondition(key.algorithm == settings.algorithm.signature, "a key signs for its own algorithm alone")
        var header = JSONWriter(reserving: 96)
        header.beginObject()
        header.field("alg", settings.algorithm.rawValue)
        header.field("kid", KeySet.id(of: key.publicKey))
        header.field("typ", "JWT")
        header.endObject()
        let message = TokenText.base64URL(header.bytes) + "." + payload(claims, issuer: settings.issuer, settings)
        return message + "." + TokenText.base64URL(key.sign(Array(message.utf8)))
    }

    /// The payload's segment. `nbf`, `iat`, `name`, `cohort` and `jti` are written where the claims have them.
    private static func payload(_ claims: TokenClaims, issuer: String, _ settings: TokenSettings) -> String {
        precondition(!claims.rooms.isEmpty, "a token opens at least one room")
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        writer.field("iss", issuer)
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
        return TokenText.base64URL(writer.bytes)
    }
}
