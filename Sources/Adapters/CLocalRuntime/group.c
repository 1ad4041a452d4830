// A pod of several containers. Each has a keeper, a process that this one clones and that does for its container what a supervisor does for an
// only one. Supervisor and keepers speak over sockets:
//
//   keeper ──prepared──▶ supervisor        its view is built, inputs and script are in place
//          ◀──run──────                    init containers have ended, dependencies too
//          ──started, ready, ended──▶
//          ◀──collect──                    the main container's: all containers and sidecars have ended
//          ──parameter…, artifact…, collected──▶
//
// In a sandbox a keeper is the first process of a pid namespace inside the pod's. When the supervisor dies they all die.

#include "internal.h"

#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum report_kind {
    REPORT_PREPARED = 1,
    REPORT_STARTED,
    REPORT_READY,
    REPORT_ENDED,
    REPORT_PARAMETER,
    REPORT_ARTIFACT,
    REPORT_COLLECTED,
    ORDER_RUN,
    ORDER_COLLECT,
};

struct report {
    uint32_t kind;
    /// An exit code or an index.
    int32_t number;
    int64_t started_at, finished_at;
    bool is_out_of_memory, has_problem, is_about_outputs;
    char text[1400];
};

static void send_report(int link, const struct report *report) {
    while (send(link, report, sizeof *report, MSG_NOSIGNAL) < 0 && errno == EINTR) {}
}

static void send_order(int link, enum report_kind kind) {
    const struct report order = {.kind = kind};
    send_report(link, &order);
}

// MARK: in a keeper

static void set_problem(struct report *report, const struct problem *problem) {
    report->has_problem = problem->kind != NULL;
    report->is_about_outputs = report->has_problem && strcmp(problem->kind, "outputs") == 0;
    if (report->has_problem) snprintf(report->text, sizeof report->text, "%s", problem->text);
}

void tell_group_start(struct pod *pod) {
    const struct report report = {.kind = REPORT_STARTED, .started_at = pod->container->started_at};
    send_report(pod->link, &report);
}

void tell_group_ready(struct pod *pod) { send_order(pod->link, REPORT_READY); }

static void tell_end(struct pod *pod) {
    const struct container *container = pod->container;
    struct report report = {
        .kind = REPORT_ENDED, .number = container->code, .started_at = container->started_at,
        .finished_at = container->finished_at > 0 ? container->finished_at : clock_nanoseconds(), .is_out_of_memory = container->reason != NULL,
    };
    set_problem(&report, &pod->problem);
    send_report(pod->link, &report);
}

void leave_group(struct pod *pod) {
    if (pod->container->kind == SKIFF_CONTAINER_SIDECAR) {
        // Nothing else would ever tell it.
        log_open(pod);
        note(pod, "%s", pod->problem.text);
    }
    tell_end(pod);
    close_limits(pod);
    remove_inputs(pod);
    _exit(0);
}

/// Waits for an order. False when it was another one, or the container is not wanted any more.
static bool wait_for_order(struct pod *pod, enum report_kind kind) {
    struct pollfd sources[2] = {{.fd = pod->link, .events = POLLIN}, {.fd = pod->signals, .events = POLLIN}};
    for (;;) {
        poll(sources, 2, -1);
        take_signals(pod);
        if (sources[0].revents == 0) continue;
        struct report order;
        ssize_t length = recv(pod->link, &order, sizeof order, MSG_DONTWAIT);
        if (length == sizeof order) return order.kind == kind;
        if (length < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        return false;
    }
}

static void tell_outputs(struct pod *pod, enum report_kind kind, const struct output *outputs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct report report = {.kind = kind, .number = (int32_t)i};
        snprintf(report.text, sizeof report.text, "%s", outputs[i].verdict != NULL ? outputs[i].verdict : "missing");
        send_report(pod->link, &report);
    }
}

