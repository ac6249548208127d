// Owns a proxy between load tester and server that does to one reader what a broken server would: it keeps a message
// back, sends one twice, swaps two, or brings one from another room. All other bytes pass as they are. One thread a
// connection; a test of its own each.

import Foundation
import Synchronization

/// What is done to the one reader.
enum PlantedFault: String, CaseIterable, Sendable {
    case none, drop, duplicate, swap, foreign
}

/// A proxy on a free port of 127.0.0.1.
final class FaultProxy: Sendable {
    /// Messages that pass before the fault.
    private static let messagesBefore = 5

    let port: UInt16
    private let listener: Int32
    private let target: UInt16
    private let fault: PlantedFault
    /// Set by the first connection that sees a message: it is the victim.
    private let victim = Mutex<Int32?>(nil)
    private let isOver = Mutex(false)

    init(to target: UInt16, fault: PlantedFault) throws {
        let listening = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.address(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = Self.call(&address) { bind(listening, $0, length) } == 0 && listen(listening, 512) == 0
        _ = Self.call(&address) { getsockname(listening, $0, &length) }
        guard isBound else { throw RunFailure(description: "the proxy has no port") }
        self.target = target
        self.fault = fault
        listener = listening
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in
            while true {
                let client = accept(listening, nil, nil)
                guard client >= 0, !isOver.withLock({ $0 }) else { break }
                Thread.detachNewThread { self.carry(client) }
            }
        }
    }

    /// No more connections; those that stand end with their peers.
    func stop() {
        isOver.withLock { $0 = true }
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private static func address(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        return address
    }

    private static func call(_ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>) -> Int32) -> Int32 {
        withUnsafeMutablePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body) }
    }

    /// Carries one connection's bytes until either side ends.
    private func carry(_ client: Int32) {
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer {
            close(client)
            close(server)
        }
        var address = Self.address(port: target)
        guard Self.call(&address, { connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }) == 0 else {
            return
        }
        var planter = FaultPlanter(fault: fault, messagesBefore: Self.messagesBefore)
        var buffer = [UInt8](repeating: 0, count: 64 * 1_024)
        while true {
            var watched = [
                pollfd(fd: client, events: Int16(POLLIN), revents: 0),
                pollfd(fd: server, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&watched, 2, 60_000) > 0 else { return }
            if watched[0].revents != 0 {
                let count = read(client, &buffer, buffer.count)
                guard count > 0, Self.send(server, buffer[..<count]) else { return }
            }
            if watched[1].revents != 0 {
                let count = read(server, &buffer, buffer.count)
                guard count > 0 else { return }
                let isVictim = {
                    self.victim.withLock { one in
                        one = one ?? client
                        return one == client
                    }
                }
                guard Self.send(client, planter.pass(buffer[..<count], isVictim: isVictim)[...]) else { return }
            }
        }
    }

    private static func send(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

/// Cuts what a server sends into frames and plants the fault. A value of one connection.
struct FaultPlanter {
    let fault: PlantedFault
    let messagesBefore: Int
    private var waiting: [UInt8] = []
    private var isPastHead = false
    private var messages = 0
    private var heldBack: [UInt8] = []

    init(fault: PlantedFault, messagesBefore: Int) {
        self.fault = fault
        self.messagesBefore = messagesBefore
    }

    /// What goes on of `bytes` and of what waited.
    mutating func pass(_ bytes: ArraySlice<UInt8>, isVictim: () -> Bool) -> [UInt8] {
        waiting += bytes
        var out: [UInt8] = []
        if !isPastHead {
            guard let end = Self.headEnd(waiting) else { return [] }
            out += waiting[..<end]
            waiting.removeFirst(end)
            isPastHead = true
        }
        while let count = Self.frameBytes(waiting), waiting.count >= count {
            let frame = Array(waiting[..<count])
            waiting.removeFirst(count)
            let isMessage = String(decoding: frame, as: UTF8.self).contains("\"text\":\"~L")
            guard isMessage, isVictim() else {
                out += frame
                continue
            }
            messages += 1
            out += planted(frame)
        }
        return out
    }

    private mutating func planted(_ frame: [UInt8]) -> [UInt8] {
        let place = messages - messagesBefore
        switch (fault, place) {
        case (.drop, 1): return []
        case (.duplicate, 1): return frame + frame
        case (.swap, 1):
            heldBack = frame
            return []
        case (.swap, 2): return frame + heldBack
        case (.foreign, 1):
            var other = frame
            // `~L`, eight digits of the run, four of the room.
            guard let mark = String(decoding: frame, as: UTF8.self).utf8.firstRange(of: "~L".utf8) else { return frame }
            let text = String(decoding: frame, as: UTF8.self).utf8
            let start = text.distance(from: text.startIndex, to: mark.lowerBound) + frame.count - text.count + 10
            for at in start..<(start + 4) { other[at] = UInt8(ascii: "f") }
            return other
        default: return frame
        }
    }

    private static func headEnd(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        for at in 0...(bytes.count - 4) where bytes[at...].starts(with: [13, 10, 13, 10]) { return at + 4 }
        return nil
    }

    /// The length of the frame at the beginning, header included (RFC 6455 §5.2, unmasked); nil while it is not known.
    private static func frameBytes(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 2 else { return nil }
        let short = Int(bytes[1] & 0x7F)
        guard short >= 126 else { return 2 + short }
        let digits = short == 126 ? 2 : 8
        guard bytes.count >= 2 + digits else { return nil }
        return 2 + digits + bytes[2..<(2 + digits)].reduce(0) { $0 << 8 | Int($1) }
    }
}
