// Owns the classes that teachers made: making one, finding it by code or teacher's secret, letting guests in within its
// policy. Pure: clocks and random bytes are arguments, storage is someone else's. Bounded by ClassLimits. Never talks
// to rooms: whom a room banned it turns away itself.

package import Rooms

/// Both clocks that the directory needs, read once a request.
package struct ClassClock: Sendable {
    /// Milliseconds since 1970, for expiry.
    package let wallMs: Int64
    /// Monotonic milliseconds, for limits.
    package let monotonicMs: UInt64

    /// Both clocks at one moment.
    package init(wallMs: Int64, monotonicMs: UInt64) {
        self.wallMs = wallMs
        self.monotonicMs = monotonicMs
    }
}

/// A class just made: its record, to be stored before the answer, and the secret that only this answer shows.
package struct CreatedClass: Sendable {
    /// To be stored before the answer goes out.
    package let record: ClassRecord
    /// 22 characters of base64url, 128 bits.
    package let teacherSecret: String
    /// For the teacher's token.
    package let teacher: TokenClaims
}

/// A guest or teacher who was let in.
package struct Admission: Sendable {
    /// The class as it is now.
    package let record: ClassRecord
    /// To be signed by TokenMint.
    package let claims: TokenClaims
    /// The number of a guest who was never here before, to be stored; nil for others.
    package var newGuest: UInt64?
}

