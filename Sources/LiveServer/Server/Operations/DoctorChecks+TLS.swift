// Owns what doctor says of certificates and their keys. Reads the files; changes nothing.

import Glibc
import LiveTLS

extension DoctorChecks {
    /// Days before the end of a certificate from which on it is worth a word.
    static let certificateDaysMin = 30

    /// One finding a certificate; with TLS off one that says so.
    static func encryption(_ settings: TLSSettings, _ production: Bool) -> [DoctorFinding] {
        guard settings.isOn else { return [.ok("TLS", "off: plain HTTP")] }
        var findings = settings.identities.map { certificate($0, production) }
        do throws(TLSFailure) {
            _ = try NodeEncryption(settings)
        } catch {
            findings.append(
                .bad(
                    .fail, "TLS", "\(error)",
                    do: "give the certificate with its chain and the key that belongs to it, both PEM"))
        }
        return findings + settings.key.compactMap { keyFile($0, production) }
    }

    private static func certificate(_ files: TLSIdentityFiles, _ production: Bool) -> DoctorFinding {
        let subject = "certificate"
        do throws(TLSFailure) {
            let facts = try TLSCertificate.read(files.certificate)
            let days = facts.secondsLeft / 86_400
            let found = "\(files.certificate): \(facts.kind.rawValue) \(facts.keyBits)"
            if facts.secondsLeft <= 0 {
                return .bad(.fail, subject, "\(found), ended \(-days) days ago", do: "renew it, then send SIGHUP")
            }
            if facts.secondsUntilValid > 0 {
                return .bad(.fail, subject, "\(found), not good yet", do: "look at this machine's clock")
            }
            if days < certificateDaysMin {
                return .bad(.warn, subject, "\(found), ends in \(days) days", do: "renew it, then send SIGHUP")
            }
            if production, facts.isSelfSigned {
                return .bad(
                    .warn, subject, "\(found), self-signed: browsers warn everybody",
                    do: "get one from an authority that browsers know, such as Let's Encrypt")
            }
            return .ok(subject, "\(found), good for \(days) days")
        } catch {
            return .bad(.fail, subject, "\(error)", do: "see tls.certificate")
        }
    }

    /// What is wrong with a key's file; nil where nothing is.
    private static func keyFile(_ path: String, _ production: Bool) -> DoctorFinding? {
        var facts = stat()
        guard stat(path, &facts) == 0 else {
            return .bad(.fail, "TLS key", "\(path): \(String(cString: strerror(errno)))", do: "see tls.key")
        }
        guard facts.st_mode & 0o077 != 0 else { return nil }
        return .bad(
            production ? .fail : .warn, "TLS key", "\(path) can be read by others", do: "chmod 600 \(path)")
    }
}
