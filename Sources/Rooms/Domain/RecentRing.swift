// The last N of something, in order, in one array that never grows past N.

/// A ring of the most recent elements.
struct RecentRing<Element: Sendable>: Sendable {
    let capacity: Int
    private var storage: [Element] = []
    private var start = 0

    init(capacity: Int) { self.capacity = capacity }

    var count: Int { storage.count }

    /// From the oldest, 0, to the newest.
    subscript(index: Int) -> Element {
        get { storage[place(index)] }
        _modify { yield &storage[place(index)] }
    }

    /// Adds an element; gives back the one that had to leave.
    mutating func append(_ element: Element) -> Element? {
        guard storage.count == capacity else {
            storage.append(element)
            return nil
        }
        let leaving = storage[start]
        storage[start] = element
        start = start + 1 == capacity ? 0 : start + 1
        return leaving
    }

    /// The elements from oldest to newest.
    var elements: [Element] { Array(storage[start...]) + storage[..<start] }

    func lastIndex(where matches: (Element) -> Bool) -> Int? {
        var index = count - 1
        while index >= 0 {
            if matches(storage[place(index)]) { return index }
            index -= 1
        }
        return nil
    }

    private func place(_ index: Int) -> Int {
        precondition(index >= 0 && index < storage.count, "the index lies in the ring")
        let sum = start + index
        return sum >= storage.count ? sum - storage.count : sum
    }
}
