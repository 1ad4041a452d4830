// The engine alone: runs of 1,000 to 1,000,000 nodes, played through without processes or a journal, each shape and size in a process of its
// own. Ends with 1 when an event touches more nodes, or takes more than a fifth more instructions, in a big run than in a small one.
//
//     EngineBenchmark [most nodes]      1,000,000 when nothing is said

import Foundation

/// How much more an event of a big run may take than one of a small run.
let tolerance = 1.2

/// Measures in a process of its own, so that one's memory is not another's.
func measured(_ shape: Shape, _ count: Int) throws -> Measurement {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
    process.arguments = [shape.rawValue, String(count)]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return try JSONDecoder().decode(Measurement.self, from: data)
}

/// What grows with the run and must not.
func growth(_ small: Measurement, _ big: Measurement) -> [String] {
    var found: [String] = []
    if big.mostTouched > small.mostTouched {
        found.append("\(big.shape): an event touches \(big.mostTouched) nodes of \(big.nodes), \(small.mostTouched) of \(small.nodes)")
    }
    if big.rowsPerEvent > small.rowsPerEvent * tolerance {
        found.append(
            "\(big.shape): an event writes \(big.rowsPerEvent) rows with \(big.nodes) nodes, \(small.rowsPerEvent) with \(small.nodes)")
    }
    if let few = small.instructionsPerEvent, let many = big.instructionsPerEvent, many > few * tolerance {
        found.append("\(big.shape): an event takes \(Int(many)) instructions with \(big.nodes) nodes, \(Int(few)) with \(small.nodes)")
    }
    return found
}

/// Prints a line at once, also into a file.
func show(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

func printAll(upTo most: Int) throws -> Int32 {
    show(Measurement.header)
    var faults: [String] = []
    for shape in Shape.allCases {
        var small: Measurement?
        for count in [1_000, 10_000, 100_000, 1_000_000] where count <= most {
            let found = try measured(shape, count)
            show(found.line)
            if let small { faults += growth(small, found) } else { small = found }
        }
    }
    for fault in faults { show("grows: \(fault)") }
    return faults.isEmpty ? 0 : 1
}

let arguments = CommandLine.arguments.dropFirst()
if arguments.count == 2, let shape = Shape(rawValue: arguments[1]), let count = Int(arguments[2]) {
    FileHandle.standardOutput.write(try JSONEncoder().encode(measure(shape, count)))
} else {
    exit(try printAll(upTo: arguments.first.flatMap { Int($0) } ?? 1_000_000))
}
