// Owns a connection of a test to a real Redis: `RedisLink` on a blocking socket. Its clock is the test's.

import RoomsBackplane
import Testing

/// A greeted connection. One thread.
final class RedisProbe {
    private let peer: UnixPeer
    private let link: RedisLink
    private(set) var facts: RedisServerFacts?
    private(set) var messages: [(channel: [UInt8], payload: [UInt8])] = []
    private(set) var subscriptions: [[UInt8]] = []
    private(set) var closed: (reason: String, unanswered: [UInt64])?
    private var replies: [UInt64: RedisValue] = [:]
    private var nextTag: UInt64 = 1

    init(_ server: RedisServer, greeting: RedisGreeting = RedisGreeting(clientName: "test")) throws {
        peer = try UnixPeer(path: server.socketPath)
        link = RedisLink(greeting, nowMs: 0)
        try carryOut(link.connected())
        try wait("greeting") { self.facts != nil || self.closed != nil }
    }

    /// Sends one command and waits for its reply.
    func call(_ command: RedisCommand) throws -> RedisValue {
        let tag = try send(command)
        try wait("reply") { self.replies[tag] != nil || self.closed != nil }
        return try taken(tag)
    }

    func call(_ arguments: String...) throws -> RedisValue {
        try call(RedisCommand(arguments: arguments.map { Array($0.utf8) }))
    }

    /// Sends commands in one write and waits for all replies, in order.
    func pipeline(_ commands: [RedisCommand]) throws -> [RedisValue] {
        var bytes: [UInt8] = []
        var tags: [UInt64] = []
        for command in commands {
            #expect(link.send(command, tag: nextTag, nowMs: 0, to: &bytes))
            tags.append(nextTag)
            nextTag += 1
        }
        try peer.write(bytes)
        try wait("replies") { tags.allSatisfy { self.replies[$0] != nil } || self.closed != nil }
        return try tags.map(taken)
    }

    private func taken(_ tag: UInt64) throws -> RedisValue {
        guard let reply = replies.removeValue(forKey: tag) else {
            throw RedisProbeFailure(what: "no reply; closed: \(closed?.reason ?? "no")")
        }
        return reply
    }

    func send(_ command: RedisCommand) throws -> UInt64 {
        var bytes: [UInt8] = []
        let tag = nextTag
        nextTag += 1
        #expect(link.send(command, tag: tag, nowMs: 0, to: &bytes))
        try peer.write(bytes)
        return tag
    }

    func subscribe(_ channels: [[UInt8]], _ on: Bool = true) throws {
        var bytes: [UInt8] = []
        #expect(link.subscribe(channels, on, to: &bytes))
        try peer.write(bytes)
        try wait("subscription") { channels.allSatisfy { self.subscriptions.contains($0) == on } || self.closed != nil }
    }

    /// Reads until the condition holds or the connection is over.
    func wait(_ what: String, until condition: () -> Bool) throws {
        while !condition() {
            let bytes = try peer.read()
            guard !bytes.isEmpty else {
                try carryOut(link.ended("the peer's end"))
                guard condition() else { throw RedisProbeFailure(what: "\(what): the connection is over") }
                return
            }
            try carryOut(bytes.withUnsafeBytes { link.received($0) })
        }
    }

    /// Reads what is there, without waiting.
    func readNow() {
        while closed == nil, let bytes = peer.readNow() {
            let actions = bytes.isEmpty ? link.ended("the peer's end") : bytes.withUnsafeBytes { link.received($0) }
            try? carryOut(actions)
        }
    }

    private func carryOut(_ actions: [RedisLink.Action]) throws {
        for action in actions {
            switch action {
            case .write(let bytes): try peer.write(bytes)
            case .ready(let facts): self.facts = facts
            case .reply(let tag, let value): replies[tag] = value
            case .message(let channel, let payload): messages.append((channel, payload))
            case .subscribed(let channel, true): subscriptions.append(channel)
            case .subscribed(let channel, false): subscriptions.removeAll { $0 == channel }
            case .close(let reason, let unanswered): closed = (reason, unanswered)
            }
        }
    }
}
