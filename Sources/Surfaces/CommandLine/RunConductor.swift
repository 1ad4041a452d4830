import Operations

/// What a signal means for the runs that this process carries out: the first Ctrl-C (or SIGTERM) stops them, the next terminates them.
struct SignalRule {
    enum Order: Equatable { case stop, terminate, leave, redraw }

    private var isStopping = false

    mutating func order(for signal: ProcessSignal) -> Order {
        switch signal {
        case .resize: return .redraw
        case .hangUp: return .leave
        case .interrupt, .terminate:
            defer { self.isStopping = true }
            return self.isStopping ? .terminate : .stop
        }
    }
}

/// Carries a session to its end: shows its news and passes signals on.
struct RunConductor: Sendable {
    private enum Part: Sendable { case shown, obeyed, left, ended }

    let session: any RunSession
    let presenter: any RunPresenter
    let signals: AsyncStream<ProcessSignal>
    /// Options that `skiff run --resume` needs to find the runs.
    let options: String

    /// - Returns: false when the runs were left for a later `--resume`.
    /// - Throws: what `RunSession.wait` throws.
    func conduct() async throws -> Bool {
        var (isShown, hasEnded, wasLeft) = (false, false, false)
        try await withThrowingTaskGroup(of: Part.self) { group in
            group.addTask {
                await self.presenter.follow(self.session)
                return .shown
            }
            group.addTask { await self.obey() }
            group.addTask {
                try await self.session.wait()
                return .ended
            }
            while let part = try await group.next() {
                switch part {
                case .shown: isShown = true
                case .ended: hasEnded = true
                case .left: wasLeft = true
                case .obeyed: break
                }
                // The news of runs that were left need not end; all others are shown to the last.
                if hasEnded, isShown || wasLeft { group.cancelAll() }
            }
        }
        return !wasLeft
    }

    /// Passes signals on until the task is cancelled, or the runs were left.
    private func obey() async -> Part {
        var rule = SignalRule()
        for await signal in self.signals {
            switch rule.order(for: signal) {
            case .redraw: await self.presenter.redraw()
            case .stop:
                await self.presenter.notice("stopping; press Ctrl-C again to terminate")
                await self.session.stop()
            case .terminate:
                await self.presenter.notice("terminating")
                await self.session.terminate()
            case .leave:
                for name in self.session.names {
                    await self.presenter.notice(
                        "leaving '\(name)' running; take it up again with: skiff run\(self.options) --resume \(ShellWord.quoted(name))")
                }
                await self.session.leave()
                return .left
            }
        }
        return .obeyed
    }
}
