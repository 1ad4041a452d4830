import Diagnostics
import WorkflowModel
import Yams

/// Turns the nodes of one document into a JSON value and the positions of its fields, side by side: the children of each place stand in
/// the order of the object's keys.
struct ValueBuilder {
    private let document: YAMLDocument
    private let faults: YAMLFaults
    private let limits: ManifestLimits
    /// Values that may still be made; shared by the documents of a file.
    private(set) var remaining: Int
    private(set) var source: SourceMap
    private(set) var diagnostics: [Diagnostic] = []
    private var anchors: [String: Anchored] = [:]

    private struct Anchored {
        var value: JSONValue
        var place: SourceMap.Place
        var count: Int
        var height: Int
    }

    /// A value, and how many levels of lists and maps it holds.
    private struct Built {
        var value: JSONValue
        var height: Int
    }

    init(document: YAMLDocument, faults: YAMLFaults, limits: ManifestLimits, remaining: Int) {
        self.document = document
        self.faults = faults
        self.limits = limits
        self.remaining = remaining
        self.source = SourceMap(file: faults.file, lines: faults.lines)
    }

    mutating func build() throws(UnreadableDocument) -> JSONValue {
        let place = self.source.addDocument(at: self.position(self.document.root))
        return try self.build(self.document.root, at: place, depth: 0).value
    }

    private func mark(_ node: Node) -> TextMark { node.mark.map(TextMark.init) ?? TextMark(line: 1, column: 1) }

    /// With the column in Unicode scalars, as `SourceMap` takes it.
    private func position(_ node: Node) -> SourcePosition {
        let mark = self.mark(node)
        return SourcePosition(line: mark.line + self.faults.firstLine, column: mark.column)
    }

    private mutating func build(_ node: Node, at place: SourceMap.Place, depth: Int) throws(UnreadableDocument) -> Built {
        try self.count(1, at: node, isAlias: false)
        let before = self.remaining
        let built: Built
        switch node {
        case .scalar(let scalar):
            if let alias = self.aliasName(scalar) { return try self.expand(alias, node, at: place, depth: depth) }
            built = Built(value: self.scalar(scalar, node), height: 0)
        case .sequence(let sequence):
            try self.checkDepth(depth + 1, node)
            built = try self.list(sequence, at: place, depth: depth + 1)
        case .mapping(let mapping) where self.isTag(mapping, node):
            return Built(value: self.unquotedTag(node), height: 0)
        case .mapping(let mapping):
            try self.checkDepth(depth + 1, node)
            built = try self.map(mapping, at: place, depth: depth + 1)
        case .alias:
            preconditionFailure("Yams makes alias nodes only for trees it did not parse")
        }
        if let anchor = node.anchor {
            self.anchors[anchor.rawValue] = Anchored(
                value: built.value, place: place, count: before - self.remaining + 1, height: built.height)
        }
        return built
    }

    private mutating func count(_ values: Int, at node: Node, isAlias: Bool) throws(UnreadableDocument) {
        guard self.remaining >= values else {
            let most = self.limits.values
            throw isAlias
                ? self.faults.fault(
                    .aliasExpansion, self.mark(node), "with its aliases expanded, this file has more than \(most) values",
                    hint: "write out what is meant instead of aliases of aliases")
                : self.faults.fault(
                    .fileTooLarge, self.mark(node), "this file has more than \(most) values", hint: "split it into several files")
        }
        self.remaining -= values
    }

    private func checkDepth(_ depth: Int, _ node: Node) throws(UnreadableDocument) {
        guard depth > self.limits.nesting else { return }
        throw self.faults.fault(.tooDeep, self.mark(node), "more than \(self.limits.nesting) lists and maps are nested here", hint: nil)
    }

    // MARK: Lists and maps

