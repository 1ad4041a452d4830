#pragma once
// What the files of this library share. Nothing here is seen by Swift.

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "skiff_runtime.h"

// MARK: memory and messages (message.c)

/// Memory that is never given back: a supervisor lives for one pod. NULL when there is none.
void *arena(size_t size);
char *arena_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct field {
    unsigned tag;
    uint32_t length;
    const uint8_t *bytes;
};

struct reader {
    const uint8_t *at, *end;
    bool is_broken;
};

/// Moves to the next field; false at the end or when the message is not well-formed (`is_broken`).
bool reader_next(struct reader *reader, struct field *field);
/// The field as text, NULL when it has no terminating zero or one inside.
const char *field_text(struct reader *reader, const struct field *field);
uint64_t field_number(struct reader *reader, const struct field *field);
struct reader field_reader(const struct field *field);

struct volume_file {
    const char *path;
    const uint8_t *content;
    size_t length;
    mode_t mode;
};

struct volume {
    const char *name;
    enum skiff_volume_kind kind;
    /// Of host and claim volumes.
    const char *path;
    /// Kubernetes' hostPath type.
    const char *check;
    struct volume_file *files;
    size_t file_count;
    /// Where its content is, once it is prepared; NULL before.
    const char *place;
};

struct volume_mount {
    size_t volume;
    const char *path;
    const char *sub_path;
    bool is_read_only;
    /// A detached mount that waits for the container's view (sandbox), or -1.
    int tree;
    bool is_file;
    /// This pod's share in the symbolic link at `path` (process), or -1.
    int link;
};

struct input {
    const char *name;
    const char *path;
    const uint8_t *text;
    size_t text_length;
    /// Host path to copy; NULL for text.
    const char *source;
    int source_descriptor;
    int mode;
    bool mode_is_recursive;
    /// Nothing was at `path` before (process): to be removed again.
    bool is_new;
};

struct output {
    const char *path;
    const char *file_name;
    const char *label;
    const char *verdict;
};

/// A way to ask or tell a container something.
struct handler {
    /// A command, or NULL.
    char **arguments;
    size_t argument_count;
    /// In digits. With a request the answer must be one of HTTP, else the connection is all that counts.
    const char *address;
    uint16_t port;
    const uint8_t *request;
    size_t request_length;
    /// Of a readiness probe; milliseconds.
    uint64_t delay, period, timeout, threshold;
};

/// What went wrong, for people.
struct problem {
    /// `not-started`, `outputs`, or NULL for nothing.
    const char *kind;
    char text[1024];
};

/// How far a container has come.
enum stage {
    STAGE_WAITING = 0,
    /// Its keeper builds its view (a pod of several).
    STAGE_PREPARING,
    STAGE_PREPARED,
    STAGE_RUNNING,
    STAGE_ENDED,
};

struct container {
    const char *name;
    enum skiff_container_kind kind;
    char **arguments, **environment;
    size_t argument_count, environment_count;
    const char *working_directory;
    const uint8_t *script;
    size_t script_length;
    const char *script_path;
    /// -1 when the manifest does not say.
    int64_t user, group;
    struct volume_mount *mounts;
    size_t mount_count;
    const char *root_file_system;
    const char *image;
    bool is_terminal;
    size_t *dependencies;
    size_t dependency_count;
    uint64_t attempts, retry_milliseconds;
    /// Run again whenever it ends, until it is stopped.
    bool restarts;
    /// NULL for none.
    struct handler *post_start, *pre_stop, *readiness;
    /// 0 for none.
    uint64_t cpu_limit, memory_limit;
    bool pauses_before, pauses_after;

    // What has become of it.
    enum stage stage;
    bool is_ready;
    int64_t started_at, finished_at;
    /// -1 when its program never ran.
    int code;
    /// Kubernetes' word for how it ended, when it is a special one; else NULL.
    const char *reason;
    struct problem problem;
    /// Of a pod of several containers, in the supervisor: the process that keeps it, and the socket to that; 0 and -1 for none.
    pid_t keeper;
    int link;
    /// What that was told to do, and has done.
    bool is_ordered, is_collecting, is_collected;
};

