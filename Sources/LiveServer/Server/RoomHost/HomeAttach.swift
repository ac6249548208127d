// Letting a participant in: lock, ban and cap are judged here, then the cursor: exactly what was missed,
// or a snapshot.

import LiveIO
import LiveProtocol
import Rooms

extension ReactorCore {
    func attach(_ request: AttachRequest, at home: RoomHome) {
        // What this round has applied but not yet sent must not reach the newcomer twice.
        finish(home)
        let actor = request.actor
        // A lock keeps newcomers out; who is inside may come back on another connection.
        let before = home.presence.person(actor.participant)
        let inside = before != nil && !home.room.isBanned(actor.participant)
        if let rejection = home.room.admits(participant: actor.participant, role: actor.role), !inside {
            counters.reject(rejection.code)
            return answer(request, .refused(rejection, removed: true))
        }
        if home.presence.count >= limits.participantsMax, !actor.role.isModerator,
            !home.presence.holds(actor.participant)
        {
            counters.reject(.overloaded)
            let waitMs = Int64(UInt32.random(in: limits.joinRetryMs))
            return answer(
                request, .refused(Rejection(.overloaded, "the room is full", retryAfterMs: waitMs), removed: false))
        }
        let replaced = home.presence.attach(
            actor, at: request.endpoint, device: request.device, devicesMax: limits.devicesMax,
            bucket: allowance(of: actor, home))
        for old in replaced {
            post(
                .close(old.connection, code: CloseCode.replaced, reason: "replaced by a newer connection"),
                to: Int(old.reactor))
        }
        presenceChanged(home)
        counters.joins += 1
        countConnect(request, before: before, home)
        if actor.role.isModerator || home.room.openPolls.contains(where: { $0.show == .live }) {
            recountOpenPolls(home)
        }
        let origin = Int(request.endpoint.reactor)
        if origin != index, !home.subscribers.contains(origin) { home.subscribers.append(origin) }
        answer(request, place(request, home))
    }

    private func answer(_ request: AttachRequest, _ verdict: AttachReply.Verdict) {
        post(
            .attached(
                AttachReply(
                    endpoint: request.endpoint, room: request.room, participant: request.actor.participant,
                    view: request.view, verdict: verdict)),
            to: Int(request.endpoint.reactor))
    }

    /// Where the newcomer's cursor stands.
    private func place(_ request: AttachRequest, _ home: RoomHome) -> AttachReply.Verdict {
        let list = LogClass(request.view)
        let presence = home.presenceJSON()
        let you = home.you(request.actor)
        if let cursor = request.cursor, home.recognizes(cursor), let replica = replica(home.key),
            replica.index(after: cursor.seq, in: list) != nil
        {
            var missed: MissedEvents?
            let origin = Int(request.endpoint.reactor)
            var isServed = origin == index || request.replicaBaseSeq.map { $0 <= cursor.seq } ?? false
            if !isServed {
                // A short absence is copied. More is not, for each who asks: the whole tail goes there, once.
                missed = replica.missed(after: cursor.seq, in: list, bytesMax: limits.gatherBytes)
                isServed = missed != nil || hasWholeTail(origin, home, replica)
            }
            if isServed {
                counters.resumes += 1
                return .resumed(
                    ResumedParts(
                        epoch: home.epoch, from: cursor.seq, head: home.room.seq, presence: presence, you: you,
                        missed: missed))
            }
        }
        return .welcome(
            WelcomeParts(
                epoch: home.epoch, seq: home.room.seq, reset: request.cursor != nil, state: home.state(for: list),
                presence: presence, you: you))
    }

    /// Whether a reactor was given all that the tail here holds, now or before. Where its own is shorter again since,
    /// for want of memory, a snapshot serves as well.
    private func hasWholeTail(_ reactorIndex: Int, _ home: RoomHome, _ replica: RoomReplica) -> Bool {
        if home.filled.contains(reactorIndex) { return true }
        guard node.post(.tail(replica.wholeTail()), to: reactorIndex) else {
            counters.mailboxRefusals += 1
            return false
        }
        home.filled.append(reactorIndex)
        return true
    }

    /// What a newcomer may send: what is left of it where it left a moment ago.
    private func allowance(of actor: Actor, _ home: RoomHome) -> TokenBucket {
        if !actor.role.isModerator, let left = home.strangers.removeValue(forKey: actor.participant) { return left }
        return node.bucket(for: actor.role)
    }

