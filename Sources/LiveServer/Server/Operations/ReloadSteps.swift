// Owns what SIGHUP renews in a running node: a list of steps, each for one part, done in order. A step that cannot take
// the new value keeps the old one and says why; the others are done all the same. Never reads files: the caller brings
// the configuration.

import LiveIO

/// One part of a node that takes new settings while it runs.
package struct ReloadStep: Sendable {
    /// What is renewed, such as `log level`; stands in the log.
    package let part: String
    /// Takes the new settings; nil when done, else why the old ones stay.
    package let take: @Sendable (ServerConfiguration) -> String?

    /// A step for a part. `take` runs on the thread that waits for signals and may read files.
    package init(_ part: String, take: @escaping @Sendable (ServerConfiguration) -> String?) {
        self.part = part
        self.take = take
    }
}

/// The steps of a node, in order.
package struct ReloadSteps: Sendable {
    private var steps: [ReloadStep] = []

    /// None yet.
    package init() {}

    /// Adds a step behind those that are there.
    package mutating func add(_ step: ReloadStep) { steps.append(step) }

    /// Does every step and logs what became of it. True: all parts took the new settings.
    @discardableResult
    package func run(_ configuration: ServerConfiguration, log: ServerLog) -> Bool {
        var isWhole = true
        for step in steps {
            if let reason = step.take(configuration) {
                isWhole = false
                log.error("a part keeps its old settings", reason: "\(step.part): \(reason)")
            } else {
                log.info("read again", reason: step.part)
            }
        }
        return isWhole
    }
}
