// Owns the form of a teacher's secret and of its stored hash, and the demo class whose secret everybody knows. Never
// stores a secret.

import Rooms

/// The secret in a teacher's link.
enum TeacherSecret {
    /// 128 bits as 22 characters.
    static func text(random: [UInt8]) -> String {
        precondition(random.count >= 16, "a teacher's secret takes 16 random bytes")
        return TokenText.base64URL(Array(random[..<16]))
    }

    /// SHA-256 of the text. No salt and no stretching: 128 random bits need neither.
    static func hash(_ secret: String) -> [UInt8] { SHA256Digest().hash(Array(secret.utf8)) }

    /// Whether it is worth hashing.
    static func isPlausible(_ secret: String) -> Bool { (1...64).contains(secret.utf8.count) }
}

/// The class of the embedded default, `demo/cs101/live`; it exists with the development key alone.
enum DemoClass {
    static let secret = "demo"

    static let record: ClassRecord = {
        guard let code = ClassCode(typed: "DEMO24"), let room = RoomKey("demo/cs101/live") else {
            preconditionFailure("the demo class has a valid code and room")
        }
        return ClassRecord(
            code: code, room: room, name: "Demo class", guests: .named, cap: 10_000, locked: false,
            teacherSecretHash: TeacherSecret.hash(secret), createdMs: 0, expiresMs: 253_402_300_799_000)
    }()
}
