// Owns the part of the catalogue that is about encryption.

extension SettingCatalogue {
    static let encryption: [Setting] = [
        .texts(
            "tls.certificate", \.tls.certificate, countMax: 2,
            "PEM files with the certificate and its chain: one, or one ECDSA and one RSA, of which each client gets "
                + "what it understands. None: plain HTTP. Read again on SIGHUP.",
            rule: ConfigurationRules.paths),
        .texts(
            "tls.key", \.tls.key, countMax: 2,
            "PEM files with the certificates' private keys, in the same order; readable by the node's user alone.",
            rule: ConfigurationRules.paths),
        .integer(
            "tls.port", \.tls.port, 0...65_535, "",
            "0: `listen.port` speaks TLS and nothing else. Another port speaks it beside plain HTTP on `listen.port`."),
        .choice(
            "tls.min_version", \.tls.minVersion, "Least version; 1.3 shuts out browsers from before 2019."),
        .integer(
            "tls.ticket_rotation_s", \.tls.ticketRotationS, 60...302_400, "s",
            "A key that seals session tickets is used for so long and opens them for as long again, so who comes back "
                + "tomorrow need not handshake in full. At most half of the seven days that TLS allows."),
        .integer(
            "tls.handshakes_per_round", \.tls.handshakesPerRound, 1...10_000, "handshakes",
            "Handshakes that one round of a reactor begins, more only in an eighth of a long round's time: who is in "
                + "waits for so many. One takes 0.3 ms with an ECDSA key, 0.5 ms with RSA; rounds follow at once while "
                + "some wait, so more of them are no faster."),
        .integer(
            "tls.handshake_timeout_ms", \.tls.handshakeTimeoutMs, 500...300_000, "ms",
            "Time for a whole handshake, waiting for its turn included."),
    ]
}
