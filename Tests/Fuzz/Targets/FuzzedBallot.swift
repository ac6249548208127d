// Owns the promises of ballot records: what decodes encodes to the same bytes and the same kind. The first byte is
// the record's kind, as the journal's frame has it.

@testable import RoomsStore

enum FuzzedBallot {
    static func run(_ input: [UInt8]) {
        guard let kind = input.first else { return }
        let bytes = Array(input.dropFirst())
        bytes.withExactCopy { block in
            guard let record = try? BallotRecordCodec.decode(kind: kind, UnsafeRawBufferPointer(block)) else { return }
            var again: [UInt8] = [1, 2, 3]
            let sameKind = BallotRecordCodec.encode(record, into: &again)
            promise(sameKind.rawValue == kind, "a record of another kind")
            guard let second = try? again.withUnsafeBytes({ try BallotRecordCodec.decode(kind: kind, $0) }) else {
                preconditionFailure("a record's own bytes are refused")
            }
            promise(second == record, "a record is not what was read")
            promise(again == bytes, "a record has two spellings")
        }
    }
}
