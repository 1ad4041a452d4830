import Driver
import Engine
import Testing

@Suite struct AdmissionTests {
    private func pod(_ node: Int, run: String = "r") -> PodID { PodID(run: RunID(run), node: NodeID(node), attempt: 0) }
    private func capacity(cpu: Int64 = 1000, memory: Int64 = 1 << 30, gpus: Int64 = 0, most: Int? = nil) -> Admission.Capacity {
        Admission.Capacity(cpuMillis: cpu, memoryBytes: memory, extended: gpus > 0 ? ["nvidia.com/gpu": gpus] : [:], maxParallel: most)
    }

    @Test func `pods that say nothing are counted with a tenth of a core`() {
        var admission = Admission(capacity: self.capacity(cpu: 1000))
        for node in 0..<12 { _ = admission.request(self.pod(node), ResourceRequest()) }
        let admitted1 = admission.admit()
        #expect(admitted1.map(\.node.index) == Array(0..<10))
        admission.release(self.pod(3))
        let admitted2 = admission.admit()
        #expect(admitted2.map(\.node.index) == [10])
    }

    @Test func `memory limits like processors do`() {
        var admission = Admission(capacity: self.capacity(cpu: 100_000, memory: 256 << 20))
        for node in 0..<5 { _ = admission.request(self.pod(node), ResourceRequest()) }
        let admitted3 = admission.admit()
        #expect(admitted3.count == 4)
    }

    @Test func `no more than max-parallel run at once, whatever they ask for`() {
        var admission = Admission(capacity: self.capacity(most: 2))
        for node in 0..<4 { _ = admission.request(self.pod(node), ResourceRequest(cpuMillis: 0, memoryBytes: 0)) }
        let admitted4 = admission.admit()
        #expect(admitted4.map(\.node.index) == [0, 1])
        #expect(admission.running == 2)
    }

    @Test func `who came first goes first, so that a large pod is not passed by small ones for ever`() {
        var admission = Admission(capacity: self.capacity(cpu: 1000))
        _ = admission.request(self.pod(0), ResourceRequest(cpuMillis: 600))
        _ = admission.request(self.pod(1), ResourceRequest(cpuMillis: 900))
        _ = admission.request(self.pod(2), ResourceRequest(cpuMillis: 100))
        let admitted5 = admission.admit()
        #expect(admitted5.map(\.node.index) == [0])
        admission.release(self.pod(0))
        let admitted6 = admission.admit()
        #expect(admitted6.map(\.node.index) == [1, 2])
    }

    @Test func `a higher priority goes first, and within one who came first`() {
        var admission = Admission(capacity: self.capacity(most: 1))
        for (node, priority) in [0, 5, -1, 5, 9].enumerated() {
            _ = admission.request(self.pod(node), ResourceRequest(), priority: priority)
        }
        var order: [Int] = []
        while let pod = admission.admit().first {
            order.append(pod.node.index)
            admission.release(pod)
        }
        #expect(order == [4, 1, 3, 0, 2])
    }

    @Test func `a large pod of high priority keeps small ones of low priority waiting`() {
        var admission = Admission(capacity: self.capacity(cpu: 1000))
        _ = admission.request(self.pod(0), ResourceRequest(cpuMillis: 600))
        #expect(admission.admit().count == 1)
        _ = admission.request(self.pod(1), ResourceRequest(cpuMillis: 100))
        _ = admission.request(self.pod(2), ResourceRequest(cpuMillis: 900), priority: 1)
        let none = admission.admit()
        #expect(none.isEmpty)
        admission.release(self.pod(0))
        let both = admission.admit()
        #expect(both.map(\.node.index) == [2, 1])
    }

    @Test func `a pod that is larger than the machine runs alone`() {
        var admission = Admission(capacity: self.capacity(cpu: 1000))
        _ = admission.request(self.pod(0), ResourceRequest())
        _ = admission.request(self.pod(1), ResourceRequest(cpuMillis: 64_000))
        _ = admission.request(self.pod(2), ResourceRequest())
        let admitted7 = admission.admit()
        #expect(admitted7.map(\.node.index) == [0])
        admission.release(self.pod(0))
        let admitted8 = admission.admit()
        #expect(admitted8.map(\.node.index) == [1])
        admission.release(self.pod(1))
        let admitted9 = admission.admit()
        #expect(admitted9.map(\.node.index) == [2])
    }

    @Test func `a device that the machine does not have is refused at once`() {
        var admission = Admission(capacity: self.capacity(gpus: 1))
        let first = admission.request(self.pod(0), ResourceRequest(extended: ["nvidia.com/gpu": 1]))
        #expect(first == nil)
        let second = admission.request(self.pod(1), ResourceRequest(extended: ["nvidia.com/gpu": 2]))
        #expect(second == "the pod asks for 2 of 'nvidia.com/gpu', and this machine has 1")
        let third = admission.request(self.pod(2), ResourceRequest(extended: ["fpga": 1]))
        #expect(third == "the pod asks for 1 of 'fpga', and this machine has 0")
    }

    @Test func `a cancelled pod loses its place and nobody else's`() {
        var admission = Admission(capacity: self.capacity(most: 1))
        for node in 0..<3 { _ = admission.request(self.pod(node), ResourceRequest()) }
        let admitted10 = admission.admit()
        #expect(admitted10.map(\.node.index) == [0])
        let answers = [admission.cancel(self.pod(1)), admission.cancel(self.pod(0))]
        #expect(answers == [true, false])
        admission.release(self.pod(0))
        let admitted11 = admission.admit()
        #expect(admitted11.map(\.node.index) == [2])
    }

    @Test func `runs share the machine`() {
        var admission = Admission(capacity: self.capacity(most: 2))
        _ = admission.request(self.pod(0, run: "a"), ResourceRequest())
        _ = admission.request(self.pod(0, run: "b"), ResourceRequest())
        _ = admission.request(self.pod(1, run: "a"), ResourceRequest())
        let admitted12 = admission.admit()
        #expect(admitted12 == [self.pod(0, run: "a"), self.pod(0, run: "b")])
        admission.cancelAll(of: RunID("a"))
        admission.release(self.pod(0, run: "b"))
        let admitted13 = admission.admit()
        #expect(admitted13.isEmpty)
    }

    @Test func `what runs already is counted, room or not`() {
        var admission = Admission(capacity: self.capacity(most: 1))
        admission.count(self.pod(5), ResourceRequest())
        admission.count(self.pod(6), ResourceRequest())
        _ = admission.request(self.pod(0), ResourceRequest())
        let admitted14 = admission.admit()
        #expect(admitted14.isEmpty)
        admission.release(self.pod(5))
        let admitted15 = admission.admit()
        #expect(admitted15.isEmpty)
        admission.release(self.pod(6))
        let admitted16 = admission.admit()
        #expect(admitted16.map(\.node.index) == [0])
    }

    @Test func `a long queue is worked off in order`() {
        var admission = Admission(capacity: self.capacity(most: 3))
        for node in 0..<1000 { _ = admission.request(self.pod(node), ResourceRequest()) }
        var order: [Int] = []
        while case let pods = admission.admit(), !pods.isEmpty {
            for pod in pods {
                order.append(pod.node.index)
                admission.release(pod)
            }
        }
        #expect(order == Array(0..<1000))
    }
}
