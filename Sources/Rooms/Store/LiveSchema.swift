// Owns: the tables of live.db: polls, attempts, ballots, the place of the drain, classes.
// Never: a released step changed. What is to be different comes as a further step, with its backfill.

extension SQLiteSchema {
    /// The schema of `live.db`.
    ///
    /// `attempts` has every attempt that was taken, `ballots` the one per participant that counts. `late` marks what
    /// the journal acknowledged and the store found to be after the close. `desk.stamp_ms` is the last stamp given,
    /// `drained_*` the place in the ballot journal up to which everything is here.
    static let live = SQLiteSchema(
        name: "live.db",
        migrations: [
            """
            CREATE TABLE rooms (
              id INTEGER PRIMARY KEY,
              name TEXT NOT NULL UNIQUE
            ) STRICT;
            CREATE TABLE polls (
              id INTEGER PRIMARY KEY,
              room_id INTEGER NOT NULL REFERENCES rooms (id),
              seq INTEGER NOT NULL,
              options INTEGER NOT NULL,
              multiple INTEGER NOT NULL,
              allow_change INTEGER NOT NULL,
              closes_ms INTEGER,
              closed_ms INTEGER,
              drains INTEGER NOT NULL DEFAULT 0,
              UNIQUE (room_id, seq)
            ) STRICT;
            CREATE INDEX polls_open ON polls (id) WHERE closed_ms IS NULL;
            CREATE TABLE attempts (
              poll_id INTEGER NOT NULL REFERENCES polls (id),
              participant TEXT NOT NULL,
              attempt_id TEXT NOT NULL,
              accepted_ms INTEGER NOT NULL,
              choices INTEGER NOT NULL,
              late INTEGER NOT NULL DEFAULT 0,
              PRIMARY KEY (poll_id, participant, attempt_id)
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE ballots (
              poll_id INTEGER NOT NULL REFERENCES polls (id),
              participant TEXT NOT NULL,
              attempt_id TEXT NOT NULL,
              accepted_ms INTEGER NOT NULL,
              choices INTEGER NOT NULL,
              PRIMARY KEY (poll_id, participant)
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE desk (
              one INTEGER PRIMARY KEY CHECK (one = 1),
              stamp_ms INTEGER NOT NULL DEFAULT 0,
              drained_segment INTEGER,
              drained_offset INTEGER
            ) STRICT;
            INSERT INTO desk (one) VALUES (1);
            CREATE TABLE classes (
              code TEXT PRIMARY KEY,
              room TEXT NOT NULL,
              name TEXT NOT NULL,
              guests TEXT NOT NULL,
              cap INTEGER NOT NULL,
              locked INTEGER NOT NULL,
              teacher_secret_hash TEXT NOT NULL,
              created_ms INTEGER NOT NULL,
              expires_ms INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX classes_by_expiry ON classes (expires_ms);
            """,
            // Who was let into a class, by a number that names nobody: for its cap and its lock.
            """
            CREATE TABLE class_guests (
              code TEXT NOT NULL,
              guest INTEGER NOT NULL,
              PRIMARY KEY (code, guest)
            ) STRICT, WITHOUT ROWID;
            """,
        ])
}
