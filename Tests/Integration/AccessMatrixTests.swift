// Who may do what: every route of the router and every command, for every role and for nobody, in the token's own room
// and beside it. Made from the router's list of routes and the domain's list of commands: a row that is missing fails.

import LiveProtocol
import LiveServer
import Rooms
import Testing

@Suite(.timeLimit(.minutes(20)))
struct AccessMatrixTests {
    /// Where a request goes, seen from the room that the token opens.
    private enum Place: CaseIterable {
        case own, session, course, institution

        func room(_ own: [String]) -> String {
            switch self {
            case .own: own.joined(separator: "/")
            case .session: "\(own[0])/\(own[1])/other"
            case .course: "\(own[0])/other/\(own[2])"
            case .institution: "other/\(own[1])/\(own[2])"
            }
        }
    }

    /// Whom a route answers.
    private enum Access: Sendable {
        /// Everybody alike, with or without a token.
        case everybody(Int)
        /// Whoever has a token for the room.
        case holders
        /// Moderators of the room.
        case moderators
    }

    private struct Row: Sendable {
        let access: Access
        let method: StaticString
        let path: @Sendable (_ room: String) -> String
        var body: @Sendable (_ room: String) -> [UInt8]? = { _ in nil }
    }

    private static let rows: [RouteKind: [Row]] = [
        .live: [Row(access: .holders, method: "GET") { "/v1/rooms/\($0)/live?wait=0" }],
        .commands: [
            Row(access: .holders, method: "POST") {
                "/v1/rooms/\($0)/commands"
            } body: { _ in
                Command.bytes("heartbeat", id: "h", ["seq": 0])
            }
        ],
        .participants: [Row(access: .moderators, method: "GET") { "/v1/rooms/\($0)/participants" }],
        .record: [Row(access: .moderators, method: "GET") { "/v1/rooms/\($0)/record" }],
        .tickets: [
            Row(access: .holders, method: "POST") { _ in
                "/v1/tickets"
            } body: {
                Command.object(["room": .text($0)])
            }
        ],
        // Refused for what they lack, not for who asks: guests have no token yet.
        .classes: [
            Row(access: .everybody(400), method: "POST") { _ in
                "/v1/classes"
            } body: { _ in
                Array("{}".utf8)
            }
        ],
        .join: [
            Row(access: .everybody(400), method: "POST") { _ in
                "/v1/join"
            } body: { _ in
                Array("{}".utf8)
            }
        ],
        .classInfo: [Row(access: .everybody(404), method: "GET") { _ in "/v1/classes/ABC234" }],
        .asset: [Row(access: .everybody(200), method: "GET") { _ in "/" }],
        .healthz: [Row(access: .everybody(200), method: "GET") { _ in "/healthz" }],
        .readyz: [Row(access: .everybody(200), method: "GET") { _ in "/readyz" }],
        .metrics: [Row(access: .everybody(200), method: "GET") { _ in "/metrics" }],
        .echo: [
            Row(access: .everybody(200), method: "POST") { _ in
                "/echo"
            } body: { _ in
                Array("x".utf8)
            }
        ],
        .nothing: [Row(access: .everybody(404), method: "GET") { _ in "/v1/nothing" }],
    ]

    /// Rates out of the way: what is asked here is who may.
    private static func node() throws -> ServerUnderTest {
        try ServerUnderTest(
            threads: 2,
            settings: [
                "limits.student_burst=1000000", "limits.moderator_burst=1000000", "limits.address_failures=1000000",
                "features.echo=true", "store.answer_timeout_ms=10000",
            ])
    }