static void tell_collected(struct pod *pod) {
    collect_outputs(pod);
    tell_outputs(pod, REPORT_PARAMETER, pod->request.parameters, pod->request.parameter_count);
    tell_outputs(pod, REPORT_ARTIFACT, pod->request.artifacts, pod->request.artifact_count);
    send_order(pod->link, REPORT_COLLECTED);
}

static void keep(struct pod *pod, struct container *container, int link, pid_t supervisor) __attribute__((noreturn));
static void keep(struct pod *pod, struct container *container, int link, pid_t supervisor) {
    if (!pod->session->options.is_sandbox) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != supervisor) _exit(1);
    }
    // Only this way out stays open: the end of any other keeper has to be seen by the supervisor.
    for (size_t i = 0; i < pod->request.container_count; i++) {
        if (pod->request.containers[i].link >= 0) close(pod->request.containers[i].link);
    }
    close(pod->session->notices);
    close(pod->start_file);
    close(pod->signals);
    pod->container = container;
    pod->link = link;
    open_signals(pod);
    prepare_container(pod);
    send_order(link, REPORT_PREPARED);
    if (!wait_for_order(pod, ORDER_RUN)) {
        remove_inputs(pod);
        close_limits(pod);
        _exit(0);
    }
    run_container(pod);
    if (container->code < 0) leave_group(pod);
    if (keeps_main(pod)) save_result(pod);
    tell_end(pod);
    if (keeps_main(pod) && wait_for_order(pod, ORDER_COLLECT)) tell_collected(pod);
    remove_inputs(pod);
    _exit(0);
}

// MARK: keepers, seen from the supervisor

static void begin(struct pod *pod, struct container *container) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) give_up(pod, "no socket for a container: %s", strerror(errno));
    bool is_sandbox = pod->session->options.is_sandbox;
    struct clone_args arguments = {.flags = is_sandbox ? CLONE_NEWNS | CLONE_NEWPID : 0, .exit_signal = SIGCHLD};
    pid_t supervisor = getpid();
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) {
        close(ends[0]);
        keep(pod, container, ends[1], supervisor);
    }
    int error = errno;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        end_everything(pod);
        give_up(pod, "no process could be made: %s", strerror(error));
    }
    container->keeper = (pid_t)pid;
    container->link = ends[0];
    container->stage = STAGE_PREPARING;
}

static void run(struct pod *pod, struct container *container) {
    if (container->stage == STAGE_WAITING) begin(pod, container);
    send_order(container->link, ORDER_RUN);
    // Until it says more, it is on its way.
    container->is_ordered = true;
}

static void never(struct pod *pod, struct container *container, const char *why) {
    container->stage = STAGE_ENDED;
    container->finished_at = clock_nanoseconds();
    container->problem.kind = "not-started";
    snprintf(container->problem.text, sizeof container->problem.text, "%s", why);
    if (pod->request.is_set) tell_state(pod);
}

void keeper_reaped(struct pod *pod, pid_t process) {
    for (size_t i = 0; i < pod->request.container_count; i++) {
        if (pod->request.containers[i].keeper == process) pod->request.containers[i].keeper = 0;
    }
}

static void signal_keeper(const struct container *container, uint64_t grace_milliseconds) {
    bool is_busy = container->is_ordered && (container->stage != STAGE_ENDED || (container->is_collecting && !container->is_collected));
    if (container->keeper == 0 || !is_busy) return;
    union sigval value = {.sival_int = grace_milliseconds > INT32_MAX ? INT32_MAX : (int)grace_milliseconds};
    (void)sigqueue(container->keeper, SIGRTMIN, value);
}

void stop_group(struct pod *pod, uint64_t grace_milliseconds) {
    pod->is_stopping = true;
    for (size_t i = 0; i < pod->request.container_count; i++) signal_keeper(&pod->request.containers[i], grace_milliseconds);
}

static void take_verdict(struct output *outputs, size_t count, const struct report *report) {
    if (report->number >= 0 && (size_t)report->number < count) outputs[report->number].verdict = arena_format("%s", report->text);
}

