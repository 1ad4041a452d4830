import Diagnostics
import WorkflowModel

/// What was written otherwise before Argo Workflows 4, and what to write today.
extension Linter {
    mutating func checkSpellings() {
        self.checkLocks(self.spec.raw["synchronization"], self.specOrigin.field("synchronization"))
        if let seconds = self.spec.raw["ttlSecondsAfterFinished"]?.scalarText {
            self.faults.older(
                "ttlSecondsAfterFinished", at: self.specOrigin, "was removed after Argo Workflows 2",
                "ttlStrategy: {secondsAfterCompletion: \(seconds)}")
        }
        for linted in self.templates {
            self.checkLocks(linted.template.raw["synchronization"], linted.origin.field("synchronization"))
            for (step, origin) in linted.template.placedSteps(linted.origin) {
                guard let onExit = step.onExit else { continue }
                self.faults.older("onExit", at: origin, "is deprecated on steps and tasks", "hooks: {exit: {template: \(onExit)}}", .hint)
            }
        }
    }

    private mutating func checkLocks(_ synchronization: JSONValue?, _ origin: Origin) {
        guard let synchronization else { return }
        for (older, newer) in [("mutex", "mutexes"), ("semaphore", "semaphores")] where !(synchronization[older]?.isNull ?? true) {
            self.faults.older(older, at: origin, "was removed in Argo Workflows 4", "a list, '\(newer)', with it as its item")
        }
    }
}

extension LintFaults {
    /// A field that has another name or form today.
    /// - Parameters:
    ///   - fate: what became of it: `was removed in …`.
    ///   - newer: what to write.
    mutating func older(_ field: String, at origin: Origin, _ fate: String, _ newer: String, _ severity: Severity = .warning) {
        self.add(
            .olderSpelling, severity, at: origin.field(field), atKey: true, word: field,
            "'\(field)' \(fate)", hint: "write \(newer)")
    }
}
