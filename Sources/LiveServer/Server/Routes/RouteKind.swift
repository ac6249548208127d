// The routes without what they name: the list by which the tests of rights find out that a route is new.

/// One a case of `Route`.
package enum RouteKind: String, CaseIterable, Sendable {
    case asset, live, commands, participants, record, classes, classInfo, join, tickets, healthz, readyz, metrics, echo,
        nothing
}

extension Route {
    /// Which route it is. A new one does not compile before it stands here, and then fails the test that wants a row of
    /// rights for it.
    var kind: RouteKind {
        switch self {
        case .asset: .asset
        case .live: .live
        case .commands: .commands
        case .participants: .participants
        case .record: .record
        case .classes: .classes
        case .classInfo: .classInfo
        case .join: .join
        case .tickets: .tickets
        case .healthz: .healthz
        case .readyz: .readyz
        case .metrics: .metrics
        case .echo: .echo
        case .nothing: .nothing
        }
    }
}
