// Owns: the failures of a store that its owner has to know about.
// Never: an answer to a ballot (see BallotRejection) or a driver's own error code in an interface above the driver.

/// Why a store cannot be opened or does not answer.
package enum StoreFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The store does not answer now: locked by another, on a full or failing disk, moved away. It may come back.
    case unavailable(String)
    /// The store was written by a newer program. Run that program, or restore the backup made before the upgrade.
    case newerSchema(file: String, found: Int, known: Int)
    /// The file is damaged or no database. A person must look; nothing was changed.
    case damaged(String)
    /// The journal beside the store cannot be opened: in use by another process, or its folder cannot be written.
    case journal(String)

    /// One line for the operator.
    package var description: String {
        switch self {
        case .unavailable(let reason): "the store does not answer: \(reason)"
        case .newerSchema(let file, let found, let known):
            "\(file) has schema version \(found), this program knows \(known): start the newer program instead"
        case .damaged(let reason): "the store is damaged: \(reason)"
        case .journal(let reason): "the journal of the store cannot be used: \(reason)"
        }
    }

    /// True where trying again later may help.
    package var isPassing: Bool {
        if case .unavailable = self { true } else { false }
    }
}

extension StoreFailure {
    /// What a failure of SQLite means to the owner of the store.
    init(_ failure: SQLiteFailure) {
        switch failure.kind {
        case .damaged: self = .damaged(failure.description)
        case .locked, .full, .unreachable, .constraint, .mistaken: self = .unavailable(failure.description)
        }
    }
}
