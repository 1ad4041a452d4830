// A supervisor: one process a pod, from before its main process exists until nothing of it is left. It goes on when Skiff ends, and when it is
// killed itself, the records in the pod directory say how far it came.

#include "internal.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

int64_t clock_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t monotonic_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void finish(struct pod *pod) __attribute__((noreturn));
static void finish(struct pod *pod) {
    remove_inputs(pod);
    unlink_volumes(pod);
    write_exit_record(pod);
    _exit(0);
}

void give_up(struct pod *pod, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(pod->problem, sizeof pod->problem, format, arguments);
    va_end(arguments);
    pod->problem_kind = "not-started";
    finish(pod);
}

// MARK: signals

/// SIGTERM, as Kubernetes sends it: to the main process only. Without any grace there is nothing to ask.
static void ask_to_end(struct pod *pod) {
    if (pod->kill_at > monotonic_milliseconds()) signal_main(pod, SIGTERM);
}

static void request_stop(struct pod *pod, uint64_t grace_milliseconds) {
    if (grace_milliseconds > INT32_MAX) grace_milliseconds = INT32_MAX;
    int64_t deadline = monotonic_milliseconds() + (int64_t)grace_milliseconds;
    // A second request can only shorten the grace.
    if (pod->kill_at == 0 || deadline < pod->kill_at) pod->kill_at = deadline;
    if (pod->is_stopping) return;
    pod->is_stopping = true;
    ask_to_end(pod);
}

static void reap(struct pod *pod) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid != pod->main) continue;
        pod->main_has_ended = true;
        pod->main_status = status;
    }
}

static void take_signals(struct pod *pod) {
    struct signalfd_siginfo signal;
    while (read(pod->signals, &signal, sizeof signal) == sizeof signal) {
        if (signal.ssi_signo == SIGCHLD) reap(pod);
        // Skiff sends the grace along; a signal from anybody else means the pod's own.
        else if (signal.ssi_signo == (uint32_t)SIGRTMIN && signal.ssi_code == SI_QUEUE) request_stop(pod, (uint32_t)signal.ssi_int);
        else request_stop(pod, pod->request.grace_milliseconds);
    }
}

bool must_end(struct pod *pod) {
    take_signals(pod);
    if (!pod->is_stopping) return false;
    return !pod->main_was_started || monotonic_milliseconds() >= pod->kill_at;
}

