// Owns: the tables of history.db.
// Never: a released step changed. What is to be different comes as a further step, with its backfill.

extension SQLiteSchema {
    /// The schema of `history.db`, a projection of the event journal.
    ///
    /// `epochs.id` rises in the order in which epochs appeared; `last_seq` is the last entry kept of an epoch.
    /// `redactions` remembers which message was deleted by which entry, so that no snapshot between the two is kept.
    /// `figures` are a session's, as its room's home adds them up: not of the log, so kept as they come.
    /// `cursor` is the place in the journal up to which everything is here.
    static let history = SQLiteSchema(
        name: "history.db",
        migrations: [
            """
            CREATE TABLE rooms (
              id INTEGER PRIMARY KEY,
              name TEXT NOT NULL UNIQUE
            ) STRICT;
            CREATE TABLE epochs (
              id INTEGER PRIMARY KEY,
              room_id INTEGER NOT NULL REFERENCES rooms (id),
              name TEXT NOT NULL,
              first_seq INTEGER NOT NULL,
              last_seq INTEGER NOT NULL,
              UNIQUE (room_id, name)
            ) STRICT;
            CREATE TABLE events (
              room_id INTEGER NOT NULL,
              seq INTEGER NOT NULL,
              epoch_id INTEGER NOT NULL,
              ts INTEGER NOT NULL,
              payload BLOB NOT NULL,
              PRIMARY KEY (room_id, seq)
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE snapshots (
              room_id INTEGER NOT NULL REFERENCES rooms (id),
              seq INTEGER NOT NULL,
              epoch TEXT NOT NULL,
              bytes BLOB NOT NULL,
              PRIMARY KEY (room_id, seq)
            ) STRICT;
            CREATE TABLE redactions (
              room_id INTEGER NOT NULL,
              message_seq INTEGER NOT NULL,
              delete_seq INTEGER NOT NULL,
              PRIMARY KEY (room_id, message_seq)
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE cursor (
              one INTEGER PRIMARY KEY CHECK (one = 1),
              segment INTEGER NOT NULL DEFAULT 0,
              position INTEGER NOT NULL DEFAULT 0
            ) STRICT;
            INSERT INTO cursor (one) VALUES (1);
            """,
            """
            CREATE TABLE figures (
              room_id INTEGER PRIMARY KEY REFERENCES rooms (id),
              bytes BLOB NOT NULL
            ) STRICT;
            """,
        ])
}
