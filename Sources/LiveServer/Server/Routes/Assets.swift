// The web client, compiled into the binary, compressed once at start.

import CWeb
import CZlib
import LiveProtocol

/// The files of the web client by path. Made at start, then shared unchanged by all reactors.
struct Assets: Sendable {
    struct Asset: Sendable {
        let path: [UInt8]
        let contentType: String
        let plain: [UInt8]
        /// Nil where compression gains nothing.
        let gzip: [UInt8]?
        let etag: String
        let isPage: Bool
    }

    let all: [Asset]

    /// Pages by their short names.
    private static let pages: [(path: String, file: String)] = [
        ("/", "/index.html"), ("/join", "/join.html"), ("/teach", "/teach.html"), ("/show", "/show.html"),
    ]

    init() {
        var count = 0
        var list: [Asset] = []
        if let table = cweb_assets(&count) {
            for i in 0..<count {
                guard let asset = Assets.load(table[i]) else { continue }
                list.append(asset)
                if let page = Assets.pages.first(where: { Array($0.file.utf8) == asset.path }) {
                    list.append(
                        Asset(
                            path: Array(page.path.utf8), contentType: asset.contentType, plain: asset.plain,
                            gzip: asset.gzip, etag: asset.etag, isPage: true))
                }
            }
        }
        all = list
    }

    private static func load(_ entry: cweb_asset) -> Asset? {
        guard let path = entry.path, let type = entry.type, let bytes = entry.bytes else { return nil }
        let plain = [UInt8](UnsafeBufferPointer(start: bytes, count: entry.length))
        let gzip = compress(plain)
        let sum = plain.withUnsafeBytes {
            crc32(
                adler32(1, $0.bindMemory(to: UInt8.self).baseAddress, UInt32($0.count)),
                $0.bindMemory(to: UInt8.self).baseAddress, UInt32($0.count))
        }
        let text = String(cString: path)
        let absolute = text.hasPrefix("/") ? text : "/" + text
        return Asset(
            path: Array(absolute.utf8), contentType: String(cString: type), plain: plain, gzip: gzip,
            etag: "\"\(String(plain.count, radix: 36))-\(String(sum, radix: 36))\"",
            isPage: absolute.hasSuffix(".html"))
    }

    /// gzip at the best level; nil where it is not smaller.
    private static func compress(_ plain: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        let gzipWindow: Int32 = 15 + 16
        guard
            deflateInit2_(
                &stream, Z_BEST_COMPRESSION, Z_DEFLATED, gzipWindow, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { deflateEnd(&stream) }
        var input = plain
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(plain.count))))
        let written: Int? = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.next_in = source.baseAddress
                stream.avail_in = UInt32(source.count)
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(target.count)
                return deflate(&stream, Z_FINISH) == Z_STREAM_END ? Int(stream.total_out) : nil
            }
        }
        guard let written, written < plain.count else { return nil }
        return Array(output[..<written])
    }

    /// Index of the asset at a path.
    func find(_ path: UnsafeRawBufferPointer) -> Int? {
        all.firstIndex { asset in
            asset.path.count == path.count && asset.path.withUnsafeBytes { $0.elementsEqual(path) }
        }
    }
}
