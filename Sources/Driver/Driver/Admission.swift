public import Engine

/// Which pods may run now: their requests against what the machine has. The highest priority first, and within it first come, first served.
///
/// A value that knows nothing of runs or processes; `PodLauncher` asks it.
public struct Admission: Sendable, Equatable {
    /// What there is to give away.
    public struct Capacity: Sendable, Equatable {
        /// Thousandths of a core.
        public var cpuMillis: Int64
        public var memoryBytes: Int64
        /// GPUs and the like, by count; what is not named here the machine has not.
        public var extended: [String: Int64]
        /// How many pods run at once at most, whatever they ask for; nil for no limit but the machine.
        public var maxParallel: Int?
        public init(cpuMillis: Int64, memoryBytes: Int64, extended: [String: Int64] = [:], maxParallel: Int? = nil) {
            self.cpuMillis = cpuMillis
            self.memoryBytes = memoryBytes
            self.extended = extended
            self.maxParallel = maxParallel
        }
    }

    /// What a pod is taken to need that does not say.
    public static let defaultCPUMillis: Int64 = 100
    public static let defaultMemoryBytes: Int64 = 64 << 20

    private struct Waiting: Equatable {
        var pod: PodID
        var need: Need
    }

    /// Pods of one priority, in the order they came.
    private struct Lane: Equatable {
        let priority: Int
        var queue: [Waiting] = []
        /// Where the queue begins: what is before it has left.
        var head = 0

        /// Forgets the part of the queue that has left, once it is the larger one: constant work for each pod.
        mutating func compact() {
            guard self.head > 64, self.head * 2 > self.queue.count else { return }
            self.queue.removeFirst(self.head)
            self.head = 0
        }
    }

    private struct Need: Equatable {
        var cpuMillis: Int64
        var memoryBytes: Int64
        var extended: [String: Int64]
    }

    public let capacity: Capacity
    private var free: Need
    private var admitted: [PodID: Need] = [:]
    /// Highest priority first; none is empty for long.
    private var lanes: [Lane] = []
    /// Members of the lanes; one that is missing here was cancelled.
    private var waiting: Set<PodID> = []

    public init(capacity: Capacity) {
        self.capacity = capacity
        self.free = Need(cpuMillis: capacity.cpuMillis, memoryBytes: capacity.memoryBytes, extended: capacity.extended)
    }

    public var running: Int { self.admitted.count }
    public var waitingCount: Int { self.waiting.count }
    public func isWaiting(_ pod: PodID) -> Bool { self.waiting.contains(pod) }
    public func isAdmitted(_ pod: PodID) -> Bool { self.admitted[pod] != nil }

    /// Puts a pod behind those of its priority. One that waits or runs already keeps its place.
    /// - Returns: why it can never run here; nil when it will.
    public mutating func request(_ pod: PodID, _ resources: ResourceRequest, priority: Int = 0) -> String? {
        if self.waiting.contains(pod) || self.admitted[pod] != nil { return nil }
        let need = Self.need(of: resources)
        // More processor or memory than there is costs time at worst; a device that is not there is not there.
        for (name, count) in need.extended.sorted(by: { $0.key < $1.key }) where count > self.capacity.extended[name] ?? 0 {
            return "the pod asks for \(count) of '\(name)', and this machine has \(self.capacity.extended[name] ?? 0)"
        }
        self.lanes[self.lane(of: priority)].queue.append(Waiting(pod: pod, need: need))
        self.waiting.insert(pod)
        return nil
    }

    /// Where the lane of a priority is; it is made when there is none. There are as many as different priorities wait, which are few.
    private mutating func lane(of priority: Int) -> Int {
        let place = self.lanes.firstIndex { $0.priority <= priority } ?? self.lanes.count
        if place == self.lanes.count || self.lanes[place].priority != priority { self.lanes.insert(Lane(priority: priority), at: place) }
        return place
    }

    /// Counts a pod that runs already, whether or not there is room.
    public mutating func count(_ pod: PodID, _ resources: ResourceRequest) {
        if self.admitted[pod] != nil { return }
        self.waiting.remove(pod)
        self.take(Self.need(of: resources), for: pod)
    }

    /// Lets in the pods that fit, in their order. The first that does not fit keeps all behind it waiting, so that a large pod's turn comes.
    public mutating func admit() -> [PodID] {
        var pods: [PodID] = []
        while !self.lanes.isEmpty, self.admitFromFirstLane(&pods) { self.lanes.removeFirst() }
        return pods
    }

    /// - Returns: whether the lane is empty now.
    private mutating func admitFromFirstLane(_ pods: inout [PodID]) -> Bool {
        while self.lanes[0].head < self.lanes[0].queue.count {
            let next = self.lanes[0].queue[self.lanes[0].head]
            if self.waiting.contains(next.pod) {
                guard self.hasRoom(for: next.need) else {
                    self.lanes[0].compact()
                    return false
                }
                self.waiting.remove(next.pod)
                self.take(next.need, for: next.pod)
                pods.append(next.pod)
            }
            self.lanes[0].head += 1
        }
        return true
    }

    /// Gives back what a pod had. Of a pod that is not running here, nothing is known and nothing changes.
    public mutating func release(_ pod: PodID) {
        guard let need = self.admitted.removeValue(forKey: pod) else { return }
        self.free.cpuMillis += need.cpuMillis
        self.free.memoryBytes += need.memoryBytes
        for (name, count) in need.extended { self.free.extended[name, default: 0] += count }
    }

    /// Takes a waiting pod out of the queue.
    /// - Returns: false when it was not waiting.
    public mutating func cancel(_ pod: PodID) -> Bool { self.waiting.remove(pod) != nil }

    /// Takes all waiting pods of a run out of the queue.
    public mutating func cancelAll(of run: RunID) { self.waiting = self.waiting.filter { $0.run != run } }

    private static func need(of resources: ResourceRequest) -> Need {
        Need(
            cpuMillis: max(0, resources.cpuMillis ?? Self.defaultCPUMillis),
            memoryBytes: max(0, resources.memoryBytes ?? Self.defaultMemoryBytes),
            extended: resources.extended.filter { $0.value > 0 })
    }

    private func hasRoom(for need: Need) -> Bool {
        // A pod that asks for more than the machine has runs alone.
        if self.admitted.isEmpty { return true }
        if let most = self.capacity.maxParallel, self.admitted.count >= most { return false }
        return need.cpuMillis <= self.free.cpuMillis && need.memoryBytes <= self.free.memoryBytes
            && need.extended.allSatisfy { $0.value <= self.free.extended[$0.key] ?? 0 }
    }

    private mutating func take(_ need: Need, for pod: PodID) {
        self.admitted[pod] = need
        self.free.cpuMillis -= need.cpuMillis
        self.free.memoryBytes -= need.memoryBytes
        for (name, count) in need.extended { self.free.extended[name, default: 0] -= count }
    }
}
