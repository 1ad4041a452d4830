/// What must never be: an illegal action, a broken rule, a run that does not end.
public struct SimulationFault: Error, Sendable, Equatable, CustomStringConvertible {
    public var description: String
    init(_ description: String) { self.description = description }
}

/// The process dies.
struct Crash: Error {}

/// When the process dies. Between any two things it does there is a point at which it may.
public enum CrashSchedule: Sendable {
    case never
    /// Once, at the point of this number.
    case at(Int)
    /// At any point, with the chances of this seed.
    case random(seed: UInt64)
}

struct CrashDice {
    private let schedule: CrashSchedule
    private var chance = Chance(seed: 0)
    private var percent = 0
    private var left = 25
    private(set) var points = 0
    private(set) var crashes = 0

    init(_ schedule: CrashSchedule) {
        self.schedule = schedule
        if case .random(let seed) = schedule {
            self.chance = Chance(seed: seed, "crashes")
            self.percent = self.chance.one(of: [1, 3, 10])
        }
    }

    /// The process may die here.
    mutating func point() throws {
        self.points += 1
        let dies =
            switch self.schedule {
            case .never: false
            case .at(let point): self.points == point
            case .random: self.crashes < self.left && self.chance.happens(self.percent)
            }
        guard dies else { return }
        self.crashes += 1
        throw Crash()
    }
}
