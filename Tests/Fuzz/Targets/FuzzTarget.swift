// Owns the list of everything in this package that reads bytes of strangers, and one entry to each. The same code
// runs under libFuzzer (Tests/Fuzz/Main) and over the kept inputs in every test run (Tests/Fuzz/Checks). A promise
// that is broken ends the process with its sentence: that is what a fuzzer looks for.

/// A reader of hostile bytes.
package enum FuzzTarget: String, CaseIterable, Sendable {
    case httpRequest = "http-request"
    case httpResponse = "http-response"
    case chunkedBody = "chunked-body"
    case handshake
    case frame
    case deflate
    case json
    case command
    case text
    case stream
    case names
    case token
    case claims
    case keys
    case resumeToken = "resume-token"
    case configuration
    case logEntry = "log-entry"
    case snapshot
    case ballotRecord = "ballot-record"
    case journal

    /// Reads one input and checks what the reader promises. Returns where every promise was kept.
    package func run(_ input: [UInt8]) {
        switch self {
        case .httpRequest: FuzzedHTTP.runRequests(input)
        case .httpResponse: FuzzedHTTP.runResponses(input)
        case .chunkedBody: FuzzedHTTP.runChunked(input)
        case .handshake: FuzzedHandshake.run(input)
        case .frame: FuzzedFrames.run(input)
        case .deflate: FuzzedDeflate.run(input)
        case .json: FuzzedJSON.run(input)
        case .command: FuzzedCommand.run(input)
        case .text: FuzzedText.run(input)
        case .stream: FuzzedStream.run(input)
        case .names: FuzzedNames.run(input)
        case .token: FuzzedToken.run(input)
        case .claims: FuzzedToken.runClaims(input)
        case .keys: FuzzedKeys.run(input)
        case .resumeToken: FuzzedToken.runResume(input)
        case .configuration: FuzzedConfiguration.run(input)
        case .logEntry: FuzzedLog.runEntry(input)
        case .snapshot: FuzzedLog.runSnapshot(input)
        case .ballotRecord: FuzzedBallot.run(input)
        case .journal: FuzzedJournal.run(input)
        }
    }
}

/// Ends the process where a promise does not hold.
@inline(__always)
func promise(_ held: Bool, _ sentence: @autoclosure () -> String) {
    precondition(held, sentence())
}

/// Where an input is cut in two or more before it is read piece by piece.
enum Cuts {
    /// In the middle, at three places that the seed chooses, and (in inputs of up to 600 bytes) everywhere.
    static func of(_ count: Int, seed: UInt8) -> [[Int]] {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
        func below(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let three = [below(count + 1), below(count + 1), below(count + 1)].sorted()
        return [[below(count + 1)], three] + (count <= 600 ? [Array(1..<max(count, 1))] : [])
    }
}

extension [UInt8] {
    /// The bytes in a block of exactly that size, so that ASan sees the first byte too far.
    func withExactCopy<R>(_ body: (UnsafeMutableRawBufferPointer) -> R) -> R {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
        defer { block.deallocate() }
        block.copyBytes(from: self)
        return body(block)
    }
}