    @Test func `each route is answered as its row says, for each role and place`() throws {
        let node = try Self.node()
        let own = ["home", "c\(UInt32.random(in: 0 ... .max))", "live"]
        let client = try HTTPClient(port: node.port)
        for role in Role.allCases.map(Optional.some) + [nil] {
            let token = try role.map { try node.token("p-\($0.text)", $0, room: Place.own.room(own)) }
            for (kind, rows) in Self.rows.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                for (row, place) in rows.flatMap({ row in Place.allCases.map { (row, $0) } }) {
                    let room = place.room(own)
                    let answer = try client.ask(
                        row.method, row.path(room), token.map { [Classroom.bearer($0)] } ?? [], body: row.body(room))
                    let expected = Self.expected(row.access, role, place)
                    #expect(
                        answer.status == expected,
                        "\(kind) for \(role?.text ?? "nobody") in \(place): \(answer.status) \(answer.text.prefix(200))"
                    )
                }
            }
        }
    }

    private static func expected(_ access: Access, _ role: Role?, _ place: Place) -> Int {
        if case .everybody(let status) = access { return status }
        guard let role else { return 401 }
        guard place == .own else { return 403 }
        if case .moderators = access { return role.isModerator ? 200 : 403 }
        return 200
    }

    @Test func `each upgrade and event stream is answered as the long poll is`() throws {
        let node = try Self.node()
        let own = ["home", "c\(UInt32.random(in: 0 ... .max))", "live"]
        for role in Role.allCases.map(Optional.some) + [nil] {
            let token = try role.map { try node.token("p-\($0.text)", $0, room: Place.own.room(own)) }
            for place in Place.allCases {
                let path = "/v1/rooms/\(place.room(own))/live"
                let expected = Self.expected(.holders, role, place)
                let attempts: [() throws -> LiveReader] = [
                    { try LiveSocket(port: node.port, path: path, token: token) },
                    { try LiveStream(port: node.port, path: path, token: token) },
                ]
                for attempt in attempts {
                    do {
                        _ = try attempt().event("welcome")
                        #expect(expected == 200, "\(role?.text ?? "nobody") in \(place)")
                    } catch let refused as LiveSocket.Refused {
                        #expect(refused.response.status == expected, "\(role?.text ?? "nobody") in \(place)")
                    }
                }
            }
        }
    }

    @Test func `each command is for the roles of its row, in the token's own room alone`() throws {
        let node = try Self.node()
        let client = try HTTPClient(port: node.port)
        for role in Role.allCases.map(Optional.some) + [nil] {
            // A class of its own: the last row ends it.
            let own = ["home", "c\(UInt32.random(in: 0 ... .max))", "live"]
            let token = try role.map { try node.token("p-\($0.text)", $0, room: Place.own.room(own)) }
            for place in Place.allCases.reversed() {
                for row in RoleMatrixTests.rows {
                    let answer = try client.ask(
                        "POST", "/v1/rooms/\(place.room(own))/commands", token.map { [Classroom.bearer($0)] } ?? [],
                        body: Command.bytes(row.op, id: "\(row.op)-\(place)", row.members))
                    let code = try answer.problem ?? answer.message().code
                    let name = "\(row.op) by \(role?.text ?? "nobody") in \(place): \(answer.status) \(answer.text)"
                    switch (role, place) {
                    case (nil, _): #expect(answer.status == 401 && code == "unauthenticated", "\(name)")
                    case (let role?, .own) where row.roles.contains(role):
                        #expect(![401, 403, 400, 429].contains(answer.status), "\(name)")
                    default: #expect(answer.status == 403 && code == "forbidden", "\(name)")
                    }
                }
            }
        }
    }

    @Test func `every role may renew its own token, in its own room alone`() throws {
        let node = try Self.node()
        let own = ["home", "c\(UInt32.random(in: 0 ... .max))", "live"]
        let client = try HTTPClient(port: node.port)
        for role in Role.allCases {
            let token = try node.token("p-\(role.text)", role, room: Place.own.room(own))
            for place in Place.allCases {
                let answer = try client.ask(
                    "POST", "/v1/rooms/\(place.room(own))/commands", [Classroom.bearer(token)],
                    body: Command.bytes("auth", id: "a", ["token": .text(token)]))
                #expect(answer.status == (place == .own ? 200 : 403), "\(role.text) in \(place)")
            }
        }
    }

    @Test func `every route of the router and every command of the domain has a row`() throws {
        #expect(Set(Self.rows.keys) == Set(RouteKind.allCases))
        #expect(Self.rows.values.allSatisfy { !$0.isEmpty })
        let reader = JSONReader()
        var kinds: Set<CommandKind> = []
        var others: Set<String> = []
        for row in RoleMatrixTests.rows {
            switch Command.bytes(row.op, id: "x", row.members).withUnsafeBytes({
                CommandDecoder.decode($0, reader: reader)
            }) {
            case .command(_, _, let command): kinds.insert(command.kind)
            case .ballot, .heartbeat: others.insert(row.op)
            case .auth, .refused: Issue.record("\(row.op) is not decoded")
            }
        }
        // Results are the server's own; `auth` has a test of its own above.
        #expect(kinds == Set(CommandKind.allCases).subtracting([.pollResults]))
        #expect(others == ["poll_answer", "heartbeat"])
    }
}
