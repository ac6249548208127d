// HTTPFraming: where the body of a message ends, from its fields.
// Never guesses: what two readers could understand differently is refused (request smuggling).
// Source: RFC 9112 §6, RFC 9110 §8.6.

/// The length of a body as its fields tell it.
struct HTTPFraming {
    var contentLength: UInt64?
    var isChunked = false

    /// Reads Content-Length and Transfer-Encoding. `minorVersion` as in HTTP/1.x.
    static func read(_ fields: HTTPFieldTable, minorVersion: UInt8) -> Result<HTTPFraming, HTTPFailure> {
        var framing = HTTPFraming()
        let lengths = fields.count(of: "content-length")
        let encodings = fields.count(of: "transfer-encoding")
        if lengths > 0, encodings > 0 {
            return .failure(HTTPFailure(400, "Content-Length and Transfer-Encoding exclude each other"))
        }
        if lengths > 1 { return .failure(HTTPFailure(400, "Content-Length is repeated")) }
        if let value = fields.first("content-length") {
            // More than 19 digits could not be told from an attempt to overflow somebody.
            guard value.count <= 19, let length = Decimal.parse(value) else {
                return .failure(HTTPFailure(400, "Content-Length is not a number"))
            }
            framing.contentLength = length
        }
        if encodings > 0 {
            if minorVersion == 0 { return .failure(HTTPFailure(400, "HTTP/1.0 has no Transfer-Encoding")) }
            if let failure = checkEncodings(fields) { return .failure(failure) }
            framing.isChunked = true
        }
        return .success(framing)
    }

    /// Only `chunked`, once. Another coding before it is one that we don't know (501); anything else is an error.
    private static func checkEncodings(_ fields: HTTPFieldTable) -> HTTPFailure? {
        var codings = 0
        var chunked = 0
        var isLastChunked = false
        fields.forEach("transfer-encoding") { value in
            for coding in HTTPList(value) {
                codings += 1
                isLastChunked = Bytes.equalIgnoringCase(coding, "chunked")
                if isLastChunked { chunked += 1 }
            }
            return true
        }
        guard isLastChunked, chunked == 1 else {
            return HTTPFailure(400, "Transfer-Encoding does not end with one chunked")
        }
        return codings == 1 ? nil : HTTPFailure(501, "no transfer coding but chunked is known here")
    }

    /// Whether the connection stays open after a message: RFC 9112 §9.3.
    static func keepsAlive(_ fields: HTTPFieldTable, minorVersion: UInt8) -> Bool {
        if fields.lists("connection", "close") { return false }
        return minorVersion > 0 || fields.lists("connection", "keep-alive")
    }
}
