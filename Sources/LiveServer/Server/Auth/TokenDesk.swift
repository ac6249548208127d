// Owns the judgement of tokens by public keys, off the reactors: worker threads behind bounded queues, the ring of
// keys, and the thread that keeps them fresh. Never touches a connection: an answer goes to the mailbox of the reactor
// that asked. A full queue is the asker's to tell.

import Glibc
import LiveIO
import LiveKeys
import Synchronization

/// A worker's answer on its way to the reactor that asked.
struct TokenAnswer: Sendable {
    /// The reactor's number of the question.
    var ticket: UInt64
    var key: TokenCache.Key
    var verdict: TokenVerdict
    /// Lost keys when the answer was found.
    var keyLosses: UInt64
}

/// Judges tokens for all reactors of a node.
final class TokenDesk: Sendable {
    private struct Work: Sendable {
        let reactor: Int
        let ticket: UInt64
        let question: TokenQuestion
    }

    /// How long an answer waits for room in a mailbox before it is dropped, in steps of 200 µs: the asker's own time
    /// limit tells its client then.
    private static let answerTriesMax = 5_000

    let ring: KeyRing
    private let keeper: KeyKeeper?
    private let inboxes: [Inbox<Work>]
    private let threads = Mutex<[CoreThread]>([])
    private let next = Atomic<Int>(0)
    private let settings: TokenSettings
    /// The issuer's keys are in a file: read before the node listens.
    private let hasLocalKeys: Bool
    private let answer: @Sendable (TokenAnswer, Int) -> Bool

    /// A desk that has not begun. `answer` posts to a reactor; false: its mailbox is full.
    init(
        settings: TokenSettings, ring: KeyRing, keeper: KeyKeeper?, hasLocalKeys: Bool, threads: Int, queueMax: Int,
        answer: @escaping @Sendable (TokenAnswer, Int) -> Bool
    ) {
        self.settings = settings
        self.ring = ring
        self.keeper = keeper
        self.hasLocalKeys = hasLocalKeys
        self.answer = answer
        inboxes = (0..<threads).map { _ in Inbox<Work>(capacity: max(1, queueMax / threads)) }
    }

    /// Starts its threads.
    func start() {
        keeper?.start(waitsForFirst: hasLocalKeys)
        threads.withLock { running in
            for (index, inbox) in inboxes.enumerated() {
                running.append(CoreThread.start(name: "tokens-\(index)") { [self] in work(inbox) })
            }
        }
    }

    /// Puts a question; any reactor. False: too many wait.
    func ask(_ question: TokenQuestion, ticket: UInt64, reactor: Int) -> Bool {
        let turn = next.add(1, ordering: .relaxed).newValue
        return inboxes[abs(turn % inboxes.count)].post(Work(reactor: reactor, ticket: ticket, question: question))
    }

    /// Tokens that wait.
    var depth: Int { inboxes.reduce(0) { $0 + $1.count } }

    /// Looks for keys again now.
    func reload() { keeper?.reload() }

    /// Ends its threads; what waits is not answered.
    func stop() {
        for inbox in inboxes { inbox.close() }
        for thread in threads.withLock({ $0 }) { thread.join() }
        keeper?.stop()
    }

    private func work(_ inbox: Inbox<Work>) {
        let judge = TokenJudge(settings: settings)
        var waiting: [Work] = []
        while inbox.take(into: &waiting, deadlineNs: nil) {
            for work in waiting {
                let losses = ring.lossCount
                let verdict = work.question.compact.withUnsafeBytes { compact in
                    judge.issued(compact, nowS: WallClock.nowMs() / 1_000) { kid in
                        ring.find(kid, nowMs: KeyKeeper.nowMs(), wake: { keeper?.wake() })
                    }
                }
                deliver(
                    TokenAnswer(ticket: work.ticket, key: work.question.key, verdict: verdict, keyLosses: losses),
                    to: work.reactor)
            }
            waiting.removeAll(keepingCapacity: true)
        }
    }

    private func deliver(_ found: TokenAnswer, to reactor: Int) {
        for _ in 0..<Self.answerTriesMax {
            if answer(found, reactor) { return }
            usleep(200)
        }
    }
}

extension TokenDesk {
    /// The desk that a configuration asks for, nil where HMAC is all; reads the signing key's file.
    /// - Throws: `StartFailure` where that file is not what it should be.
    static func open(
        _ configuration: ServerConfiguration, log: ServerLog,
        answer: @escaping @Sendable (TokenAnswer, Int) -> Bool
    ) throws(StartFailure) -> TokenDesk? {
        let auth = configuration.auth
        guard let algorithm = auth.algorithm.signature else { return nil }
        let own = try TokenSigner.signingKey(auth)?.publicKey
        let look = look(auth)
        let ring = KeyRing(
            KeyRefreshSettings(
                refreshMs: Int64(auth.jwksRefreshS) * 1_000, refetchMs: Int64(auth.jwksRefetchS) * 1_000),
            own: own, hasSource: look != nil)
        let keeper = look.map { look in
            KeyKeeper(ring, for: algorithm, look: look) { news in
                switch news {
                case .loaded(let keys, let leftOut):
                    log.info("issuer's keys loaded", fields: [.count: "\(keys)"])
                    if leftOut > 0 { log.warning("issuer's keys left out", fields: [.count: "\(leftOut)"]) }
                case .failed(let reason): log.error("issuer's keys could not be loaded", reason: reason)
                }
            }
        }
        return TokenDesk(
            settings: configuration.tokenSettings, ring: ring, keeper: keeper,
            hasLocalKeys: !auth.jwksFile.isEmpty, threads: auth.verifyThreads, queueMax: auth.verifyQueue,
            answer: answer)
    }

    private static func look(_ auth: AuthSettings) -> KeyKeeper.Look? {
        if !auth.jwksFile.isEmpty {
            let path = auth.jwksFile
            return { _, _ in KeyFile.read(path) }
        }
        guard !auth.jwksURL.isEmpty else { return nil }
        var request = KeyRequest(url: auth.jwksURL, policy: auth.addressPolicy)
        request.timeoutMs = auth.jwksTimeoutMs
        request.authorities = auth.jwksAuthorities
        let fixed = request
        return { etag, isStopped in CurlTransfer.get(fixed, etag: etag, isStopped: isStopped) }
    }
}
