// Owns the QR pictures of join links that were drawn lately: drawing takes about a millisecond, in which everybody else
// on the reactor waits. Never: draws one for a link that it has. Limits: `countMax` pictures of about 8 KiB; forgotten
// as a whole when full.

/// QR codes by link; one reactor's.
struct LinkPictures {
    static let countMax = 256

    private var pictures: [String: String] = [:]
    /// How many had to be drawn.
    private(set) var drawn = 0

    /// The picture of a link as SVG; nil where it is too long for one.
    mutating func picture(of link: String) -> String? {
        if let known = pictures[link] { return known }
        guard let picture = QRCode.svg(link) else { return nil }
        drawn += 1
        if pictures.count >= Self.countMax { pictures.removeAll(keepingCapacity: true) }
        pictures[link] = picture
        return picture
    }
}
