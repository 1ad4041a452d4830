#pragma once
// The part of the local runtime that must be C: it forks. Everything that decides (which program, which environment, which volumes) is
// composed in Swift and travels here as one message; everything that must outlive Skiff (supervisors, logs, records) lives here.
//
//   Skiff ──control──▶ launcher ──forks──▶ session ──clones──▶ supervisor (one a pod) ──▶ main process
//     │                                      ▲  │                   │
//     └───────────────requests───────────────┘  └────notices────────┴──▶ Skiff
//
// The launcher is forked before any thread exists and does nothing but fork sessions. A session belongs to one LocalRuntime: it holds the
// namespaces that its pods start from. When Skiff dies its sockets close, launcher and session end, and supervisors go on alone.
//
// A supervisor keeps the only container of its pod itself. Of several, each has a keeper, cloned by the supervisor in the same way.

#include <stddef.h>
#include <stdint.h>
// Not part of Swift's Glibc module.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct skiff_launcher {
    /// SOCK_SEQPACKET to the launcher, close-on-exec.
    int control;
    pid_t process;
};

/// Forks the launcher. Call it as the first statement of `main`: the child runs nothing but this library, so it also works later (tests do
/// that), but then it carries a copy of everything the process had in memory.
/// @return 0, or an errno.
int skiff_launcher_start(struct skiff_launcher *launcher);

/// Ends the launcher and reaps it. Sessions and pods go on.
void skiff_launcher_stop(struct skiff_launcher launcher);

struct skiff_session {
    /// SOCK_STREAM: launch messages go in.
    int requests;
    /// SOCK_SEQPACKET: notices come out.
    int notices;
    /// Why there is no session, for people; empty when there is one.
    char problem[512];
};

/// Opens a session. `options` is a message of `SKIFF_SESSION_*` fields. Blocks until the session is ready (a few milliseconds).
/// @return 0, or an errno with `problem` filled in.
int skiff_session_open(int control, const uint8_t *options, size_t length, struct skiff_session *session);

/// A message is a sequence of fields: tag (2 bytes), length (4 bytes), content; all numbers little-endian, 8 bytes as content. Text ends with a
/// zero byte that the length counts. A launch request is such a message behind `struct skiff_frame`.
struct skiff_frame {
    uint32_t magic;
    uint32_t length;
    uint64_t request;
};
enum { SKIFF_FRAME_MAGIC = 0x534b4631, SKIFF_MESSAGE_LIMIT = 64 << 20 };

enum skiff_session_field {
    SKIFF_SESSION_IS_SANDBOX = 1,
    SKIFF_SESSION_DATA_DIRECTORY = 2,
    /// Repeated: a path that pods must not see.
    SKIFF_SESSION_HIDDEN = 3,
};

enum skiff_pod_field {
    SKIFF_POD_DIRECTORY = 1,
    SKIFF_POD_IDENTITY = 2,
    SKIFF_POD_GRACE_MILLISECONDS = 3,
    SKIFF_POD_LOG_LIMIT = 4,
    SKIFF_POD_LOG_FILES = 5,
    SKIFF_POD_CAPTURES_RESULT = 6,
    SKIFF_POD_VOLUME = 7,
    SKIFF_POD_INPUT = 8,
    SKIFF_POD_OUTPUT_PARAMETER = 9,
    SKIFF_POD_OUTPUT_ARTIFACT = 10,
    /// Repeated, a nested message of `skiff_container_field`.
    SKIFF_POD_CONTAINER = 11,
    /// Index of the container that inputs, outputs and the result belong to.
    SKIFF_POD_MAIN = 12,
    /// The news of each container are wanted.
    SKIFF_POD_IS_SET = 13,
    /// It is wanted when the pod is ready.
    SKIFF_POD_IS_DAEMON = 14,
    /// The containers have a directory in common (`/var/run/argo` in a sandbox) that can be reached from outside.
    SKIFF_POD_SHARES_PLACE = 15,
};

