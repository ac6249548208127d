// Owns: the history's thread: it follows the event journal into history.db, and answers loads from there.
// Never: writes the journal; tells that entries are safe before the database was synced.
// Limits: HistoryLimits. While the database fails it waits with growing pauses; the journal holds everything.

internal import LiveIO
internal import Rooms

/// The body of the history's thread, and its state.
final class HistoryProjector {
    enum Message: Sendable {
        case committed
        case load(RoomKey, tailEntries: Int, UInt64)
        case epochs(RoomKey, UInt64)
        case snapshot(HistorySnapshot)
        case redact(RoomKey, UInt64, [UInt8])
        case figures(RoomKey, [UInt8])
    }

    private let path: String
    private let journalDirectory: String
    private let committed: HistoryCommitted
    private let deliver: @Sendable (HistoryOutcome) -> Void
    /// Where the journal ended before this process appended to it: no cursor of an earlier process is beyond.
    private let journalEnd: JournalPosition
    private var tables: HistoryTables?
    private var reader: JournalReader?
    private var cursor = JournalPosition.beginning
    private var safe = JournalPosition.beginning
    private var wasClamped = false
    private var snapshots: [HistorySnapshot] = []
    private var redactions: [(room: RoomKey, seq: UInt64, bytes: [UInt8])] = []
    private var figures: [RoomKey: [UInt8]] = [:]
    private var deletions = DeletionJudge()
    private var retryMs = HistoryLimits.retryMsMin
    private var retryAtNs: UInt64?
    private var projectAtNs: UInt64?

    init(
        path: String, journalDirectory: String, journalEnd: JournalPosition, committed: HistoryCommitted,
        deliver: @escaping @Sendable (HistoryOutcome) -> Void
    ) {
        self.path = path
        self.journalDirectory = journalDirectory
        self.journalEnd = journalEnd
        self.committed = committed
        self.deliver = deliver
    }

    /// Makes the file where it is missing and puts its cursor where the journal can follow.
    static func prepare(path: String, journalEnd: JournalPosition) throws(StoreFailure) {
        let tables = try HistoryTables.open(path: path, access: .create)
        do throws(SQLiteFailure) {
            try clamp(tables, to: journalEnd)
        } catch {
            throw StoreFailure(error)
        }
    }

    private static func clamp(_ tables: HistoryTables, to end: JournalPosition) throws(SQLiteFailure) {
        guard try tables.cursor() > end else { return }
        try tables.transaction { () throws(SQLiteFailure) in try tables.move(to: end) }
    }

    func run(_ inbox: Inbox<Message>) {
        var messages: [Message] = []
        project()
        while true {
            messages.removeAll(keepingCapacity: true)
            let isOpen = inbox.take(into: &messages, deadlineNs: [retryAtNs, projectAtNs].compactMap { $0 }.min())
            handle(messages)
            if !isOpen { break }
        }
        project()
        reportSafe(isLast: true)
    }

    private func handle(_ messages: [Message]) {
        let nowNs = MonotonicClock.nowNs()
        var questions: [Message] = []
        for message in messages {
            switch message {
            case .committed: projectSoon(nowNs)
            case .load, .epochs: questions.append(message)
            case .snapshot(let snapshot):
                keep(snapshot)
                projectSoon(nowNs)
            case .figures(let room, let bytes):
                if figures.count < HistoryLimits.queueMax || figures[room] != nil { figures[room] = bytes }
                projectSoon(nowNs)
            case .redact(let room, let seq, let bytes):
                keep((room, seq, bytes))
                questions.append(message)
            }
        }
        let isDue = [retryAtNs, projectAtNs].contains { $0.map { $0 <= nowNs } ?? false }
        if isDue || !questions.isEmpty { answer(questions, isCaughtUp: project()) }
        reportSafe(isLast: false)
    }

    /// Older snapshots of a room stay as well: a load starts before the tail. The projection brings them in.
    private func keep(_ snapshot: HistorySnapshot) {
        snapshots.removeAll { $0.room == snapshot.room && $0.seq == snapshot.seq }
        snapshots.append(snapshot)
        if snapshots.count > HistoryLimits.snapshotsWaitingMax { snapshots.removeFirst() }
    }

    private func keep(_ redaction: (room: RoomKey, seq: UInt64, bytes: [UInt8])) {
        if redactions.count < HistoryLimits.queueMax {
            redactions.append(redaction)
        } else {
            committed.update { $0.redactionsLost += 1 }
        }
    }

    /// Sets the time of the next projection, unless one is set or a pause after a failure is on.
    private func projectSoon(_ nowNs: UInt64) {
        if projectAtNs == nil, retryAtNs == nil { projectAtNs = nowNs + HistoryLimits.projectEveryMs * 1_000_000 }
    }

    private func answer(_ questions: [Message], isCaughtUp: Bool) {
        for question in questions {
            switch question {
            case .load(let room, let tailEntries, let ticket):
                ask(ticket, isCaughtUp) { tables throws(SQLiteFailure) in
                    .loaded(ticket: ticket, try tables.load(room, tailEntries: tailEntries))
                }
            case .epochs(let room, let ticket):
                ask(ticket, isCaughtUp) { tables throws(SQLiteFailure) in
                    .lineage(ticket: ticket, try tables.lineage(of: room))
                }
            case .committed, .snapshot, .redact, .figures: break
            }
        }
    }

