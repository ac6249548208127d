// Owns how a command becomes bytes, through hiredis' formatter. Pure.

internal import CHiredis

/// A command of Redis: its name and arguments, any bytes.
package struct RedisCommand: Equatable, Sendable {
    /// Name first.
    package let arguments: [[UInt8]]

    /// A command of texts, such as `RedisCommand("SUBSCRIBE", channel)`.
    package init(_ arguments: String...) { self.arguments = arguments.map { Array($0.utf8) } }

    /// A command of any bytes; at least a name.
    package init(arguments: [[UInt8]]) {
        precondition(!arguments.isEmpty, "a command has a name")
        self.arguments = arguments
    }

    /// Appends the command as a RESP array of bulk strings.
    package func append(to bytes: inout [UInt8]) {
        // One block for all arguments: pointers into it hold as long as the formatter looks.
        var block: [UInt8] = []
        block.reserveCapacity(arguments.reduce(1) { $0 + $1.count })
        for argument in arguments { block += argument }
        // An argument of no bytes has a place too.
        block.append(0)
        let lengths = arguments.map(\.count)
        block.withUnsafeBytes { raw in
            let base = raw.baseAddress?.assumingMemoryBound(to: CChar.self)
            var at = 0
            var starts: [UnsafePointer<CChar>?] = []
            for length in lengths {
                starts.append(base.map { $0 + at })
                at += length
            }
            var formatted: UnsafeMutablePointer<CChar>?
            let count = redisFormatCommandArgv(&formatted, Int32(lengths.count), &starts, lengths)
            guard count > 0, let formatted else { preconditionFailure("no memory for a command of \(at) bytes") }
            defer { redisFreeCommand(formatted) }
            bytes.append(contentsOf: UnsafeRawBufferPointer(start: formatted, count: Int(count)))
        }
    }
}