struct pod_request {
    uint64_t id;
    const char *directory, *identity;
    uint64_t grace_milliseconds, log_limit, log_files;
    bool captures_result, is_set, is_daemon, shares_place;
    struct container *containers;
    struct volume *volumes;
    struct input *inputs;
    struct output *parameters, *artifacts;
    size_t container_count, volume_count, input_count, parameter_count, artifact_count;
    /// Index of the container that inputs, outputs and the result belong to.
    size_t main;
};

/// @return false when the message is not one; the request then points nowhere.
bool decode_pod_request(const uint8_t *bytes, size_t length, struct pod_request *request);

struct session_options {
    bool is_sandbox;
    const char *data_directory;
    const char **hidden;
    size_t hidden_count;
};
bool decode_session_options(const uint8_t *bytes, size_t length, struct session_options *options);

// MARK: the session (session.c)

/// A place of the host that needs an overlay or a bind mount of its own in every view (hosts.c).
struct branch {
    const char *path;
    /// Lower layer that hides things of it or gives its directories to the user; NULL for none.
    const char *mask;
    /// Else it is shown read-only.
    bool is_overlay;
};

/// What a session prepares once for all its pods.
struct session {
    struct session_options options;
    char boot_id[64];
    int notices;
    /// Runs in a user namespace of its own: an ordinary user's sandbox.
    bool is_unprivileged;
    /// A tmpfs that only this mount namespace has: `dev`, `masks`, `empty`, `file`, `slots`.
    const char *skeleton;
    char **hidden;
    size_t hidden_count;
    /// The host as it was when it was last looked at; each time it has changed, the generation grows.
    const char *root_mask;
    struct branch *branches;
    size_t branch_count;
    unsigned generation;
    /// Views have a directory `/var/run/argo` that costs nothing.
    bool has_place;
    int mount_table;
    uint64_t mounts;
    struct timespec root_changed;
    /// Holds the layers of this session, `<data>/layers/<id>`; its lock is inherited by supervisors.
    const char *layers;
    int layers_lock;
    struct slot *slots;
    size_t slot_count;
    /// For the pod that is about to be cloned; -1 for none.
    int slot;
};

void run_session(struct session *session, int requests) __attribute__((noreturn));
/// @return false with `problem` filled in.
bool prepare_sandbox(struct session *session, char *problem, size_t size);
bool prepare_host(struct session *session);
/// Whether something of the host belongs to somebody else than the user of this session.
bool is_foreign(const struct stat *status);
/// Looks at the host again when its mounts have changed.
bool refresh_host(struct session *session);

// MARK: the layers of one view (layers.c)

struct pod;
/// Makes the layers in `place` and mounts the view at `mount`, both directories that exist. With a pod, an ordinary user becomes the owner of
/// the directories that its container names. Sets errno.
bool build_layers(const struct session *session, const char *place, const char *mount, const struct pod *named);
/// Whether a container names directories that need `build_layers` to make them the user's (`place` NULL).
bool own_named_paths(const struct session *session, const char *place, const struct pod *named);
/// Lets the overlays of a view forget what they looked up.
bool refresh_layers(const struct session *session, const char *mount);
/// The upper directory of a branch, or of the root (-1). The text lasts until the next but one call.
const char *upper_path(const char *place, int branch);

/// Keeps the upper directories at hand, so that outputs can be linked out of them; before the view changes.
void open_layers(struct pod *pod, const char *place);
/// Finds out where they are seen in the pod's view.
void find_layers(struct pod *pod);
/// Gives a file that lies in a layer a second name. False when it is not in one (it is the host's, or a volume's).
bool link_from_layer(const struct pod *pod, int source, const char *path, int directory, const char *name);

// MARK: layers that are used again (slots.c)

/// Makes the session's place for layers and removes what dead sessions left.
bool open_slots(struct session *session);
/// A slot for one pod, made if need be; -1 when all are in use.
int take_slot(struct session *session);
/// The slot belongs to a process until it is reaped.
void lend_slot(struct session *session, int slot, pid_t process);
/// Tells that a process is reaped. @return the pid of a helper that tidies its slot, or 0.
pid_t return_slot(struct session *session, pid_t process, bool has_succeeded);
/// Removes everything, when no pod is left that uses any of it.
void close_slots(struct session *session);
/// Where its layers are.
const char *slot_path(const struct session *session, int slot);
/// Where the slot's overlay is mounted.
const char *slot_mount(const struct session *session, int slot);