    func detach(_ key: RoomKey, _ endpoint: Endpoint, participant: ParticipantID, lingers: Bool) {
        guard let handle = homeOf[key], let home = homes[handle] else { return }
        home.lastUsedMs = reactor.nowMs
        let allowance = home.presence.allowance(of: participant)
        home.presence.detach(
            participant, endpoint, lingersUntilMs: lingers ? reactor.nowMs + UInt64(limits.pollLingerMs) : nil)
        if let allowance, allowance.owedMs(nowMs: reactor.nowMs) > 0, !home.presence.holds(participant) {
            if home.strangers.count >= limits.strangersMax { home.strangers.removeAll(keepingCapacity: true) }
            home.strangers[participant] = allowance
        }
        presenceChanged(home)
    }

    /// Presence goes out once a second while it changes; the first change waits about a period so that a storm is one
    /// event.
    func presenceChanged(_ home: RoomHome) {
        guard home.presence.hasChanges, !home.presenceTimerArmed else { return }
        home.presenceTimerArmed = true
        let waitMs = Self.presenceWaitMs(home.handle, nowMs: reactor.nowMs, everyMs: UInt64(limits.presenceEveryMs))
        _ = reactor.schedule(inMs: UInt32(clamping: waitMs), payload: CoreTimer.presence(home.handle).payload)
    }

    /// Each room has its own place in the second: at the bell all rooms change at once, and if all told it in one round
    /// everybody would wait for ten thousand writes. Between an eighth of a period and nine eighths from now.
    static func presenceWaitMs(_ handle: UInt32, nowMs: UInt64, everyMs: UInt64) -> UInt64 {
        // By steps of the golden ratio any number of rooms lies evenly.
        let place = UInt64(handle) * 618 % 1_000 * everyMs / 1_000
        let waitMs = everyMs - (nowMs + place) % everyMs
        return waitMs < everyMs / 8 ? waitMs + everyMs : waitMs
    }

    func publishPresence(_ home: RoomHome) {
        home.presenceTimerArmed = false
        guard home.presence.hasChanges else { return }
        let changes = home.presence.takeChanges()
        let count = home.presence.count
        let plain = PresenceEncoding.event(count: count, joined: [], left: [], named: false)
        let small = count <= PresenceEncoding.namedPeopleMax
        // Changes mean nothing to a reader who missed some before: everybody by name while the room is small.
        let latest = small ? PresenceEncoding.event(whole: home.presence) : plain
        let named =
            small || home.presence.moderatorCount > 0
            ? PresenceEncoding.event(count: count, joined: changes.joined, left: changes.left, named: true) : plain
        publish(
            home,
            EphemeralBatch(
                room: home.key, key: "presence", moderators: named, peers: small ? named : plain, latest: latest))
    }

    /// Last-value events go to every reactor with a member.
    func publish(_ home: RoomHome, _ batch: EphemeralBatch) {
        if let replica = replica(home.key) {
            replica.append(batch)
            markDirty(replica)
        }
        for other in home.subscribers { post(.ephemeral(batch), to: other) }
    }

    /// One page of the roster, for moderators.
    func answerRoster(_ request: RosterRequest, at home: RoomHome) {
        guard !home.room.isBanned(request.participant) else {
            counters.reject(.forbidden)
            return refuse(.participants(request), Rejection(.forbidden, "You were banned from this room."))
        }
        let body = rosterJSON(home, after: request.after, limit: request.limit)
        post(
            .answer(request.origin.connection, status: 200, contentType: "application/json", body: body),
            to: Int(request.origin.reactor))
    }

    /// Who is here, in the order of their ids: those behind `after`, `limit` at most.
    func rosterJSON(_ home: RoomHome, after: String?, limit: Int) -> [UInt8] {
        let sorted = home.presence.people.sorted { $0.actor.participant < $1.actor.participant }
        var json = JSONWriter(reserving: 4096)
        json.beginObject()
        json.field("count", home.presence.count)
        json.key("participants")
        json.beginArray()
        var written = 0
        var last: String?
        var more = false
        for person in sorted {
            if let after, person.actor.participant.raw <= after { continue }
            if written == limit {
                more = true
                break
            }
            json.beginObject()
            json.field("participant", person.actor.participant.raw)
            json.field("name", person.actor.name)
            json.field("role", person.actor.role.text)
            json.field("connections", person.lines.count)
            json.endObject()
            last = person.actor.participant.raw
            written += 1
        }
        json.endArray()
        if more, let last { json.field("next", last) }
        json.endObject()
        return json.bytes
    }
}