/// Fields inside `SKIFF_POD_CONTAINER`.
enum skiff_container_field {
    SKIFF_CONTAINER_NAME = 1,
    SKIFF_CONTAINER_KIND = 2,
    SKIFF_CONTAINER_ARGUMENT = 3,
    SKIFF_CONTAINER_ENVIRONMENT = 4,
    SKIFF_CONTAINER_WORKING_DIRECTORY = 5,
    SKIFF_CONTAINER_SCRIPT = 6,
    SKIFF_CONTAINER_SCRIPT_PATH = 7,
    SKIFF_CONTAINER_USER = 8,
    SKIFF_CONTAINER_GROUP = 9,
    SKIFF_CONTAINER_MOUNT = 10,
    SKIFF_CONTAINER_ROOT_FILE_SYSTEM = 11,
    /// For messages only.
    SKIFF_CONTAINER_IMAGE = 12,
    SKIFF_CONTAINER_IS_TERMINAL = 13,
    /// Repeated: index of a container that must have ended well before.
    SKIFF_CONTAINER_DEPENDENCY = 14,
    SKIFF_CONTAINER_ATTEMPTS = 15,
    SKIFF_CONTAINER_RETRY_MILLISECONDS = 16,
    /// Nested messages of `skiff_handler_field`.
    SKIFF_CONTAINER_POST_START = 17,
    SKIFF_CONTAINER_PRE_STOP = 18,
    SKIFF_CONTAINER_READINESS = 19,
    /// Thousandths of a core.
    SKIFF_CONTAINER_CPU_LIMIT = 20,
    /// Bytes.
    SKIFF_CONTAINER_MEMORY_LIMIT = 21,
    SKIFF_CONTAINER_PAUSES_BEFORE = 22,
    SKIFF_CONTAINER_PAUSES_AFTER = 23,
    /// Of a sidecar that stands among the init containers: it starts when their turn comes to it, and is run again whenever it ends.
    SKIFF_CONTAINER_RESTARTS = 24,
};
enum skiff_container_kind {
    /// Its end is the pod's.
    SKIFF_CONTAINER_PLAIN = 1,
    SKIFF_CONTAINER_INIT = 2,
    SKIFF_CONTAINER_SIDECAR = 3,
};

/// What asks or tells a container something: a command, or the address of a server of its.
enum skiff_handler_field {
    SKIFF_HANDLER_ARGUMENT = 1,
    /// IPv4 or IPv6, in digits.
    SKIFF_HANDLER_ADDRESS = 2,
    SKIFF_HANDLER_PORT = 3,
    /// What is sent when the connection stands; the answer then has to be HTTP.
    SKIFF_HANDLER_REQUEST = 4,
    /// Of a readiness probe, in milliseconds.
    SKIFF_HANDLER_DELAY = 5,
    SKIFF_HANDLER_PERIOD = 6,
    SKIFF_HANDLER_TIMEOUT = 7,
    SKIFF_HANDLER_THRESHOLD = 8,
};

/// Fields inside `SKIFF_POD_VOLUME`.
enum skiff_volume_field {
    SKIFF_VOLUME_NAME = 1,
    SKIFF_VOLUME_KIND = 2,
    SKIFF_VOLUME_PATH = 3,
    SKIFF_VOLUME_CHECK = 4,
    /// A nested message of `skiff_file_field`.
    SKIFF_VOLUME_FILE = 5,
};
enum skiff_volume_kind {
    SKIFF_VOLUME_EMPTY = 1,
    SKIFF_VOLUME_MEMORY = 2,
    SKIFF_VOLUME_HOST = 3,
    /// Files given in the message, kept in memory only (ConfigMaps and Secrets).
    SKIFF_VOLUME_FILES = 4,
    SKIFF_VOLUME_CLAIM = 5,
};
enum skiff_file_field { SKIFF_FILE_PATH = 1, SKIFF_FILE_CONTENT = 2, SKIFF_FILE_MODE = 3 };
enum skiff_mount_field { SKIFF_MOUNT_VOLUME = 1, SKIFF_MOUNT_PATH = 2, SKIFF_MOUNT_SUB_PATH = 3, SKIFF_MOUNT_READ_ONLY = 4 };
enum skiff_input_field {
    SKIFF_INPUT_NAME = 1,
    SKIFF_INPUT_PATH = 2,
    SKIFF_INPUT_TEXT = 3,
    SKIFF_INPUT_SOURCE = 4,
    SKIFF_INPUT_MODE = 5,
    SKIFF_INPUT_MODE_IS_RECURSIVE = 6,
};
/// The label comes back in the exit record, so that the record can be read without the request.
enum skiff_output_field { SKIFF_OUTPUT_PATH = 1, SKIFF_OUTPUT_FILE_NAME = 2, SKIFF_OUTPUT_LABEL = 3 };

