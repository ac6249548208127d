// The asking side of the administration's socket, for the commands of `liveserver`, and what both sides need of Unix
// sockets: a path of any length, time limits, whole writes.
//
// Owns: one question and its answer. Never: stays connected.

import Glibc

/// Asks a running node.
package enum AdminClient {
    /// Why there is no answer, and what to do.
    package struct Failure: Error {
        /// A sentence.
        package let sentence: String
    }

    /// Longest answer.
    static let answerBytesMax = 64 << 20

    /// Sends one line of JSON to the node of a data folder and returns its line. Blocks for some seconds at most.
    package static func ask(_ line: [UInt8], dataDirectory: String) throws(Failure) -> [UInt8] {
        let client = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard client >= 0 else { throw Failure(sentence: "a socket: \(String(cString: strerror(errno)))") }
        defer { close(client) }
        UnixAddress.setPatience(client, seconds: 2 * AdminSocket.patienceS)
        let connected = UnixAddress.withAddress(of: AdminSocket.fileName, in: dataDirectory) { connect(client, $0, $1) }
        guard connected == 0 else {
            let reason = String(cString: strerror(errno))
            throw Failure(
                sentence: "\(dataDirectory)/\(AdminSocket.fileName): \(reason); is a node running on this data folder, "
                    + "and are you its user? Name the folder with --data-dir or --config")
        }
        UnixAddress.sendAll(client, line + [0x0A])
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while answer.last != 0x0A {
            let count = recv(client, &buffer, buffer.count, 0)
            guard count > 0, answer.count + count <= answerBytesMax else {
                throw Failure(sentence: "the node did not answer")
            }
            answer += buffer[..<count]
        }
        return answer.dropLast()
    }
}

/// Small things about Unix sockets.
enum UnixAddress {
    /// Calls `body` with the address of a socket in a folder. A socket's path holds 107 bytes and a data folder's may
    /// be longer, so the folder is named by its descriptor (proc(5)).
    static func withAddress(
        of name: String, in folder: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return -1 }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array("/proc/self/fd/\(descriptor)/\(name)".utf8)
        precondition(path.count < MemoryLayout.size(ofValue: address.sun_path), "a descriptor's path is short")
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// Time limits for both directions.
    static func setPatience(_ descriptor: Int32, seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        let length = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, length)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, length)
    }

    /// Sends all, or as much as the other side takes in time.
    static func sendAll(_ descriptor: Int32, _ bytes: [UInt8]) {
        bytes.withUnsafeBytes { raw in
            var sent = 0
            while sent < raw.count {
                let rest = UnsafeRawBufferPointer(rebasing: raw[sent...])
                let count = send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                guard count > 0 else { return }
                sent += count
            }
        }
    }
}
