// Who is in a room, counted in people: a participant may have several connections, and a short loss or a
// long poll's pause is not an absence. What changed is told at a fixed rate as one event, so that a storm
// of joins costs linear work.
//
// Owns: people, their connections, what changed since the last event. Pure: time is an argument.
// Limits: `devicesMax` connections a person (the oldest gives way), people as many as the node admits.

import LiveIO
import Rooms

/// The people of one room. Its home's thread only.
struct PresenceBook {
    /// One connection of a person.
    struct Line {
        var endpoint: Endpoint
        var device: UInt64
    }

    /// One person in the room.
    struct Person {
        var actor: Actor
        /// The connection that most people have one of, without an allocation; nil in a pause.
        fileprivate(set) var line: Line?
        /// Further connections, older ones first; empty for almost everybody.
        fileprivate(set) var more: [Line] = []
        /// Until when an absent person still counts (long poll between two requests), 0 while connected.
        var lingersUntilMs: UInt64 = 0
        var bucket: TokenBucket

        /// All connections, the newest last.
        var lines: [Line] { line.map { more + [$0] } ?? more }

        /// Takes the connections in order of age.
        fileprivate mutating func set(_ lines: [Line]) {
            line = lines.last
            more = Array(lines.dropLast())
        }
    }

    /// A change since the last presence event.
    private struct Change {
        var actor: Actor
        var joined: Bool
    }

    /// Changes whose memory is kept from one second to the next.
    private static let changesKept = 64

    private(set) var people: [Person] = []
    private var placeOf: [ParticipantID: Int] = [:]
    private var changes: [Change] = []
    private var changeOf: [ParticipantID: Int] = [:]
    private(set) var peak = 0
    /// Moderators among them: nobody else is told the names in a large room.
    private(set) var moderatorCount = 0
    /// Rises with every change: caches of the encoded roster compare it.
    private(set) var version: UInt64 = 0

    var count: Int { people.count }
    var hasChanges: Bool { !changes.isEmpty }

    func person(_ id: ParticipantID) -> Person? { placeOf[id].map { people[$0] } }

    /// What somebody who is here may still send.
    func allowance(of id: ParticipantID) -> TokenBucket? { placeOf[id].map { people[$0].bucket } }

    /// Whether somebody is here, also in a pause.
    func holds(_ id: ParticipantID) -> Bool { placeOf[id] != nil }

    func endpoints(of id: ParticipantID) -> [Endpoint] { person(id)?.lines.map(\.endpoint) ?? [] }

    /// Takes one message of a participant out of its allowance.
    /// - Returns: milliseconds to wait, nil if allowed. Strangers (commands without a connection) pass.
    mutating func spend(_ id: ParticipantID, nowMs: UInt64) -> UInt32? {
        guard let place = placeOf[id] else { return nil }
        if people[place].bucket.take(nowMs: nowMs) { return nil }
        return max(1, people[place].bucket.retryAfterMs(nowMs: nowMs))
    }

    /// Adds a connection.
    /// - Returns: connections that give way: the one of the same device, or the oldest beyond `devicesMax`.
    mutating func attach(
        _ actor: Actor, at endpoint: Endpoint, device: UInt64, devicesMax: Int, bucket: TokenBucket
    ) -> [Endpoint] {
        guard let place = placeOf[actor.participant] else {
            placeOf[actor.participant] = people.count
            people.append(
                Person(actor: actor, line: Line(endpoint: endpoint, device: device), bucket: bucket))
            if actor.role.isModerator { moderatorCount += 1 }
            peak = max(peak, people.count)
            note(actor, joined: true)
            return []
        }
        var replaced: [Endpoint] = []
        people[place].lingersUntilMs = 0
        // Another token may say another name or role.
        if people[place].actor != actor { version += 1 }
        if people[place].actor.role.isModerator != actor.role.isModerator { people[place].bucket = bucket }
        if people[place].actor.role.isModerator { moderatorCount -= 1 }
        if actor.role.isModerator { moderatorCount += 1 }
        people[place].actor = actor
        // A reset of a connection that is here already.
        var lines = people[place].lines
        if lines.contains(where: { $0.endpoint == endpoint }) { return [] }
        if device != 0, let same = lines.firstIndex(where: { $0.device == device }) {
            replaced.append(lines.remove(at: same).endpoint)
        }
        lines.append(Line(endpoint: endpoint, device: device))
        while lines.count > devicesMax { replaced.append(lines.removeFirst().endpoint) }
        people[place].set(lines)
        return replaced
    }

    /// Takes a connection away. Unknown ones (already replaced) change nothing: the late end of an old
    /// connection never removes the new one.
    /// - Parameter lingersUntilMs: until when the person still counts, nil to leave at once.
    mutating func detach(_ id: ParticipantID, _ endpoint: Endpoint, lingersUntilMs: UInt64?) {
        guard let place = placeOf[id] else { return }
        var lines = people[place].lines
        guard let line = lines.firstIndex(where: { $0.endpoint == endpoint }) else { return }
        lines.remove(at: line)
        people[place].set(lines)
        guard lines.isEmpty else { return }
        if let lingersUntilMs { people[place].lingersUntilMs = lingersUntilMs } else { leave(place) }
    }

    /// Removes a person with all connections.
    mutating func remove(_ id: ParticipantID) -> [Endpoint] {
        guard let place = placeOf[id] else { return [] }
        let endpoints = people[place].lines.map(\.endpoint)
        leave(place)
        return endpoints
    }

    /// Lets go of people whose pause has become an absence.
    mutating func expire(nowMs: UInt64) {
        var place = 0
        while place < people.count {
            let until = people[place].lingersUntilMs
            if until != 0, until <= nowMs { leave(place) } else { place += 1 }
        }
    }

    var isLingering: Bool { people.contains { $0.lingersUntilMs != 0 } }

    private mutating func leave(_ place: Int) {
        let person = people[place]
        if person.actor.role.isModerator { moderatorCount -= 1 }
        placeOf[person.actor.participant] = nil
        let last = people.removeLast()
        if place < people.count {
            people[place] = last
            placeOf[last.actor.participant] = place
        }
        note(person.actor, joined: false)
    }

    private mutating func note(_ actor: Actor, joined: Bool) {
        version += 1
        if let at = changeOf[actor.participant] {
            // Came and went (or went and came) within one period: nothing happened.
            if changes[at].joined != joined {
                changeOf[actor.participant] = nil
                let last = changes.removeLast()
                if at < changes.count {
                    changes[at] = last
                    changeOf[last.actor.participant] = at
                }
            }
            return
        }
        changeOf[actor.participant] = changes.count
        changes.append(Change(actor: actor, joined: joined))
    }

    /// What changed since the last call, and forgets it.
    mutating func takeChanges() -> (joined: [Actor], left: [ParticipantID]) {
        var joined: [Actor] = []
        var left: [ParticipantID] = []
        for change in changes {
            if change.joined { joined.append(change.actor) } else { left.append(change.actor.participant) }
        }
        // After a storm the memory goes back; a quiet second's is kept.
        changes.removeAll(keepingCapacity: changes.count <= PresenceBook.changesKept)
        changeOf.removeAll(keepingCapacity: joined.count + left.count <= PresenceBook.changesKept)
        return (joined, left)
    }
}