// MARK: the supervisor (supervisor.c)

struct log_stream {
    int descriptor;
    bool is_error;
    char *pending;
    size_t pending_length;
};

struct log {
    int directory, file;
    /// Of the container.
    const char *name;
    uint64_t size, limit, files, rotations;
    uint64_t lost_bytes;
    struct log_stream streams[2];
    /// The last bytes of standard output, when they are the result.
    char *tail;
    size_t tail_length;
    bool keeps_tail;
};

struct layer {
    int upper;
    /// Where it is seen, without a slash at the end.
    const char *prefix;
    uint64_t mount;
};

/// A handler that is being carried out.
struct errand {
    enum { ERRAND_NONE = 0, ERRAND_POST_START, ERRAND_READINESS, ERRAND_PRE_STOP } purpose;
    const struct handler *handler;
    pid_t process;
    int socket;
    bool is_connected;
    size_t sent;
    char answer[16];
    size_t answered;
    int64_t deadline;
};

/// Where the limits of one container are enforced (limits.c).
struct limits {
    /// Directories of control groups and their parents; -1 for none. The first takes memory.
    struct { int parent, group; bool is_unified; } groups[2];
    char name[256];
    /// Nobody enforces the limit of memory here: it is looked at now and then. Monotonic milliseconds.
    int64_t look_at;
    bool is_exceeded;
    /// What the system had killed before the program ran.
    unsigned long long kills_before;
};

/// What one process knows: the supervisor of a pod, or the keeper of one of its containers.
struct pod {
    struct session *session;
    struct pod_request request;
    /// The one that this process keeps; NULL in the supervisor of several.
    struct container *container;
    /// Of a keeper: the socket to the supervisor; else -1.
    int link;
    int directory;
    int start_file;
    int signals;
    /// The start record is written, and Skiff was told.
    bool is_recorded, is_announced;
    int64_t started_at;
    /// What a sandbox writes to; empty when there are no artifacts to save.
    struct layer *layers;
    size_t layer_count;
    struct log log;
    struct errand errand;
    struct limits limits;
    /// The process of the program, while it runs.
    pid_t program;
    bool is_running;
    /// Of the last program that ended.
    int status;
    bool is_stopping;
    uint64_t grace;
    bool has_asked_to_end, has_extended_grace;
    /// CLOCK_MONOTONIC milliseconds; 0 for none.
    int64_t kill_at;
    bool was_killed;
    /// Readiness: when it is asked next (0: not at all), and how often in a row it was found.
    int64_t probe_at;
    uint64_t successes;
    bool has_noted_errand;
    /// What it said last of how far it is, and when it is looked at next.
    int64_t progress_at, progress_done, progress_all;
    struct timespec progress_changed;
    /// CLOCK_REALTIME nanoseconds; 0 while the pod is not ready.
    int64_t ready_at;
    /// There is news that Skiff had no room for.
    bool has_untold_news;
    struct problem problem;
};

/// Records the start and tells Skiff, once.
void announce_start(struct pod *pod);
/// The container's program runs, or is paused before that.
void report_start(struct pod *pod);
/// The container can serve.
void report_ready(struct pod *pod);
/// Keeps the end of standard output when it is the result.
void save_result(struct pod *pod);
/// Ends the supervisor of a pod of which nothing runs any more. @param code -1 when no program of it ran.
void finish_pod(struct pod *pod, int code) __attribute__((noreturn));
void supervise_pod(struct session *session, const struct skiff_frame *frame, const uint8_t *message) __attribute__((noreturn));
/// Ends this process with word why its container was not started.
void give_up(struct pod *pod, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));
/// Looks for a request to stop. True when the pod has to end now: long work polls this.
bool must_end(struct pod *pod);
/// Reads what has arrived: requests to stop, children that ended.
void take_signals(struct pod *pod);
/// Opens the way by which this process hears of signals.
void open_signals(struct pod *pod);
int64_t clock_nanoseconds(void);
int64_t monotonic_milliseconds(void);
/// The directory of one container's own things, "" for those of the pod's main one: it has the pod directory itself.
const char *container_place(const struct pod *pod, const struct container *container);
/// The one that inputs, outputs and the result belong to.
static inline struct container *main_container(const struct pod *pod) { return &pod->request.containers[pod->request.main]; }
static inline bool keeps_main(const struct pod *pod) { return pod->container == main_container(pod); }

