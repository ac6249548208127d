// Guests and classes: a teacher makes a class in one request, students come in by code or link.

import LiveIO
import LiveProtocol
import Rooms
import RoomsStore
import Synchronization

extension ReactorCore {
    private var clock: ClassClock { ClassClock(wallMs: reactor.wallMs, monotonicMs: reactor.nowMs) }

    /// `POST /v1/classes {name, guests?, cap?}`
    func createClass(_ session: UnsafeMutablePointer<Session>, _ exchange: HTTPExchange) {
        let id = session.pointee.id
        guard let fields = object(session, exchange) else { return }
        guard let name = fields["name"]?.string else {
            return answer(id, .problem(Rejection(.badRequest, "name: a text is expected")))
        }
        var policy = GuestPolicy.named
        if let text = fields["guests"]?.string {
            guard let known = GuestPolicy(rawValue: text) else {
                return answer(id, .problem(Rejection(.badRequest, "guests: named, anonymous or off is expected")))
            }
            policy = known
        }
        let cap = fields["cap"].flatMap { $0.int }.map { Int($0) }
        let outcome = node.classes.withLock {
            $0.create(
                name: name, guests: policy, cap: cap, random: SystemRandom.bytes(ClassDirectory.randomBytes),
                from: address(session), now: clock)
        }
        switch outcome {
        case .failure(let refusal): answer(id, .problem(rejection(refusal)))
        case .success(let made):
            // Durable before it is told: the code must still be good after a crash.
            awaitAnswer(session)
            let body = createdBody(made, exchange)
            let ticket = tickets.issue(.classSaved(id, code: made.record.code, body: body), reactor: index)
            if !node.classStore.save(RoomsStore.ClassRecord(made.record), ticket: ticket) {
                classSaved(ticket, ok: false)
            }
        }
    }

    /// The store has the class, or could not take it.
    func classSaved(_ ticket: UInt64, ok: Bool) {
        guard case .classSaved(let id, let code, let body)? = tickets.redeem(ticket) else { return }
        if ok {
            counters.classesCreated += 1
            answer(id, .json(201, body))
        } else {
            node.classes.withLock { $0.remove(code) }
            answer(id, .unavailable("the class could not be stored now", retryAfterMs: 1000))
        }
    }

    private func createdBody(_ made: CreatedClass, _ exchange: HTTPExchange) -> [UInt8] {
        let base = node.publicURL(host: exchange.host)
        let joinLink = base + "/join#c=" + made.record.code.text
        var json = JSONWriter(reserving: 8192)
        json.beginObject()
        json.field("room", made.record.room.raw)
        json.field("name", made.record.name)
        json.field("code", made.record.code.text)
        json.field("teacher_link", base + "/teach#t=" + made.teacherSecret)
        json.field("join_link", joinLink)
        if let qr = pictures.picture(of: joinLink) { json.field("qr", qr) }
        json.field("token", TokenMint.mint(made.teacher, settings: node.tokenSettings))
        json.field("expires_ts", made.teacher.expS * 1000)
        json.field("participant", made.teacher.sub.raw)
        json.endObject()
        return json.bytes
    }

    /// `POST /v1/join {code|link, name?, device?}` or `{teacher}`
    func join(_ session: UnsafeMutablePointer<Session>, _ exchange: HTTPExchange) {
        let id = session.pointee.id
        guard let fields = object(session, exchange) else { return }
        let name = fields["name"]?.string
        let outcome: Result<Admission, ClassRefusal>
        var device = ""
        if let secret = fields["teacher"]?.string {
            outcome = node.classes.withLock {
                $0.join(teacherSecret: secret, name: name, from: address(session), now: clock)
            }
        } else if !node.switches.isOn(.guests) {
            counters.reject(.forbidden)
            return answer(id, .problem(Rejection(.forbidden, Feature.guests.offSentence)))
        } else if let code = fields["code"]?.string ?? fields["link"]?.string.flatMap({ ClassLink.code(in: $0) }) {
            device =
                fields["device"]?.string
                ?? GuestIdentity.makeDevice(random: SystemRandom.bytes(GuestIdentity.deviceRandomBytes))
            outcome = node.classes.withLock {
                $0.join(code: code, name: name, device: device, from: address(session), now: clock)
            }
        } else {
            return answer(id, .problem(Rejection(.badRequest, "code, link or teacher is expected")))
        }
        switch outcome {
        case .failure(let refusal):
            counters.reject(rejection(refusal).code)
            answer(id, .problem(rejection(refusal)))
        case .success(let admission)
        where !admission.claims.role.isModerator && node.switches.off(in: admission.record.room).contains(.guests):
            counters.reject(.forbidden)
            answer(id, .problem(Rejection(.forbidden, Feature.guests.offSentence)))
        case .success(let admission):
            if let guest = admission.newGuest { keep(guest, of: admission.record) }
            answer(id, .json(200, admittedBody(admission, device: device, exchange)))
        }
    }