static void open_signals(struct pod *pod) {
    sigset_t all;
    sigfillset(&all);
    // Everything stays blocked, as the launcher left it: process 1 of a pid namespace gets no signal it neither handles nor blocks.
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigset_t wanted;
    sigemptyset(&wanted);
    int numbers[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGRTMIN};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaddset(&wanted, numbers[i]);
    pod->signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

// MARK: the pod directory

/// Takes the pod directory for this process. Ends it when the pod was started before: then there is nothing to do.
static void claim_directory(struct pod *pod) {
    pod->directory = open(pod->request.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (pod->directory < 0) give_up(pod, "the pod's directory cannot be opened: %s", strerror(errno));
    pod->start_file = openat(pod->directory, "start", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (pod->start_file < 0) give_up(pod, "the pod's directory cannot be written: %s", strerror(errno));
    // A lock of the process, not of the open file: it names its holder, children do not inherit it, and the kernel lets go when it dies.
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char first;
    bool is_taken = fcntl(pod->start_file, F_SETLK, &lock) != 0 || read(pod->start_file, &first, 1) != 0
        || faccessat(pod->directory, "exit", F_OK, 0) == 0;
    if (!is_taken) return;
    send_notice(pod->session->notices, SKIFF_NOTICE_ALREADY_STARTED, pod->request.id, 0, 0, NULL, 0, -1);
    _exit(0);
}

static void prepare_process_surroundings(struct pod *pod) {
    // Whatever the step leaves behind becomes a child of this process, whether or not it left the session: so it can be found and ended.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (pod->request.root_file_system != NULL) give_up(pod, "a root file system of its own needs the sandbox runtime");
    if (mkdirat(pod->directory, "cwd", 0755) != 0 || mkdirat(pod->directory, "tmp", 0700) != 0) {
        give_up(pod, "the pod's directory cannot be written: %s", strerror(errno));
    }
    prepare_volumes(pod);
    link_volumes(pod);
    open_inputs(pod);
}

// MARK: the life of the main process

static void open_log(struct pod *pod, int ends[2]) {
    log_open(&pod->log, pod->directory, &pod->request);
    for (int i = 0; i < 2; i++) {
        int both[2];
        if (pipe2(both, O_CLOEXEC) != 0) give_up(pod, "no pipe for the log: %s", strerror(errno));
        fcntl(both[0], F_SETFL, O_NONBLOCK);
        pod->log.streams[i].descriptor = both[0];
        ends[i] = both[1];
        // So that a step that runs as another user can open /dev/stdout by name.
        if (pod->request.user >= 0) (void)!fchown(both[1], (uid_t)pod->request.user, (gid_t)-1);
    }
}

static int milliseconds_until_kill(const struct pod *pod) {
    if (pod->kill_at == 0 || pod->was_killed) return -1;
    int64_t left = pod->kill_at - monotonic_milliseconds();
    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

static void follow_main(struct pod *pod) {
    struct pollfd sources[3] = {
        {.fd = pod->signals, .events = POLLIN},
        {.fd = pod->log.streams[0].descriptor, .events = POLLIN},
        {.fd = pod->log.streams[1].descriptor, .events = POLLIN},
    };
    while (!pod->main_has_ended) {
        int ready = poll(sources, 3, milliseconds_until_kill(pod));
        for (int i = 0; ready > 0 && i < 2; i++) {
            if (sources[i + 1].revents != 0 && !log_read(&pod->log, &pod->log.streams[i])) sources[i + 1].fd = -1;
        }
        take_signals(pod);
        if (milliseconds_until_kill(pod) == 0) {
            pod->was_killed = true;
            kill_pod(pod);
        }
    }
}

static void run_main(struct pod *pod) {
    int ends[2];
    open_log(pod, ends);
    if (must_end(pod)) give_up(pod, "stopped before it started");
    pod->log.streams[0].is_error = false;
    pod->log.streams[1].is_error = true;
    start_main(pod, ends);
    close(ends[0]);
    close(ends[1]);
    if (pod->problem_kind != NULL) finish(pod);
    send_notice(pod->session->notices, SKIFF_NOTICE_STARTED, pod->request.id, 0, pod->started_at, NULL, 0, -1);
    // A stop that came while the main process was born found nobody to tell.
    if (pod->is_stopping) ask_to_end(pod);
    follow_main(pod);
    end_everything(pod);
    log_finish(&pod->log);
}

void supervise_pod(struct session *session, const struct skiff_frame *frame, const uint8_t *message) {
    // Static: the stack of a forked copy of a large program is best left alone.
    static struct pod pod;
    // Nothing of the session stays open here but the way to tell Skiff.
    if (session->notices != 3) dup3(session->notices, 3, O_CLOEXEC);
    session->notices = 3;
    // And the lock on the session's layers, which must not be removed while this pod is.
    if (session->layers_lock >= 0 && session->layers_lock != 4) dup3(session->layers_lock, 4, O_CLOEXEC);
    close_range(session->layers_lock >= 0 ? 5 : 4, ~0U, 0);
    pod.session = session;
    pod.request.id = frame->request;
    pod.directory = pod.start_file = pod.log.file = -1;
    pod.log.streams[0].descriptor = pod.log.streams[1].descriptor = -1;
    prctl(PR_SET_NAME, "skiff-pod");
    open_signals(&pod);
    if (!decode_pod_request(message, frame->length, &pod.request)) give_up(&pod, "the launch message is not well-formed");
    pod.request.id = frame->request;
    claim_directory(&pod);
    if (session->options.is_sandbox) enter_sandbox(&pod);
    else prepare_process_surroundings(&pod);
    place_inputs(&pod);
    place_script(&pod);
    run_main(&pod);
    int error = log_save_result(&pod.log);
    if (error != 0) {
        pod.problem_kind = "outputs";
        snprintf(pod.problem, sizeof pod.problem, "the result could not be saved: %s", strerror(error));
    }
    collect_outputs(&pod);
    finish(&pod);
}