enum skiff_notice_kind {
    /// The supervisor exists; `number` is its pid and `process` a pidfd of it that the receiver owns.
    SKIFF_NOTICE_LAUNCHED = 1,
    /// The session could not make a process; `number` is the errno.
    SKIFF_NOTICE_NOT_LAUNCHED = 2,
    /// The start record is written and the program is about to run.
    SKIFF_NOTICE_STARTED = 3,
    /// The pod has ended and nothing of it runs; the text is the exit record, empty when it is too long for a notice.
    SKIFF_NOTICE_FINISHED = 4,
    /// The pod directory says that the pod was started before: nothing was done.
    SKIFF_NOTICE_ALREADY_STARTED = 5,
    /// The text is the state record: containers that run or have ended, whether the pod is ready, how far it says it is.
    SKIFF_NOTICE_STATE = 6,
};
enum { SKIFF_NOTICE_TEXT_LIMIT = 32 << 10 };

struct skiff_notice {
    uint32_t kind;
    int32_t number;
    uint64_t request;
    int64_t nanoseconds;
    /// A descriptor or -1. Not part of what is sent.
    int process;
    size_t length;
    char text[SKIFF_NOTICE_TEXT_LIMIT];
};

/// Swift does not import arrays of that size.
static inline const char *skiff_notice_text(const struct skiff_notice *notice) { return notice->text; }

/// Takes one notice without waiting.
/// @return 1, 0 when there is none, -1 when the session is gone.
int skiff_notice_receive(int notices, struct skiff_notice *notice);

/// What a pod directory says.
enum skiff_pod_state {
    SKIFF_POD_NEVER_STARTED = 0,
    /// A supervisor holds the directory.
    SKIFF_POD_HELD = 1,
    SKIFF_POD_FINISHED = 2,
    /// It was started, its supervisor is gone, and it left no exit record.
    SKIFF_POD_ABANDONED = 3,
    /// `skiff_pod_refuse` was here first.
    SKIFF_POD_REFUSED = 4,
};

/// Looks without touching anything. For `SKIFF_POD_HELD`, `process` becomes a pidfd of the supervisor (the caller's to close), else -1.
/// @return a state, or a negative errno.
int skiff_pod_inspect(const char *directory, int *process);

/// Makes sure that a pod that was never started never will be, even by a supervisor that is just being born.
/// @return the state it found: `SKIFF_POD_REFUSED` when the refusal stands.
int skiff_pod_refuse(const char *directory);

/// Asks a supervisor to end its pod: SIGTERM to the main process, SIGKILL to everything after the grace (at once when it is 0).
int skiff_pod_stop(int process, uint32_t grace_milliseconds);

/// The same with the pod's own grace.
int skiff_pod_end(int process);

/// Kills every process whose environment says that it belongs to the pod, until none is left.
/// @return 0, or ETIMEDOUT when some are still there after `patience_milliseconds`.
int skiff_pod_prove_dead(const char *identity, uint32_t patience_milliseconds);

/// Makes a directory whose subdirectories have little to do with each other, and tells the file system so: ext4 then gives each a block group of its
/// own. That matters where it has no journal: there a new file is searched for past every inode that was freed in its group within the last
/// minutes, and a run that is removed would slow all others down.
/// @return 0 (also when it is there already), or an errno.
int skiff_make_spread_directory(const char *path);

/// Removes what a finished pod no longer needs: all but records, logs and outputs. Also control groups that a lost supervisor left.
int skiff_pod_clean(const char *directory);

/// Removes a directory with everything in it, also what its modes protect from their owner. Never follows symbolic links.
/// @return 0 (also when there is nothing), or the first errno.
int skiff_remove_tree(const char *path);

#ifdef __cplusplus
}
#endif