    private mutating func list(_ sequence: Node.Sequence, at place: SourceMap.Place, depth: Int) throws(UnreadableDocument) -> Built {
        var items: [JSONValue] = []
        items.reserveCapacity(sequence.count)
        var height = 0
        for node in sequence {
            let built = try self.build(node, at: self.source.addItem(of: place, at: self.position(node)), depth: depth)
            items.append(built.value)
            height = max(height, built.height)
        }
        return Built(value: .array(items), height: height + 1)
    }

    private mutating func map(_ mapping: Node.Mapping, at place: SourceMap.Place, depth: Int) throws(UnreadableDocument) -> Built {
        var object = JSONObject()
        var height = 0
        var merges: [Node] = []
        for (key, node) in mapping {
            if self.isMerge(key) {
                merges.append(node)
                continue
            }
            guard let name = self.name(of: key) else { continue }
            if object[name] != nil {
                self.reportDuplicate(name, key, in: mapping)
                continue
            }
            let field = self.source.addField(name, of: place, key: self.position(key), value: self.position(node))
            let built = try self.build(node, at: field, depth: depth)
            object[name] = built.value
            height = max(height, built.height)
        }
        for node in merges { height = max(height, try self.merge(node, into: &object, at: place, depth: depth)) }
        return Built(value: .object(object), height: height + 1)
    }

    /// The text of a key; numbers and words are taken as written.
    private mutating func name(of key: Node) -> String? {
        if let scalar = key.scalar {
            guard let alias = self.aliasName(scalar) else {
                if self.isComplexKey(scalar) {
                    self.report(.wrongType, self.mark(key), "keys that start with '? ' are not read", hint: "write 'key: value'")
                    return nil
                }
                if !scalar.string.isEmpty || scalar.style != .plain { return self.document.restored(scalar.string) }
                self.report(.wrongType, self.mark(key), "a key is missing before this ':'", hint: nil)
                return nil
            }
            guard let anchored = self.anchors[alias] else {
                self.reportUnknownAlias(alias, key)
                return nil
            }
            if let text = anchored.value.scalarText { return text }
        }
        self.report(.wrongType, self.mark(key), "a key must be a string", hint: "put quotes around it if it starts with one of { [ * ?")
        return nil
    }

    private func isComplexKey(_ scalar: Node.Scalar) -> Bool {
        scalar.style == .plain && scalar.string.unicodeScalars.first == self.document.questionMark
    }

    /// `{{tag}}` without quotes is a map with a map as its key.
    private func isTag(_ mapping: Node.Mapping, _ node: Node) -> Bool {
        guard mapping.count == 1, let (key, _) = mapping.first, case .mapping = key else { return false }
        return self.faults.text(at: self.mark(node)).hasPrefix("{{")
    }

    /// - Returns: what was meant, near enough to go on with.
    private mutating func unquotedTag(_ node: Node) -> JSONValue {
        self.diagnostics.append(self.faults.unquotedTag(self.mark(node)).diagnostic)
        return .string("{{}}")
    }

    private mutating func reportDuplicate(_ name: String, _ key: Node, in mapping: Node.Mapping) {
        let first = mapping.first { self.document.restored($0.key.string ?? "") == name }
        let place = first.map { " first on line \(self.faults.position(self.mark($0.key)).line)," } ?? ""
        self.report(
            .duplicateKey, self.mark(key), "key '\(name)' is used twice in this map:\(place) again here",
            hint: "remove or rename one of them", length: name.count)
    }

    private mutating func report(_ code: DiagnosticCode, _ mark: TextMark, _ message: String, hint: String?, length: Int = 1) {
        self.diagnostics.append(self.faults.fault(code, mark, message, hint: hint, length: length).diagnostic)
    }

    // MARK: Anchors, aliases and merge keys

    private func aliasName(_ scalar: Node.Scalar) -> String? {
        guard scalar.style == .plain, scalar.string.unicodeScalars.first == self.document.aliasMark else { return nil }
        return self.document.restored(String(scalar.string.unicodeScalars.dropFirst()))
    }

