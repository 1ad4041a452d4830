import Expressions
import Planning
import WorkflowModel

extension RunMachine {
    /// An attempt of a retried node has ended: success ends the node, failure is judged.
    mutating func attemptSettled(_ owner: NodeID, attempt: Node) {
        guard !self.nodes[owner.index].phase.isFulfilled else { return }
        self.nodes[owner.index].outputs = attempt.outputs
        self.changed.insert(owner)
        guard attempt.phase.isFailure else { return self.finish(owner, attempt.phase, message: attempt.message) }
        switch self.judge(owner, attempt) {
        case .success(.end(let message)): self.finish(owner, attempt.phase, message: message)
        case .success(.again(let wait)):
            let next = self.run.now + wait
            if wait.milliseconds <= 0 {
                self.startAttempt(of: owner, self.nextAttempt(of: owner))
            } else {
                self.nodes[owner.index].dueAt = next
                self.nodes[owner.index].message = "Backoff for \(Self.humanized(wait))"
                self.waiting.insert(owner)
                self.actions.append(.schedule(TimerID(node: owner, kind: .backoff), at: next))
            }
        case .failure(let fault): self.finish(owner, .error, message: fault.message)
        }
    }

    private enum Verdict {
        case end(String)
        case again(after: Span)
    }

    /// Whether and when the node is tried again.
    ///
    /// - Source: Argo's retries, in this order: stop and deadline, backoff budget, policy, limit, expression. Unlike Argo, the backoff is
    ///   waited for when there is no limit too.
    private func judge(_ owner: NodeID, _ attempt: Node) -> Result<Verdict, NodeFault> {
        do throws(NodeFault) {
            let node = self.nodes[owner.index]
            guard let index = node.template, let retry = self.plan.templates[index].retry else { return .success(.end(attempt.message)) }
            let scope = self.scope(of: owner)
            if self.isShut(isExit: node.isExit) {
                return .success(
                    .end(self.run.shutdown == nil && self.run.deadlock == nil ? "retry exceeded workflow deadline" : self.shutMessage))
            }
            let attempts = self.attempts(of: owner).count
            var wait = Span(milliseconds: 0)
            if let backoff = retry.backoff {
                wait = try self.wait(backoff, attempts, scope)
                if let most = try scope.duration(backoff.maxDuration) {
                    let start = self.attempts(of: owner).first.map { self.nodes[$0.index].startedAt } ?? node.startedAt
                    if self.run.now > start + most { return .success(.end("Max duration limit exceeded")) }
                    if self.run.now + wait > start + most { return .success(.end("Backoff would exceed max duration limit")) }
                }
            }
            let isWanted =
                switch retry.policy {
                case .always: true
                case .onFailure: attempt.phase == .failed
                case .onError: attempt.phase == .error
                case .onTransientError: attempt.phase == .error && attempt.message.contains("transient")
                }
            if !isWanted { return .success(.end(attempt.message)) }
            if let text = retry.limit {
                let limit = try scope.text(text)
                guard let most = Int(limit) else { throw NodeFault("retryStrategy.limit '\(limit)' is not a whole number") }
                if attempts > most { return .success(.end("No more retries left")) }
            }
            if let expression = retry.expression {
                var scope = scope
                scope.retry = self.retryVariables(of: owner)
                scope.retry?.retries = attempts - 1
                switch self.condition(expression, scope) {
                case .success(true): break
                case .success(false): return .success(.end("retryStrategy.expression evaluated to false"))
                case .failure(let fault): throw fault
                }
            }
            return .success(.again(after: wait))
        } catch {
            return .failure(error)
        }
    }

    /// `duration · factor^(attempts − 1)`, at most `cap`.
    private func wait(
        _ backoff: (duration: TemplateText?, factor: TemplateText?, cap: TemplateText?, maxDuration: TemplateText?), _ attempts: Int,
        _ scope: Scope
    ) throws(NodeFault) -> Span {
        guard let base = try scope.duration(backoff.duration) else { return Span(milliseconds: 0) }
        var wait = base.milliseconds
        if let text = backoff.factor {
            let factor = try scope.text(text)
            guard let multiplier = Int64(factor), multiplier > 0 else {
                throw NodeFault("backoff.factor '\(factor)' is not a whole number of 1 or more")
            }
            for _ in 1..<max(attempts, 1) {
                let (product, isOver) = wait.multipliedReportingOverflow(by: multiplier)
                wait = isOver ? .max : product
                if isOver || multiplier == 1 { break }
            }
        }
        if let cap = try scope.duration(backoff.cap) { wait = min(wait, cap.milliseconds) }
        return Span(milliseconds: wait)
    }

    mutating func backoffEnded(_ id: NodeID) {
        guard let due = self.nodes[id.index].dueAt, self.waiting.contains(id), self.nodes[id.index].type == .retry else { return }
        guard self.run.now >= due else {
            self.actions.append(.schedule(TimerID(node: id, kind: .backoff), at: due))
            return
        }
        self.nodes[id.index].dueAt = nil
        self.nodes[id.index].message = ""
        self.waiting.remove(id)
        self.changed.insert(id)
        self.startAttempt(of: id, self.nextAttempt(of: id))
    }

    /// The node's attempts that count, oldest first.
    func attempts(of id: NodeID) -> [NodeID] {
        self.nodes[id.index].children.filter {
            if case .attempt = self.nodes[$0.index].role { true } else { false }
        }
    }

    /// One more than the latest attempt has; attempts before a manual retry do not count, and keep their numbers.
    private func nextAttempt(of id: NodeID) -> Int {
        guard let last = self.attempts(of: id).last, case .attempt(let index) = self.nodes[last.index].role else { return 0 }
        return index + 1
    }

    /// Ends a node that waits for its next attempt.
    mutating func endRetry(_ id: NodeID, message: String) {
        let last = self.attempts(of: id).last.map { self.nodes[$0.index].phase } ?? .failed
        self.finish(id, last.isFailure ? last : .failed, message: message)
    }

    /// What `retries` and `lastRetry` say inside an attempt of the node.
    func retryVariables(of owner: NodeID) -> RetryVariables {
        let attempts = self.attempts(of: owner).map { self.nodes[$0.index] }
        guard let last = attempts.last(where: { $0.phase.isFulfilled }) else { return RetryVariables(retries: max(attempts.count - 1, 0)) }
        let span = (last.finishedAt ?? last.startedAt) - last.startedAt
        return RetryVariables(
            retries: max(attempts.count - 1, 0), exitCode: last.outputs.exitCode.map(String.init) ?? "-1", status: last.phase.rawValue,
            duration: String(span.milliseconds / 1000), message: last.message)
    }

    /// `1 minute 30 seconds`.
    static func humanized(_ span: Span) -> String {
        let seconds = max(0, span.milliseconds / 1000)
        if seconds == 0 { return "\(span.milliseconds) milliseconds" }
        let parts = [(seconds / 86400, "day"), (seconds / 3600 % 24, "hour"), (seconds / 60 % 60, "minute"), (seconds % 60, "second")]
        return parts.filter { $0.0 > 0 }.prefix(2).map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }.joined(separator: " ")
    }
}

struct RetryVariables: Sendable, Equatable {
    var retries: Int
    var exitCode = "0"
    var status = ""
    var duration = "0"
    var message = ""
}
