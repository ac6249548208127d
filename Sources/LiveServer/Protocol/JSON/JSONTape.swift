// JSONTape: the storage behind parsed values: a copy of the text, strings unescaped in place, and a flat list of nodes.
// Never parses. Written only while a JSONReader parses into it, which it does only when no value refers to it;
// read-only afterwards. Limits: those of the parse.

/// One value or member name. A container is followed by its content; `next` skips over it.
struct JSONNode {
    enum Kind: UInt8 { case object, array, string, integer, decimal, yes, no, null }

    var kind: Kind
    /// Strings and numbers: offset in the text. Containers: the number of members or elements.
    var start: UInt32
    /// Strings and numbers: bytes. Containers: not used.
    var count: UInt32
    /// Index of the node after this value. While a container is open: index of the one around it.
    var next: UInt32
}

/// Text and nodes of one parse. Thread: whichever owns the reader or the values; not shared.
final class JSONTape {
    /// Zero bytes after the text, so that a scan by words never reads beyond the storage and stops at the end.
    static let paddingBytes = 16

    // Exclusivity is given by the rule above (written only by the one parse, else read-only); unchecked because a
    // dynamic check for each node would cost more than the parse.
    @exclusivity(unchecked) private(set) var text: UnsafeMutablePointer<UInt8>
    @exclusivity(unchecked) private(set) var nodes: UnsafeMutablePointer<JSONNode>
    @exclusivity(unchecked) private(set) var textCapacity: Int
    @exclusivity(unchecked) private(set) var nodeCapacity: Int

    init(textBytes: Int = 1024, nodes nodeCount: Int = 64) {
        textCapacity = textBytes + Self.paddingBytes
        nodeCapacity = nodeCount
        text = .allocate(capacity: textCapacity)
        nodes = .allocate(capacity: nodeCapacity)
    }

    deinit {
        text.deallocate()
        nodes.deallocate()
    }

    /// Takes a copy of the text.
    func load(_ bytes: UnsafeRawBufferPointer) {
        if bytes.count + Self.paddingBytes > textCapacity {
            text.deallocate()
            textCapacity = bytes.count + Self.paddingBytes
            text = .allocate(capacity: textCapacity)
        }
        let target = UnsafeMutableRawPointer(text)
        if let base = bytes.baseAddress { target.copyMemory(from: base, byteCount: bytes.count) }
        (target + bytes.count).initializeMemory(as: UInt8.self, repeating: 0, count: Self.paddingBytes)
    }

    /// Doubles the room for nodes, of which `used` are kept.
    func growNodes(used: Int) {
        let larger = UnsafeMutablePointer<JSONNode>.allocate(capacity: nodeCapacity * 2)
        larger.initialize(from: nodes, count: used)
        nodes.deallocate()
        nodes = larger
        nodeCapacity *= 2
    }

    /// The bytes of a string or number.
    @inline(__always)
    func slice(_ node: JSONNode) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: text + Int(node.start), count: Int(node.count))
    }
}
