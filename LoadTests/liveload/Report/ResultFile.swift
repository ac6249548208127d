// Owns the files of a result: written whole or not at all, read for comparison.

import Foundation

/// Results on disk.
enum ResultFile {
    static func write(_ outcome: Outcome, path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try write(encoder.encode(outcome), path)
    }

    static func write(_ text: String, path: String) throws { try write(Data(text.utf8), path) }

    static func read(_ path: String) throws -> Outcome {
        do {
            return try JSONDecoder().decode(Outcome.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw RunProblem(description: "\(path): is no result of liveload")
        }
    }

    private static func write(_ data: Data, _ path: String) throws {
        do {
            try data.write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw RunProblem(description: "\(path): cannot be written")
        }
    }
}
