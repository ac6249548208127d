// Owns how participants come, are sent away, come back and leave. Never looks into the messages between.

import LiveIO
import LiveProtocol

extension LoadDriver {
    /// Attempts that the server itself put off, before a participant counts as failed.
    private static let deferralsMax: UInt8 = 100
    /// Wait before coming back where the server names none, milliseconds: at least, and up to as much again.
    private static let comebackMs = 300

    // MARK: Connections and their owners

    func owner(_ id: ConnectionID) -> Int? {
        let index = Int(id.index)
        guard index < owners.count, owners[index] >= 0 else { return nil }
        let person = Int(owners[index])
        return people[person].connection == id ? person : nil
    }

    private func own(_ id: ConnectionID, _ person: Int) {
        let index = Int(id.index)
        while owners.count <= index { owners.append(-1) }
        owners[index] = Int32(person)
        people[person].connection = id
    }

    /// The participant has no connection any more; the connection's end is nobody's news.
    func disown(_ person: Int) {
        if let id = people[person].connection { owners[Int(id.index)] = -1 }
        people[person].connection = nil
        people[person].exchange = nil
        people[person].decoder = WebSocketDecoder()
        if people[person].phase == .present { present -= 1 }
    }

    func transport(of person: Int) -> Transport {
        people[person].member.duty == .publisher ? .websocket : plan.transport
    }

    // MARK: Coming

    /// Begins the joins that are due, as far as the window allows. A join that fails at once comes back here: the
    /// round under way goes on for it.
    func pumpArrivals() {
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        pump(\.insiders)
        if stage >= .loading { pump(\.newcomers) }
    }

    private func pump(_ queue: ReferenceWritableKeyPath<LoadDriver, ArrivalQueue>) {
        while let due = self[keyPath: queue].nextDueNs {
            guard joinsUnderWay < plan.window else { return }
            guard due <= nowNs else {
                schedule(.arrivals, 0, atNs: due)
                return
            }
            let person = self[keyPath: queue].take()
            // As fast as the window allows, there is no time at which somebody should have come.
            let isPaced = plan.arrivalMs > 0 || plan.scenario == .storm
            people[person].intendedNs = isPaced ? due : nowNs
            join(person)
        }
    }

    /// One attempt.
    func join(_ person: Int) {
        people[person].phase = .connecting
        people[person].attempts &+= 1
        people[person].attemptNs = nowNs
        people[person].isLeaving = false
        joinsUnderWay += 1
        measurements.count(.connects)
        do throws(IOFailure) {
            let id = try reactor.connect(
                to: address, from: source(of: people[person].member.number), tls: encryption)
            own(id, person)
            reactor.setDeadline(id, inMs: plan.joinTimeoutMs)
        } catch {
            attemptFailed(person, "\(error.operation): \(errnoText(error.errno))")
        }
    }

    /// The address that a participant comes from: 127.1.x.y, so that one port of the server can have more
    /// connections than there are ports of one address.
    func source(of number: Int) -> SocketAddress? {
        guard plan.sources > 0 else { return nil }
        let place = number % plan.sources
        return SocketAddress(host: "127.1.\(place / 250).\(place % 250 + 1)", port: 0)
    }

    /// The connection stands: the request goes out.
    func ask(_ person: Int) {
        people[person].phase = .asking
        let transport = transport(of: person)
        frame.removeAll(keepingCapacity: true)
        let fields: [HTTPRequestWriter.Field] = [("Authorization", "Bearer \(token(person))")]
        switch transport {
        case .websocket:
            let key = WebSocketHandshake.key((0..<16).map { _ in UInt8(random(below: 256)) })
            people[person].exchange = Exchange(.websocket, key: key)
            WebSocketHandshake.appendRequest(
                target: target(person), host: plan.target.authority, key: key, subprotocols: ["live.v1"],
                fields: fields, to: &frame)
        case .sse:
            people[person].exchange = Exchange(.sse)
            HTTPRequestWriter.append(
                "GET", target(person), host: plan.target.authority,
                fields: fields + [("Accept", "text/event-stream")], to: &frame)
        case .longpoll:
            people[person].exchange = Exchange(.longpoll)
            HTTPRequestWriter.append(
                "GET", target(person), host: plan.target.authority, fields: fields, to: &frame)
        }
        if let id = people[person].connection { frame.withUnsafeBytes { reactor.send(id, $0) } }
    }

    private func target(_ person: Int) -> String {
        let member = people[person].member
        var target = "/v1/rooms/\(plan.room(member.room))/live?device=d\(member.number)"
        if people[person].wasInside, !people[person].resume.isEmpty {
            target += "&resume=\(String(decoding: people[person].resume, as: UTF8.self))"
            target += "&cursor=\(roomStates[member.room].epoch).\(people[person].cursorSeq)"
        }
        return target
    }

    func token(_ person: Int) -> String {
        let member = people[person].member
        guard let signer else { return tokens[member.number % tokens.count] }
        return signer.token(
            subject: "load-\(member.number)", role: member.duty == .publisher ? "instructor" : "student",
            room: plan.room(member.room), nowS: reactor.wallMs / 1_000, lifeS: plan.tokenLifeS)
    }

    // MARK: Inside

