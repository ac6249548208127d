// Every limit of the configuration has a test at the limit: n are allowed, n + 1 are refused in the documented way. The
// table says which test that is; a limit without a row, a row without a limit, and a test that is gone all fail.

import Foundation
import Testing

@testable import LiveServer

@Suite struct LimitTableTests {
    /// Setting, and the file and a part of the name of the test that stands at it.
    private static let rows: [(key: String, file: String, test: String)] = [
        ("accept_portion", "ServerTests/Core/TransportLimitTests.swift", "a round accepts its portion"),
        ("address_failures", "ServerTests/Core/AttachTests.swift", "an address whose tokens keep failing"),
        ("address_refill_s", "ServerTests/Core/TransportLimitTests.swift", "an address may fail once more"),
        ("body_bytes", "ServerTests/Core/TransportLimitTests.swift", "a body of the longest size is taken"),
        ("body_timeout_ms", "ServerTests/Core/TransportLimitTests.swift", "a body that does not arrive in time"),
        ("connection_burst", "ServerTests/Core/AllowanceTests.swift", "heartbeats have an allowance"),
        ("connection_rate", "ServerTests/Core/TransportLimitTests.swift", "allowances come back at their rate"),
        ("connections", "ServerTests/Core/NodeLimitTests.swift", "connections count over all reactors"),
        ("connections_per_participant", "ServerTests/Core/NodeLimitTests.swift", "the devices of a participant"),
        ("drain_ms", "ServerTests/Core/DrainTests.swift", "everybody leaves once, within the time"),
        ("frame_bytes", "ServerTests/Core/TransportLimitTests.swift", "a message of the longest size is taken"),
        ("frame_rate", "ServerTests/Core/TransportLimitTests.swift", "so many steps of one connection"),
        ("gather_bytes", "ServerTests/Core/TransportLimitTests.swift", "an answer to a poll is as long as one write"),
        ("head_bytes", "ServerTests/Core/TransportLimitTests.swift", "a head of the longest size is taken"),
        ("head_timeout_ms", "ServerTests/Core/TransportLimitTests.swift", "a head that does not arrive in time"),
        ("header_count", "ServerTests/Core/TransportLimitTests.swift", "so many headers are taken"),
        ("heartbeat_s", "ServerTests/Core/TransportLimitTests.swift", "a welcome says how often to send heartbeats"),
        ("http_idle_ms", "ServerTests/Core/TransportLimitTests.swift", "a connection without a request ends"),
        ("idle_room_unload_s", "ServerTests/Core/TransportLimitTests.swift", "a room that nobody uses leaves memory"),
        ("inflate_ratio", "ProtocolTests/Deflate/DeflateRefusalTests.swift", "a message that grows over the ratio"),
        ("join_lag_ms", "ServerTests/Core/NodeLimitTests.swift", "newcomers are told to come again while the loop"),
        ("joins_in_progress", "ServerTests/Core/AttachTests.swift", "joins beyond the limit are sent away"),
        ("longpoll_wait_max_s", "ServerTests/Core/TransportLimitTests.swift", "a long poll waits no longer"),
        ("malformed_messages", "ServerTests/Core/AllowanceTests.swift", "messages that cannot be read cost"),
        ("memory_bytes", "ServerTests/Core/TailTests.swift", "memory pressure rises at once"),
        ("moderator_burst", "ServerTests/Core/AllowanceTests.swift", "a burst of commands is taken"),
        ("moderator_rate", "ServerTests/Core/TransportLimitTests.swift", "allowances come back at their rate"),
        ("newcomer_portion", "ServerTests/Core/TransportLimitTests.swift", "a round serves its portion of newcomers"),
        ("pending_proposals", "ServerTests/Core/TransportLimitTests.swift", "so many commands wait for the log"),
        ("ping_ms", "ServerTests/Core/TransportLimitTests.swift", "a silent socket is pinged, and ends"),
        ("presence_ms", "ServerTests/Core/TransportLimitTests.swift", "presence and tallies are told at their rate"),
        ("reset_interval_ms", "Integration/SlowReaderTests.swift", "4408"),
        ("room_participants", "ServerTests/Core/NodeLimitTests.swift", "a full room takes moderators"),
        ("rooms", "ServerTests/Core/NodeLimitTests.swift", "rooms count over all reactors"),
        ("round_rest_us", "IOTests/RoundRestTests.swift", "under a hail of small messages a loop rests"),
        ("silent_ms", "ServerTests/Core/TransportLimitTests.swift", "a silent socket is pinged, and ends"),
        ("sse_heartbeat_ms", "ServerTests/Core/TransportLimitTests.swift", "a quiet event stream gets a comment"),
        ("student_burst", "ServerTests/Core/AllowanceTests.swift", "a burst of commands is taken"),
        ("student_rate", "ServerTests/Core/TransportLimitTests.swift", "allowances come back at their rate"),
        ("tail_bytes_node", "ServerTests/Core/TailTests.swift", "the tails of all rooms stay within"),
        ("tail_events", "ServerTests/Core/AttachTests.swift", "a cursor that left the tail"),
        ("tally_ms", "ServerTests/Core/TransportLimitTests.swift", "presence and tallies are told at their rate"),
        ("target_bytes", "ServerTests/Core/TransportLimitTests.swift", "a target of the longest size is taken"),
    ]

    private static var tests: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    }

    @Test func `every limit has a row, and every row a limit`() {
        let limits = SettingCatalogue.all.map(\.key).filter { $0.hasPrefix("limits.") }.map { String($0.dropFirst(7)) }
        let known = Self.rows.map(\.key)
        #expect(Set(limits).subtracting(known).sorted() == [], "limits without a test at the limit")
        #expect(Set(known).subtracting(limits).sorted() == [], "rows of limits that are gone")
        #expect(Set(known).count == known.count)
    }

    @Test func `the tests that the rows name exist`() throws {
        for row in Self.rows {
            let text = try String(contentsOf: Self.tests.appendingPathComponent(row.file), encoding: .utf8)
            let isThere = text.split(separator: "\n").contains { $0.contains("func `") && $0.contains(row.test) }
            #expect(isThere, "\(row.key): \(row.test) in \(row.file)")
        }
    }

    @Test func `every limit is documented with its unit`() {
        for setting in SettingCatalogue.all where setting.key.hasPrefix("limits.") {
            #expect(!setting.unit.isEmpty && setting.reason.count > 20, "\(setting.key)")
        }
    }
}
