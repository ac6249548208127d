// Owns: one step of a journal reader that ends at the committed end, also where nothing was ever committed.
// Never: hides damage before that end.

internal import LiveIO

extension JournalReader {
    /// Reads on with `body`, which gets each record that ends at `end` or before; nil at the end.
    ///
    /// A reader that began before everything stands at the first segment's head only after its first look, so a journal
    /// without records shows it "nothing where something was committed": at or beyond `end` that is no damage.
    mutating func next<Result>(
        before end: JournalPosition, _ body: (JournalRecord) -> Result
    ) throws(JournalFailure) -> Result? {
        do throws(JournalFailure) {
            guard let record = try next() else { return nil }
            return body(record)
        } catch .corrupt(let position) where position >= end {
            return nil
        }
    }
}