    private func ask(
        _ ticket: UInt64, _ isCaughtUp: Bool,
        _ body: (HistoryTables) throws(SQLiteFailure) -> HistoryOutcome
    ) {
        guard isCaughtUp, let tables else { return deliver(.unavailable(ticket: ticket)) }
        do throws(SQLiteFailure) {
            deliver(try body(tables))
        } catch {
            fail(StoreFailure(error))
            deliver(.unavailable(ticket: ticket))
        }
    }

    // MARK: - Projection

    /// Brings in everything that is committed; false where that failed, for a later try.
    @discardableResult
    private func project() -> Bool {
        projectAtNs = nil
        retryAtNs = nil
        let end = committed.take()
        do throws(StoreFailure) {
            let tables = try openTables()
            do throws(SQLiteFailure) {
                // Every pass moves the cursor or is the last.
                while try projectBatch(tables, upTo: end) {}
                try bringIn(tables)
            } catch {
                throw StoreFailure(error)
            }
        } catch {
            fail(error)
            return false
        }
        retryMs = HistoryLimits.retryMsMin
        committed.update { $0.lastFailure = nil }
        return true
    }

    private func openTables() throws(StoreFailure) -> HistoryTables {
        if let tables {
            guard tables.connection.hasMoved else { return tables }
            self.tables = nil
            throw .unavailable("\(path) was moved or removed")
        }
        // A file that was lost in mid-run is not made anew: it may be put back.
        let opened = try HistoryTables.open(path: path, access: wasClamped ? .write : .create)
        do throws(SQLiteFailure) {
            if !wasClamped { try Self.clamp(opened, to: journalEnd) }
            wasClamped = true
            cursor = try opened.cursor()
        } catch {
            throw StoreFailure(error)
        }
        reader = nil
        tables = opened
        return opened
    }

    /// One transaction of at most `HistoryLimits`' size; false when nothing is left.
    private func projectBatch(_ tables: HistoryTables, upTo end: JournalPosition) throws(SQLiteFailure) -> Bool {
        guard cursor < end else { return false }
        let batch: HistoryBatch
        do throws(JournalFailure) {
            batch = try nextBatch(upTo: end)
        } catch {
            try hear(error)
            return true
        }
        guard batch.recordCount > 0 else { return false }
        try tables.transaction { () throws(SQLiteFailure) in
            for entry in batch.entries {
                try tables.project(entry.header, entry.payload)
                if let message = entry.deletes, try deletions.hadEffect(entry.header, tables) {
                    try tables.redact(entry.header.room, message: message, deletion: entry.header.seq)
                }
            }
            try tables.move(to: batch.end)
        }
        cursor = batch.end
        committed.update {
            $0.projected += batch.entries.count
            $0.undecodable += batch.undecodable
            $0.commits += 1
            $0.cursor = batch.end
        }
        return true
    }

    /// Reads on from the cursor. What was read before a failure is brought in first; the failure comes again after it.
    private func nextBatch(upTo end: JournalPosition) throws(JournalFailure) -> HistoryBatch {
        var batch = HistoryBatch(at: cursor)
        do throws(JournalFailure) {
            if reader == nil {
                reader = try JournalReader(directory: journalDirectory, from: cursor.segment == 0 ? nil : cursor)
            }
            reader?.limit = end
            while !batch.isFull, let record = try reader?.next() { batch.take(record) }
        } catch {
            reader = nil
            if batch.recordCount == 0 { throw error }
        }
        return batch
    }

    /// Where the journal no longer reaches back, the history goes on at its oldest record.
    private func hear(_ failure: JournalFailure) throws(SQLiteFailure) {
        reader = nil
        guard case .removed = failure, cursor.segment > 0 else {
            throw SQLiteFailure(code: 10, message: "the journal: \(failure)", step: "project")
        }
        cursor = .beginning
        committed.update { $0.gaps += 1 }
    }

    /// Snapshots and replacements that waited; after the entries, so that deletions are known.
    private func bringIn(_ tables: HistoryTables) throws(SQLiteFailure) {
        guard !snapshots.isEmpty || !redactions.isEmpty || !figures.isEmpty else { return }
        try tables.transaction { () throws(SQLiteFailure) in
            for redaction in redactions {
                try tables.replace(redaction.room, seq: redaction.seq, with: redaction.bytes)
            }
            for snapshot in snapshots { try tables.put(snapshot) }
            for (room, bytes) in figures { try tables.putFigures(room, bytes) }
        }
        figures = [:]
        snapshots = []
        redactions = []
    }

    private func fail(_ failure: StoreFailure) {
        tables = nil
        deletions.reset()
        reader = nil
        retryAtNs = MonotonicClock.nowNs() + retryMs * 1_000_000
        retryMs = min(retryMs * 2, HistoryLimits.retryMsMax)
        committed.update {
            $0.failures += 1
            $0.lastFailure = failure.description
        }
    }

    /// With synchronous=NORMAL a commit survives a power cut only after a checkpoint: then, and once a segment of the
    /// journal is behind, its owner hears that the segment is no longer needed.
    private func reportSafe(isLast: Bool) {
        guard let tables, cursor.segment > safe.segment || isLast && cursor > safe else { return }
        do throws(SQLiteFailure) {
            guard try tables.connection.checkpoint() else { return }
            safe = cursor
            deliver(.projected(upTo: cursor))
        } catch {
            fail(StoreFailure(error))
        }
    }
}
