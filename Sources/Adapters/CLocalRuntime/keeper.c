// One container, in the process that keeps it: the supervisor of a pod that has no other, or a keeper.

#include "internal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>

/// A preStop handler that took all of the grace leaves the program that long to end, as in Kubernetes.
enum { EXTENSION = 2000, MARKER_PERIOD = 100 };
/// Between two runs of a container that is run again whenever it ends: doubled each time, in milliseconds.
enum { FIRST_RESTART = 1000, LONGEST_DOUBLING = 6, LONGEST_RESTART = 60000 };

void note(struct pod *pod, const char *format, ...) {
    char text[1400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    log_note(&pod->log, text);
}

// MARK: surroundings

/// Without namespaces a container is a directory and an environment.
static void prepare_process_container(struct pod *pod) {
    // Whatever the step leaves behind becomes a child of this process, whether or not it left the session: so it can be found and ended.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (pod->container->root_file_system != NULL) give_up(pod, "a root file system of its own needs the sandbox runtime");
    const char *place = container_place(pod, pod->container);
    int directory = place != NULL && (mkdir(place, 0700) == 0 || errno == EEXIST) ? open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (directory < 0 || mkdirat(directory, "cwd", 0755) != 0 || mkdirat(directory, "tmp", 0700) != 0) {
        give_up(pod, "the pod's directory cannot be written: %s", strerror(errno));
    }
    close(directory);
    if (keeps_main(pod)) open_inputs(pod);
}

void prepare_container(struct pod *pod) {
    open_limits(pod);
    if (pod->session->options.is_sandbox) enter_sandbox(pod);
    else prepare_process_container(pod);
    if (keeps_main(pod)) place_inputs(pod);
    place_script(pod);
}

// MARK: where output goes

static void open_pipes(struct pod *pod, int ends[2]) {
    for (int i = 0; i < 2; i++) {
        int both[2];
        if (pipe2(both, O_CLOEXEC) != 0) give_up(pod, "no pipe for the log: %s", strerror(errno));
        fcntl(both[0], F_SETFL, O_NONBLOCK);
        pod->log.streams[i].descriptor = both[0];
        ends[i] = both[1];
    }
}

/// One terminal for both; it adds no carriage returns, so that its log reads like any other.
static void open_terminal(struct pod *pod, int ends[2]) {
    int unlocked = 0, terminal = open_view("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK, 0);
    if (terminal < 0 || ioctl(terminal, TIOCSPTLCK, &unlocked) != 0) give_up(pod, "no terminal for 'tty': %s", strerror(errno));
    ends[0] = ioctl(terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (ends[0] < 0) give_up(pod, "no terminal for 'tty': %s", strerror(errno));
    struct termios settings;
    if (tcgetattr(ends[0], &settings) == 0) {
        settings.c_oflag &= ~(tcflag_t)ONLCR;
        (void)tcsetattr(ends[0], TCSANOW, &settings);
    }
    ends[1] = fcntl(ends[0], F_DUPFD_CLOEXEC, 3);
    pod->log.streams[0].descriptor = terminal;
    pod->log.streams[1].descriptor = -1;
}

static void open_streams(struct pod *pod, int ends[2]) {
    if (pod->container->is_terminal) open_terminal(pod, ends);
    else open_pipes(pod, ends);
    pod->log.streams[0].is_error = false;
    pod->log.streams[1].is_error = true;
    if (pod->container->user < 0) return;
    // So that a step that runs as another user can open /dev/stdout by name.
    for (int i = 0; i < 2; i++) (void)!fchown(ends[i], (uid_t)pod->container->user, (gid_t)-1);
}

// MARK: being asked to end

/// First what the manifest wants done, then SIGTERM, as Kubernetes sends it: to the container's program only. Without any grace there is
/// nothing to ask.
static void ask_to_end(struct pod *pod) {
    if (!pod->is_running || pod->has_asked_to_end || pod->kill_at <= monotonic_milliseconds()) return;
    pod->has_asked_to_end = true;
    if (pod->container->pre_stop != NULL) begin_errand(pod, ERRAND_PRE_STOP, pod->container->pre_stop, pod->kill_at);
    else kill(pod->program, SIGTERM);
}

void request_stop(struct pod *pod, uint64_t grace_milliseconds) {
    if (grace_milliseconds > INT32_MAX) grace_milliseconds = INT32_MAX;
    int64_t deadline = monotonic_milliseconds() + (int64_t)grace_milliseconds;
    // A second request can only shorten the grace.
    if (pod->kill_at == 0 || deadline < pod->kill_at) {
        pod->kill_at = deadline;
        pod->grace = grace_milliseconds;
        if (pod->errand.purpose == ERRAND_PRE_STOP) pod->errand.deadline = deadline;
    }
    if (pod->is_stopping) return;
    pod->is_stopping = true;
    pod->probe_at = 0;
    cancel_errand(pod);
    ask_to_end(pod);
}

static void enforce_end(struct pod *pod) {
    if (pod->kill_at == 0 || pod->was_killed || monotonic_milliseconds() < pod->kill_at) return;
    pod->was_killed = true;
    kill_everything(pod);
}

// MARK: attending to everything at once

static void expect_readiness(struct pod *pod) {
    if (!pod->request.is_daemon || pod->is_stopping) return;
    const struct handler *probe = pod->container->readiness;
    if (probe == NULL) return report_ready(pod);
    // Kubernetes counts from the start of the container.
    int64_t since = (clock_nanoseconds() - pod->container->started_at) / 1000000, left = (int64_t)probe->delay - since;
    pod->probe_at = monotonic_milliseconds() + (left > 0 ? left : 0);
}

static void errand_ended(struct pod *pod, int purpose, bool is_good) {
    int64_t now = monotonic_milliseconds();
    switch (purpose) {
    case ERRAND_POST_START:
        if (is_good) return expect_readiness(pod);
        // Kubernetes ends a container whose postStart fails.
        request_stop(pod, pod->request.grace_milliseconds);
        return;
    case ERRAND_READINESS:
        pod->successes = is_good ? pod->successes + 1 : 0;
        if (pod->successes >= pod->container->readiness->threshold) return report_ready(pod);
        pod->probe_at = now + (int64_t)pod->container->readiness->period;
        return;
    case ERRAND_PRE_STOP:
        if (now >= pod->kill_at && pod->grace > 0 && !pod->has_extended_grace) {
            pod->has_extended_grace = true;
            pod->kill_at = now + EXTENSION;
        }
        if (pod->is_running) kill(pod->program, SIGTERM);
        return;
    }
}

static void attend_readiness(struct pod *pod) {
    int64_t now = monotonic_milliseconds();
    if (pod->probe_at == 0 || now < pod->probe_at || !pod->is_running || pod->errand.purpose != ERRAND_NONE) return;
    pod->probe_at = 0;
    begin_errand(pod, ERRAND_READINESS, pod->container->readiness, now + (int64_t)pod->container->readiness->timeout);
}

static void earlier(int64_t *due, int64_t instant) {
    if (instant > 0 && (*due == 0 || instant < *due)) *due = instant;
}

static int milliseconds_until_due(const struct pod *pod, int64_t until) {
    int64_t due = until;
    if (!pod->was_killed) earlier(&due, pod->kill_at);
    if (pod->errand.purpose != ERRAND_NONE) earlier(&due, pod->errand.deadline);
    if (pod->is_running) {
        earlier(&due, pod->probe_at);
        earlier(&due, pod->limits.look_at);
        if (pod->link < 0) earlier(&due, pod->progress_at);
    }
    if (due == 0) return -1;
    int64_t left = due - monotonic_milliseconds();
    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

void attend(struct pod *pod, int64_t until) {
    struct pollfd sources[4] = {
        {.fd = pod->signals, .events = POLLIN},
        errand_source(pod),
        {.fd = pod->log.streams[0].descriptor, .events = POLLIN},
        {.fd = pod->log.streams[1].descriptor, .events = POLLIN},
    };
    int ready = poll(sources, 4, milliseconds_until_due(pod, until));
    for (int i = 0; ready > 0 && i < 2; i++) {
        struct log_stream *stream = &pod->log.streams[i];
        if (sources[i + 2].revents == 0 || log_read(&pod->log, stream)) continue;
        close(stream->descriptor);
        stream->descriptor = -1;
    }
    take_signals(pod);
    bool is_good;
    int purpose = pod->errand.purpose;
    if (attend_errand(pod, &is_good)) errand_ended(pod, purpose, is_good);
    attend_readiness(pod);
    attend_limits(pod);
    if (pod->link < 0) attend_progress(pod, false);
    enforce_end(pod);
}

// MARK: the life of a program

static int exit_code(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

/// A person holds the container here until a file is made. @return false when it was stopped instead.
static bool wait_for_marker(struct pod *pod, const char *name) {
    const char *path = arena_format("argo/ctr/%s/%s", pod->container->name, name);
    if (path == NULL) return true;
    note(pod, "paused %s the program; it goes on when there is a file '%s/%s'", name, pod->request.directory, path);
    while (faccessat(pod->directory, path, F_OK, 0) != 0) {
        if (pod->is_stopping) return false;
        attend(pod, monotonic_milliseconds() + MARKER_PERIOD);
    }
    return true;
}

/// @return false when it was stopped instead.
static bool wait_to_run_again(struct pod *pod, uint64_t milliseconds) {
    int64_t until = monotonic_milliseconds() + (int64_t)milliseconds;
    while (!pod->is_stopping && monotonic_milliseconds() < until) attend(pod, until);
    return !pod->is_stopping;
}

/// Whether a program that has ended is run again, after the wait before it.
static bool runs_again(struct pod *pod, uint64_t runs) {
    const struct container *container = pod->container;
    if (!container->restarts) {
        return container->code != 0 && runs < container->attempts && wait_to_run_again(pod, container->retry_milliseconds);
    }
    if (pod->is_stopping) return false;
    uint64_t wait = runs > LONGEST_DOUBLING ? LONGEST_RESTART : FIRST_RESTART << (runs - 1);
    note(pod, "ended with exit code %d; it is run again in %d s", container->code, (int)(wait / 1000));
    return wait_to_run_again(pod, wait);
}

/// @return false when it could not be started; the pod's problem says why.
static bool run_program(struct pod *pod) {
    int ends[2];
    open_streams(pod, ends);
    pod->limits.kills_before = count_memory_kills(pod);
    pod->limits.is_exceeded = false;
    start_program(pod, ends);
    close(ends[0]);
    close(ends[1]);
    if (!pod->is_running) {
        log_drain(&pod->log);
        return false;
    }
    report_start(pod);
    if (pod->container->post_start != NULL) begin_errand(pod, ERRAND_POST_START, pod->container->post_start, INT64_MAX);
    else expect_readiness(pod);
    pod->progress_at = monotonic_milliseconds() + 1000;
    // A stop that came while the program was born found nobody to tell.
    if (pod->is_stopping) ask_to_end(pod);
    while (pod->is_running) attend(pod, 0);
    cancel_errand(pod);
    end_everything(pod);
    log_drain(&pod->log);
    pod->container->code = exit_code(pod->status);
    bool is_killed = pod->container->code != 0 && was_out_of_memory(pod);
    pod->container->reason = is_killed ? "OOMKilled" : NULL;
    return true;
}

void run_container(struct pod *pod) {
    struct container *container = pod->container;
    log_open(pod);
    if (container->pauses_before) {
        report_start(pod);
        if (pod->problem.kind == NULL && !wait_for_marker(pod, "before")) give_up(pod, "stopped before it started");
    }
    take_signals(pod);
    if (pod->is_stopping) give_up(pod, "stopped before it started");
    for (uint64_t runs = 1; run_program(pod) && runs_again(pod, runs); runs++) {}
    if (pod->problem.kind != NULL && container->code >= 0) {
        // It ran before; the last end of it counts.
        note(pod, "%s", pod->problem.text);
        pod->problem.kind = NULL;
    }
    if (container->pauses_after && container->code >= 0) (void)wait_for_marker(pod, "after");
    container->finished_at = clock_nanoseconds();
    log_finish(&pod->log);
    close_limits(pod);
}
