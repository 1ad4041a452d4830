import Glibc
import LocalRuntime
import Testing

extension LocalRuntimeTests {
    /// Everything again without root's rights.
    @Suite struct OrdinaryUserTests {
        /// Somebody who owns nothing on this machine.
        private static let user = "64321"

        @Test(.enabled(if: geteuid() == 0)) func `everything else holds for an ordinary user too`() throws {
            let place = Workbench.temporaryDirectory()
            defer { removeTree(place) }
            chmod(place, 0o755)
            // The test program may lie where only root can go.
            let program = "\(place)/tests"
            try Self.copyProgram(to: program)
            let log = "\(place)/log"
            let status = Self.run(
                [
                    "/usr/bin/setpriv", "--reuid", Self.user, "--regid", Self.user, "--clear-groups", "--inh-caps=-all",
                    "--bounding-set=-all",
                    program, "--testing-library", "swift-testing", "--filter", "LocalRuntimeTests",
                ], output: log)
            let text = Machine.text(log) ?? ""
            let failures = text.split(separator: "\n").filter { $0.contains("✘") || $0.contains("error") }.joined(separator: "\n")
            #expect(status == 0, "\(failures.isEmpty ? Substring(text.suffix(2000)) : Substring(failures))")
            // A run that found no tests would pass as well.
            #expect(text.contains("an ordinary user cannot run a step as another one\" passed"))
        }

        private static func copyProgram(to target: String) throws {
            if link("/proc/self/exe", target) == 0 { return }
            let source = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
            let copy = open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0o755)
            try #require(source >= 0 && copy >= 0)
            var chunk = [UInt8](repeating: 0, count: 1 << 20)
            while true {
                let count = read(source, &chunk, chunk.count)
                if count <= 0 { break }
                try #require(write(copy, chunk, count) == count)
            }
            close(source)
            close(copy)
        }

        private static func run(_ words: [String], output: String) -> Int32 {
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
            posix_spawn_file_actions_adddup2(&actions, 1, 2)
            var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
            defer { for argument in arguments { free(argument) } }
            var process = pid_t()
            guard posix_spawn(&process, words[0], &actions, nil, &arguments, environ) == 0 else { return -1 }
            var status: Int32 = 0
            while waitpid(process, &status, 0) < 0 && errno == EINTR {}
            return status
        }
    }
}
