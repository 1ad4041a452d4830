/// Writes the fields of a message as `skiff_runtime.h` describes them.
struct MessageWriter {
    private(set) var bytes: [UInt8] = []

    init() { self.bytes.reserveCapacity(1024) }

    /// Raw content.
    mutating func add(_ tag: UInt32, bytes content: some Collection<UInt8>) {
        self.head(tag, length: content.count)
        self.bytes.append(contentsOf: content)
    }

    /// Text without zero bytes inside; a zero byte is put behind it.
    mutating func add(_ tag: UInt32, text: String) {
        self.add(tag, cString: text.utf8)
    }

    mutating func add(_ tag: UInt32, cString content: some Collection<UInt8>) {
        self.head(tag, length: content.count + 1)
        self.bytes.append(contentsOf: content)
        self.bytes.append(0)
    }

    mutating func add(_ tag: UInt32, number: Int64) {
        self.head(tag, length: 8)
        self.append(UInt64(bitPattern: number), count: 8)
    }

    mutating func add(_ tag: UInt32, nested: MessageWriter) { self.add(tag, bytes: nested.bytes) }

    private mutating func head(_ tag: UInt32, length: Int) {
        self.append(UInt64(tag), count: 2)
        self.append(UInt64(length), count: 4)
    }

    private mutating func append(_ value: UInt64, count: Int) {
        for index in 0..<count { self.bytes.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
    }
}
