// Owns the checks of threads, mailboxes, wakers and signals. Signals go to the test's own thread only.

import Foundation
import Glibc
import LiveTestSupport
import Synchronization
import Testing

@testable import LiveIO

@Suite struct ThreadTests {
    @Test func `a thread runs its body under its name on its CPU, and join waits for it`() {
        let seen = Mutex<(name: String, cpus: [Int])>(("", []))
        let cpu = availableCPUs()[0]
        let thread = CoreThread.start(name: "reactor-with-a-long-name", cpu: cpu) {
            let name = (try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)) ?? ""
            let cpus = availableCPUs()
            seen.withLock { $0 = (name, cpus) }
        }
        thread.join()
        thread.join()
        #expect(seen.withLock { $0.name } == "reactor-with-a-\n")
        #expect(seen.withLock { $0.cpus } == [cpu])
    }

    @Test func `there is at least one CPU, and the descriptor limit is at its ceiling`() {
        #expect(!availableCPUs().isEmpty)
        #expect(availableCPUs() == availableCPUs().sorted())
        let limit = raiseDescriptorLimit()
        #expect(limit.current == limit.ceiling)
        #expect(limit.current > 100)
    }

    @Test func `there is room for descriptors before they are opened`() throws {
        let status = { try String(contentsOfFile: "/proc/self/status", encoding: .utf8) }
        let room = { (status: String) in
            status.split(separator: "\n").first { $0.hasPrefix("FDSize:") }
                .flatMap { Int($0.dropFirst(7).trimmingCharacters(in: .whitespaces)) } ?? 0
        }
        let wanted = min(Int(raiseDescriptorLimit().current), 5_000)
        makeRoomForDescriptors(wanted)
        #expect(room(try status()) >= wanted)
        // Beyond the limit there is nothing to make room for.
        makeRoomForDescriptors(.max)
        #expect(room(try status()) >= wanted)
    }

    @Test func `what many threads post arrives once, in each thread's order`() throws {
        let posters = 4
        let each = 5_000
        let waker = try Waker()
        let mailbox = Mailbox<(poster: Int, number: Int)>(waker: waker, capacity: posters * each)
        let reactor = try Reactor(waker: waker)
        let driver = ScriptedDriver()
        reactor.attach(driver)
        var next = [Int](repeating: 0, count: posters)
        var taken: [(poster: Int, number: Int)] = []
        driver.onMail = {
            mailbox.drain(into: &taken)
            for message in taken {
                #expect(message.number == next[message.poster])
                next[message.poster] += 1
            }
            taken.removeAll(keepingCapacity: true)
        }
        let threads = (0..<posters).map { poster in
            CoreThread.start(name: "poster") {
                for number in 0..<each { #expect(mailbox.post((poster, number))) }
            }
        }
        let end = MonotonicClock.nowNs() + 60_000_000_000
        while next.reduce(0, +) < posters * each, MonotonicClock.nowNs() < end { reactor.turn(waitMaxMs: 1_000) }
        for thread in threads { thread.join() }
        #expect(next == [Int](repeating: each, count: posters))
        #expect(mailbox.refusedCount == 0 && mailbox.count == 0)
    }

    @Test func `a full mailbox refuses and counts, and takes again when emptied`() throws {
        let mailbox = Mailbox<Int>(waker: try Waker(), capacity: 2)
        #expect(mailbox.post(1) && mailbox.post(2))
        #expect(!mailbox.post(3) && !mailbox.post(4))
        #expect(mailbox.refusedCount == 2)
        var taken: [Int] = []
        mailbox.drain(into: &taken)
        #expect(taken == [1, 2])
        #expect(mailbox.post(5))
    }

    @Test func `many wakes before the reactor comes round cost one write`() throws {
        let plan = FaultPlan(at: 0, kinds: [.write])
        try plan.during {
            let waker = try Waker()
            for _ in 0..<100 { waker.wake() }
            #expect(plan.calls == 1)
            #expect(waker.takePending())
            #expect(!waker.takePending())
            waker.wake()
            #expect(plan.calls == 2)
        }
    }

    @Test func `a wake that the kernel interrupts or refuses is not lost`() throws {
        for error in [EINTR, EAGAIN, ENOMEM] {
            let bench = try Bench()
            let plan = FaultPlan(.fail(error), at: 1, kinds: [.write])
            plan.during { bench.waker.wake() }
            #expect(plan.struck == 1)
            try bench.turn("mail") { bench.driver.mails == 1 }
        }
    }

    @Test func `a signal arrives at the reactor that watches it, and at a thread that waits`() throws {
        // Signals to this thread only: others of the process do not block them.
        let bench = try Bench()
        try bench.reactor.watch(SignalSet([SIGUSR2]))
        pthread_kill(pthread_self(), SIGUSR2)
        try bench.turn("signal") { !bench.driver.signals.isEmpty }
        #expect(bench.driver.signals == [SIGUSR2])
        let set = try SignalSet([SIGWINCH])
        #expect(set.next() == nil)
        pthread_kill(pthread_self(), SIGWINCH)
        #expect(try set.wait() == SIGWINCH)
    }
}
