import Ports

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// This process as an owner of runs, and whether another one lives.
enum LocalOwner {
    /// - Parameters:
    ///   - id: unique to this life of this process.
    ///   - doorbell: where it can be rung at.
    static func current(id: String, doorbell: String) -> Owner {
        let process = getpid()
        return Owner(
            id: id, processID: process, processStart: Self.startTime(of: process) ?? 0, bootID: Self.bootID, doorbell: doorbell)
    }

    /// Whether the process that took a run still exists. A reused pid is told by its start time, and nothing outlives a boot.
    @Sendable static func isAlive(_ owner: Owner) -> Bool {
        guard owner.bootID == Self.bootID else { return false }
        guard let start = Self.startTime(of: owner.processID) else { return false }
        return start == owner.processStart
    }

    static let bootID: String = {
        let text = SystemFile.read("/proc/sys/kernel/random/boot_id") ?? ""
        return String(text.prefix { $0 != "\n" })
    }()

    /// Clock ticks from boot to the start of the process: field 22 of `/proc/<pid>/stat`; nil when there is no such process, or it is dead and
    /// only waits to be reaped.
    static func startTime(of process: Int32) -> UInt64? {
        guard let text = SystemFile.read("/proc/\(process)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        // The program's name, in brackets, may itself hold blanks and brackets. Behind it come the state and the numbers from the 4th on.
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return UInt64(fields[19])
    }
}
