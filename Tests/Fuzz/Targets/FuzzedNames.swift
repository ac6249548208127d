// Owns the promises of names that people and tokens bring: rooms, participants, patterns, origins, codes, links,
// display names, addresses, spans of time. What is taken is what was read, cleaning twice is cleaning once, and
// nothing that was taken holds a byte that its rule forbids.

@testable import LiveProtocol
@testable import LiveServer
@testable import Rooms

enum FuzzedNames {
    static func run(_ input: [UInt8]) {
        let text = String(decoding: input, as: UTF8.self)
        rooms(text)
        origins(input)
        displayNames(text)
        if let code = ClassCode(typed: text) {
            promise(ClassCode(typed: code.text) == code, "a code is another one when read again")
        }
        if let code = ClassLink.code(in: text) { promise(text.contains(code), "a code that is not in the link") }
        if let address = IPAddress(text) {
            promise(address.bytes.count == 4 || address.bytes.count == 16, "an address of no family")
            promise(!text.utf8.contains(0), "takes what stands behind a NUL for an address")
            promise(!(address.isLoopback && address.isUnspecified), "here and nowhere at once")
        }
        if let span = TimeSpan(text) {
            promise((1...TimeSpan.secondsMax).contains(span.seconds), "a span out of its range")
        }
        _ = SourcePosition(offset: input.count, in: input)
        _ = SourcePosition.ofKey("limits.rooms", in: input)
    }

    private static func rooms(_ text: String) {
        if let key = RoomKey(text) {
            promise(
                key.raw == text && key.raw.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a room is not what was read")
            let again = RoomKey(institution: key.institution, course: key.course, session: key.session)
            promise(again == key, "a room's parts make another")
            promise(RoomPattern(key).matches(key), "a room's own pattern does not cover it")
        }
        if let id = ParticipantID(text) { promise(id.raw == text, "a participant is not who was read") }
        if let id = CommandID(text) { promise(id.raw == text && (1...64).contains(text.utf8.count), "a command id") }
        if let pattern = RoomPattern(text) {
            promise(pattern.description == text, "a pattern is not what was read")
            guard let other = RoomKey("other/other/other") else { preconditionFailure("a room by its rule") }
            let isWild = text == "*/*/*"
            let names = text.split(separator: "/").allSatisfy { $0 == "*" || $0 == "other" }
            promise(pattern.matches(other) == (isWild || names), "a pattern covers what it does not say")
        }
    }

    private static func origins(_ input: [UInt8]) {
        let policy = OriginPolicy.sameOriginOnly
        input.withExactCopy { block in
            let raw = UnsafeRawBufferPointer(block)
            let page = WebOrigin(input)
            "school.example".withStaticBytes { host in
                let isAllowed = policy.allows(origin: raw, host: host)
                promise(!isAllowed || page?.authority.host == Array("school.example".utf8), "lets a stranger in")
            }
            _ = policy.allows(origin: nil, host: raw)
        }
    }

    private static func displayNames(_ text: String) {
        let cleaned = DisplayName.cleaned(text)
        promise(cleaned.unicodeScalars.count <= DisplayName.scalarsMax, "a name too long")
        promise(DisplayName.cleaned(cleaned).unicodeScalars.elementsEqual(cleaned.unicodeScalars), "cleaned twice")
        for scalar in cleaned.unicodeScalars {
            promise(scalar.value >= 0x20 && !(0x202A...0x202E).contains(scalar.value), "a control in a name")
        }
    }
}

extension String {
    fileprivate func withStaticBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
        Array(utf8).withUnsafeBytes(body)
    }
}
