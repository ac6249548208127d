// Classes and guests: who gets in, as whom, and what a guesser meets.

import LiveTestSupport
import Rooms
import Testing

@testable import LiveServer

@Suite struct AuthClassTests {
    private static let school = AddressKey(ipv4: 0x0A00_0001)
    private static let device = "0123456789abcdef"
    private static let now = ClassClock(wallMs: 1_700_000_000_000, monotonicMs: 5_000)

    private func directory(_ limits: ClassLimits = ClassLimits()) -> Office { Office(limits: limits) }

    private func made(
        _ directory: Office, guests: GuestPolicy = .named, cap: Int? = nil, seed: UInt64 = 1
    ) throws -> CreatedClass {
        var random = SeededRandom(seed: seed)
        return try directory.create(
            name: "Maths", guests: guests, cap: cap, random: random.bytes(ClassDirectory.randomBytes),
            from: Self.school, now: Self.now
        ).get()
    }

    private func later(_ ms: Int64) -> ClassClock {
        ClassClock(wallMs: Self.now.wallMs + ms, monotonicMs: Self.now.monotonicMs + UInt64(ms))
    }

    @Test func `a class made is joined by its code however it is typed`() throws {
        let classes = directory()
        let created = try made(classes)
        let code = created.record.code.text
        #expect(created.record.room.raw == "guest/\(code)/live")
        for typed in [
            code, code.lowercased(), "\(code.prefix(3))-\(code.suffix(3))", " \(code.prefix(3)) \(code.suffix(3)) ",
        ] {
            let admission = try classes.join(
                code: typed, name: " Ada ", device: Self.device, from: Self.school, now: Self.now
            ).get()
            #expect(admission.claims.name == "Ada")
            #expect(admission.claims.role == .student)
            #expect(admission.claims.rooms == [RoomPattern(created.record.room)])
            #expect(admission.claims.expS == 1_700_000_000 + 12 * 3_600)
        }
    }

