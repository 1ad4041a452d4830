// A session: takes launch messages, clones a supervisor for each, reaps them.

#include "internal.h"

#include <dirent.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

struct children {
    pid_t *pids;
    size_t count, room;
    /// A supervisor died before its time: children that are not supervisors may turn up, and must go.
    bool may_have_orphans;
};

static void remember(struct children *children, pid_t pid) {
    if (children->count == children->room) {
        size_t room = children->room == 0 ? 64 : children->room * 2;
        pid_t *fresh = arena(room * sizeof(pid_t));
        if (fresh == NULL) return;
        if (children->count > 0) memcpy(fresh, children->pids, children->count * sizeof(pid_t));
        children->pids = fresh;
        children->room = room;
    }
    children->pids[children->count++] = pid;
}

static void reap(struct session *session, struct children *children) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < children->count; i++) {
            if (children->pids[i] != pid) continue;
            children->pids[i] = children->pids[--children->count];
            if (!WIFEXITED(status)) children->may_have_orphans = true;
            break;
        }
        pid_t helper = return_slot(session, pid, WIFEXITED(status) && WEXITSTATUS(status) == 0);
        if (helper > 0) remember(children, helper);
    }
    if (children->may_have_orphans) children->may_have_orphans = kill_children(children->pids, children->count) > 0;
}

static bool is_listed(const pid_t *list, size_t count, pid_t pid) {
    for (size_t i = 0; i < count; i++) {
        if (list[i] == pid) return true;
    }
    return false;
}

/// By the kernel's own list, which not every kernel has. @return -1 when this one has none.
static int kill_listed_children(const pid_t *keep, size_t count) {
    FILE *list = fopen("/proc/thread-self/children", "re");
    if (list == NULL) return -1;
    int killed = 0;
    pid_t pid;
    while (fscanf(list, "%d", &pid) == 1) {
        if (is_listed(keep, count, pid)) continue;
        killed++;
        kill(pid, SIGKILL);
    }
    fclose(list);
    return killed;
}

size_t kill_children(const pid_t *keep, size_t count) {
    int listed = kill_listed_children(keep, count);
    if (listed >= 0) return (size_t)listed;
    DIR *processes = opendir("/proc");
    if (processes == NULL) return 0;
    pid_t self = getpid();
    size_t killed = 0;
    for (struct dirent *entry = readdir(processes); entry != NULL; entry = readdir(processes)) {
        pid_t pid = atoi(entry->d_name);
        if (pid <= 1) continue;
        char path[64], text[512];
        snprintf(path, sizeof path, "/proc/%d/stat", pid);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0) continue;
        ssize_t length = read(file, text, sizeof text - 1);
        close(file);
        if (length <= 0) continue;
        text[length] = 0;
        // The name, in parentheses, may hold anything; state and parent follow the last one.
        char *after = strrchr(text, ')');
        char state;
        int parent;
        if (after == NULL || sscanf(after + 1, " %c %d", &state, &parent) != 2 || parent != self) continue;
        if (is_listed(keep, count, pid)) continue;
        killed++;
        if (state != 'Z') kill(pid, SIGKILL);
    }
    closedir(processes);
    return killed;
}

static bool read_fully(int socket, void *memory, size_t length) {
    uint8_t *at = memory;
    while (length > 0) {
        ssize_t received = recv(socket, at, length, 0);
        if (received < 0 && errno == EINTR) continue;
        if (received <= 0) return false;
        at += received;
        length -= (size_t)received;
    }
    return true;
}

struct buffer {
    uint8_t *bytes;
    size_t room;
};

static bool reserve(struct buffer *buffer, size_t length) {
    if (length <= buffer->room) return true;
    size_t room = (length + 65535) & ~(size_t)65535;
    uint8_t *fresh = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh == MAP_FAILED) return false;
    if (buffer->room > 0) munmap(buffer->bytes, buffer->room);
    *buffer = (struct buffer){.bytes = fresh, .room = room};
    return true;
}

static void launch(struct session *session, struct children *children, const struct skiff_frame *frame, const uint8_t *message) {
    int descriptor = -1;
    struct clone_args arguments = {
        .flags = CLONE_PIDFD | (session->options.is_sandbox ? CLONE_NEWNS | CLONE_NEWPID : 0),
        .pidfd = (uint64_t)(uintptr_t)&descriptor,
        .exit_signal = SIGCHLD,
    };
    // Not fork(): the C library's version runs handlers of a program that is no longer there.
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) supervise_pod(session, frame, message);
    if (pid < 0) {
        send_notice(session->notices, SKIFF_NOTICE_NOT_LAUNCHED, frame->request, errno, 0, NULL, 0, -1);
        return;
    }
    remember(children, (pid_t)pid);
    if (session->slot >= 0) lend_slot(session, session->slot, (pid_t)pid);
    send_notice(session->notices, SKIFF_NOTICE_LAUNCHED, frame->request, (int32_t)pid, 0, NULL, 0, descriptor);
    close(descriptor);
}

/// @return false when Skiff is gone.
static bool take_request(struct session *session, struct children *children, int requests, struct buffer *buffer) {
    struct skiff_frame frame;
    if (!read_fully(requests, &frame, sizeof frame) || frame.magic != SKIFF_FRAME_MAGIC || frame.length > SKIFF_MESSAGE_LIMIT) return false;
    if (!reserve(buffer, frame.length)) return false;
    if (!read_fully(requests, buffer->bytes, frame.length)) return false;
    if (session->options.is_sandbox) {
        (void)refresh_host(session);
        session->slot = take_slot(session);
    }
    launch(session, children, &frame, buffer->bytes);
    // Secrets are in there.
    explicit_bzero(buffer->bytes, frame.length);
    return true;
}

void run_session(struct session *session, int requests) {
    struct children children = {0};
    // Once for all pods, because it takes a call for each of forty capabilities.
    bound_capabilities();
    struct buffer buffer = {0};
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    int signals = signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0) _exit(1);
    struct pollfd sources[2] = {{.fd = requests, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    for (;;) {
        if (poll(sources, 2, -1) < 0 && errno != EINTR) _exit(1);
        if (sources[1].revents != 0) {
            struct signalfd_siginfo information;
            while (read(signals, &information, sizeof information) > 0) {}
            reap(session, &children);
        }
        if (sources[0].revents != 0 && !take_request(session, &children, requests, &buffer)) {
            if (children.count == 0) close_slots(session);
            _exit(0);
        }
    }
}