// MARK: one container (keeper.c)

/// Makes what the container sees, in the process that keeps it; gives up when that cannot be had.
void prepare_container(struct pod *pod);
/// Runs the container's program, again if need be, until nothing of it is left; fills in how it ended.
void run_container(struct pod *pod);
/// Lets it be asked to end, at once when it is not running.
void request_stop(struct pod *pod, uint64_t grace_milliseconds);
/// Waits until an instant (0: for ever) or until something happens, and deals with it.
void attend(struct pod *pod, int64_t until);
/// A line of ours in the container's log.
void note(struct pod *pod, const char *format, ...) __attribute__((format(printf, 2, 3)));

// MARK: several containers (group.c)

/// Runs a pod whose containers have keepers of their own, to its end.
void run_group(struct pod *pod) __attribute__((noreturn));
/// Passes a request to stop on to all of them.
void stop_group(struct pod *pod, uint64_t grace_milliseconds);
void keeper_reaped(struct pod *pod, pid_t process);
/// Of a keeper: what the supervisor has to know.
void tell_group_start(struct pod *pod);
void tell_group_ready(struct pod *pod);
/// Of a keeper: tells how it ended, and ends it.
void leave_group(struct pod *pod) __attribute__((noreturn));

// MARK: handlers and probes (handlers.c)

void begin_errand(struct pod *pod, int purpose, const struct handler *handler, int64_t deadline);
/// Gives it up, without consequences.
void cancel_errand(struct pod *pod);
/// Goes on with it. @return true when it has just ended; `is_good` says how.
bool attend_errand(struct pod *pod, bool *is_good);
/// A child of this process that may be the errand's has ended.
void errand_reaped(struct pod *pod, pid_t process, int status);
/// What poll has to wait for; its `fd` is -1 when there is nothing.
struct pollfd errand_source(const struct pod *pod);

// MARK: limits (limits.c)

/// Prepares what the container's limits need. Before the view: that is where control groups are seen.
void open_limits(struct pod *pod);
/// In the child that becomes a program. @return 0 or an errno.
int join_limits(const struct pod *pod);
/// Looks at the memory when nobody else does, and kills what has too much.
void attend_limits(struct pod *pod);
/// How many processes of the container the system has killed for its memory.
unsigned long long count_memory_kills(const struct pod *pod);
/// Whether something of the container was killed for its memory since its program began.
bool was_out_of_memory(const struct pod *pod);
/// After everything in the container is dead.
void close_limits(struct pod *pod);
/// Removes the groups that a lost supervisor left, by the list in the pod directory.
void remove_listed_groups(int directory);

// MARK: progress (progress.c)

/// Looks at what the step says of how far it is, now and then. Only the supervisor does.
void attend_progress(struct pod *pod, bool is_last);

// MARK: the container's surroundings

/// Builds the view of a sandboxed pod and makes it the root directory of this process (view.c).
void enter_sandbox(struct pod *pod);
/// Finds or makes the content of all volumes that are mounted anywhere.
void prepare_volumes(struct pod *pod);
/// What its containers have in common, when they have.
void make_shared_place(struct pod *pod);
/// Opens what is mounted in this process's container (sandbox).
void open_mounts(struct pod *pod);
void attach_volumes(struct pod *pod);
/// Shows volumes as links in the host's own directories (process).
void link_volumes(struct pod *pod);
void unlink_volumes(struct pod *pod);
void open_inputs(struct pod *pod);
void place_inputs(struct pod *pod);
void remove_inputs(struct pod *pod);
void place_script(struct pod *pod);

