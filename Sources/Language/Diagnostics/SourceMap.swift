/// Finds the text behind a field of one document.
///
/// A tree of positions, filled while the document is read: one small entry for each value, no path text. A lookup walks the tree along
/// the path and costs the number of siblings passed.
public struct SourceMap: Sendable {
    /// As the user named it; `-` for standard input.
    public let file: String
    /// The lines of the whole file, for excerpts.
    public let lines: [Substring]
    private var entries: [Entry] = []
    private var root: Int32 = Self.none

    /// A value of the document: an entry of the tree.
    public struct Place: Sendable, Hashable {
        fileprivate let index: Int32
    }

    private struct Entry {
        /// Nil for a list item and for the document.
        var name: String?
        var key: Spot?
        var value: Spot
        var firstChild = SourceMap.none
        var lastChild = SourceMap.none
        var nextSibling = SourceMap.none
    }

    /// A `SourcePosition` in half the space, with its column still counted in Unicode scalars.
    private struct Spot {
        var line: Int32
        var column: Int32
        init(_ position: SourcePosition) {
            self.line = Int32(clamping: position.line)
            self.column = Int32(clamping: position.column)
        }
        var position: SourcePosition { SourcePosition(line: Int(self.line), column: Int(self.column)) }
    }

    private static let none: Int32 = -1

    public init(file: String, lines: [Substring]) {
        self.file = file
        self.lines = lines
    }
}

// MARK: Filling

/// Positions go in with columns that count Unicode scalars, as YAML parsers do; lookups answer in characters.
extension SourceMap {
    /// The document itself; call it first. A second call starts a tree of its own, whose children `adopt` can take over.
    public mutating func addDocument(at value: SourcePosition) -> Place {
        let place = self.append(Entry(value: Spot(value)))
        if self.root == Self.none { self.root = place.index }
        return place
    }

    /// A field of `parent`, written at `key` and starting its value at `value`.
    public mutating func addField(_ name: String, of parent: Place, key: SourcePosition, value: SourcePosition) -> Place {
        self.append(Entry(name: name, key: Spot(key), value: Spot(value)), to: parent)
    }

    /// The next item of the list `parent`.
    public mutating func addItem(of parent: Place, at value: SourcePosition) -> Place {
        self.append(Entry(value: Spot(value)), to: parent)
    }

    /// Corrects where a value starts, for a place made before that was known.
    public mutating func setValue(_ value: SourcePosition, of place: Place) {
        self.entries[Int(place.index)].value = Spot(value)
    }

    /// Lets `place` (an alias) have the very children of `other` (its anchor); they keep their own positions. Costs nothing per child.
    public mutating func shareChildren(of other: Place, with place: Place) {
        self.entries[Int(place.index)].firstChild = self.entries[Int(other.index)].firstChild
        self.entries[Int(place.index)].lastChild = self.entries[Int(other.index)].lastChild
    }

    /// Adds to `parent` a field written elsewhere: `place`, a field of another object that is merged into this one.
    public mutating func adopt(_ place: Place, into parent: Place) {
        var entry = self.entries[Int(place.index)]
        entry.nextSibling = Self.none
        _ = self.append(entry, to: parent)
    }

    private mutating func append(_ entry: Entry) -> Place {
        self.entries.append(entry)
        return Place(index: Int32(self.entries.count - 1))
    }

    private mutating func append(_ entry: Entry, to parent: Place) -> Place {
        let place = self.append(entry)
        let above = Int(parent.index)
        if self.entries[above].firstChild == Self.none {
            self.entries[above].firstChild = place.index
        } else {
            self.entries[Int(self.entries[above].lastChild)].nextSibling = place.index
        }
        self.entries[above].lastChild = place.index
        return place
    }
}

// MARK: Looking up

extension SourceMap {
    /// Where the field's key is written; for a list item, where the item starts. The nearest enclosing field when it is not written at all.
    public func key(_ path: FieldPath) -> SourcePosition {
        guard let found = self.find(path.text) else { return SourcePosition(line: 1, column: 1) }
        return self.key(found.place)
    }

    /// Where the field's value starts; the nearest enclosing field when it is not written.
    public func value(_ path: FieldPath) -> SourcePosition {
        guard let found = self.find(path.text) else { return SourcePosition(line: 1, column: 1) }
        return found.isExact ? self.value(found.place) : self.key(found.place)
    }

    /// The whole document; nil for a map that was never filled.
    public var document: Place? { self.root == Self.none ? nil : Place(index: self.root) }

