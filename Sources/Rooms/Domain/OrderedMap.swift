// A map that remembers the order of insertion, since Dictionary's own order differs between runs. Look-up, insertion,
// removal and moving to the end take constant time on average; iteration follows the order. The Dictionary inside is
// asked for keys only and never walked.

/// Keys and values in order of insertion.
struct OrderedMap<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var slots: [(key: Key, value: Value)?] = []
    /// No live slot lies before this one.
    private var head = 0
    private var places: [Key: Int] = [:]

    var count: Int { places.count }

    /// The pair inserted first.
    var first: (key: Key, value: Value)? { head < slots.count ? slots[head] : nil }

    func holds(_ key: Key) -> Bool { places[key] != nil }

    subscript(key: Key) -> Value? {
        guard let place = places[key] else { return nil }
        return slots[place]?.value
    }

    /// Adds a pair at the end; the key must be new.
    mutating func append(_ key: Key, _ value: Value) {
        let replaced = places.updateValue(slots.count, forKey: key)
        precondition(replaced == nil, "append is for keys that the map does not hold")
        slots.append((key, value))
    }

    /// Changes a value in place; the key must be there.
    mutating func update<Result>(_ key: Key, _ change: (inout Value) -> Result) -> Result {
        guard let place = places[key], slots[place] != nil else {
            preconditionFailure("update is for keys that the map holds")
        }
        return change(&slots[place]!.value)
    }

    @discardableResult
    mutating func remove(_ key: Key) -> Value? {
        guard let place = places.removeValue(forKey: key) else { return nil }
        let value = slots[place]?.value
        slots[place] = nil
        settle()
        return value
    }

    /// Makes an entry the last one; the key must be there.
    mutating func moveToEnd(_ key: Key) {
        guard let place = places[key] else { preconditionFailure("only a held key moves") }
        guard place != slots.count - 1 else { return }
        slots.append(slots[place])
        slots[place] = nil
        places[key] = slots.count - 1
        settle()
    }

    /// Calls `body` for each pair in order.
    func walk(_ body: (Key, Value) -> Void) {
        for place in head..<slots.count {
            if let slot = slots[place] { body(slot.key, slot.value) }
        }
    }

    /// The values in order.
    func map<Result>(_ transform: (Key, Value) -> Result) -> [Result] {
        var results: [Result] = []
        results.reserveCapacity(count)
        walk { results.append(transform($0, $1)) }
        return results
    }

    /// Moves the head past what is gone, and closes the gaps once they are more than what lives.
    private mutating func settle() {
        while head < slots.count, slots[head] == nil { head += 1 }
        guard slots.count - count > max(32, count) else { return }
        slots = slots.filter { $0 != nil }
        head = 0
        for place in 0..<slots.count {
            if let key = slots[place]?.key { places[key] = place }
        }
    }
}
