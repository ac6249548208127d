// HTTPRequestLine: reads the first line of a request into its head.
// Never tolerates more than one space, another version's form, or a fragment. Source: RFC 9112 §3.

extension HTTPRequestHead {
    /// Takes the request line, which stands at `line` without its CRLF.
    mutating func parseRequestLine(
        _ bytes: UnsafeRawBufferPointer, line: Range<Int>, limits: HTTPLimits
    ) -> HTTPFailure? {
        var at = line.lowerBound
        while at < line.upperBound, ASCIISet.token.contains(bytes[at]) { at += 1 }
        guard at > line.lowerBound, at < line.upperBound, bytes[at] == 0x20 else {
            return HTTPFailure(400, "the request line has no proper method")
        }
        let name = UnsafeRawBufferPointer(rebasing: bytes[line.lowerBound..<at])
        method = HTTPMethod(name)
        at += 1
        let start = at
        while at < line.upperBound, ASCIISet.target.contains(bytes[at]) { at += 1 }
        target = start..<at
        if target.count > limits.targetBytesMax { return HTTPFailure(414, "the request target is too long") }
        guard at > start, at < line.upperBound, bytes[at] == 0x20 else {
            return HTTPFailure(400, "the request line has no proper target")
        }
        return parseVersion(bytes, (at + 1)..<line.upperBound)
            ?? parseTarget(bytes, isConnect: Bytes.equal(name, "CONNECT"))
    }

    private mutating func parseVersion(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> HTTPFailure? {
        let text = UnsafeRawBufferPointer(rebasing: bytes[range])
        guard text.count == 8, Bytes.equal(UnsafeRawBufferPointer(rebasing: text[..<5]), "HTTP/"),
            text[5] &- 0x30 < 10, text[6] == UInt8(ascii: "."), text[7] &- 0x30 < 10
        else { return HTTPFailure(400, "the request line has no proper version") }
        guard text[5] == UInt8(ascii: "1"), text[7] <= UInt8(ascii: "1") else {
            return HTTPFailure(505, "only HTTP/1.0 and HTTP/1.1 are spoken here")
        }
        minorVersion = text[7] - 0x30
        return nil
    }

    private mutating func parseTarget(_ bytes: UnsafeRawBufferPointer, isConnect: Bool) -> HTTPFailure? {
        let text = UnsafeRawBufferPointer(rebasing: bytes[target])
        if isConnect {
            return HTTPCharacters.isAuthority(text, portRequired: true)
                ? nil : HTTPFailure(400, "CONNECT needs host and port")
        }
        if text[0] == UInt8(ascii: "/") {
            splitQuery(bytes, from: target.lowerBound)
            return nil
        }
        if Bytes.equal(text, "*") {
            return method == .options ? nil : HTTPFailure(400, "only OPTIONS may ask for *")
        }
        return parseAbsolute(bytes)
    }

    /// `http://authority/path?query`, which every server must take. RFC 9112 §3.2.2.
    private mutating func parseAbsolute(_ bytes: UnsafeRawBufferPointer) -> HTTPFailure? {
        let text = UnsafeRawBufferPointer(rebasing: bytes[target])
        let schemeCount =
            startsIgnoringCase(text, "http://") ? 7 : startsIgnoringCase(text, "https://") ? 8 : 0
        guard schemeCount > 0 else { return HTTPFailure(400, "the request target has no form that is known here") }
        var end = schemeCount
        while end < text.count, text[end] != UInt8(ascii: "/"), text[end] != UInt8(ascii: "?") { end += 1 }
        guard HTTPCharacters.isAuthority(UnsafeRawBufferPointer(rebasing: text[schemeCount..<end])) else {
            return HTTPFailure(400, "the request target names no proper host")
        }
        authority = (target.lowerBound + schemeCount)..<(target.lowerBound + end)
        splitQuery(bytes, from: target.lowerBound + end)
        return nil
    }

    private func startsIgnoringCase(_ text: UnsafeRawBufferPointer, _ prefix: StaticString) -> Bool {
        text.count >= prefix.utf8CodeUnitCount
            && Bytes.equalIgnoringCase(UnsafeRawBufferPointer(rebasing: text[..<prefix.utf8CodeUnitCount]), prefix)
    }

    private mutating func splitQuery(_ bytes: UnsafeRawBufferPointer, from start: Int) {
        var mark = start
        while mark < target.upperBound, bytes[mark] != UInt8(ascii: "?") { mark += 1 }
        path = start..<mark
        query = mark < target.upperBound ? (mark + 1)..<target.upperBound : nil
    }
}