    @Test func `a teacher joins a class so often at once and then at a rate, other teachers are not held up`() throws {
        var limits = ClassLimits()
        limits.teacherJoins = TokenRate(perSecond: 1, burst: 3)
        let classes = directory(limits)
        let (first, other) = (try made(classes), try made(classes, seed: 2))
        func join(_ made: CreatedClass, _ now: ClassClock) -> ClassRefusal? {
            classes.join(teacherSecret: made.teacherSecret, name: nil, from: Self.school, now: now).error
        }
        for _ in 0..<3 { #expect(join(first, Self.now) == nil) }
        #expect(join(first, Self.now) == .rateLimited(retryAfterMs: 1_000))
        #expect(join(other, Self.now) == nil)
        #expect(join(first, later(1_000)) == nil)
        #expect(join(first, later(1_000)) == .rateLimited(retryAfterMs: 1_000))
    }

    @Test func `the same device is the same participant and another one is not, on every node with the key`() throws {
        let classes = directory()
        let otherNode = directory()
        let created = try made(classes)
        otherNode.restore(created.record)
        let code = created.record.code.text
        func sub(_ classes: Office, _ device: String) throws -> String {
            try classes.join(code: code, name: "A", device: device, from: Self.school, now: Self.now).get().claims.sub
                .raw
        }
        let first = try sub(classes, Self.device)
        #expect(first.hasPrefix("g-") && first.utf8.count == 26)
        #expect(try sub(classes, Self.device) == first)
        #expect(try sub(otherNode, Self.device) == first)
        #expect(try sub(classes, Self.device + "x") != first)
        let second = try made(classes, seed: 2)
        let elsewhere = try classes.join(
            code: second.record.code.text, name: "A", device: Self.device, from: Self.school, now: Self.now
        ).get()
        #expect(elsewhere.claims.sub.raw != first)
    }

    @Test func `the teacher's secret makes an instructor and nothing else does`() throws {
        let classes = directory()
        let created = try made(classes)
        #expect(created.teacher.role == .instructor)
        let admission = try classes.join(
            teacherSecret: created.teacherSecret, name: nil, from: Self.school, now: Self.now
        ).get()
        #expect(admission.claims == created.teacher)
        #expect(admission.claims.sub.raw.hasPrefix("t-"))
        let hash = TokenText.base64URL(created.record.teacherSecretHash)
        for wrong in [
            "", "demo", hash, created.record.code.text, created.teacherSecret + "A", created.teacherSecret.lowercased(),
        ] {
            #expect(classes.join(teacherSecret: wrong, name: nil, from: Self.school, now: Self.now).error == .notFound)
        }
    }

    @Test func `the policy for guests decides about names`() throws {
        let classes = directory()
        let named = try made(classes, guests: .named).record.code.text
        #expect(
            classes.join(code: named, name: "\u{200B} \n", device: Self.device, from: Self.school, now: Self.now).error
                == .nameRequired)
        let anonymous = try made(classes, guests: .anonymous, seed: 2).record.code.text
        let guest = try classes.join(
            code: anonymous, name: "Ada", device: Self.device, from: Self.school, now: Self.now
        ).get()
        let name = try #require(guest.claims.name)
        #expect(name.wholeMatch(of: /Guest [0-9A-F]{4}/) != nil)
        let off = try made(classes, guests: .off, seed: 3).record.code.text
        #expect(
            classes.join(code: off, name: "Ada", device: Self.device, from: Self.school, now: Self.now).error
                == .guestsOff)
    }

    @Test func `lock and cap keep newcomers out and let those inside come back`() throws {
        let classes = directory()
        let code = try made(classes, cap: 2).record.code
        func join(_ classes: Office, _ device: Int) -> ClassRefusal? {
            classes.join(
                code: code.text, name: "A", device: "\(Self.device)\(device)", from: Self.school, now: Self.now
            ).error
        }
        #expect(join(classes, 1) == nil)
        #expect(join(classes, 2) == nil)
        #expect(join(classes, 3) == .full)
        #expect(join(classes, 1) == nil)
        #expect(classes.update(code, cap: 10, locked: true)?.locked == true)
        #expect(join(classes, 3) == .locked)
        #expect(join(classes, 2) == nil)
        #expect(classes.update(code, locked: false)?.cap == 10)
        #expect(join(classes, 3) == nil)
    }

    @Test func `cap and lock count the guests of the time before a restart`() throws {
        let before = directory()
        let created = try made(before, cap: 2)
        func join(_ classes: Office, _ device: Int) -> Result<Admission, ClassRefusal> {
            classes.join(
                code: created.record.code.text, name: "A", device: "\(Self.device)\(device)", from: Self.school,
                now: Self.now)
        }
        let guest = try #require(try join(before, 1).get().newGuest)
        #expect(try join(before, 1).get().newGuest == nil, "known already")
        let after = directory()
        after.restore(created.record, guests: [guest])
        #expect(try join(after, 1).get().newGuest == nil)
        _ = try join(after, 2).get()
        #expect(join(after, 3).error == .full)
        after.restore(created.record, guests: [guest])
        _ = after.update(created.record.code, locked: true)
        #expect(join(after, 1).error == nil && join(after, 2).error == .locked)
    }

    @Test func `an expired class is gone and makes room`() throws {
        var limits = ClassLimits()
        limits.classesMax = 2
        let classes = directory(limits)
        let first = try made(classes)
        _ = try made(classes, seed: 2)
        var random = SeededRandom(seed: 3)
        let bytes = random.bytes(ClassDirectory.randomBytes)
        let refused = classes.create(name: "C", random: bytes, from: Self.school, now: Self.now)
        #expect(refused.error == .overloaded)
        let after = later(limits.lifetimeMs)
        #expect(classes.find(code: first.record.code.text, from: Self.school, now: after).error == .notFound)
        #expect(
            classes.join(teacherSecret: first.teacherSecret, name: nil, from: Self.school, now: after).error
                == .notFound)
        #expect(classes.create(name: "C", random: bytes, from: Self.school, now: after).value != nil)
        #expect(classes.count == 1)
    }

    @Test func `a token of a class ends with the class`() throws {
        let classes = directory()
        let created = try made(classes)
        let almost = later(ClassLimits().lifetimeMs - 60_000)
        let claims = try classes.join(
            code: created.record.code.text, name: "A", device: Self.device, from: Self.school, now: almost
        ).get().claims
        #expect(claims.expS == created.record.expiresMs / 1_000)
    }

    @Test func `an address that guesses is stopped, others and its own class are not`() throws {
        let classes = directory()
        let code = try made(classes).record.code.text
        let guesser = AddressKey(ipv4: 1)
        func guess(_ classes: Office, _ typed: String, _ address: AddressKey) -> ClassRefusal? {
            classes.join(code: typed, name: "A", device: Self.device, from: address, now: Self.now).error
        }
        for number in 0..<30 {
            let wrong = ClassCode(random: UInt64(number)).text
            #expect(guess(classes, wrong, guesser) == .notFound)
            #expect(guess(classes, wrong, Self.school) == .notFound)
        }
        #expect(
            guess(classes, code, guesser) == .rateLimited(retryAfterMs: 2_000), "a right guess shows nothing either")
        #expect(guess(classes, "junk", guesser) == .rateLimited(retryAfterMs: 2_000))
        #expect(
            classes.join(teacherSecret: "x", name: nil, from: guesser, now: Self.now).error
                == .rateLimited(retryAfterMs: 2_000))
        #expect(guess(classes, code, Self.school) == nil, "the school made this class")
        #expect(guess(classes, ClassCode(random: 77).text, Self.school) == .rateLimited(retryAfterMs: 2_000))
        #expect(guess(classes, code, AddressKey(ipv4: 2)) == nil)
        let teacher = try made(classes, seed: 2)
        let unharmed = classes.join(teacherSecret: teacher.teacherSecret, name: nil, from: guesser, now: Self.now)
        #expect(unharmed.value != nil, "a pupil who guesses can't lock the teacher out")
        let waited = classes.join(code: code, name: "A", device: Self.device, from: guesser, now: later(2_000))
        #expect(waited.value != nil)
    }

    @Test func `classes made from one address are limited`() throws {
        let classes = directory()
        var random = SeededRandom(seed: 5)
        var refusals = 0
        for _ in 0..<70 {
            let result = classes.create(
                name: "C", random: random.bytes(ClassDirectory.randomBytes), from: Self.school, now: Self.now)
            if result.error == .rateLimited(retryAfterMs: 30_000) { refusals += 1 }
        }
        #expect(refusals == 10)
    }

    @Test func `a code in use is never given twice, and when all tries are taken the answer is overloaded`() throws {
        let classes = directory()
        var random = SeededRandom(seed: 9)
        let bytes = random.bytes(ClassDirectory.randomBytes)
        var codes: Set<String> = []
        for _ in 0..<6 {
            codes.insert(
                try classes.create(name: "C", random: bytes, from: Self.school, now: Self.now).get().record.code.text)
        }
        #expect(codes.count == 6)
        #expect(classes.create(name: "C", random: bytes, from: Self.school, now: Self.now).error == .overloaded)
    }

    @Test func `the demo class exists with the development key alone`() throws {
        let demo = Office(key: .development)
        let guest = try demo.join(
            code: "demo24", name: "Ada", device: Self.device, from: Self.school, now: Self.now
        ).get()
        #expect(guest.record.room.raw == "demo/cs101/live")
        #expect(demo.join(code: "DEM024", name: "Ada", device: Self.device, from: .local, now: Self.now).value != nil)
        let teacher = try demo.join(teacherSecret: "demo", name: nil, from: Self.school, now: Self.now).get()
        #expect(teacher.claims.role == .instructor)
        #expect(demo.record(of: guest.record.room, nowMs: 0)?.code.text == "DEMO24")
        let other = directory()
        #expect(other.join(teacherSecret: "demo", name: nil, from: Self.school, now: Self.now).error == .notFound)
        #expect(other.find(code: "DEMO24", from: Self.school, now: Self.now).error == .notFound)
    }

    @Test func `bad names, caps and devices are refused and cost no class`() throws {
        let classes = directory()
        let bytes = [UInt8](repeating: 7, count: ClassDirectory.randomBytes)
        #expect(classes.create(name: " \u{0} ", random: bytes, from: Self.school, now: Self.now).error == .badName)
        for cap in [0, -1, 10_001] {
            #expect(
                classes.create(name: "C", cap: cap, random: bytes, from: Self.school, now: Self.now).error == .badCap)
        }
        #expect(classes.count == 0)
        for device in ["", "short", String(repeating: "x", count: 129), "with space 012345", "zwölf Zeichen-und-mehr"] {
            #expect(
                classes.join(code: "AAAAAA", name: "A", device: device, from: Self.school, now: Self.now).error
                    == .badDevice)
        }
        #expect(GuestIdentity.isDevice(GuestIdentity.makeDevice(random: bytes)))
    }

    @Test func `codes avoid letters that people mistake`() {
        var random = SeededRandom(seed: 3)
        for _ in 0..<2_000 {
            let code = ClassCode(random: random.next())
            #expect(!code.text.contains { "ILO01".contains($0) })
            #expect(ClassCode(typed: code.text) == code)
        }
        for wrong in ["", "ABCDE", "ABCDEFG", "ABC_EF", "ÄBCDEF", "ABCDE\u{0}", String(repeating: "-", count: 40)] {
            #expect(ClassCode(typed: wrong) == nil)
        }
    }
}
