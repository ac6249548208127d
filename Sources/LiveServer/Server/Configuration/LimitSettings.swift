// Owns the bounds on what peers may send, hold and cost, with their defaults. Reasons and allowed ranges stand in
// SettingCatalogue.

/// Every bound on what peers may send, hold and cost.
package struct LimitSettings: Sendable, Equatable {
    /// Longest message of a client, bytes.
    package var frameBytes = 16_384
    /// Messages, control frames and requests of one connection that are looked at, a second.
    package var frameRate = 500
    /// Bytes that one byte of a compressed message may become.
    package var inflateRatio = 200
    /// Longest request head, bytes.
    package var headBytes = 16_384
    /// Longest request body, bytes.
    package var bodyBytes = 1_048_576
    /// Most headers of a request.
    package var headerCount = 100
    /// Longest request target, bytes.
    package var targetBytes = 8_192
    /// Time between two requests of a connection, ms.
    package var httpIdleMs = 60_000
    /// Time for a request head, ms.
    package var headTimeoutMs = 10_000
    /// Time for a request body, ms.
    package var bodyTimeoutMs = 30_000
    /// Connections of the node.
    package var connections = 200_000
    /// Devices of one participant in one room.
    package var connectionsPerParticipant = 3
    /// Rooms in memory.
    package var rooms = 10_000
    /// Joins at once.
    package var joinsInProgress = 10_000
    /// Time of a loop round from which on newcomers are told to come again, ms.
    package var joinLagMs = 500
    /// Connections accepted a listener and loop round.
    package var acceptPortion = 64
    /// Events of connections outside any room that a loop round serves.
    package var newcomerPortion = 32
    /// Rest between two loop rounds under a hail of small messages, µs.
    package var roundRestUs = 50
    /// People in one room.
    package var roomParticipants = 50_000
    /// Resident memory of the process, bytes; 0: four fifths of what the machine or its control group has.
    package var memoryBytes = 0
    /// Commands that wait for the log.
    package var pendingProposals = 65_536
    /// Failed attempts of one address at once.
    package var addressFailures = 30
    /// Time after which an address may fail once more, s.
    package var addressRefillS = 2
    /// A student's commands a second.
    package var studentRate = 5
    /// A student's commands at once.
    package var studentBurst = 20
    /// A moderator's or service's commands a second.
    package var moderatorRate = 100
    /// A moderator's or service's commands at once.
    package var moderatorBurst = 200
    /// Heartbeats and malformed messages of one connection a second.
    package var connectionRate = 5
    /// Heartbeats and malformed messages of one connection at once.
    package var connectionBurst = 50
    /// Malformed messages of one connection.
    package var malformedMessages = 100
    /// Events of a room kept in memory.
    package var tailEvents = 4_096
    /// Memory of all tails, bytes.
    package var tailBytesNode = 268_435_456
    /// Most written to one connection at once, bytes.
    package var gatherBytes = 65_536
    /// Shortest time between two resets of a reader, ms.
    package var resetIntervalMs = 10_000
    /// Time between comments on an event stream, ms.
    package var sseHeartbeatMs = 10_000
    /// Time between pings, ms.
    package var pingMs = 10_000
    /// Silence after which a peer is dead, ms.
    package var silentMs = 25_000
    /// Time between a client's heartbeats, s.
    package var heartbeatS = 30
    /// Longest wait of a long poll, s.
    package var longpollWaitMaxS = 25
    /// Shortest time between presence events, ms.
    package var presenceMs = 1_000
    /// Shortest time between tallies of a poll, ms.
    package var tallyMs = 200
    /// Time after which an empty room leaves memory, s.
    package var idleRoomUnloadS = 300
    /// Time that SIGTERM leaves to connections, ms.
    package var drainMs = 10_000
}
