// Owns: the one error type of the SQLite wrapper, and what its codes mean to the stores above.
// Never: a retry, a decision, a log line.
// Limits: messages are cut at `messageBytesMax`; values bound to statements never enter a message.

internal import CSQLite

/// What SQLite refused, with its extended result code and the step at which it happened.
///
/// Thrown by `SQLiteConnection` and `SQLiteStatement`; codes are those of https://www.sqlite.org/rescode.html.
package struct SQLiteFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// Longest message kept, in UTF-8 bytes: a failure may be logged once a retry, so it stays a line.
    package static let messageBytesMax = 256

    /// What an owner of a database does about a failure.
    package enum Kind: Equatable, Sendable {
        /// Another connection holds the lock: try again later.
        case locked
        /// The disk or its quota is full: try again when there is room.
        case full
        /// The file cannot be opened, read or written now, or was moved away: open it anew later.
        case unreachable
        /// The file is no database, or a damaged one: a person must look.
        case damaged
        /// A constraint of the schema refused the row.
        case constraint
        /// Anything else, which means a mistake of ours.
        case mistaken
    }

    /// Extended result code of SQLite.
    package let code: Int32
    /// SQLite's own text for the failure, at most `messageBytesMax` bytes.
    package let message: String
    /// What was under way: "open", "prepare", "step"…
    package let step: String

    /// Makes a failure from a code and what SQLite says about it.
    package init(code: Int32, message: String, step: String) {
        self.code = code
        self.message = String(decoding: message.utf8.prefix(Self.messageBytesMax), as: UTF8.self)
        self.step = step
    }

    /// What the failure means to the owner of the database.
    package var kind: Kind {
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: .locked
        case SQLITE_FULL: .full
        case SQLITE_CANTOPEN, SQLITE_IOERR, SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH, SQLITE_INTERRUPT, SQLITE_NOMEM:
            .unreachable
        case SQLITE_CORRUPT, SQLITE_NOTADB: .damaged
        case SQLITE_CONSTRAINT: .constraint
        default: .mistaken
        }
    }

    /// One line for a log: no bound value, no row.
    package var description: String { "SQLite \(step) failed with \(code): \(message)" }
}
