// From a path to what it names. Bytes in, a value out; nothing is decoded that is not needed.

import LiveProtocol
import Rooms

/// What a request is for.
enum Route {
    case asset(Int)
    case live(RoomKey)
    case commands(RoomKey)
    case participants(RoomKey)
    case record(RoomKey)
    case classes
    case classInfo(String)
    case join
    case tickets
    case healthz
    case readyz
    case metrics
    case echo
    case nothing

    /// Methods of the route, for `Allow` and CORS.
    var methods: StaticString {
        switch self {
        case .asset, .healthz, .readyz, .metrics, .classInfo, .participants, .record: "GET, HEAD, OPTIONS"
        case .live: "GET, OPTIONS"
        case .commands, .classes, .join, .tickets: "POST, OPTIONS"
        case .echo: "GET, POST, OPTIONS"
        case .nothing: "OPTIONS"
        }
    }

    /// What a request's body may be.
    enum Body {
        /// Nothing here reads one: 413.
        case none
        /// One JSON object, as long as a message of a socket may be.
        case message
        /// Data, bounded by `limits.body_bytes` alone.
        case data
    }

    var body: Body {
        switch self {
        case .commands, .classes, .join, .tickets: .message
        case .echo: .data
        case .asset, .live, .participants, .record, .classInfo, .healthz, .readyz, .metrics, .nothing: .none
        }
    }

    /// Whether a request is a newcomer's, who can be told to come again.
    var isJoin: Bool {
        switch self {
        case .live, .join: true
        default: false
        }
    }

    /// Whether operators and balancers ask, who are answered also by a full node.
    var isForOperators: Bool {
        switch self {
        case .healthz, .readyz, .metrics: true
        default: false
        }
    }

    func allows(_ method: HTTPMethod) -> Bool {
        switch self {
        case .asset, .healthz, .readyz, .metrics, .classInfo, .participants, .record: method == .get || method == .head
        case .live: method == .get
        case .commands, .classes, .join, .tickets: method == .post
        case .echo: method == .get || method == .post
        case .nothing: true
        }
    }

    /// The route of a path (without query).
    init(path: UnsafeRawBufferPointer, assets: Assets, echo: Bool) {
        if let key = Route.room(path, suffix: "/live") {
            self = .live(key)
        } else if let key = Route.room(path, suffix: "/commands") {
            self = .commands(key)
        } else if let key = Route.room(path, suffix: "/participants") {
            self = .participants(key)
        } else if let key = Route.room(path, suffix: "/record") {
            self = .record(key)
        } else if Bytes.equal(path, "/v1/classes") {
            self = .classes
        } else if Bytes.equal(path, "/v1/join") {
            self = .join
        } else if Bytes.equal(path, "/v1/tickets") {
            self = .tickets
        } else if Bytes.equal(path, "/healthz") {
            self = .healthz
        } else if Bytes.equal(path, "/readyz") {
            self = .readyz
        } else if Bytes.equal(path, "/metrics") {
            self = .metrics
        } else if echo, Bytes.equal(path, "/echo") {
            self = .echo
        } else if let code = Route.rest(path, after: "/v1/classes/"), code.count <= 16 {
            self = .classInfo(String(decoding: code, as: UTF8.self))
        } else if let asset = assets.find(path) {
            self = .asset(asset)
        } else {
            self = .nothing
        }
    }

    private static func rest(_ path: UnsafeRawBufferPointer, after prefix: StaticString) -> UnsafeRawBufferPointer? {
        let length = prefix.utf8CodeUnitCount
        guard path.count > length,
            Bytes.equal(UnsafeRawBufferPointer(rebasing: path[..<length]), prefix)
        else { return nil }
        return UnsafeRawBufferPointer(rebasing: path[length...])
    }

    /// `/v1/rooms/{i}/{c}/{s}` followed by `suffix`.
    private static func room(_ path: UnsafeRawBufferPointer, suffix: StaticString) -> RoomKey? {
        guard let rest = rest(path, after: "/v1/rooms/") else { return nil }
        let length = rest.count - suffix.utf8CodeUnitCount
        guard length > 0, Bytes.equal(UnsafeRawBufferPointer(rebasing: rest[length...]), suffix) else { return nil }
        return RoomKey(String(decoding: rest[..<length], as: UTF8.self))
    }
}
