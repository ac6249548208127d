// Owns the rows of the catalogue that say how access tokens are judged and where their keys come from.

extension SettingCatalogue {
    /// Settings of identity.
    static let auth: [Setting] = [
        .tokenKey(
            "auth.key", \.auth.key, environment: "LIVESERVER_TOKEN_KEY",
            "Secret that HS256 tokens are signed with and other keys are derived from; the development key is public "
                + "and refused on any address but loopback."),
        .choice(
            "auth.algorithm", \.auth.algorithm,
            "The one algorithm of the issuer's tokens; a token never chooses. HS256 shares `auth.key` with the issuer, "
                + "the others take its public keys."),
        .text(
            "auth.issuer", \.auth.issuer, bytesMax: 256, "The `iss` that every token must carry.",
            rule: { $0.isEmpty ? "an issuer is needed" : nil }),
        .text(
            "auth.audience", \.auth.audience, bytesMax: 256, "The `aud` that every token must carry.",
            rule: { $0.isEmpty ? "an audience is needed" : nil }),
        .integer(
            "auth.leeway_s", \.auth.leewayS, 0...600, "s",
            "How far an issuer's clock may run ahead, for `nbf` and `iat`; `exp` has none."),
        .text(
            "auth.jwks_file", \.auth.jwksFile, bytesMax: 1_024,
            "File with the issuer's public keys (JWKS); read again as often as a URL, and on SIGHUP."),
        .text(
            "auth.jwks_url", \.auth.jwksURL, bytesMax: 2_048,
            "Where the issuer publishes its public keys. Redirects are not followed, proxies not used.",
            rule: AuthRules.url),
        .text(
            "auth.jwks_authorities", \.auth.jwksAuthorities, bytesMax: 1_024,
            "File with certificates (PEM) that `auth.jwks_url` is trusted by; empty: the system's."),
        .texts(
            "auth.jwks_private_addresses", \.auth.jwksPrivateAddresses, countMax: AuthRules.addressesMax,
            "Private, loopback or special addresses, or blocks of them, that keys may be fetched from, also over plain "
                + "HTTP. Judged behind DNS, at the socket.",
            rule: AuthRules.addresses),
        .integer(
            "auth.jwks_refresh_s", \.auth.jwksRefreshS, 10...86_400, "s",
            "Longest time between two looks for keys; the issuer's `max-age` may be shorter. A lost key ends within it."
        ),
        .integer(
            "auth.jwks_refetch_s", \.auth.jwksRefetchS, 1...3_600, "s",
            "Shortest time between two looks for a key that is not known, so that made-up ones cost the issuer nothing."
        ),
        .integer(
            "auth.jwks_timeout_ms", \.auth.jwksTimeoutMs, 100...60_000, "ms",
            "Time for one look: name, connection, TLS and answer together."),
        .text(
            "auth.signing_key", \.auth.signingKey, bytesMax: 1_024,
            "File with a private key (PEM) that `liveserver token` signs with; the node accepts what it signed."),
        .integer(
            "auth.verify_threads", \.auth.verifyThreads, 1...64, "threads",
            "Threads that check signatures of public keys: about 10,000 tokens a second each, off the reactors."),
        .integer(
            "auth.verify_queue", \.auth.verifyQueue, 64...1_000_000, "tokens",
            "Tokens that wait for a thread; a full bell's worth. Beyond: 503, or close 1013."),
        .integer(
            "auth.used_tickets", \.auth.usedTickets, 1_024...10_000_000, "tickets",
            "Used tickets that are remembered for their 30 s. Beyond: 503, since an unknown one might be used twice."),
    ]
}
