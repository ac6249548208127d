// DeflateNegotiation: which of a client's offers of permessage-deflate is taken, and whether a server's answer fits.
// Never compresses. Source: RFC 7692 §5, §7.1.

/// How a server compresses on a path, which decides the offers that it can take.
package enum DeflatePolicy: Sendable {
    /// The same compressed bytes go to many: no context either way, the largest window. An offer that wants a smaller
    /// one is declined.
    case shared
    /// A context of its own for each connection: whatever is offered.
    case own
}

/// Negotiation of permessage-deflate.
package enum DeflateNegotiation {
    /// What a handshake's extensions come to.
    package enum Verdict: Equatable, Sendable {
        /// Put these into the response.
        case agreed(DeflateParameters)
        /// Nothing was offered that can be taken: the connection goes on without.
        case without
        /// The field follows no grammar: the handshake fails with 400 (RFC 6455 §9.1).
        case malformed
    }

    /// A server's choice: the first offer, in the client's order, that it can take.
    package static func choose(_ fields: HTTPFieldTable, _ policy: DeflatePolicy) -> Verdict {
        var chosen: DeflateParameters?
        let isSound = forEachOffer(fields) { offer in
            if chosen == nil, let offer { chosen = answer(offer, policy) }
        }
        guard isSound else { return .malformed }
        return chosen.map { .agreed($0) } ?? .without
    }

    /// A client's look at the server's answer to an offer without conditions, or with those of `offered`.
    ///
    /// `.malformed`: the connection must fail, for the answer is none to what was offered.
    /// - Parameter offersClientWindow: the offer named `client_max_window_bits`, so the answer may.
    package static func check(
        _ fields: HTTPFieldTable, offered: DeflateParameters = DeflateParameters(), offersClientWindow: Bool = true
    ) -> Verdict {
        var answers = 0
        var agreed: DeflateParameters?
        let isSound = forEachOffer(fields, refusesOthers: true) { answer in
            answers += 1
            guard let answer, !answer.leavesClientWindow,
                answer.clientWindowBits == nil || offersClientWindow,
                answer.serverForgets || !offered.serverForgets,
                answer.serverWindowBits ?? DeflateParameters.windowBitsMax <= offered.serverWindowBits
            else { return }
            agreed = DeflateParameters(
                serverForgets: answer.serverForgets, clientForgets: answer.clientForgets,
                serverWindowBits: answer.serverWindowBits ?? DeflateParameters.windowBitsMax,
                clientWindowBits: answer.clientWindowBits ?? DeflateParameters.windowBitsMax)
        }
        if isSound, answers == 0 { return .without }
        guard isSound, answers == 1, let agreed else { return .malformed }
        return .agreed(agreed)
    }

    /// Calls `body` with each permessage-deflate of the field, nil for one that is not as RFC 7692 has it. False where
    /// the field follows no grammar, or names another extension where `refusesOthers`.
    private static func forEachOffer(
        _ fields: HTTPFieldTable, refusesOthers: Bool = false, _ body: (DeflateFieldParameters?) -> Void
    ) -> Bool {
        var isSound = true
        fields.forEach("sec-websocket-extensions") { value in
            var list = ExtensionList(value)
            while true {
                switch list.next() {
                case .end: return true
                case .malformed:
                    isSound = false
                    return false
                case .entry(let name, let parameters):
                    if Bytes.equalIgnoringCase(name, "permessage-deflate") {
                        body(DeflateFieldParameters(parameters))
                    } else if refusesOthers {
                        isSound = false
                        return false
                    }
                }
            }
        }
        return isSound
    }

    private static func answer(_ offer: DeflateFieldParameters, _ policy: DeflatePolicy) -> DeflateParameters? {
        let named = offer.serverWindowBits != nil
        let serverBits = offer.serverWindowBits ?? DeflateParameters.windowBitsMax
        switch policy {
        case .shared:
            guard serverBits == DeflateParameters.windowBitsMax else { return nil }
            return DeflateParameters(serverForgets: true, clientForgets: true, namesServerWindow: named)
        case .own:
            return DeflateParameters(
                serverForgets: offer.serverForgets, clientForgets: offer.clientForgets, serverWindowBits: serverBits,
                clientWindowBits: offer.clientWindowBits ?? DeflateParameters.windowBitsMax, namesServerWindow: named)
        }
    }
}
