public import Diagnostics

/// What `skiff lint` is asked to do.
public struct LintRequest: Sendable, Equatable {
    /// Paths as the user gave them: files, directories (searched for YAML and JSON), or `-` for standard input. All of them together are
    /// what references are looked up in first.
    public var files: [String]
    /// Only faults of objects of these kinds (`Workflow`) are wanted, the others are context; nil for all.
    public var kinds: Set<String>?
    /// Unknown fields are warnings, as they have no effect in a cluster.
    public var toleratesUnknownFields: Bool
    /// References are looked up among the files alone, and not among what is stored.
    public var isOffline: Bool

    public init(files: [String], kinds: Set<String>? = nil, toleratesUnknownFields: Bool = false, isOffline: Bool = false) {
        self.files = files
        self.kinds = kinds
        self.toleratesUnknownFields = toleratesUnknownFields
        self.isOffline = isOffline
    }
}

/// One fault, and the object it was found in.
public struct LintFinding: Sendable, Equatable {
    /// An object of a file, as Argo's lint calls it.
    public struct Object: Sendable, Equatable {
        public var kind: String
        /// `metadata.name`, else `metadata.generateName`, else `object #2`.
        public var name: String
        public init(kind: String, name: String) {
            self.kind = kind
            self.name = name
        }
    }

    public var diagnostic: Diagnostic
    /// nil when the fault is not in an object: the file is missing, or no YAML.
    public var object: Object?

    public init(_ diagnostic: Diagnostic, in object: Object? = nil) {
        self.diagnostic = diagnostic
        self.object = object
    }
}

/// Everything that was found.
public struct LintReport: Sendable {
    /// By file, in the order in which the files were read, then by position.
    public var findings: [LintFinding]
    /// The lines of each file that was read.
    public var excerpts: [String: [Substring]]
    /// How many objects of the wanted kinds there were.
    public var objectCount: Int

    public init(findings: [LintFinding], excerpts: [String: [Substring]], objectCount: Int) {
        self.findings = findings
        self.excerpts = excerpts
        self.objectCount = objectCount
    }
}

/// Finds faults in files.
public protocol ManifestLinter: Sendable {
    /// All faults of all files, found without running anything.
    func lint(_ request: LintRequest) async throws -> LintReport
}
