/// Why an artifact cannot be kept or given out.
public struct ArtifactError: Error, Sendable, Equatable, CustomStringConvertible {
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Value: String {
            case missing, unsupportedFile, invalidKey, wrongArchive, unsafeArchive, archiveTooLarge, damagedArchive, storageFull,
                unavailable
        }
        private let value: Value
        public var description: String { self.value.rawValue }

        /// The artifact, or the part of it that is meant, is not there.
        public static let missing = Code(value: .missing)
        /// A socket, a device or the like, which cannot be kept or packed.
        public static let unsupportedFile = Code(value: .unsupportedFile)
        /// A key or a file name that would leave its directory.
        public static let invalidKey = Code(value: .invalidKey)
        /// The content is not packed as its consumer says.
        public static let wrongArchive = Code(value: .wrongArchive)
        /// An archive that would write outside its directory.
        public static let unsafeArchive = Code(value: .unsafeArchive)
        /// An archive that unpacks to more than the limits.
        public static let archiveTooLarge = Code(value: .archiveTooLarge)
        public static let damagedArchive = Code(value: .damagedArchive)
        public static let storageFull = Code(value: .storageFull)
        public static let unavailable = Code(value: .unavailable)
    }

    public var code: Code
    /// What is, and what was expected.
    public var message: String
    public var description: String { self.message }

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
