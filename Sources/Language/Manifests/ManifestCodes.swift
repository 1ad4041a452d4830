public import Diagnostics

/// What can be wrong with the text of a manifest. Each has a page in `docs/errors`.
extension DiagnosticCode {
    public static let fileNotFound = DiagnosticCode("file-not-found")
    public static let fileUnreadable = DiagnosticCode("file-unreadable")
    public static let fileTooLarge = DiagnosticCode("file-too-large")
    public static let emptyFile = DiagnosticCode("empty-file")
    public static let notYAML = DiagnosticCode("not-yaml")
    public static let duplicateKey = DiagnosticCode("duplicate-key")
    public static let aliasExpansion = DiagnosticCode("alias-expansion")
    public static let unknownAlias = DiagnosticCode("unknown-alias")
    public static let tooDeep = DiagnosticCode("too-deep")
    public static let notAManifest = DiagnosticCode("not-a-manifest")
    public static let unknownKind = DiagnosticCode("unknown-kind")
    public static let unknownField = DiagnosticCode("unknown-field")
    public static let missingField = DiagnosticCode("missing-field")
    public static let wrongType = DiagnosticCode("wrong-type")
    public static let badValue = DiagnosticCode("bad-value")
    public static let unquotedString = DiagnosticCode("unquoted-string")
    public static let ignoredField = DiagnosticCode("ignored-field")
    public static let tooManyFaults = DiagnosticCode("too-many-faults")

    /// All codes of this room, in the order above.
    public static let manifestCodes: [DiagnosticCode] = [
        .fileNotFound, .fileUnreadable, .fileTooLarge, .emptyFile, .notYAML, .duplicateKey, .aliasExpansion, .unknownAlias, .tooDeep,
        .notAManifest, .unknownKind, .unknownField, .missingField, .wrongType, .badValue, .unquotedString, .ignoredField, .tooManyFaults,
    ]
}
