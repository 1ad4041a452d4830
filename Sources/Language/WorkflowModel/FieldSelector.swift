/// A selection by fields as Kubernetes writes it: `metadata.name=build,metadata.namespace!=test`. All parts must hold.
///
/// The two fields here are those that every kind can be selected by.
public struct FieldSelector: Sendable, Equatable {
    public enum Field: String, Sendable, CaseIterable {
        case name = "metadata.name"
        case namespace = "metadata.namespace"
    }

    private struct Requirement: Sendable, Equatable {
        var field: Field
        var value: String
        var isNegated: Bool
    }

    private var requirements: [Requirement] = []

    /// Selects everything.
    public static let all = FieldSelector()

    private init() {}

    /// - Throws: `SelectorFault`.
    public init(_ text: String?) throws {
        for part in (text ?? "").split(separator: ",") { self.requirements.append(try Self.requirement(part)) }
    }

    /// As it is written; empty for a selector that selects everything.
    public var text: String {
        self.requirements.map { "\($0.field.rawValue)\($0.isNegated ? "!=" : "=")\($0.value)" }.joined(separator: ",")
    }

    public func matches(name: String, namespace: String) -> Bool {
        self.requirements.allSatisfy { requirement in
            let value = requirement.field == .name ? name : namespace
            return (value == requirement.value) != requirement.isNegated
        }
    }

    private static func requirement(_ part: Substring) throws -> Requirement {
        for (sign, isNegated) in [("!=", true), ("==", false), ("=", false)] {
            guard let range = part.firstRange(of: sign) else { continue }
            let name = part[..<range.lowerBound].filter { $0 != " " }
            guard let field = Field(rawValue: name) else {
                let known = Field.allCases.map(\.rawValue).joined(separator: " and ")
                throw SelectorFault("'\(name)' is not a field to select by, expected \(known)")
            }
            return Requirement(field: field, value: part[range.upperBound...].filter { $0 != " " }, isNegated: isNegated)
        }
        throw SelectorFault("'\(part)' is not a field selector, expected field=value, field==value or field!=value")
    }
}
