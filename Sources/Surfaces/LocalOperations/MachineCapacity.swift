import Driver

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

extension Admission.Capacity {
    /// What this machine has to give: the processors that this process may use, and the memory.
    static func ofThisMachine(maxParallel: Int?) -> Admission.Capacity {
        Admission.Capacity(cpuMillis: Int64(Self.processors) * 1000, memoryBytes: Self.memoryBytes, maxParallel: maxParallel)
    }

    private static var processors: Int {
        // A mask of the processors that this process may use, 32 bits between commas.
        let mask = SystemFile.read("/proc/self/status")?.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") }
        let count = mask?.dropFirst("Cpus_allowed:".count).reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) } ?? 0
        if count > 0 { return count }
        return max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }

    private static var memoryBytes: Int64 {
        let pages = Int64(sysconf(Int32(_SC_PHYS_PAGES)))
        let size = Int64(sysconf(Int32(_SC_PAGESIZE)))
        // Where the system does not tell, memory limits nothing.
        return pages > 0 && size > 0 ? pages * size : .max / 2
    }
}
