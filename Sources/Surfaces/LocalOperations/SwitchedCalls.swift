import Engine
import Ports
import Synchronization

/// Whoever carries calls out, which another can replace: calls that are under way end where they began.
final class SwitchedCalls: CallRunner {
    /// One who carries out, and what he has under way.
    private final class Generation: Sendable {
        struct State {
            var underWay = 0
            var isReplaced = false
        }

        let calls: OpenedCalls
        let state = Mutex(State())

        init(_ calls: OpenedCalls) { self.calls = calls }

        func carryOut(_ call: CallLaunch) async -> CallResult {
            let result = await self.calls.runner.carryOut(call)
            let isLast = self.state.withLock { state in
                state.underWay -= 1
                return state.isReplaced && state.underWay == 0
            }
            if isLast { await self.calls.close() }
            return result
        }

        func retire() async {
            let isIdle = self.state.withLock { state in
                state.isReplaced = true
                return state.underWay == 0
            }
            if isIdle { await self.calls.close() }
        }
    }

    private let current: Mutex<Generation>

    init(_ calls: OpenedCalls) { self.current = Mutex(Generation(calls)) }

    func carryOut(_ call: CallLaunch) async -> CallResult {
        // Counted under the lock, so that nobody is retired between being found and being asked.
        let generation = self.current.withLock { generation in
            generation.state.withLock { $0.underWay += 1 }
            return generation
        }
        return await generation.carryOut(call)
    }

    func replace(with calls: OpenedCalls) async {
        let new = Generation(calls)
        let old = self.current.withLock { generation in
            defer { generation = new }
            return generation
        }
        await old.retire()
    }

    /// Ends what is under way.
    func close() async { await self.current.withLock { $0 }.calls.close() }
}