    private mutating func expand(_ name: String, _ node: Node, at place: SourceMap.Place, depth: Int) throws(UnreadableDocument) -> Built {
        guard let anchored = self.anchors[name] else {
            self.reportUnknownAlias(name, node)
            return Built(value: .string("*" + name), height: 0)
        }
        try self.count(anchored.count, at: node, isAlias: true)
        try self.checkDepth(depth + anchored.height, node)
        self.source.shareChildren(of: anchored.place, with: place)
        return Built(value: anchored.value, height: anchored.height)
    }

    private mutating func reportUnknownAlias(_ name: String, _ node: Node) {
        let isName =
            !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
        let length = node.mark == nil ? 1 : name.count + 1
        if isName, !self.faults.isSecret {
            let known = Spelling.closest(to: name, among: self.anchors.keys.sorted())
            let hint = known.map { "did you mean '*\($0)'?" } ?? "put quotes around a text that starts with '*'"
            self.report(
                .unknownAlias, self.mark(node), "alias '*\(name)' has no anchor '&\(name)' before it in this document", hint: hint,
                length: length)
        } else {
            self.report(
                .unknownAlias, self.mark(node), "'*' starts an alias, and this is not the name of one",
                hint: "put quotes around a text that starts with '*'", length: length)
        }
    }

    private func isMerge(_ key: Node) -> Bool {
        guard let scalar = key.scalar, scalar.style == .plain else { return false }
        return self.document.restored(scalar.string) == "<<"
    }

    /// Adds the fields of one map, or of each of a list of maps, that the object does not have yet.
    /// - Returns: the height of the highest of them.
    private mutating func merge(
        _ node: Node, into object: inout JSONObject, at place: SourceMap.Place, depth: Int
    ) throws(UnreadableDocument) -> Int {
        if case .sequence(let sequence) = node {
            var height = 0
            for item in sequence { height = max(height, try self.merge(item, into: &object, at: place, depth: depth)) }
            return height
        }
        let other = self.source.addDocument(at: self.position(node))
        let built = try self.build(node, at: other, depth: depth)
        guard case .object(let fields) = built.value else {
            self.report(.wrongType, self.mark(node), "'<<' merges a map or a list of maps into this one, and this is none", hint: nil)
            return 0
        }
        for ((name, value), field) in zip(fields, Array(self.source.children(of: other))) where object[name] == nil {
            object[name] = value
            self.source.adopt(field, into: place)
        }
        return built.height
    }

    // MARK: Scalars

    private mutating func scalar(_ scalar: Node.Scalar, _ node: Node) -> JSONValue {
        switch scalar.tag.description {
        case "":
            if let value = YAMLScalar.resolved(scalar.string) { return self.restored(value) }
            self.report(
                .badValue, self.mark(node), "infinities and not-a-number have no place in a manifest", hint: "put quotes around the text",
                length: scalar.string.count)
            return .null
        case "tag:yaml.org,2002:binary":
            if let bytes = Base64.decoded(scalar.string) { return .string(String(decoding: bytes, as: UTF8.self)) }
            self.report(.badValue, self.mark(node), "this is tagged '!!binary' and is not base64", hint: nil)
            return .null
        case "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null":
            return self.tagged(scalar, node)
        default:
            return .string(self.document.restored(scalar.string))
        }
    }

    private mutating func tagged(_ scalar: Node.Scalar, _ node: Node) -> JSONValue {
        let kind = scalar.tag.description.split(separator: ":").last ?? ""
        switch (kind, YAMLScalar.resolved(scalar.string)) {
        case ("int", .number(let digits)?) where Int64(digits) != nil: return .number(digits)
        case ("float", .number(let digits)?): return .number(digits)
        case ("bool", .bool(let flag)?): return .bool(flag)
        case ("null", .null?): return .null
        default:
            self.report(.badValue, self.mark(node), "this is tagged '!!\(kind)' and is none", hint: "remove the tag")
            return .null
        }
    }

    private func restored(_ value: JSONValue) -> JSONValue {
        guard case .string(let text) = value else { return value }
        return .string(self.document.restored(text))
    }
}
