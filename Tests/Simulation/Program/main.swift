import Glibc
import Simulation
import WorkflowModel

/// What is asked for on the command line.
struct Request {
    var runs: UInt64 = 10_000
    var small: UInt64 = 200
    var first: UInt64 = 1
    var seed: UInt64?
    var isSmall = false
    var point: Int?

    init?(_ arguments: [String]) {
        var arguments = arguments[...]
        while let flag = arguments.popFirst() {
            if flag == "--is-small" {
                self.isSmall = true
                continue
            }
            guard let value = arguments.popFirst().flatMap({ UInt64($0) }) else { return nil }
            switch flag {
            case "--runs": self.runs = value
            case "--small": self.small = value
            case "--first": self.first = value
            case "--seed": self.seed = value
            case "--point": self.point = Int(value)
            default: return nil
            }
        }
    }
}

/// A seed that shows a fault.
struct Failure: Sendable {
    var seed: UInt64
    var isSmall: Bool
    var message: String
}

func carryOut(_ seed: UInt64, isSmall: Bool) -> (Trial.Report, Failure?) {
    do {
        let trial = try Trial(seed: seed, isSmall: isSmall)
        return (isSmall ? try trial.carryOutEveryCrash() : try trial.carryOut(), nil)
    } catch {
        return (Trial.Report(), Failure(seed: seed, isSmall: isSmall, message: "\(error)"))
    }
}

/// Prints the workflow and what happens in it, without crashes and with.
func show(_ seed: UInt64, isSmall: Bool, point: Int?) -> Int32 {
    do {
        let trial = try Trial(seed: seed, isSmall: isSmall)
        print(trial.document.json(indent: 2))
        for crashes in [CrashSchedule.never, point.map { .at($0) } ?? .random(seed: seed)] {
            print("\n== crashes: \(crashes)")
            for line in trial.story(crashes) { print(line) }
        }
        let (_, failure) = carryOut(seed, isSmall: isSmall)
        print("\n== " + (failure.map { "FAULT: \($0.message)" } ?? "passed"))
        return failure == nil ? 0 : 1
    } catch {
        print("\(error)")
        return 1
    }
}

guard let request = Request(Array(CommandLine.arguments.dropFirst())) else {
    print("usage: simulate [--runs N] [--small N] [--first SEED] | --seed SEED [--is-small] [--point N]")
    exit(2)
}
if let seed = request.seed { exit(show(seed, isSmall: request.isSmall, point: request.point)) }

/// Tries all seeds, as many at a time as there are processors.
func carryOutAll(_ request: Request) async -> (Trial.Report, [Failure]) {
    let workers = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    return await withTaskGroup(of: (Trial.Report, [Failure]).self) { group in
        for worker in 0..<workers { group.addTask { carryOutShare(request, of: worker, among: workers) } }
        var all = (Trial.Report(), [Failure]())
        for await (report, failures) in group {
            all.0.add(report)
            all.1 += failures
        }
        return all
    }
}

/// Every so manieth seed.
func carryOutShare(_ request: Request, of worker: Int, among workers: Int) -> (Trial.Report, [Failure]) {
    var total = Trial.Report()
    var failures: [Failure] = []
    for (count, isSmall) in [(request.small, true), (request.runs, false)] {
        for seed in stride(from: request.first + UInt64(worker), to: request.first + count, by: workers) {
            let (report, failure) = carryOut(seed, isSmall: isSmall)
            total.add(report)
            if let failure { failures.append(failure) }
            // So many are enough to begin with.
            if failures.count >= 20 { return (total, failures) }
        }
    }
    return (total, failures)
}

let (total, failures) = await carryOutAll(request)
for failure in failures.prefix(20) {
    print("seed \(failure.seed): \(failure.message)")
    print("  repeat it: make simulate SEED=\(failure.seed)\(failure.isSmall ? " SMALL=1" : "")")
}
print("\(total.runs) runs, \(total.nodes) nodes, \(total.events) events, \(total.crashes) crashes, \(failures.count) faults")
exit(failures.isEmpty ? 0 : 1)
