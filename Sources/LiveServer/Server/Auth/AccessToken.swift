// Owns what an access token says once it was verified, what it may say before it is minted, and the reasons for
// refusal. Never a signature: see TokenJudge and TokenMint.

package import Rooms

/// The verified claims of one access token (RFC 7519). Its holder is who `sub` says, until `expS`.
package struct AccessToken: Sendable, Equatable {
    /// Whom the token names.
    package let sub: ParticipantID
    /// Cleaned by `DisplayName`, 1…64 scalars; the `sub` where the token has no name.
    package let name: String
    /// What the holder may do.
    package let role: Role
    /// 1…64 patterns.
    package let rooms: [RoomPattern]
    /// `[A-Za-z0-9._~-]{1,64}`.
    package let cohort: String?
    /// End of validity, seconds since 1970: from this second on the token is refused.
    package let expS: Int64
    /// 1…128 bytes.
    package let jti: String?

    /// Whether one of the patterns covers `room`.
    package func permits(_ room: RoomKey) -> Bool { rooms.contains { $0.matches(room) } }

    /// The same holder with the right to one room alone.
    func narrowed(to room: RoomKey) -> AccessToken {
        AccessToken(
            sub: sub, name: name, role: role, rooms: [RoomPattern(room)], cohort: cohort, expS: expS, jti: jti)
    }

    /// Whether one of the patterns covers every session of a course.
    package func permitsCourse(institution: String, course: String) -> Bool {
        rooms.contains { $0.coversCourse(institution: institution, course: course) }
    }
}

/// The claims that TokenMint signs; issuer and audience come from the settings.
package struct TokenClaims: Sendable, Equatable {
    /// Whom the token names.
    package var sub: ParticipantID
    /// Displayed name, cleaned by the caller; nil shows `sub`.
    package var name: String?
    /// What the holder may do.
    package var role: Role
    /// Which rooms it opens; at least one.
    package var rooms: [RoomPattern]
    /// A name by `TokenLimits.isCohort`.
    package var cohort: String?
    /// Seconds since 1970.
    package var expS: Int64
    package var nbfS: Int64?
    package var iatS: Int64?
    package var jti: String?

    /// The claims of one token.
    package init(
        sub: ParticipantID, name: String? = nil, role: Role, rooms: [RoomPattern], cohort: String? = nil, expS: Int64,
        nbfS: Int64? = nil, iatS: Int64? = nil, jti: String? = nil
    ) {
        self.sub = sub
        self.name = name
        self.role = role
        self.rooms = rooms
        self.cohort = cohort
        self.expS = expS
        self.nbfS = nbfS
        self.iatS = iatS
        self.jti = jti
    }
}

/// Bounds of tokens and of what they claim; a token beyond one is refused.
package enum TokenLimits {
    /// Bytes of a compact token: it travels in one header, whose whole head is bounded too.
    package static let compactBytesMax = 4_096
    /// Patterns in `rooms`.
    package static let roomsMax = 64
    /// Bytes of `cohort`.
    package static let cohortBytesMax = 64
    /// Bytes of `jti`.
    package static let jtiBytesMax = 128
    /// Values in header or payload: 64 rooms and a few claims of the issuer's own.
    package static let jsonNodesMax = 512
    /// Nesting in header or payload: foreign claims may nest a little.
    package static let jsonDepthMax = 8
    /// Latest `exp`, seconds since 1970 (the year 9999): keeps sums of times far from overflow.
    package static let expSMax: Int64 = 253_402_300_799

    /// Whether `text` is a cohort's name: `[A-Za-z0-9._~-]{1,64}`, as the segments of a room path.
    package static func isCohort(_ text: String) -> Bool {
        (1...cohortBytesMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 48...57, 65...90, 97...122: true
                case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "-"): true
                default: false
                }
            }
    }
}

/// The claims that a refusal may name.
package enum TokenClaim: String, Sendable {
    case sub, name, role, rooms, cohort, exp, nbf, iat, iss, aud, jti
}

/// Why a token was refused. Says nothing of the token's content: it is safe to log.
package enum TokenError: Error, Sendable, Equatable {
    /// Not three base64url parts of JSON objects within the limits, or with a name twice.
    case malformed
    /// `alg` is another than the configured one.
    case badAlgorithm
    /// The header asks for extensions (`crit`, RFC 7515 §4.1.11); none is understood.
    case criticalExtension
    case badSignature
    /// `typ` or `cty` say that it is something else than an access token (RFC 8725 §3.11), such as a nested token.
    case wrongType
    /// The header names a key that the issuer does not have.
    case unknownKey
    /// A ticket that is not one of ours, is older than 30 seconds, or was used before.
    case badTicket
    /// Right in everything but time: the holder needs a new token.
    case expired
    /// `nbf` or `iat` lies in the future by more than the leeway.
    case notYetValid
    case wrongAudience
    case wrongIssuer
    case missingClaim(TokenClaim)
    case badClaim(TokenClaim)

    /// A sentence for the client.
    package var sentence: String {
        switch self {
        case .malformed: "the access token is malformed"
        case .badAlgorithm: "the access token is signed with another algorithm than this server's"
        case .criticalExtension: "the access token asks for an extension that this server does not know"
        case .badSignature: "the access token's signature is wrong"
        case .wrongType: "the token is of another type than an access token"
        case .unknownKey: "the access token is signed with a key that its issuer does not have"
        case .badTicket: "the ticket is not good, too old, or was used before"
        case .expired: "the access token has expired"
        case .notYetValid: "the access token is not valid yet"
        case .wrongAudience: "the access token is for another audience"
        case .wrongIssuer: "the access token is from another issuer"
        case .missingClaim(let claim): "the access token lacks the claim \(claim.rawValue)"
        case .badClaim(let claim): "the access token's claim \(claim.rawValue) is not of the form expected"
        }
    }
}
