import Engine
import WorkflowModel

/// What becomes of each attempt, and when: a function of the seed and the attempt's name alone, whatever happens around it.
struct Fate: Sendable {
    static let never = Timestamp(milliseconds: .max / 2)

    let seed: UInt64
    /// Times are rounded to this, so that in some runs much happens at the same instant.
    private let step: Int64
    /// Of a hundred attempts, how many end well.
    private let health: Int

    init(seed: UInt64) {
        self.seed = seed
        var chance = Chance(seed: seed, "fate")
        self.step = chance.happens(30) ? 500 : 1
        self.health = chance.one(of: [60, 80, 95, 100])
    }

    private func span(_ chance: inout Chance, _ milliseconds: ClosedRange<Int>) -> Span {
        let drawn = Int64(chance.number(in: milliseconds))
        return Span(milliseconds: max(self.step, (drawn + self.step - 1) / self.step * self.step))
    }

    /// How long something takes that nobody waits for with interest: an answer of a service, the end of a pod that was told to stop.
    func delay(of words: String) -> Span {
        var chance = Chance(seed: self.seed, "delay", words)
        return self.span(&chance, 1...400)
    }

    /// How one container of a pod ends.
    private func code(_ chance: inout Chance) -> Int { chance.happens(self.health) ? 0 : chance.number(in: 1...3) }

    // MARK: Pods

    /// All that a pod says of itself, in order of time, if nobody stops it. It ends with the last.
    func life(of request: PodRequest, named name: String, from launch: Timestamp) -> [PodNews] {
        let attempt = request.id.attempt
        var chance = Chance(seed: self.seed, "pod", name, String(attempt))
        let start = launch + self.span(&chance, 1...500)
        var end = start + self.span(&chance, 50...(chance.happens(20) ? 20_000 : 4_000))
        var news = [PodNews(at: start, event: .podStarted(request.id.node, attempt: attempt))]
        if chance.happens(4) {
            news.append(PodNews(at: end, event: .podLost(request.id.node, attempt: attempt, reason: "the supervisor was killed")))
            return news
        }
        if request.isDaemon {
            let ready = start + self.span(&chance, 1...2_000)
            news.append(PodNews(at: ready, event: .podReady(request.id.node, attempt: attempt)))
            // A few end by themselves; the others serve until they are stopped.
            end = chance.happens(15) ? ready + self.span(&chance, 1...9_000) : Self.never
        }
        var result = self.result(of: request, &chance, end)
        if request.containers.count > 1 { news += self.containers(of: request, &result, &chance, start, end) }
        if chance.happens(10), !request.isDaemon {
            let middle = start + Span(milliseconds: (end - start).milliseconds / 2)
            news.append(PodNews(at: middle, event: .progress(request.id.node, attempt: attempt, done: 1, of: 2)))
        }
        news.sort { $0.at < $1.at }
        news.append(PodNews(at: end, event: .podFinished(request.id.node, attempt: attempt, result)))
        return news
    }

    private func result(of request: PodRequest, _ chance: inout Chance, _ end: Timestamp) -> PodResult {
        if !chance.happens(self.health), chance.happens(20) {
            return PodResult(end: .notStarted(message: "no such program"), finishedAt: end)
        }
        var result = PodResult(end: .exited(code: self.code(&chance)), finishedAt: end)
        result.result = chance.happens(40) ? #"["p","q"]"# : "printed \(chance.number(in: 0...9))"
        for output in request.outputs.parameters {
            if chance.happens(95) {
                result.parameters[output.name] = "written \(chance.number(in: 0...9))"
            } else if output.isRequired, case .exited(let code) = result.end {
                result.end = .outputsLost(code: code, message: "\(output.path) is missing")
            }
        }
        return result
    }

    /// The containers of a set run one after another; the pod's end is the first failure's.
    private func containers(
        of request: PodRequest, _ result: inout PodResult, _ chance: inout Chance, _ start: Timestamp, _ end: Timestamp
    ) -> [PodNews] {
        guard case .exited(let code) = result.end else { return [] }
        let id = request.id
        let part = (end - start).milliseconds / Int64(request.containers.count)
        var news: [PodNews] = []
        for (index, container) in request.containers.enumerated() {
            let from = start + Span(milliseconds: part * Int64(index))
            let until = from + Span(milliseconds: part)
            // The last is the one that fails.
            let own = index == request.containers.count - 1 ? code : 0
            let ended = ContainerResult(name: container.name, end: .exited(code: own), startedAt: from, finishedAt: until)
            result.containers.append(ended)
            news.append(PodNews(at: from, event: .containerStarted(id.node, attempt: id.attempt, container: container.name)))
            // The last word on some is left to the pod's own end.
            if chance.happens(80) { news.append(PodNews(at: until, event: .containerFinished(id.node, attempt: id.attempt, ended))) }
        }
        return news
    }

    // MARK: Calls

    func answer(to request: CallRequest, named name: String, from start: Timestamp) -> (at: Timestamp, CallResult) {
        var chance = Chance(seed: self.seed, "call", name)
        let end = start + self.span(&chance, 5...3_000)
        var result = CallResult(end: .succeeded(message: ""), result: #"["c","d"]"#, finishedAt: end)
        switch request.kind {
        case .http:
            result.end =
                chance.happens(8)
                ? .error(message: "connection refused") : .answered(status: chance.one(of: [200, 200, 201, 404, 503]), headers: [:])
        case .resource, .data, .plugin:
            if !chance.happens(self.health) { result.end = chance.happens(50) ? .failed(message: "no") : .error(message: "broken") }
        }
        for output in request.outputs where chance.happens(90) { result.parameters[output.name] = "read \(chance.number(in: 0...9))" }
        return (end, result)
    }
}

/// Something that a pod says of itself.
struct PodNews: Sendable {
    var at: Timestamp
    var event: RunMachine.Event
}
