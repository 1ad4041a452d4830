import Diagnostics
import Foundation
import Manifests
import Testing
import WorkflowModel

/// Manifests with random damage: reading them never crashes, and every position is inside the text.
///
/// `FUZZ_ROUNDS=5000 swift test --filter FuzzTests` looks longer.
@Suite struct FuzzTests {
    /// SplitMix64, so that a seed gives the same texts everywhere.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            self.state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = self.state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private static let pieces = [
        "*a", "&a ", "<<: *a\n", "- ", "? ", ": ", "\n", "\r\n", "\t", "{", "}", "[", "]", ",", "\"", "'", "|\n", ">-\n", "#", "!!int ",
        "!", "%", "@", "`",
        "---\n", "...\n", "{{x}}", "é", "日本", "👩‍👩‍👧", "e\u{301}", "\u{2028}", "\u{85}", "\u{FEFF}", "\u{E000}", "\u{0}", "\u{7}", "\\",
        "\\ud83d\\ude00", "kind: Secret\n",
        "kind: List\n", "items:\n", "data:\n", "null", "yes", "1e400", ".inf", "0x", "  ", "        ",
    ]

    /// Faulty manifests, working ones, and one with every field of each kind.
    private static let texts: [[UInt8]] = {
        let examples = packageRoot.appendingPathComponent("Examples")
        let files = (try? FileManager.default.contentsOfDirectory(atPath: examples.path)) ?? []
        let working = files.filter { $0.hasSuffix(".yaml") }.sorted().compactMap {
            (try? Data(contentsOf: examples.appendingPathComponent($0))).map(Array.init)
        }
        let whole = FieldTests.kinds.flatMap { kind in
            [Sample.yaml(Sample.full(kind.name)), Sample.full(kind.name).json(indent: 2)].map { Array($0.utf8) }
        }
        return GoldenTests.names.compactMap { try? GoldenTests.bytes($0) } + working + whole
    }()

    /// At most 4000 bytes from somewhere in one of the texts, cut at the start of a line.
    private static func part(_ generator: inout Generator) -> [UInt8] {
        let bytes = Self.texts.randomElement(using: &generator)!
        guard bytes.count > 4000 else { return bytes }
        let from = Int.random(in: 0..<bytes.count - 4000, using: &generator)
        let start = bytes[from...].firstIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return Array(bytes[start...].prefix(4000))
    }

    @Test(.timeLimit(.minutes(5)), arguments: 0..<20)
    func `damaged manifests are read or refused`(seed: UInt64) throws {
        var generator = Generator(state: seed)
        for _ in 0..<(ProcessInfo.processInfo.environment["FUZZ_ROUNDS"].flatMap(Int.init) ?? 40) {
            var bytes = Self.part(&generator)
            for _ in 0..<Int.random(in: 1...6, using: &generator) { Self.damage(&bytes, &generator) }
            let file = ManifestReader().read(file: "fuzz", bytes: bytes)
            for diagnostic in file.diagnostics {
                // A file that is not UTF-8 has no lines to show.
                guard let position = diagnostic.position, !file.lines.isEmpty else { continue }
                let isInside = position.line >= 1 && position.line <= max(file.lines.count, 1) && position.column >= 1
                #expect(
                    isInside,
                    "\(position) of \(file.lines.count) lines: \(diagnostic.message)\n\(String(decoding: bytes, as: UTF8.self).debugDescription)"
                )
                // The lines of a Secret are cut.
                guard isInside, !file.lines.contains(where: { $0.contains("…") }), position.line <= file.lines.count else { continue }
                #expect(
                    position.column <= file.lines[position.line - 1].count + 1,
                    "\(position): \(diagnostic.message)\n\(String(decoding: bytes, as: UTF8.self).debugDescription)")
            }
        }
    }

    private static func damage(_ bytes: inout [UInt8], _ generator: inout Generator) {
        let at = Int.random(in: 0...bytes.count, using: &generator)
        let end = min(bytes.count, at + Int.random(in: 0...12, using: &generator))
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes.removeSubrange(at..<end)
        case 1: bytes.insert(contentsOf: Array(bytes[at..<end]), at: Int.random(in: 0...bytes.count, using: &generator))
        case 2: if at < bytes.count { bytes[at] = UInt8.random(in: 0...255, using: &generator) }
        default: bytes.insert(contentsOf: Array(Self.pieces.randomElement(using: &generator)!.utf8), at: at)
        }
    }
}
