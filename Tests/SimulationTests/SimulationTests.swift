import Simulation
import Testing

struct SimulationTests {
    @Test(arguments: 1...40) func `a random workflow ends the same with crashes and without`(seed: UInt64) throws {
        let report = try Trial(seed: seed).carryOut(rebuildsEvery: 1)
        #expect(report.runs == 2)
    }

    @Test(arguments: 1...5) func `a small workflow ends the same wherever it crashes`(seed: UInt64) throws {
        let report = try Trial(seed: seed, isSmall: true).carryOutEveryCrash()
        #expect(report.crashes == report.runs - 1)
    }

    @Test func `a seed writes the same workflow again`() throws {
        #expect(try Trial(seed: 7).document == Trial(seed: 7).document)
        #expect(try Trial(seed: 7).document != Trial(seed: 8).document)
    }
}
