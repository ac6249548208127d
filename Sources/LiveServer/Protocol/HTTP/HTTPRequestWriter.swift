// HTTPRequestWriter: appends requests to an array of bytes (client role: load tester, tests).
// Never resolves or connects. Control characters in values become spaces.

/// Requests of HTTP/1.1. Source: RFC 9112 §3.
package enum HTTPRequestWriter {
    /// One field of a request.
    package typealias Field = (name: StaticString, value: String)

    /// Appends a request. With a body it carries Content-Length.
    package static func append(
        _ method: StaticString, _ target: String, host: String, fields: [Field] = [], body: [UInt8]? = nil,
        to bytes: inout [UInt8]
    ) {
        HTTPFieldWriter.append(method, to: &bytes)
        bytes.append(0x20)
        precondition(
            !target.isEmpty && target.utf8.allSatisfy { ASCIISet.target.contains($0) }, "a target must be escaped")
        bytes.append(contentsOf: target.utf8)
        HTTPFieldWriter.append(" HTTP/1.1\r\n", to: &bytes)
        append("Host", host, to: &bytes)
        for field in fields { append(field.name, field.value, to: &bytes) }
        if let body { append("Content-Length", "\(body.count)", to: &bytes) }
        HTTPFieldWriter.appendLineEnd(to: &bytes)
        if let body { bytes.append(contentsOf: body) }
    }

    private static func append(_ name: StaticString, _ value: String, to bytes: inout [UInt8]) {
        HTTPFieldWriter.append(name: name, to: &bytes)
        HTTPFieldWriter.append(value: value, to: &bytes)
        HTTPFieldWriter.appendLineEnd(to: &bytes)
    }
}
