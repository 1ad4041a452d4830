import Diagnostics
import Foundation
import Manifests
import Testing

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

    @Test(arguments: 0..<20)
    func `damaged manifests are read or refused`(seed: UInt64) throws {
        var generator = Generator(state: seed)
        let names = GoldenTests.names
        for _ in 0..<(ProcessInfo.processInfo.environment["FUZZ_ROUNDS"].flatMap(Int.init) ?? 60) {
            var bytes = try GoldenTests.bytes(names.randomElement(using: &generator)!)
            if bytes.count > 4000 { bytes = Array(bytes.prefix(4000)) }
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
