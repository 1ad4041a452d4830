import Dispatch
import Synchronization
import Testing

@testable import CommandLine

@Suite struct OutputQueueTests {
    @Test func `while a reader is slow writers go on, and what they wrote is written together and in order`() async {
        let recorder = TestConsole()
        let gate = DispatchSemaphore(value: 0)
        let writes = Mutex(0)
        var console = recorder.console
        let write = console.write
        console.write = { text, channel in
            // The first write is held up, as by a terminal that was halted.
            if writes.withLock({
                $0 += 1
                return $0
            }) == 1 {
                gate.wait()
            }
            return write(text, channel)
        }
        let queue = OutputQueue(console)
        #expect(queue.isIdle)
        for number in 0..<1000 { queue.write("\(number)\n", to: .output) }
        queue.write("note\n", to: .errors)
        queue.write("last\n", to: .output)
        #expect(!queue.isIdle)
        gate.signal()
        await queue.drain()
        #expect(queue.isIdle)
        #expect(recorder.output == (0..<1000).map { "\($0)\n" }.joined() + "last\n")
        #expect(recorder.errors == "note\n")
        #expect(writes.withLock { $0 } <= 5)
        await queue.drain()
    }

    @Test func `a queue says when it holds more than is comfortable`() async {
        let gate = DispatchSemaphore(value: 0)
        var console = TestConsole().console
        console.write = { _, _ in
            gate.wait()
            gate.signal()
            return true
        }
        let queue = OutputQueue(console)
        queue.write("first", to: .output)
        queue.write(String(repeating: "x", count: 1 << 21), to: .output)
        queue.write(String(repeating: "x", count: 1 << 21), to: .output)
        #expect(queue.isFull)
        gate.signal()
        await queue.drain()
        #expect(!queue.isFull)
    }
}
