// Owns a switch that a test throws while another thread looks at it.

import Synchronization

/// On or off, for any thread.
final class Flag: Sendable {
    private let state = Atomic(false)

    var isSet: Bool { state.load(ordering: .relaxed) }
    func set(_ isSet: Bool) { state.store(isSet, ordering: .relaxed) }
}
