// Owns what Redis is to one room, as a value: the meaning of every script, without the language it is written in. Held
// against a real Redis by `SimulatedRedisTests`. Never loses or delays anything by itself.

import Rooms
import RoomsBackplane

/// A mistake that a Redis, its scripts or a home could make; planted to show that the simulation sees it.
enum NodeFault: String, CaseIterable {
    /// Nobody notices that another run of Redis gave the last seq.
    case anyRun
    /// A home lets go of a command as soon as the store has it, on whichever branch.
    case forgetsStored
    /// A new epoch has the name of the one before.
    case epochKept
    /// A home does not send again what a new epoch does not contain.
    case forgetsAcknowledged
    /// The snapshot of a seed shows an older state than it says.
    case staleSnapshot
    /// A second copy of a command has its effect a second time.
    case dedupeOff
}

/// One room in one run of Redis.
struct SimulatedRedis {
    struct Head: Equatable {
        var epoch: String
        var run: String
        var seq: UInt64
        var ts: Int64
        var previous: RoomLineage?
    }

    private struct Claim: Equatable {
        var node: String
        var position: RoomPosition
        var atMs: Int64
    }

    let run: String
    var fault: NodeFault?
    private(set) var head: Head?
    private(set) var log: [RoomMessage] = []
    private var snapshot: KeptSnapshot?
    private var claims: [Claim] = []
    private var firstClaimMs: Int64 = 0
    private var claimsEndMs: Int64 = 0

    init(run: String, fault: NodeFault? = nil) {
        self.run = run
        self.fault = fault
    }

    /// What another run of Redis makes of the same data: after a restart from a dump, or a failover.
    func revived(run: String) -> SimulatedRedis {
        var next = SimulatedRedis(run: run, fault: fault)
        next.head = head
        next.log = log
        next.snapshot = snapshot
        next.claims = claims
        next.firstClaimMs = firstClaimMs
        next.claimsEndMs = claimsEndMs
        return next
    }

    /// Carries one request out.
    /// - Returns: the answer, and what is published with it; an empty message is nil.
    mutating func perform(
        _ request: RoomLogRequest, room: RoomKey, node: String, sender: SenderTag, nowMs: Int64
    ) -> (answer: RoomLogAnswer, published: [RoomMessage?]) {
        switch request {
        case .head:
            return (
                .head(
                    RoomHead(
                        epoch: head?.epoch, runID: fault == .anyRun ? run : head?.run, seq: head?.seq ?? 0,
                        previous: head?.previous)), []
            )
        case .read(let after):
            let rest = log.filter { $0.seq > after }
            let portion = rest.prefix(RoomLogQuery.portion)
            return (.range(Array(portion), isEnd: portion.count < RoomLogQuery.portion), [])
        case .snapshot: return (.snapshot(snapshot), [])
        case .raise(let runID, let epoch, let next):
            guard let known = head, known.epoch == epoch, known.run == runID, next > epoch else {
                return (.raised(false), [])
            }
            head?.epoch = next
            head?.previous = RoomLineage(epoch: epoch, base: known.seq)
            snapshot = snapshot.map { KeptSnapshot(epoch: next, seq: $0.seq, bytes: $0.bytes) }
            return (.raised(true), [nil])
        case .sequence(let terms, let command):
            let (verdict, message) = sequence(terms, command, room: room, sender: sender, nowMs: nowMs)
            return (.sequenced(tag: command.tag, verdict), message.map { [$0] } ?? [])
        case .claim(let runID, let position): return (.claimed(claim(runID, node, position, nowMs)), [])
        case .seed(let runID, let seed):
            let verdict = self.seed(runID, node, seed, nowMs)
            return (.seeded(verdict), verdict == .seeded ? [nil] : [])
        }
    }

    private mutating func sequence(
        _ terms: SequenceTerms, _ command: OutgoingCommand, room: RoomKey, sender: SenderTag, nowMs: Int64
    ) -> (SequenceVerdict, RoomMessage?) {
        guard var head, head.epoch == terms.epoch, head.run == terms.runID || fault == .anyRun else {
            return (.foreign(epoch: self.head?.epoch ?? "", runID: self.head?.run ?? ""), nil)
        }
        guard head.seq >= terms.applied else { return (.behind(seq: head.seq), nil) }
        guard log.count < terms.logMax else { return (.full, nil) }
        head.seq += 1
        head.ts = max(head.ts, nowMs)
        self.head = head
        let message = RoomMessage(
            seq: head.seq, ts: head.ts, epoch: terms.epoch, tag: sender.bytes(command.tag),
            entry: RoomLogSpeaker.entry(command.proposal, room: room, epoch: terms.epoch), frames: command.frames)
        log.append(message)
        return (.sequenced(seq: head.seq, ts: head.ts), message)
    }

    private func isSeeded(_ runID: String, _ position: RoomPosition) -> Bool {
        guard let head, head.run == runID || fault == .anyRun else { return false }
        return !(head.epoch == position.epoch && head.seq < position.seq)
    }

    private func most(_ nowMs: Int64) -> (most: Claim?, least: UInt64, latest: String) {
        let valid = claims.filter { nowMs - $0.atMs <= Int64(SeedScripts.claimMs) }
        var latest = head?.epoch ?? ""
        for claim in valid { latest = max(latest, claim.position.epoch) }
        let most = valid.max { one, other in
            if one.position.epoch != other.position.epoch { return one.position.epoch < other.position.epoch }
            return one.position.seq != other.position.seq
                ? one.position.seq < other.position.seq : one.node > other.node
        }
        let least = valid.filter { $0.position.epoch == most?.position.epoch }.map(\.position.seq).min()
        return (most, least ?? 0, latest)
    }

    private mutating func claim(
        _ runID: String, _ node: String, _ position: RoomPosition, _ nowMs: Int64
    ) -> ClaimVerdict {
        if isSeeded(runID, position) { return .seeded }
        if claims.isEmpty || nowMs > claimsEndMs {
            claims = []
            firstClaimMs = nowMs
        }
        claimsEndMs = nowMs + 5_000
        if let index = claims.firstIndex(where: { $0.node == node }) {
            claims[index] = Claim(node: node, position: position, atMs: nowMs)
        } else {
            claims.append(Claim(node: node, position: position, atMs: nowMs))
        }
        let (best, least, latest) = most(nowMs)
        return .waiting(
            forMs: UInt64(max(0, nowMs - firstClaimMs)), isMine: best?.node == node, least: least, latest: latest)
    }

    private mutating func seed(_ runID: String, _ node: String, _ seed: RoomSeed, _ nowMs: Int64) -> SeedVerdict {
        if isSeeded(runID, seed.position) { return .late }
        let (best, _, latest) = most(nowMs)
        let isKnown = best?.node == node && best?.position.epoch == seed.position.epoch
        guard isKnown, best?.position.seq == seed.position.seq, fault == .epochKept || seed.epoch > latest else {
            return .refused
        }
        head = Head(
            epoch: seed.epoch, run: runID, seq: seed.position.seq, ts: max(seed.position.ts, head?.ts ?? 0),
            previous: RoomLineage(epoch: seed.position.epoch, base: seed.position.seq))
        claims = []
        log = seed.tail
        snapshot = KeptSnapshot(epoch: seed.epoch, seq: seed.position.seq, bytes: seed.snapshot)
        return .seeded
    }
}
