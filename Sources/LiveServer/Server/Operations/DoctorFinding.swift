// Owns how one check of this machine is told: a grade, what was found, what to do. Pure.

/// What one check found.
package struct DoctorFinding: Sendable, Equatable, CustomStringConvertible {
    /// How bad it is; `fail` must be mended before the node serves people.
    package enum Grade: String, Sendable {
        case ok = "ok  "
        case warn = "warn"
        case fail = "FAIL"
    }

    /// How bad it is.
    package let grade: Grade
    /// What was looked at, such as `descriptors`.
    package let subject: String
    /// What was found.
    package let finding: String
    /// What to do; nil where nothing is.
    package let remedy: String?

    static func ok(_ subject: String, _ finding: String) -> DoctorFinding {
        DoctorFinding(grade: .ok, subject: subject, finding: finding, remedy: nil)
    }

    static func bad(_ grade: Grade, _ subject: String, _ finding: String, do remedy: String) -> DoctorFinding {
        DoctorFinding(grade: grade, subject: subject, finding: finding, remedy: remedy)
    }

    /// One line, and a second one with what to do.
    package var description: String {
        let line = "\(grade.rawValue)  \(subject): \(finding)"
        return remedy.map { "\(line)\n      → \($0)" } ?? line
    }
}