static void take_report(struct pod *pod, struct container *container, const struct report *report) {
    bool is_told = pod->request.is_set && container->kind == SKIFF_CONTAINER_PLAIN;
    switch (report->kind) {
    case REPORT_PREPARED:
        if (container->stage == STAGE_PREPARING) container->stage = STAGE_PREPARED;
        break;
    case REPORT_STARTED:
        container->stage = STAGE_RUNNING;
        container->started_at = report->started_at;
        if (is_told) tell_state(pod);
        break;
    case REPORT_READY: container->is_ready = true; break;
    case REPORT_ENDED:
        container->stage = STAGE_ENDED;
        container->code = report->number;
        container->finished_at = report->finished_at;
        container->reason = report->is_out_of_memory ? "OOMKilled" : NULL;
        if (report->has_problem) {
            container->problem.kind = report->is_about_outputs ? "outputs" : "not-started";
            snprintf(container->problem.text, sizeof container->problem.text, "%.1000s", report->text);
        }
        if (is_told) tell_state(pod);
        break;
    case REPORT_PARAMETER: take_verdict(pod->request.parameters, pod->request.parameter_count, report); break;
    case REPORT_ARTIFACT: take_verdict(pod->request.artifacts, pod->request.artifact_count, report); break;
    case REPORT_COLLECTED: container->is_collected = true; break;
    default: break;
    }
}

/// Everything a keeper has said so far.
static void take_reports(struct pod *pod, struct container *container) {
    struct report report;
    while (container->link >= 0) {
        ssize_t length = recv(container->link, &report, sizeof report, MSG_DONTWAIT);
        if (length == sizeof report) {
            report.text[sizeof report.text - 1] = 0;
            take_report(pod, container, &report);
            continue;
        }
        if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
        close(container->link);
        container->link = -1;
    }
}

/// A keeper is gone that should not be: what it left is killed, and the pod counts as lost, as if this process had died.
static void be_lost(struct pod *pod) __attribute__((noreturn));
static void be_lost(struct pod *pod) {
    end_everything(pod);
    unlink_volumes(pod);
    _exit(1);
}

static void attend_readiness(struct pod *pod) {
    if (!pod->request.is_daemon || pod->ready_at > 0 || pod->is_stopping) return;
    for (size_t i = 0; i < pod->request.container_count; i++) {
        const struct container *container = &pod->request.containers[i];
        bool has_ended_well = container->stage == STAGE_ENDED && container->code == 0;
        if (container->kind != SKIFF_CONTAINER_INIT && !container->is_ready && !has_ended_well) return;
    }
    pod->ready_at = clock_nanoseconds();
    tell_state(pod);
}

/// Waits until something happens, and deals with it.
static void attend_group(struct pod *pod) {
    size_t count = pod->request.container_count;
    static struct pollfd *sources;
    if (sources == NULL) sources = arena((count + 1) * sizeof *sources);
    if (sources == NULL) be_lost(pod);
    for (size_t i = 0; i < count; i++) sources[i] = (struct pollfd){.fd = pod->request.containers[i].link, .events = POLLIN};
    sources[count] = (struct pollfd){.fd = pod->signals, .events = POLLIN};
    int64_t left = pod->progress_at - monotonic_milliseconds();
    poll(sources, count + 1, left < 0 ? 0 : (int)left);
    take_signals(pod);
    for (size_t i = 0; i < count; i++) {
        struct container *container = &pod->request.containers[i];
        take_reports(pod, container);
        bool is_gone = container->keeper == 0 && container->stage > STAGE_WAITING;
        bool is_wanted = container->stage < STAGE_ENDED || (container->is_collecting && !container->is_collected);
        if (is_gone && is_wanted) be_lost(pod);
    }
    attend_readiness(pod);
    attend_progress(pod, false);
}

// MARK: the course of the pod

static void wait_for_end(struct pod *pod, struct container *container) {
    while (container->stage != STAGE_ENDED) attend_group(pod);
}

