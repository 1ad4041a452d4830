/// Finds what the author of a wrong word probably meant.
public enum Spelling {
    /// The candidate closest to `word` by edit distance, ignoring case; the first of several that are equally close.
    ///
    /// A swap of two neighbours counts as one edit. Nil when every candidate is more than a third of the word away (at least one edit is
    /// always allowed), so that nothing far-fetched is suggested. Words longer than 256 bytes are not looked at.
    public static func closest(to word: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(word.lowercased().utf8)
        guard !wanted.isEmpty, wanted.count <= self.longest else { return nil }
        var best: (candidate: String, distance: Int)?
        for candidate in candidates where candidate != word {
            let letters = Array(candidate.lowercased().utf8)
            guard !letters.isEmpty, letters.count <= self.longest else { continue }
            let allowed = max(1, max(wanted.count, letters.count) / 3)
            let limit = min(allowed, best.map { $0.distance - 1 } ?? allowed)
            guard abs(letters.count - wanted.count) <= limit else { continue }
            let distance = self.distance(wanted, letters)
            if distance <= limit { best = (candidate, distance) }
        }
        return best?.candidate
    }

    private static let longest = 256

    /// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. Costs the product of the lengths.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforePrevious = [Int](repeating: 0, count: right.count + 1)
        var previous = Array(0...right.count)
        var current = previous
        for row in left.indices {
            current[0] = row + 1
            for column in right.indices {
                let replaced = previous[column] + (left[row] == right[column] ? 0 : 1)
                var cost = min(replaced, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, beforePrevious[column - 1] + 1)
                }
                current[column + 1] = cost
            }
            (beforePrevious, previous, current) = (previous, current, beforePrevious)
        }
        return previous[right.count]
    }
}