    /// The fields or items of a place in the order they were added.
    public func children(of place: Place) -> Children { Children(map: self, next: self.entries[Int(place.index)].firstChild) }

    public struct Children: Sequence, IteratorProtocol {
        private let map: SourceMap
        private var at: Int32
        fileprivate init(map: SourceMap, next: Int32) {
            self.map = map
            self.at = next
        }
        public mutating func next() -> Place? {
            guard self.at != SourceMap.none else { return nil }
            defer { self.at = self.map.entries[Int(self.at)].nextSibling }
            return Place(index: self.at)
        }
    }

    /// The field's name; nil for a list item and for the document.
    public func name(of place: Place) -> String? { self.entries[Int(place.index)].name }

    public func key(_ place: Place) -> SourcePosition {
        let entry = self.entries[Int(place.index)]
        return (entry.key ?? entry.value).position.inCharacters(of: self.lines)
    }

    public func value(_ place: Place) -> SourcePosition { self.entries[Int(place.index)].value.position.inCharacters(of: self.lines) }

    /// The map of one object inside this document, whose paths then start at `place`.
    public func rooted(at place: Place) -> SourceMap {
        var map = self
        map.root = place.index
        return map
    }

    /// The map of an object that is written inside this document under other names: a document whose field `name` is what stands at `path`.
    public func wrapping(_ path: FieldPath, as name: String) -> SourceMap {
        guard let found = self.find(path.text) else { return self }
        var map = self
        var entry = self.entries[Int(found.place.index)]
        entry.name = found.isExact ? name : nil
        entry.nextSibling = Self.none
        map.root = map.append(Entry(value: entry.key ?? entry.value)).index
        _ = map.append(entry, to: Place(index: map.root))
        return map
    }

    /// Names may hold dots and brackets (`metadata.annotations.workflows.argoproj.io/title`), so each step takes the longest name that fits.
    private func find(_ path: String) -> (place: Place, isExact: Bool)? {
        guard self.root != Self.none else { return nil }
        var current = self.root
        var rest = Array(path.utf8)[...]
        while !rest.isEmpty {
            guard let (child, length) = self.step(from: current, along: rest) else { return (Place(index: current), false) }
            current = child
            rest = rest.dropFirst(length)
            if rest.first == UInt8(ascii: ".") { rest = rest.dropFirst() }
        }
        return (Place(index: current), true)
    }

    /// The child that the beginning of `path` names, and how many bytes of it do.
    private func step(from place: Int32, along path: ArraySlice<UInt8>) -> (child: Int32, length: Int)? {
        if path.first == UInt8(ascii: "["), let item = self.item(of: place, along: path) { return item }
        var best: (child: Int32, length: Int)?
        var child = self.entries[Int(place)].firstChild
        while child != Self.none {
            let entry = self.entries[Int(child)]
            if let name = entry.name, name.utf8.count > best?.length ?? -1, path.starts(with: name.utf8) {
                let next = path.dropFirst(name.utf8.count).first
                if next == nil || next == UInt8(ascii: ".") || next == UInt8(ascii: "[") { best = (child, name.utf8.count) }
            }
            child = entry.nextSibling
        }
        return best
    }

    private func item(of place: Int32, along path: ArraySlice<UInt8>) -> (child: Int32, length: Int)? {
        guard let close = path.firstIndex(of: UInt8(ascii: "]")),
            let index = Int(String(decoding: path[(path.startIndex + 1)..<close], as: UTF8.self)), index >= 0
        else { return nil }
        var child = self.entries[Int(place)].firstChild
        for _ in 0..<index where child != Self.none { child = self.entries[Int(child)].nextSibling }
        guard child != Self.none, self.entries[Int(child)].name == nil else { return nil }
        return (child, close - path.startIndex + 1)
    }
}

extension SourcePosition {
    /// A position whose column counts Unicode scalars, as one whose column counts characters (`é` written as two scalars is one).
    public func inCharacters(of lines: [Substring]) -> SourcePosition {
        guard lines.indices.contains(self.line - 1) else { return self }
        let scalars = lines[self.line - 1].unicodeScalars
        guard !lines[self.line - 1].utf8.allSatisfy({ $0 < 0x80 }),
            let end = scalars.index(scalars.startIndex, offsetBy: self.column - 1, limitedBy: scalars.endIndex)
        else { return self }
        return SourcePosition(line: self.line, column: Substring(scalars[..<end]).count + 1)
    }
}
