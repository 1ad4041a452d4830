/// Answers quickly whether one task of a DAG comes after another.
///
/// A forest of first dependencies, numbered, answers at once for most pairs; the rest is searched upwards, past nothing that stands before
/// the wanted task in the order. Setting it up costs the number of dependencies.
struct Ancestry {
    private let dependencies: [[Int]]
    /// Place of each task in an order in which dependencies come first.
    private let rank: [Int]
    /// In the forest, a task's descendants are those that were entered between its entry and its exit.
    private let entry: [Int]
    private let exit: [Int]

    init(dependencies: [[Int]], order: [Int]) {
        self.dependencies = dependencies
        var rank = [Int](repeating: 0, count: dependencies.count)
        for (place, task) in order.enumerated() { rank[task] = place }
        var children = [[Int]](repeating: [], count: dependencies.count)
        for task in order { if let first = dependencies[task].first { children[first].append(task) } }
        var entry = rank
        var exit = rank
        var clock = 0
        for root in order where dependencies[root].isEmpty {
            var path: [(task: Int, next: Int)] = [(root, 0)]
            entry[root] = clock
            clock += 1
            while let (task, next) = path.last {
                if next < children[task].count {
                    path[path.count - 1].next += 1
                    let child = children[task][next]
                    entry[child] = clock
                    clock += 1
                    path.append((child, 0))
                } else {
                    exit[task] = clock
                    path.removeLast()
                }
            }
        }
        self.rank = rank
        self.entry = entry
        self.exit = exit
    }

    func isAncestor(_ wanted: Int, of task: Int) -> Bool {
        if wanted == task || self.rank[wanted] >= self.rank[task] { return false }
        if self.isAbove(wanted, task) { return true }
        var seen: Set<Int> = []
        var queue = self.dependencies[task]
        while let next = queue.popLast() {
            if next == wanted || self.isAbove(wanted, next) { return true }
            for need in self.dependencies[next] where self.rank[need] >= self.rank[wanted] && seen.insert(need).inserted {
                queue.append(need)
            }
        }
        return false
    }

    private func isAbove(_ wanted: Int, _ task: Int) -> Bool {
        self.entry[wanted] <= self.entry[task] && self.entry[task] < self.exit[wanted]
    }
}
