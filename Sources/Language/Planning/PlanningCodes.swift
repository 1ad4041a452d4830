public import Diagnostics

/// What planning can find wrong. Each has a page in `docs/errors`.
extension DiagnosticCode {
    static let badArgument = DiagnosticCode("bad-argument")
    static let badArtifact = DiagnosticCode("bad-artifact")
    static let badContainer = DiagnosticCode("bad-container")
    static let badDependency = DiagnosticCode("bad-dependency")
    static let badExpression = DiagnosticCode("bad-expression")
    static let badFanOut = DiagnosticCode("bad-fan-out")
    static let badHook = DiagnosticCode("bad-hook")
    static let badInput = DiagnosticCode("bad-input")
    static let badMetric = DiagnosticCode("bad-metric")
    static let badName = DiagnosticCode("bad-name")
    static let badNumber = DiagnosticCode("bad-number")
    static let badOutput = DiagnosticCode("bad-output")
    static let badPlugin = DiagnosticCode("bad-plugin")
    static let badPodResources = DiagnosticCode("bad-pod-resources")
    static let badResource = DiagnosticCode("bad-resource")
    static let badRetry = DiagnosticCode("bad-retry")
    static let badSelector = DiagnosticCode("bad-selector")
    static let badTag = DiagnosticCode("bad-tag")
    static let dependencyCycle = DiagnosticCode("dependency-cycle")
    static let duplicateName = DiagnosticCode("duplicate-name")
    static let ignoredField = DiagnosticCode("ignored-field")
    static let maybeAbsent = DiagnosticCode("maybe-absent")
    static let missingArgument = DiagnosticCode("missing-argument")
    static let missingEntrypoint = DiagnosticCode("missing-entrypoint")
    static let missingTemplate = DiagnosticCode("missing-template")
    static let notSupported = DiagnosticCode("not-supported")
    static let templateType = DiagnosticCode("template-type")
    static let tooManyFaults = DiagnosticCode("too-many-faults")
    static let unknownDependency = DiagnosticCode("unknown-dependency")
    static let unknownTemplate = DiagnosticCode("unknown-template")
    static let unknownWorkflowTemplate = DiagnosticCode("unknown-workflow-template")
    static let unresolvedReference = DiagnosticCode("unresolved-reference")

    /// All codes that planning itself tells, by name.
    public static let planningCodes: [DiagnosticCode] = [
        .badArgument, .badArtifact, .badContainer, .badDependency, .badExpression, .badFanOut, .badHook, .badInput, .badMetric, .badName,
        .badNumber, .badOutput, .badPlugin, .badPodResources, .badResource, .badRetry, .badSelector, .badTag, .dependencyCycle,
        .duplicateName, .ignoredField, .maybeAbsent, .missingArgument, .missingEntrypoint, .missingTemplate, .notSupported, .templateType,
        .tooManyFaults, .unknownDependency, .unknownTemplate, .unknownWorkflowTemplate, .unresolvedReference,
    ]
}
