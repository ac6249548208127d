// ExtensionList: reads the value of Sec-WebSocket-Extensions, element by element.
// Never copies a byte and never knows an extension. Source: RFC 6455 §9.1.

/// One parameter of an extension. Both views lie in the bytes that were read.
struct ExtensionParameter {
    var name: UnsafeRawBufferPointer
    /// Nil where the parameter has none. Of a quoted string what stands between the quotes; escapes are left as they
    /// are, since no value that we know holds one.
    var value: UnsafeRawBufferPointer?
}

/// A cursor over a list of extensions.
struct ExtensionList {
    /// What the next element is.
    enum Element {
        case entry(name: UnsafeRawBufferPointer, parameters: [ExtensionParameter])
        /// The list ends here.
        case end
        /// The rest follows no grammar: the handshake fails.
        case malformed
    }

    private let bytes: UnsafeRawBufferPointer
    private var at = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next extension. Empty elements of the list are passed over (RFC 9110 §5.6.1.2).
    mutating func next() -> Element {
        skipSpaces()
        while at < bytes.count, bytes[at] == UInt8(ascii: ",") {
            at += 1
            skipSpaces()
        }
        if at == bytes.count { return .end }
        guard let name = token() else { return .malformed }
        var parameters: [ExtensionParameter] = []
        while true {
            skipSpaces()
            guard at < bytes.count, bytes[at] != UInt8(ascii: ",") else {
                return .entry(name: name, parameters: parameters)
            }
            guard take(UInt8(ascii: ";")), let parameter = parameter() else { return .malformed }
            parameters.append(parameter)
        }
    }

    private mutating func parameter() -> ExtensionParameter? {
        skipSpaces()
        guard let name = token() else { return nil }
        skipSpaces()
        guard take(UInt8(ascii: "=")) else { return ExtensionParameter(name: name, value: nil) }
        skipSpaces()
        guard let value = take(UInt8(ascii: "\"")) ? quoted() : token() else { return nil }
        return ExtensionParameter(name: name, value: value)
    }

    private mutating func token() -> UnsafeRawBufferPointer? {
        let start = at
        while at < bytes.count, ASCIISet.token.contains(bytes[at]) { at += 1 }
        return at > start ? UnsafeRawBufferPointer(rebasing: bytes[start..<at]) : nil
    }

    /// What stands before the closing quote. It must be a token once its escapes are taken out.
    private mutating func quoted() -> UnsafeRawBufferPointer? {
        let start = at
        while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
            if bytes[at] == UInt8(ascii: "\\") { at += 1 }
            guard at < bytes.count, ASCIISet.token.contains(bytes[at]) else { return nil }
            at += 1
        }
        let end = at
        guard take(UInt8(ascii: "\"")), end > start else { return nil }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard at < bytes.count, bytes[at] == byte else { return false }
        at += 1
        return true
    }

    private mutating func skipSpaces() {
        while at < bytes.count, HTTPCharacters.isSpace(bytes[at]) { at += 1 }
    }
}
