import Diagnostics

/// What Argo accepts and is still most likely a mistake, and what is wrong with schedules and event bindings.
extension DiagnosticCode {
    static let badSchedule = DiagnosticCode("bad-schedule")
    static let badTimeZone = DiagnosticCode("bad-time-zone")
    static let constantCondition = DiagnosticCode("constant-condition")
    static let endlessRetry = DiagnosticCode("endless-retry")
    static let impossibleDependency = DiagnosticCode("impossible-dependency")
    static let mixedReference = DiagnosticCode("mixed-reference")
    static let nameCollision = DiagnosticCode("name-collision")
    static let olderSpelling = DiagnosticCode("older-spelling")
    static let unknownConfigMap = DiagnosticCode("unknown-config-map")
    static let unknownSecret = DiagnosticCode("unknown-secret")
    static let unknownVariable = DiagnosticCode("unknown-variable")
    static let unknownVolume = DiagnosticCode("unknown-volume")
    static let unpinnedImage = DiagnosticCode("unpinned-image")
    static let unreachableTemplate = DiagnosticCode("unreachable-template")
    static let unusedArgument = DiagnosticCode("unused-argument")
    static let unusedInput = DiagnosticCode("unused-input")
}
