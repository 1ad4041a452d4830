import Engine
import TestKit
import Testing
import WorkflowModel

@testable import Driver

@Suite(.timeLimit(.minutes(1))) struct NewsTests {
    private func change(_ node: Int, _ phase: NodePhase) -> RunNews {
        .nodeChanged(
            Rig.id, NodeChange(id: NodeID(node), name: "n\(node)", displayName: "n\(node)", type: .pod, phase: phase, message: ""))
    }

    @Test func `a watcher hears of the run's start, its nodes and its end, in this order`() async throws {
        let rig = Rig(plan: try Rig.plan(Manifest.chain(2)))
        let news = try await rig.start { handle, driver in
            _ = await handle.outcome()
            driver.feed.close()
            var news: [RunNews] = []
            while case let more = await driver.feed.next(), !more.isEmpty { news += more }
            return news
        }
        #expect(news.first == .started(Rig.id))
        #expect(news.last == .finished(Rig.id, .succeeded, message: ""))
        let names = news.compactMap { item in if case .nodeChanged(_, let change) = item { change.displayName } else { nil } }
        #expect(Set(names).isSuperset(of: ["wf", "[0]", "s0", "[1]", "s1"]))
    }

    @Test func `of a node a slow watcher hears how it stands, once`() {
        let feed = RunFeed()
        feed.post([.started(Rig.id), self.change(0, .running), self.change(1, .running)])
        feed.post([self.change(0, .succeeded)])
        #expect(feed.take() == [.started(Rig.id), self.change(0, .succeeded), self.change(1, .running)])
        #expect(feed.take().isEmpty)
    }

    @Test func `timers fire from the earliest to the latest`() {
        var heap = TimerHeap()
        for at: Int64 in [5, 3, 9, 1, 7, 3, 8, 0] {
            heap.insert(Timers.Entry(at: Timestamp(milliseconds: at), timer: TimerID(node: nil, kind: .timeout), run: Rig.id))
        }
        var order: [Int64] = []
        while heap.earliest != nil { order.append(heap.removeEarliest().at.milliseconds) }
        #expect(order == [0, 1, 3, 3, 5, 7, 8, 9])
    }

    @Test func `a mailbox gives everything at once and wakes its reader`() async {
        let mailbox = Mailbox<Int>()
        mailbox.post(1)
        mailbox.post(contentsOf: [2, 3])
        #expect(await mailbox.next() == [1, 2, 3])
        async let next = mailbox.next()
        mailbox.post(4)
        #expect(await next == [4])
    }

    @Test func `a reader of a mailbox waits no longer than it wants`() async {
        let clock = ManualClock()
        let mailbox = Mailbox<Int>()
        let deadline = clock.now() + .seconds(1)
        async let next = mailbox.next(until: deadline, clock)
        await clock.sleeper(until: deadline)
        clock.advance(by: .seconds(1))
        #expect(await next.isEmpty)
    }
}
