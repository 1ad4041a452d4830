/// A JSON value whose objects keep the order of their keys and whose numbers keep their digits.
///
/// Everything that Skiff does not interpret travels as this, so that a manifest survives a round trip.
public enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    /// The digits as JSON writes them: `1`, `-2.50`, `1e9`.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    public subscript(key: String) -> JSONValue? {
        guard case .object(let object) = self else { return nil }
        return object[key]
    }

    public subscript(index: Int) -> JSONValue? {
        guard case .array(let array) = self, array.indices.contains(index) else { return nil }
        return array[index]
    }

    public var string: String? { if case .string(let text) = self { text } else { nil } }
    public var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    public var array: [JSONValue]? { if case .array(let items) = self { items } else { nil } }
    public var object: JSONObject? { if case .object(let object) = self { object } else { nil } }
    public var integer: Int64? {
        switch self {
        case .number(let digits): Int64(digits) ?? Double(digits).flatMap { Int64(exactly: $0) }
        case .null, .bool, .string, .array, .object: nil
        }
    }
    public var isNull: Bool { self == .null }

    public static func integer(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .number(String(value)) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        var object = JSONObject()
        for (key, value) in elements { object[key] = value }
        self = .object(object)
    }
}

/// An object whose keys stay in the order they were first set. Looking a key up costs a scan while there are few, a hash when there are many.
public struct JSONObject: Sendable {
    public private(set) var keys: [String] = []
    public private(set) var values: [JSONValue] = []
    private var positions: [String: Int] = [:]
    private static let scanned = 24

    public init() {}

    public var count: Int { self.keys.count }
    public var isEmpty: Bool { self.keys.isEmpty }

    /// Makes room at once for an object whose size is known.
    public mutating func reserveCapacity(_ count: Int) {
        self.keys.reserveCapacity(count)
        self.values.reserveCapacity(count)
        if count > Self.scanned { self.positions.reserveCapacity(count) }
    }

    /// Setting nil removes the key.
    public subscript(key: String) -> JSONValue? {
        get { self.position(of: key).map { self.values[$0] } }
        set {
            switch (self.position(of: key), newValue) {
            case (let at?, let value?): self.values[at] = value
            case (let at?, nil):
                self.keys.remove(at: at)
                self.values.remove(at: at)
                if self.keys.count > Self.scanned { self.index() } else { self.positions = [:] }
            case (nil, let value?):
                self.keys.append(key)
                self.values.append(value)
                if self.keys.count == Self.scanned + 1 {
                    self.index()
                } else if self.keys.count > Self.scanned {
                    self.positions[key] = self.keys.count - 1
                }
            case (nil, nil): break
            }
        }
    }

    private func position(of key: String) -> Int? {
        self.keys.count > Self.scanned ? self.positions[key] : self.keys.firstIndex(of: key)
    }

    private mutating func index() {
        self.positions = Dictionary(uniqueKeysWithValues: zip(self.keys, self.keys.indices))
    }
}

extension JSONObject: Sequence {
    public func makeIterator() -> Zip2Sequence<[String], [JSONValue]>.Iterator { zip(self.keys, self.values).makeIterator() }
}

extension JSONObject: Hashable {
    public static func == (left: JSONObject, right: JSONObject) -> Bool { left.keys == right.keys && left.values == right.values }
    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.keys)
        hasher.combine(self.values)
    }
}
