// Owns one GET of a key set with libcurl: limits of time and size, no redirect, no proxy, no cookie, TLS 1.2 or later
// with a verified certificate, and the judgement of each address before a socket to it exists. Blocks its thread, DNS
// included: never on a reactor. Each transfer has a connection of its own, so that each is judged.

import CCurl
import Glibc

/// What is fetched, and within which limits.
package struct KeyRequest: Sendable {
    /// `https://…`, or `http://…` of a listed address.
    package var url: String
    /// Where sockets may go.
    package var policy: AddressPolicy
    /// Time for name, connection, TLS and answer together, ms.
    package var timeoutMs = 10_000
    /// Longest answer in bytes.
    package var bytesMax = KeyLimits.setBytesMax
    /// Certificates of authorities in PEM instead of the system's; empty: the system's.
    package var authorities = ""
    /// Names that stand for given addresses instead of DNS's, as `host:port:address`.
    package var pinned: [String] = []

    /// A request with the default limits.
    package init(url: String, policy: AddressPolicy) {
        self.url = url
        self.policy = policy
    }
}

/// A look over the network.
package enum CurlTransfer {
    /// libcurl is set up once a process, before its first handle.
    private static let isSetUp: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// Fetches; `etag` of what is known makes the answer short where nothing changed. `isStopped` is asked about once a
    /// second and while bytes come.
    package static func get(_ request: KeyRequest, etag: String?, isStopped: @escaping () -> Bool) -> KeyFetch {
        guard isSetUp, let handle = curl_easy_init() else { return .failed(.other(Int(CURLE_FAILED_INIT.rawValue))) }
        defer { curl_easy_cleanup(handle) }
        let answer = CurlAnswer(request, isStopped: isStopped)
        var fields = curl_slist_append(nil, "Accept: application/jwk-set+json, application/json")
        if let etag { fields = curl_slist_append(fields, "If-None-Match: \(etag)") }
        var names: UnsafeMutablePointer<curl_slist>?
        for name in request.pinned { names = curl_slist_append(names, name) }
        defer {
            curl_slist_free_all(fields)
            curl_slist_free_all(names)
        }
        limit(handle, request)
        live_curl_set_pointer(handle, CURLOPT_HTTPHEADER, fields)
        if let names { live_curl_set_pointer(handle, CURLOPT_RESOLVE, names) }
        return withExtendedLifetime(answer) {
            listen(handle, answer)
            let code = curl_easy_perform(handle)
            return answer.result(code, status: live_curl_status(handle))
        }
    }

    private static func limit(_ handle: UnsafeMutableRawPointer, _ request: KeyRequest) {
        live_curl_set_text(handle, CURLOPT_URL, request.url)
        live_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "https,http")
        // An empty text: not even a proxy of the environment, whose address would be judged in the issuer's place.
        live_curl_set_text(handle, CURLOPT_PROXY, "")
        if !request.authorities.isEmpty { live_curl_set_text(handle, CURLOPT_CAINFO, request.authorities) }
        let numbers: [(CURLoption, Int)] = [
            (CURLOPT_FOLLOWLOCATION, 0), (CURLOPT_NETRC, 0), (CURLOPT_NOSIGNAL, 1), (CURLOPT_QUICK_EXIT, 1),
            (CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)), (CURLOPT_SSL_VERIFYPEER, 1),
            (CURLOPT_SSL_VERIFYHOST, 2), (CURLOPT_FRESH_CONNECT, 1), (CURLOPT_FORBID_REUSE, 1),
            (CURLOPT_DNS_CACHE_TIMEOUT, 0), (CURLOPT_TIMEOUT_MS, request.timeoutMs),
            (CURLOPT_CONNECTTIMEOUT_MS, request.timeoutMs), (CURLOPT_MAXFILESIZE, request.bytesMax),
            (CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)), (CURLOPT_NOPROGRESS, 0),
        ]
        for (option, value) in numbers { live_curl_set_long(handle, option, value) }
    }

    /// The callbacks: thunks to the answer, which outlives the transfer.
    private static func listen(_ handle: UnsafeMutableRawPointer, _ answer: CurlAnswer) {
        let context = Unmanaged.passUnretained(answer).toOpaque()
        for option in [
            CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_OPENSOCKETDATA, CURLOPT_XFERINFODATA,
        ] { live_curl_set_pointer(handle, option, context) }
        live_curl_set_bytes(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes, let answer = CurlAnswer.of(context) else { return 0 }
            return answer.body(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        live_curl_set_bytes(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let bytes, let answer = CurlAnswer.of(context) else { return 0 }
            return answer.header(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        live_curl_set_opener(handle) { context, _, address in
            guard let address, let answer = CurlAnswer.of(context) else { return -1 }
            return answer.admits(address) ? live_curl_open(address) : -1
        }
        live_curl_set_progress(handle) { context, _, _, _, _ in
            CurlAnswer.of(context)?.isStopped() ?? true ? 1 : 0
        }
    }
}

/// What one transfer has brought so far. Its thread only.
private final class CurlAnswer {
    /// Headers of an answer, bytes; more than any issuer sends.
    private static let headerBytesMax = 65_536

    let isStopped: () -> Bool
    private let request: KeyRequest
    private let isPlain: Bool
    private var bytes: [UInt8] = []
    private var headerBytes = 0
    private var facts = CacheFacts()
    private var hasRefused = false
    private var isTooLarge = false

    init(_ request: KeyRequest, isStopped: @escaping () -> Bool) {
        self.request = request
        self.isStopped = isStopped
        isPlain = !request.url.lowercased().hasPrefix("https://")
    }

    static func of(_ context: UnsafeMutableRawPointer?) -> CurlAnswer? {
        context.map { Unmanaged<CurlAnswer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Takes a piece of the body; another count than the piece's ends the transfer.
    func body(_ piece: UnsafeRawBufferPointer) -> Int {
        guard bytes.count + piece.count <= request.bytesMax else {
            isTooLarge = true
            return 0
        }
        bytes += piece
        return piece.count
    }

    func header(_ line: UnsafeRawBufferPointer) -> Int {
        headerBytes += line.count
        guard headerBytes <= Self.headerBytesMax else {
            isTooLarge = true
            return 0
        }
        facts.take(line: String(decoding: line, as: UTF8.self))
        return line.count
    }

    /// Judged on what the socket would connect to, behind DNS.
    func admits(_ address: UnsafeMutablePointer<curl_sockaddr>) -> Bool {
        let isAdmitted =
            live_curl_address(address).flatMap { PeerIP.bytes($0) }
            .map { request.policy.admits($0, isPlain: isPlain) } ?? false
        if !isAdmitted { hasRefused = true }
        return isAdmitted
    }

    func result(_ code: CURLcode, status: Int) -> KeyFetch {
        if isTooLarge { return .failed(.tooLarge) }
        switch code {
        case CURLE_OK: break
        case CURLE_COULDNT_CONNECT: return .failed(hasRefused ? .addressRefused : .notConnected)
        case CURLE_COULDNT_RESOLVE_HOST: return .failed(.nameNotFound)
        case CURLE_OPERATION_TIMEDOUT: return .failed(.timedOut)
        case CURLE_FILESIZE_EXCEEDED: return .failed(.tooLarge)
        case CURLE_ABORTED_BY_CALLBACK: return .failed(.stopped)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE:
            return .failed(.untrusted)
        default: return .failed(.other(Int(code.rawValue)))
        }
        switch status {
        case 200: return .fresh(bytes, etag: facts.etag, lifetimeS: facts.lifetimeS)
        case 304: return .unchanged(lifetimeS: facts.lifetimeS)
        case 301, 302, 303, 307, 308: return .failed(.redirected)
        default: return .failed(.status(status))
        }
    }
}

/// What an answer's headers say of keeping it (RFC 9111 §4.2, §5.2.2).
struct CacheFacts {
    /// Longest validator in characters; a longer one is not sent back.
    private static let etagMax = 256

    private(set) var etag: String?
    private var maxAgeS: Int?
    private var ageS = 0
    private var isNeverKept = false

    /// Seconds that are left; nil where the answer does not say.
    var lifetimeS: Int? { isNeverKept ? 0 : maxAgeS.map { max(0, $0 - ageS) } }

    /// Takes one line; a status line begins the headers of another answer.
    mutating func take(line: String) {
        if line.hasPrefix("HTTP/") { self = CacheFacts() }
        guard let colon = line.firstIndex(of: ":") else { return }
        let value = Self.trimmed(line[line.index(after: colon)...])
        switch line[..<colon].lowercased() {
        case "etag" where value.utf8.count <= Self.etagMax && value.utf8.allSatisfy { (0x21...0x7E).contains($0) }:
            etag = value
        case "age": ageS = Self.seconds(value) ?? 0
        case "cache-control":
            for directive in value.lowercased().split(separator: ",") {
                let text = Self.trimmed(directive)
                if text == "no-store" || text == "no-cache" { isNeverKept = true }
                if text.hasPrefix("max-age=") { maxAgeS = Self.seconds(String(text.dropFirst(8))) ?? maxAgeS }
            }
        default: break
        }
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }

    /// Up to a year; more is a year.
    private static func seconds(_ text: String) -> Int? {
        guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text).map { min($0, 31_536_000) }
    }
}
