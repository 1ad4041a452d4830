// A supervisor: one process a pod, from before its first program exists until nothing of it is left. It goes on when Skiff ends, and when it is
// killed itself, the records in the pod directory say how far it came.

#include "internal.h"

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

const char *container_place(const struct pod *pod, const struct container *container) {
    if (container == main_container(pod)) return pod->request.directory;
    return arena_format("%s/containers/%s", pod->request.directory, container->name);
}

void finish_pod(struct pod *pod, int code) {
    remove_inputs(pod);
    unlink_volumes(pod);
    close_limits(pod);
    write_exit_record(pod, code);
    _exit(0);
}

void give_up(struct pod *pod, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(pod->problem.text, sizeof pod->problem.text, format, arguments);
    va_end(arguments);
    pod->problem.kind = "not-started";
    if (pod->link >= 0) leave_group(pod);
    finish_pod(pod, -1);
}

// MARK: signals

static void reap(struct pod *pod) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == pod->program) {
            pod->is_running = false;
            pod->program = 0;
            pod->status = status;
        }
        errand_reaped(pod, pid, status);
        if (pod->container == NULL) keeper_reaped(pod, pid);
    }
}

void take_signals(struct pod *pod) {
    struct signalfd_siginfo signal;
    while (read(pod->signals, &signal, sizeof signal) == sizeof signal) {
        if (signal.ssi_signo == SIGCHLD) {
            reap(pod);
            continue;
        }
        // Skiff sends the grace along; a signal from anybody else means the pod's own.
        bool is_ours = signal.ssi_signo == (uint32_t)SIGRTMIN && signal.ssi_code == SI_QUEUE;
        uint64_t grace = is_ours ? (uint32_t)signal.ssi_int : pod->request.grace_milliseconds;
        if (pod->container == NULL) stop_group(pod, grace);
        else request_stop(pod, grace);
    }
}

bool must_end(struct pod *pod) {
    take_signals(pod);
    if (!pod->is_stopping) return false;
    return pod->container == NULL || pod->container->started_at == 0 || monotonic_milliseconds() >= pod->kill_at;
}

void open_signals(struct pod *pod) {
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

/// What the containers have in common.
static void prepare_pod(struct pod *pod) {
    make_shared_place(pod);
    prepare_volumes(pod);
    if (pod->session->options.is_sandbox) return;
    link_volumes(pod);
}

// MARK: the only container

void announce_start(struct pod *pod) {
    if (!pod->is_recorded) write_start_record(pod, 0, &pod->problem);
    if (pod->is_announced || !pod->is_recorded) return;
    pod->is_announced = true;
    send_notice(pod->session->notices, SKIFF_NOTICE_STARTED, pod->request.id, 0, pod->started_at, NULL, 0, -1);
}

void report_start(struct pod *pod) {
    if (pod->container->started_at > 0) return;
    if (pod->link >= 0) pod->container->started_at = clock_nanoseconds();
    else announce_start(pod);
    if (pod->link >= 0) tell_group_start(pod);
    else pod->container->started_at = pod->started_at;
}

void report_ready(struct pod *pod) {
    if (pod->container->is_ready) return;
    pod->container->is_ready = true;
    if (pod->link >= 0) return tell_group_ready(pod);
    pod->ready_at = clock_nanoseconds();
    tell_state(pod);
}

static void run_alone(struct pod *pod) __attribute__((noreturn));
static void run_alone(struct pod *pod) {
    pod->container = main_container(pod);
    prepare_container(pod);
    run_container(pod);
    if (pod->container->code >= 0) {
        attend_progress(pod, true);
        save_result(pod);
        collect_outputs(pod);
    }
    finish_pod(pod, pod->container->code);
}

void save_result(struct pod *pod) {
    int error = log_save_result(&pod->log);
    if (error == 0) return;
    pod->problem.kind = "outputs";
    snprintf(pod->problem.text, sizeof pod->problem.text, "the result could not be saved: %s", strerror(error));
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
    pod.directory = pod.start_file = pod.link = pod.log.file = pod.errand.socket = -1;
    pod.log.streams[0].descriptor = pod.log.streams[1].descriptor = -1;
    for (size_t i = 0; i < 2; i++) pod.limits.groups[i].parent = pod.limits.groups[i].group = -1;
    prctl(PR_SET_NAME, "skiff-pod");
    open_signals(&pod);
    bool is_decoded = decode_pod_request(message, frame->length, &pod.request);
    pod.request.id = frame->request;
    if (!is_decoded) {
        pod.request.container_count = pod.request.volume_count = pod.request.input_count = 0;
        give_up(&pod, "the launch message is not well-formed");
    }
    claim_directory(&pod);
    const struct container *main = main_container(&pod);
    // A view without the place in its layers is given one by a mount.
    if (session->options.is_sandbox && (!session->has_place || main->root_file_system != NULL)) pod.request.shares_place = true;
    prepare_pod(&pod);
    if (pod.request.container_count > 1 || pod.request.is_set) run_group(&pod);
    run_alone(&pod);
}