/// All classes of a node. One owner; a value type, so tests copy it freely.
package struct ClassDirectory: Sendable {
    /// Random bytes that `create` takes: 16 for the secret, 8 for each of six tries at a free code.
    package static let randomBytes = 64

    private struct Held {
        var record: ClassRecord
        /// Distinct guests, by eight bytes of their ids: for cap and lock. The caller stores them.
        var guests: Set<UInt64> = []
        var teacherJoins: TokenBucket
    }

    private let limits: ClassLimits
    private let identity: GuestIdentity
    private var classes: [ClassCode: Held] = [:]
    private var codesBySecret: [[UInt8]: ClassCode] = [:]
    private var guestCount = 0
    private var guesses: AttemptLimiter
    private var creations: AttemptLimiter

    /// An empty directory; with the development key it holds the demo class, which never expires.
    package init(key: TokenKey, limits: ClassLimits = ClassLimits()) {
        self.limits = limits
        identity = GuestIdentity(key: key)
        guesses = AttemptLimiter(rate: limits.guesses)
        creations = AttemptLimiter(rate: limits.creations)
        if key.isDevelopment { restore(DemoClass.record) }
    }

    /// How many classes there are, expired ones not yet removed included.
    package var count: Int { classes.count }

    /// Makes a class in the room `guest/<code>/live`. `random` holds 64 bytes from the system's generator.
    package mutating func create(
        name: String, guests: GuestPolicy = .named, cap: Int? = nil, random: [UInt8], from address: AddressKey,
        now: ClassClock
    ) -> Result<CreatedClass, ClassRefusal> {
        precondition(random.count >= Self.randomBytes, "a class takes 64 random bytes")
        let cleaned = DisplayName.cleaned(name, scalarsMax: ClassLimits.nameScalarsMax)
        guard !cleaned.isEmpty else { return .failure(.badName) }
        guard (1...limits.capMax).contains(cap ?? limits.capDefault) else { return .failure(.badCap) }
        guard creations.count(address, nowMs: now.monotonicMs) else {
            return .failure(.rateLimited(retryAfterMs: creations.waitMs(address, nowMs: now.monotonicMs) ?? 1))
        }
        if classes.count >= limits.classesMax { removeExpired(nowMs: now.wallMs) }
        guard classes.count < limits.classesMax, let code = freeCode(random[16...]), let room = Self.room(of: code)
        else { return .failure(.overloaded) }
        let secret = TeacherSecret.text(random: random)
        let record = ClassRecord(
            code: code, room: room, name: cleaned, guests: guests, cap: cap ?? limits.capDefault, locked: false,
            teacherSecretHash: TeacherSecret.hash(secret), createdMs: now.wallMs,
            expiresMs: now.wallMs + limits.lifetimeMs)
        restore(record)
        guesses.remember(Self.memory(of: code), of: address, nowMs: now.monotonicMs)
        let claims = teacherClaims(record, name: nil, now: now)
        return .success(CreatedClass(record: record, teacherSecret: secret, teacher: claims))
    }

    /// Lets a guest in by code. `name` is needed where the policy is `.named` and ignored where it is `.anonymous`. A
    /// device that is in already comes in again, lock and cap notwithstanding.
    package mutating func join(
        code typed: String, name: String?, device: String, from address: AddressKey, now: ClassClock
    ) -> Result<Admission, ClassRefusal> {
        guard GuestIdentity.isDevice(device) else { return .failure(.badDevice) }
        let code = ClassCode(typed: typed)
        if let wait = blockedMs(address, code: code, now: now) { return .failure(.rateLimited(retryAfterMs: wait)) }
        guard let code, let held = live(code, now: now) else { return .failure(miss(address, now: now)) }
        guesses.remember(Self.memory(of: code), of: address, nowMs: now.monotonicMs)
        let guest = identity.guest(code: code, device: device)
        let shown: String
        switch held.record.guests {
        case .off: return .failure(.guestsOff)
        case .anonymous: shown = guest.anonymousName
        case .named:
            shown = DisplayName.cleaned(name ?? "")
            guard !shown.isEmpty else { return .failure(.nameRequired) }
        }
        if let refusal = admit(guest.fingerprint, into: code, held: held) { return .failure(refusal) }
        return .success(
            Admission(
                record: held.record,
                claims: claims(guest.participant, name: shown, role: .student, record: held.record, now: now),
                newGuest: held.guests.contains(guest.fingerprint) ? nil : guest.fingerprint))
    }

    /// Lets a teacher in by the secret of the teacher's link, as instructor.
    package mutating func join(
        teacherSecret secret: String, name: String?, from address: AddressKey, now: ClassClock
    ) -> Result<Admission, ClassRefusal> {
        // 128 bits are not guessed: a right secret is good from any address, and no pupil can lock the teacher out.
        guard TeacherSecret.isPlausible(secret), let code = codesBySecret[TeacherSecret.hash(secret)],
            let held = live(code, now: now)
        else {
            let wait = guesses.waitMs(address, nowMs: now.monotonicMs)
            return .failure(wait.map { .rateLimited(retryAfterMs: $0) } ?? miss(address, now: now))
        }
        guard classes[code]?.teacherJoins.take(nowMs: now.monotonicMs) == true else {
            return .failure(.rateLimited(retryAfterMs: held.teacherJoins.retryAfterMs(nowMs: now.monotonicMs)))
        }
        return .success(Admission(record: held.record, claims: teacherClaims(held.record, name: name, now: now)))
    }

    /// The class with a code, as the join page asks before a name is typed; a wrong code counts as a guess.
    package mutating func find(
        code typed: String, from address: AddressKey, now: ClassClock
    ) -> Result<ClassRecord, ClassRefusal> {
        let code = ClassCode(typed: typed)
        if let wait = blockedMs(address, code: code, now: now) { return .failure(.rateLimited(retryAfterMs: wait)) }
        guard let code, let held = live(code, now: now) else { return .failure(miss(address, now: now)) }
        guesses.remember(Self.memory(of: code), of: address, nowMs: now.monotonicMs)
        return .success(held.record)
    }

    /// The class of a room made here, for its moderators; nil for any other room.
    package func record(of room: RoomKey, nowMs: Int64) -> ClassRecord? {
        if room == DemoClass.record.room { return classes[DemoClass.record.code]?.record }
        guard let code = ClassCode(typed: room.course), Self.room(of: code) == room else { return nil }
        return classes[code].flatMap { $0.record.expiresMs > nowMs ? $0.record : nil }
    }

    /// Changes policy, cap or lock of a class; nil where there is none. The caller stores what comes back.
    package mutating func update(
        _ code: ClassCode, guests: GuestPolicy? = nil, cap: Int? = nil, locked: Bool? = nil
    ) -> ClassRecord? {
        guard var held = classes[code], (1...limits.capMax).contains(cap ?? held.record.cap) else { return nil }
        held.record.guests = guests ?? held.record.guests
        held.record.cap = cap ?? held.record.cap
        held.record.locked = locked ?? held.record.locked
        classes[code] = held
        return held.record
    }

    /// Takes a stored class back in with the numbers of its guests, as at start; one with the same code is replaced.
    package mutating func restore(_ record: ClassRecord, guests: Set<UInt64> = []) {
        remove(record.code)
        classes[record.code] = Held(
            record: record, guests: guests, teacherJoins: TokenBucket(limits.teacherJoins))
        guestCount += guests.count
        codesBySecret[record.teacherSecretHash] = record.code
    }

    /// Forgets a class.
    package mutating func remove(_ code: ClassCode) {
        guard let held = classes.removeValue(forKey: code) else { return }
        codesBySecret[held.record.teacherSecretHash] = nil
        guestCount -= held.guests.count
    }

    /// Forgets what has expired: about a microsecond a class, so at most once a minute or when the directory is full.
    package mutating func removeExpired(nowMs: Int64) {
        for code in classes.filter({ $0.value.record.expiresMs <= nowMs }).keys { remove(code) }
    }

    /// The room of a class made here.
    package static func room(of code: ClassCode) -> RoomKey? {
        RoomKey(institution: "guest", course: code.text, session: "live")
    }

    private func live(_ code: ClassCode, now: ClassClock) -> Held? {
        classes[code].flatMap { $0.record.expiresMs > now.wallMs ? $0 : nil }
    }

    private func freeCode(_ random: ArraySlice<UInt8>) -> ClassCode? {
        for start in stride(from: random.startIndex, to: random.endIndex - 7, by: 8) {
            let code = ClassCode(random: random[start..<(start + 8)].reduce(0) { $0 << 8 | UInt64($1) })
            if classes[code] == nil { return code }
        }
        return nil
    }

    /// A blocked address may still use the codes that it proved to know: a pupil who guesses doesn't lock out the
    /// classes that sit behind the same address.
    private func blockedMs(_ address: AddressKey, code: ClassCode?, now: ClassClock) -> UInt32? {
        guard let wait = guesses.waitMs(address, nowMs: now.monotonicMs) else { return nil }
        if let code, guesses.remembers(Self.memory(of: code), of: address) { return nil }
        return wait
    }

    private mutating func miss(_ address: AddressKey, now: ClassClock) -> ClassRefusal {
        _ = guesses.count(address, nowMs: now.monotonicMs)
        return .notFound
    }

    private mutating func admit(_ guest: UInt64, into code: ClassCode, held: Held) -> ClassRefusal? {
        if held.guests.contains(guest) { return nil }
        guard !held.record.locked else { return .locked }
        guard held.guests.count < held.record.cap else { return .full }
        guard guestCount < limits.guestsMax else { return .overloaded }
        classes[code]?.guests.insert(guest)
        guestCount += 1
        return nil
    }

    private func teacherClaims(_ record: ClassRecord, name: String?, now: ClassClock) -> TokenClaims {
        let shown = DisplayName.cleaned(name ?? "")
        return claims(
            identity.teacher(code: record.code), name: shown.isEmpty ? "Teacher" : shown, role: .instructor,
            record: record, now: now)
    }

    private func claims(
        _ sub: ParticipantID, name: String, role: Role, record: ClassRecord, now: ClassClock
    ) -> TokenClaims {
        let nowS = now.wallMs / 1_000
        return TokenClaims(
            sub: sub, name: name, role: role, rooms: [RoomPattern(record.room)],
            expS: min(nowS + limits.tokenLifetimeS, record.expiresMs / 1_000), iatS: nowS)
    }

    /// A code as a number in base 36 plus one: below 2³², never 0.
    private static func memory(of code: ClassCode) -> UInt32 {
        code.text.utf8.reduce(0) { $0 * 36 + UInt32($1 < 65 ? $1 - 48 : $1 - 55) } + 1
    }
}