static const char stopped_early[] = "stopped before it started";

/// The containers that can start now, and those that never will.
static void start_what_can(struct pod *pod) {
    struct pod_request *request = &pod->request;
    for (bool has_changed = true; has_changed;) {
        has_changed = false;
        for (size_t i = 0; i < request->container_count; i++) {
            struct container *container = &request->containers[i];
            bool is_waiting = container->kind == SKIFF_CONTAINER_PLAIN && container->stage < STAGE_RUNNING && !container->is_ordered;
            if (!is_waiting) continue;
            const struct container *failed = NULL;
            bool is_free = true;
            for (size_t j = 0; j < container->dependency_count; j++) {
                const struct container *needed = &request->containers[container->dependencies[j]];
                is_free = is_free && needed->stage == STAGE_ENDED;
                if (needed->stage == STAGE_ENDED && needed->code != 0 && failed == NULL) failed = needed;
            }
            if (pod->is_stopping) never(pod, container, stopped_early);
            else if (failed != NULL && failed->code > 0) {
                never(pod, container, arena_format("dependency '%s' ended with exit code %d", failed->name, failed->code));
            } else if (failed != NULL) {
                never(pod, container, arena_format("dependency '%s' was not started", failed->name));
            } else if (is_free) {
                run(pod, container);
            } else {
                continue;
            }
            has_changed = true;
        }
    }
}

static bool has_all_ended(const struct pod *pod, enum skiff_container_kind kind) {
    for (size_t i = 0; i < pod->request.container_count; i++) {
        const struct container *container = &pod->request.containers[i];
        if (container->kind == kind && container->stage != STAGE_ENDED) return false;
    }
    return true;
}

/// Waits until a sidecar runs.
/// @return false when it could not be started: who needs it might wait for it without end. The pod's problem says so.
static bool has_started(struct pod *pod, const struct container *sidecar) {
    while (sidecar->stage < STAGE_RUNNING) attend_group(pod);
    if (pod->is_stopping || sidecar->stage != STAGE_ENDED || sidecar->code >= 0) return true;
    pod->problem.kind = "not-started";
    snprintf(pod->problem.text, sizeof pod->problem.text, "%s: %.900s", sidecar->name, sidecar->problem.text);
    return false;
}

/// Sidecars first, so that even a container that ends at once has had them. Those among the init containers run already.
static bool start_sidecars(struct pod *pod) {
    for (size_t i = 0; i < pod->request.container_count; i++) {
        struct container *container = &pod->request.containers[i];
        if (container->kind == SKIFF_CONTAINER_SIDECAR && !container->is_ordered) run(pod, container);
    }
    for (size_t i = 0; i < pod->request.container_count; i++) {
        const struct container *container = &pod->request.containers[i];
        if (container->kind == SKIFF_CONTAINER_SIDECAR && !has_started(pod, container)) return false;
    }
    return true;
}

static void run_containers(struct pod *pod) {
    start_what_can(pod);
    while (!has_all_ended(pod, SKIFF_CONTAINER_PLAIN)) {
        attend_group(pod);
        start_what_can(pod);
    }
}

static void stop_sidecars(struct pod *pod) {
    // In the reverse order, so that what started first is there for all that came after it.
    for (size_t i = pod->request.container_count; i-- > 0;) {
        struct container *container = &pod->request.containers[i];
        if (container->kind != SKIFF_CONTAINER_SIDECAR || !container->is_ordered) continue;
        signal_keeper(container, pod->request.grace_milliseconds);
        wait_for_end(pod, container);
    }
}

