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
        #if canImport(Glibc)
            var allowed = cpu_set_t()
            if sched_getaffinity(0, MemoryLayout<cpu_set_t>.size, &allowed) == 0 {
                let count = withUnsafeBytes(of: &allowed) { $0.reduce(0) { $0 + $1.nonzeroBitCount } }
                if count > 0 { return count }
            }
        #endif
        return max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }

    private static var memoryBytes: Int64 {
        let pages = Int64(sysconf(Int32(_SC_PHYS_PAGES)))
        let size = Int64(sysconf(Int32(_SC_PAGESIZE)))
        // Where the system does not tell, memory limits nothing.
        return pages > 0 && size > 0 ? pages * size : .max / 2
    }
}