/// Links of the process runtime that pods share (links.c). `entry` receives this pod's share, -1 when there is nothing to release. @return 0 or an
/// errno: EBUSY while another pod has something else there, EEXIST when the host has.
int share_link(const struct session *session, const char *path, const char *target, int *entry);
/// Removes the link when no other pod has a share in it.
void release_link(const struct session *session, int entry);

/// Detached overlay mount, or -1. Upper and work are relative to the working directory.
int overlay(const char *const *lowers, const char *upper, const char *work, bool is_unprivileged);
int detached(const char *type, const char *const *options, unsigned attributes);
int cloned_tree(int directory, const char *path, bool is_recursive);
int settle(int tree, bool is_read_only);
int attach(int tree, int directory, const char *path);
int pivot_into(int root);
/// Drops what an overlay remembers of its layers. @return -1 on failure.
int forget_lookups(const char *mount);

// MARK: programs (program.c)

/// Starts the container's program with its output going to the two ends; what went wrong is in the pod's problem.
void start_program(struct pod *pod, const int ends[2]);
/// Starts a command beside it, with nothing to read and nowhere to write. @return 0 with the problem filled in when it could not.
pid_t start_command(struct pod *pod, char **arguments, struct problem *problem);
/// Limits what programs can ever have, for this process and all that come from it. A supervisor keeps its own: it never execs.
void bound_capabilities(void);
/// Kills everything below this process, and reaps it.
void end_everything(struct pod *pod);
void kill_everything(struct pod *pod);
/// SIGKILL to every child of this process that `keep` does not list. @return how many there were.
size_t kill_children(const pid_t *keep, size_t count);

// MARK: logs and records

void log_open(struct pod *pod);
/// Takes what is left in the streams and closes them: nobody writes to them any more.
void log_drain(struct log *log);
/// Puts a line of ours into it.
void log_note(struct log *log, const char *text);
/// Takes what a stream has; false when the stream has ended.
bool log_read(struct log *log, struct log_stream *stream);
void log_finish(struct log *log);
/// Writes `result` when it is captured. @return 0 or an errno.
int log_save_result(struct log *log);
void format_time(int64_t nanoseconds, char text[32]);

void write_start_record(struct pod *pod, pid_t main, struct problem *problem);
/// @param code -1 when no program of it ran.
void write_exit_record(struct pod *pod, int code);
/// Keeps the state where whoever adopts the pod finds it, and tells Skiff.
void tell_state(struct pod *pod);
/// Tells what could not be told before.
void tell_untold(struct pod *pod);
/// Returns false when there is no room for it now.
bool send_notice(int notices, uint32_t kind, uint64_t request, int32_t number, int64_t nanoseconds, const char *text, size_t length, int descriptor);
int write_all(int file, const void *bytes, size_t length);

// MARK: trees of files (tree.c)

struct copy {
    struct pod *pod;
    /// Owner of what is made; -1 keeps the copier's.
    int64_t user, group;
    /// Files of the pod's layers may get a second name instead of being copied.
    bool may_link;
    /// Of the source, in this view.
    char path[PATH_MAX];
    char problem[768];
};

int copy_entry(struct copy *copy, int source, int directory, const char *name);
int copy_content(struct copy *copy, int from, int to);
int remove_entry(int directory, const char *name);
/// Empties a directory.
int remove_content(int directory, const char *name);
/// Opens a path below a directory (AT_FDCWD with an absolute path: the view) without ever passing a magic link of /proc.
int open_view(const char *path, int flags, mode_t mode);
/// The directory at a path, made with all its parents when it is missing.
int make_view_directory(const char *path, mode_t mode);
/// The directory that holds the last component, made when it is missing; `name` becomes that component.
int open_parent(const char *path, const char **name);
/// Gives a file or a whole tree to an owner (-1 keeps it) and sets its mode (-1 keeps it). @return 0 or an errno.
int change_entries(int directory, const char *name, int64_t user, int64_t group, int mode);
uint64_t mount_of(int entry);

// MARK: outputs (outputs.c)

void collect_outputs(struct pod *pod);