/// One after the other, with the sidecars that stand among them: each of these goes on while the next has its turn.
/// @return false when one failed, or the pod was stopped; the pod's problem says so.
static bool run_init_containers(struct pod *pod) {
    for (size_t i = 0; i < pod->request.container_count && !pod->is_stopping; i++) {
        struct container *container = &pod->request.containers[i];
        if (container->kind != SKIFF_CONTAINER_INIT && !container->restarts) continue;
        run(pod, container);
        if (container->restarts) {
            if (!has_started(pod, container)) return false;
            continue;
        }
        wait_for_end(pod, container);
        if (pod->is_stopping || container->code == 0) continue;
        pod->problem.kind = "not-started";
        if (container->code < 0) {
            snprintf(pod->problem.text, sizeof pod->problem.text, "%s: %.900s", container->name, container->problem.text);
        } else {
            snprintf(pod->problem.text, sizeof pod->problem.text, "%s: %s (exit code %d)", container->name,
                container->reason != NULL ? container->reason : "Error", container->code);
        }
        return false;
    }
    if (!pod->is_stopping) return true;
    pod->problem.kind = "not-started";
    snprintf(pod->problem.text, sizeof pod->problem.text, "%s", stopped_early);
    return false;
}

static void collect(struct pod *pod) {
    struct container *main = main_container(pod);
    if (main->code < 0) return;
    main->is_collecting = true;
    send_order(main->link, ORDER_COLLECT);
    while (!main->is_collected) attend_group(pod);
}

/// The code of the first that did not end well; -1 when one of them could not even be started.
static int judge(struct pod *pod) {
    const struct container *idle = NULL;
    for (size_t i = 0; i < pod->request.container_count; i++) {
        const struct container *container = &pod->request.containers[i];
        if (container->kind != SKIFF_CONTAINER_PLAIN) continue;
        if (container->code > 0) return container->code;
        if (container->code < 0 && idle == NULL) idle = container;
    }
    const struct container *troubled = idle != NULL ? idle : main_container(pod);
    if (troubled->problem.kind == NULL) return 0;
    pod->problem.kind = troubled->problem.kind;
    bool is_named = pod->request.is_set && idle != NULL;
    snprintf(pod->problem.text, sizeof pod->problem.text, "%s%s%.900s", is_named ? troubled->name : "", is_named ? ": " : "", troubled->problem.text);
    return idle != NULL ? -1 : 0;
}

/// Closes the way to the main container's keeper, which then puts away what it placed, and waits for it.
static void dismiss(struct pod *pod) {
    struct container *main = main_container(pod);
    if (main->link >= 0) close(main->link);
    main->link = -1;
    struct pollfd source = {.fd = pod->signals, .events = POLLIN};
    while (main->keeper != 0) {
        take_signals(pod);
        if (main->keeper != 0) poll(&source, 1, -1);
    }
    end_everything(pod);
}

static void prepare_group(struct pod *pod) {
    // In a process runtime the orphans of a keeper that was killed come here.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (mkdirat(pod->directory, "containers", 0700) != 0) give_up(pod, "the pod's directory cannot be written: %s", strerror(errno));
    if (!pod->session->options.is_sandbox) return;
    const char *path = arena_format("%s/shm", pod->request.directory);
    if (path == NULL || mkdir(path, 0700) != 0 || mount("skiff", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") != 0) {
        give_up(pod, "the sandbox could not be built: /dev/shm: %s", strerror(errno));
    }
}

void run_group(struct pod *pod) {
    struct container *main = main_container(pod);
    pod->progress_at = monotonic_milliseconds();
    prepare_group(pod);
    // First, because its inputs may lie in volumes that init containers see.
    begin(pod, main);
    while (main->stage == STAGE_PREPARING) attend_group(pod);
    int code = -1;
    if (main->stage == STAGE_ENDED) {
        pod->problem = main->problem;
    } else {
        announce_start(pod);
        if (pod->problem.kind == NULL) {
            bool is_complete = run_init_containers(pod) && start_sidecars(pod);
            if (is_complete) run_containers(pod);
            stop_sidecars(pod);
            if (is_complete) {
                collect(pod);
                code = judge(pod);
            }
        }
    }
    attend_progress(pod, true);
    dismiss(pod);
    finish_pod(pod, code);
}
