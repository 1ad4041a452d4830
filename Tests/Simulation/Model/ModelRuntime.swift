import Engine
import WorkflowModel

/// What a real runtime knows: which pods were started, and what has become of them. It outlives the process that started them, and refuses
/// whatever would be wrong to ask of it.
struct ModelRuntime {
    struct Pod {
        var request: PodRequest
        var nodeName: String
        var news: [PodNews]
        /// The instant it ended or will end.
        var end: Timestamp { self.news.last?.at ?? Timestamp(milliseconds: 0) }
        var stopAsked: Timestamp?
    }

    let fate: Fate
    private(set) var pods: [PodID: Pod] = [:]
    /// What the present process has asked for.
    private var launched: Set<PodID> = []

    init(fate: Fate) { self.fate = fate }

    /// The process that asks is another one from now on.
    mutating func forgetProcess() { self.launched = [] }

    /// - Returns: what the pod has to say: all of it, or what is not known for sure to have been heard.
    mutating func launch(_ request: PodRequest, named name: String, at now: Timestamp) throws(SimulationFault) -> [PodNews] {
        guard self.launched.insert(request.id).inserted else { throw SimulationFault("pod \(request.id) is launched twice") }
        if let known = self.pods[request.id] {
            guard known.request == request else { throw SimulationFault("pod \(request.id) is asked for again, and is another") }
            return known.news
        }
        for earlier in 0..<request.id.attempt {
            let id = PodID(run: request.id.run, node: request.id.node, attempt: earlier)
            guard let pod = self.pods[id] else { throw SimulationFault("pod \(request.id) is launched, \(id) never was") }
            guard pod.end <= now else { throw SimulationFault("pod \(request.id) is launched while \(id) runs") }
        }
        let news = self.fate.life(of: request, named: name, from: now)
        self.pods[request.id] = Pod(request: request, nodeName: name, news: news)
        return news
    }

    /// - Returns: the pod's end, when stopping it has changed that.
    mutating func stop(_ id: PodID, at now: Timestamp) throws(SimulationFault) -> PodNews? {
        guard var pod = self.pods[id] else { throw SimulationFault("pod \(id) is stopped and was never launched") }
        guard self.launched.contains(id) else { throw SimulationFault("pod \(id) is stopped by a process that does not know it") }
        guard pod.stopAsked == nil, now < pod.end else { return nil }
        let end = now + self.fate.delay(of: "stop \(pod.nodeName) \(id.attempt)")
        pod.stopAsked = now
        defer { self.pods[id] = pod }
        guard end < pod.end else { return nil }
        let hasStarted = pod.news[0].at <= now
        pod.news.removeAll { $0.at > end }
        let result = PodResult(end: hasStarted ? .exited(code: 143) : .notStarted(message: "stopped early"), finishedAt: end)
        let last = PodNews(at: end, event: .podFinished(id.node, attempt: id.attempt, result))
        pod.news.append(last)
        return last
    }

    func running(at now: Timestamp) -> [Pod] { self.pods.values.filter { now < $0.end } }
}
