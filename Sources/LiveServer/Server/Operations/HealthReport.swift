// Owns what `/healthz` and `/readyz` answer: the process lives; each part that serving needs is well or says why not.
// Pure: whoever asks brings the parts. Never names people, paths or addresses.

import LiveProtocol

/// The state of a node and its parts, as JSON.
package struct HealthReport: Sendable, Equatable {
    /// One part that serving needs, such as `journal`.
    package struct Part: Sendable, Equatable {
        /// Such as `journal`.
        package let name: String
        /// False: the node can't serve without it.
        package let isWell: Bool
        /// A word or sentence, such as `ok` or `degraded`.
        package let state: String

        /// A part and how it does.
        package init(name: String, isWell: Bool, state: String) {
            self.name = name
            self.isWell = isWell
            self.state = state
        }
    }

    /// Such as `embedded` or `development`.
    package let mode: String
    /// Milliseconds since the node started.
    package let uptimeMs: Int64
    /// In the order in which they are told.
    package let parts: [Part]

    /// A report.
    package init(mode: String, uptimeMs: Int64, parts: [Part]) {
        self.mode = mode
        self.uptimeMs = uptimeMs
        self.parts = parts
    }

    /// Whether all parts are well.
    package var isReady: Bool { parts.allSatisfy(\.isWell) }

    /// 200, or 503 for balancers to send people elsewhere.
    package var status: Int { isReady ? 200 : 503 }

    /// `{"ready":…,"mode":…,"version":…,"uptime_ms":…,"parts":{…}}`.
    package var json: [UInt8] {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        writer.field("ready", isReady)
        writer.field("mode", mode)
        writer.field("version", ServerVersion.text)
        writer.field("uptime_ms", uptimeMs)
        writer.key("parts")
        writer.beginObject()
        for part in parts {
            writer.key(dynamic: part.name)
            writer.string(part.state)
        }
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }
}