    /// The welcome came (or `resumed`): `seq` is where the log goes on.
    func joined(_ person: Int, seq: UInt64, isResumed: Bool) {
        let pointer = people + person
        joinsUnderWay -= 1
        present += 1
        if !isResumed {
            // A new snapshot: what was missed since is in it. What was read before it is judged by itself.
            if pointer.pointee.wasInside, let reading = reading(of: pointer) { closedReadings.append(reading) }
            pointer.pointee.joinSeq = seq
            pointer.pointee.cursorSeq = seq
            beginCursors(pointer)
        }
        pointer.pointee.phase = .present
        pointer.pointee.attempts = 0
        if let id = pointer.pointee.connection { reactor.clearDeadline(id) }
        lastJoinNs = nowNs
        if pointer.pointee.wasInside {
            measurements.record(.resume, ns: nowNs - pointer.pointee.attemptNs)
            measurements.count(isResumed ? .resumed : .reset)
        } else {
            pointer.pointee.wasInside = true
            measurements.record(.join, ns: nowNs - min(nowNs, pointer.pointee.intendedNs))
            measurements.record(.joinService, ns: nowNs - pointer.pointee.attemptNs)
            measurements.count(.joined)
            settleInsider(person)
            beginHeartbeats(person)
        }
        if pointer.pointee.member.duty == .sleeper, let id = pointer.pointee.connection {
            reactor.setReading(id, false)
        }
        roomStates[pointer.pointee.member.room].note(pointer.pointee.member, isHere: true)
        cameInside(person)
        pumpArrivals()
    }

    private func beginCursors(_ person: UnsafeMutablePointer<Participant>) {
        if person.pointee.cursors.isEmpty {
            person.pointee.cursors = Array(repeating: StreamCursor(), count: roster.streamsPerRoom)
        } else {
            for stream in person.pointee.cursors.indices { person.pointee.cursors[stream].restart() }
        }
    }

    private func settleInsider(_ person: Int) {
        guard people[person].member.number < roster.insiders, insidersOpen > 0 else { return }
        insidersOpen -= 1
        noteArrivals()
    }

    // MARK: Going

    /// The attempt under way came to nothing.
    func attemptFailed(_ person: Int, _ reason: String, retryAfterMs: UInt64? = nil) {
        disown(person)
        people[person].phase = .outside
        joinsUnderWay -= 1
        if let retryAfterMs {
            measurements.count(.deferred)
            if people[person].attempts < Self.deferralsMax {
                again(person, inMs: Int(retryAfterMs) + random(below: Int(retryAfterMs / 4) + 100))
                return
            }
        }
        measurements.failed(reason)
        let mayTry = people[person].wasInside ? 20 : plan.attemptsMax
        if Int(people[person].attempts) < mayTry, stage < .settling {
            again(person, inMs: Self.comebackMs + random(below: Self.comebackMs))
        } else {
            people[person].phase = .failed
            measurements.count(.failed)
            ballots.giveUp(person)
            if !people[person].wasInside { settleInsider(person) }
        }
        pumpArrivals()
    }

    private func again(_ person: Int, inMs: Int) {
        schedule(.again, person, atNs: nowNs + UInt64(inMs) * 1_000_000)
        pumpArrivals()
    }

    func comeAgain(_ person: Int) {
        guard people[person].phase == .outside, stage < .settling else { return }
        join(person)
    }

    /// The kernel says that the connection is over.
    func connectionLost(_ person: Int, _ end: ConnectionEnd) {
        let reason: String
        switch end {
        case .peerClosed: reason = "closed by the server"
        case .peerReset: reason = "reset by the server"
        case .timedOut: reason = "timed out"
        case .closed: reason = "closed here"
        case .failed(let number): reason = errnoText(number)
        }
        wentAway(person, reason, retryAfterMs: nil, mayComeBack: true)
    }

    /// The connection is over, with the server's reason where it gave one.
    func wentAway(_ person: Int, _ reason: String, retryAfterMs: UInt64?, mayComeBack: Bool) {
        let phase = people[person].phase
        guard phase == .present || people[person].isLeaving else {
            attemptFailed(person, reason, retryAfterMs: retryAfterMs)
            return
        }
        disown(person)
        people[person].phase = .gone
        roomStates[people[person].member.room].note(people[person].member, isHere: false)
        if people[person].isLeaving || stage == .leaving { return }
        if people[person].member.duty == .sleeper {
            measurements.count(.sleepersClosed)
            return
        }
        measurements.count(.lostConnections)
        measurements.failed(reason)
        guard plan.comesBack, mayComeBack, stage < .settling else { return }
        people[person].phase = .outside
        again(person, inMs: Int(retryAfterMs ?? UInt64(Self.comebackMs)) + random(below: Self.comebackMs))
    }

    /// The plan cuts the connection, as a lost network does; the participant comes back by itself.
    func cutConnection(_ person: Int) {
        guard people[person].phase == .present, let id = people[person].connection, stage < .settling else { return }
        measurements.count(.cuts)
        disown(person)
        people[person].phase = .outside
        roomStates[people[person].member.room].note(people[person].member, isHere: false)
        reactor.close(id, afterDrain: false)
        again(person, inMs: 100 + random(below: 400))
    }

    /// Leaves as people do.
    func leave(_ person: Int) {
        guard let id = people[person].connection else { return }
        people[person].isLeaving = true
        if transport(of: person) == .websocket, people[person].exchange == nil {
            frame.removeAll(keepingCapacity: true)
            WebSocketFrame.appendClose(code: 1000, mask: mask(), to: &frame)
            frame.withUnsafeBytes { reactor.send(id, $0) }
        }
        disown(person)
        people[person].phase = .gone
        ballots.giveUp(person)
        reactor.close(id, afterDrain: people[person].member.duty != .sleeper)
    }
}
