// The sessions of one reactor, addressed by the connection's slot. Memory comes in chunks that never
// move, so that a pointer to a session is good for the whole round.

import LiveIO

/// A slab of sessions that grows by chunks. Owner: one reactor's thread.
struct SessionTable: ~Copyable {
    private static let chunkSessions = 256
    /// Chunks that a table may have: a million sessions, more than a process has descriptors.
    private static let chunksMax = 4096

    /// Pointers to the chunks, not an array: the loop over members reads them without counting references.
    private let chunks: UnsafeMutablePointer<UnsafeMutablePointer<Session>>
    private var chunkCount = 0

    init() { chunks = .allocate(capacity: SessionTable.chunksMax) }

    deinit {
        for index in 0..<chunkCount {
            chunks[index].deinitialize(count: SessionTable.chunkSessions)
            chunks[index].deallocate()
        }
        chunks.deallocate()
    }

    /// Puts a fresh session into the slot of `id`.
    mutating func open(_ id: ConnectionID) -> UnsafeMutablePointer<Session> {
        let chunk = Int(id.index) / SessionTable.chunkSessions
        precondition(chunk < SessionTable.chunksMax, "a reactor has at most a million connections")
        while chunkCount <= chunk {
            let memory = UnsafeMutablePointer<Session>.allocate(capacity: SessionTable.chunkSessions)
            memory.initialize(
                repeating: Session(id: ConnectionID(index: .max, generation: 0)), count: SessionTable.chunkSessions)
            (chunks + chunkCount).initialize(to: memory)
            chunkCount += 1
        }
        let slot = at(id.index)
        slot.pointee = Session(id: id)
        return slot
    }

    /// The session in a slot, whoever it is: for loops over members, whose lists hold live slots only.
    @inline(__always)
    func at(_ index: UInt32) -> UnsafeMutablePointer<Session> {
        chunks[Int(index) / SessionTable.chunkSessions] + Int(index) % SessionTable.chunkSessions
    }

    /// The session of `id`, nil if that connection is gone (its slot may serve another).
    func find(_ id: ConnectionID) -> UnsafeMutablePointer<Session>? {
        guard Int(id.index) / SessionTable.chunkSessions < chunkCount else { return nil }
        let slot = at(id.index)
        return slot.pointee.id == id && slot.pointee.kind != .vacant ? slot : nil
    }

    /// Frees what the session holds; the slot may be opened again.
    mutating func close(_ id: ConnectionID) {
        let slot = at(id.index)
        precondition(slot.pointee.id == id, "a session is closed by the connection that opened it")
        slot.pointee = Session(id: ConnectionID(index: .max, generation: 0))
    }
}