    /// Who was let in counts for the class's cap and lock also after a restart. Nobody waits for it.
    private func keep(_ guest: UInt64, of record: ClassRecord) {
        guard record.code != DemoClass.record.code else { return }
        if !node.classStore.keep(ClassGuest(code: record.code.text, guest: guest)) {
            node.log.warning("a guest of a class is not kept", reason: "too much waits for the store")
        }
    }

    private func admittedBody(_ admission: Admission, device: String, _ exchange: HTTPExchange) -> [UInt8] {
        let record = admission.record
        let joinLink = node.publicURL(host: exchange.host) + "/join#c=" + record.code.text
        var json = JSONWriter(reserving: 1024)
        json.beginObject()
        json.field("room", record.room.raw)
        json.field("class", record.name)
        json.field("participant", admission.claims.sub.raw)
        json.field("role", admission.claims.role.text)
        json.field("token", TokenMint.mint(admission.claims, settings: node.tokenSettings))
        json.field("expires_ts", admission.claims.expS * 1000)
        if !device.isEmpty { json.field("device", device) }
        if admission.claims.role.isModerator {
            json.field("code", record.code.text)
            json.field("join_link", joinLink)
            if let qr = pictures.picture(of: joinLink) { json.field("qr", qr) }
        }
        json.endObject()
        return json.bytes
    }

    /// `GET /v1/classes/{code}`: what the join page shows before a name is typed.
    func classInfo(_ session: UnsafeMutablePointer<Session>, _ code: String) {
        let outcome = node.classes.withLock { $0.find(code: code, from: address(session), now: clock) }
        switch outcome {
        case .failure(let refusal): answer(session.pointee.id, .problem(rejection(refusal)))
        case .success(let record):
            var json = JSONWriter(reserving: 256)
            json.beginObject()
            json.field("name", record.name)
            json.field("code", record.code.text)
            json.field("guests", record.guests.rawValue)
            json.field("locked", record.locked)
            json.endObject()
            answer(session.pointee.id, .json(200, json.bytes))
        }
    }

    // MARK: Small things

    /// The request's body as an object; else the answer has been given.
    private func object(_ session: UnsafeMutablePointer<Session>, _ exchange: HTTPExchange) -> JSONValue? {
        do throws(JSONError) {
            let document = try json.parse(exchange.body)
            guard document.root.kind == .object else {
                answer(session.pointee.id, .problem(Rejection(.badRequest, "a JSON object is expected")))
                return nil
            }
            return document.root
        } catch {
            answer(
                session.pointee.id,
                .problem(Rejection(.badRequest, "not JSON at byte \(error.offset): \(error.reason.rawValue)")))
            return nil
        }
    }

    /// Where the peer is, as limits count it.
    func address(_ session: UnsafeMutablePointer<Session>) -> AddressKey {
        let key = session.pointee.addressKey
        if key == .max { return .local }
        if key <= UInt64(UInt32.max) { return AddressKey(ipv4: UInt32(key)) }
        let prefix = (0..<8).map { UInt8(truncatingIfNeeded: key >> (56 - 8 * UInt64($0))) }
        return AddressKey(ipv6: prefix + [UInt8](repeating: 0, count: 8))
    }

    private func rejection(_ refusal: ClassRefusal) -> Rejection {
        var retryAfterMs: Int64?
        if case .rateLimited(let wait) = refusal { retryAfterMs = Int64(wait) }
        let code = RejectionCode.allCases.first { $0.text == refusal.code } ?? .badRequest
        return Rejection(code, refusal.sentence, retryAfterMs: retryAfterMs)
    }
}
