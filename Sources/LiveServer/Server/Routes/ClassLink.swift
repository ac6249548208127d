// The link that a class is joined by: `…/join#c=CODE`. The code stands behind the hash, so browsers never send it.

/// Reads the code out of a join link as people paste it.
enum ClassLink {
    static func code(in link: String) -> String? {
        guard link.utf8.count <= 2048, let hash = link.firstIndex(of: "#") else { return nil }
        for part in link[link.index(after: hash)...].split(separator: "&") where part.hasPrefix("c=") {
            return String(part.dropFirst(2))
        }
        return nil
    }
}
