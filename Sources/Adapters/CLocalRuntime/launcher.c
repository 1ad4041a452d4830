// The launcher: a process forked off before Skiff has threads, whose only work is to fork sessions. It must not touch anything of the program
// it was forked from but this library.

#include "internal.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { OPTIONS_LIMIT = 128 << 10 };

/// The answer to a request for a session; two descriptors come with it when `problem` is empty.
struct session_answer {
    int32_t error;
    char problem[512];
};

static ssize_t send_with_descriptors(int socket, struct iovec *parts, size_t part_count, const int *descriptors, size_t count, int flags) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(2 * sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = part_count};
    if (count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
    }
    ssize_t sent;
    do sent = sendmsg(socket, &message, flags | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}

static ssize_t receive_with_descriptors(int socket, struct iovec *parts, size_t part_count, int *descriptors, size_t room, int flags) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(2 * sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = part_count, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t received;
    do received = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    while (received < 0 && errno == EINTR);
    if (received < 0) return received;
    size_t found = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        int passed[2];
        memcpy(passed, CMSG_DATA(header), count * sizeof(int));
        for (size_t i = 0; i < count; i++) {
            if (found < room) descriptors[found++] = passed[i];
            else close(passed[i]);
        }
    }
    return received;
}

bool send_notice(int notices, uint32_t kind, uint64_t request, int32_t number, int64_t nanoseconds, const char *text, size_t length, int descriptor) {
    static struct skiff_notice notice;
    notice.kind = kind;
    notice.number = number;
    notice.request = request;
    notice.nanoseconds = nanoseconds;
    if (length > SKIFF_NOTICE_TEXT_LIMIT) length = 0;
    struct iovec parts[2] = {{.iov_base = &notice, .iov_len = offsetof(struct skiff_notice, process)}, {.iov_base = (void *)text, .iov_len = length}};
    // A session may wait for Skiff; a supervisor must not: pods go on while Skiff is stopped or gone, and its end is seen anyway.
    int flags = kind == SKIFF_NOTICE_LAUNCHED || kind == SKIFF_NOTICE_NOT_LAUNCHED ? 0 : MSG_DONTWAIT;
    ssize_t sent = send_with_descriptors(notices, parts, 2, &descriptor, descriptor >= 0 ? 1 : 0, flags);
    return sent >= 0 || errno != EAGAIN;
}

int skiff_notice_receive(int notices, struct skiff_notice *notice) {
    size_t head = offsetof(struct skiff_notice, process);
    struct iovec parts[2] = {{.iov_base = notice, .iov_len = head}, {.iov_base = notice->text, .iov_len = sizeof notice->text}};
    int descriptor = -1;
    ssize_t received = receive_with_descriptors(notices, parts, 2, &descriptor, 1, MSG_DONTWAIT);
    notice->process = descriptor;
    if (received < 0) return errno == EAGAIN ? 0 : -1;
    if (received < (ssize_t)head) return -1;
    notice->length = (size_t)received - head;
    return 1;
}

/// Standard streams that lead nowhere, so that a pipe of Skiff's ends with Skiff.
static void detach_standard_streams(void) {
    int nowhere = open("/dev/null", O_RDWR);
    // An empty root file system has no /dev/null; an empty file in memory reads as empty as well.
    if (nowhere < 0) nowhere = memfd_create("nowhere", 0);
    if (nowhere < 0) return;
    for (int stream = 0; stream < 3; stream++) dup2(nowhere, stream);
    if (nowhere > 2) close(nowhere);
}

static void reset_signals(void) {
    // Raw calls: the C library keeps two signals to itself, and would pass them on ignored if it found them so.
    const uint64_t kernel_default[4] = {0};
    for (int number = 1; number < 65; number++) syscall(SYS_rt_sigaction, number, kernel_default, NULL, 8);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

extern char **environ;

/// The caller's environment may hold credentials, and `/proc/<pid>/environ` shows the memory it lies in.
static void forget_environment(void) {
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) explicit_bzero(*entry, strlen(*entry));
    static char *empty[] = {NULL};
    environ = empty;
}

static void read_boot_id(char text[64]) {
    int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, text, 63);
    if (file >= 0) close(file);
    if (length <= 0) length = stpcpy(text, "unknown") - text;
    text[strcspn(text, "\n")] = 0;
    text[length] = 0;
}

/// Becomes a session. Tells on `answers` how that went.
static void session_child(const uint8_t *message, size_t length, int requests, int notices, int answers) {
    struct session session = {.notices = notices, .mount_table = -1, .layers_lock = -1, .slot = -1};
    struct session_answer answer = {0};
    prctl(PR_SET_NAME, "skiff-session");
    signal(SIGCHLD, SIG_DFL);
    // Orphans of a supervisor that was killed come here, to be killed in turn.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    read_boot_id(session.boot_id);
    if (!decode_session_options(message, length, &session.options)) {
        answer.error = EINVAL;
        strcpy(answer.problem, "the options of the session are not well-formed");
    } else if (session.options.is_sandbox && !prepare_sandbox(&session, answer.problem, sizeof answer.problem)) {
        answer.error = ENOTSUP;
    }
    (void)write_all(answers, &answer, sizeof answer);
    close(answers);
    if (answer.error != 0) _exit(1);
    run_session(&session, requests);
}

static void open_session(int control, const uint8_t *message, size_t length) {
    struct session_answer answer = {0};
    int requests[2] = {-1, -1}, notices[2] = {-1, -1}, answers[2] = {-1, -1};
    pid_t child = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, requests) == 0
        && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, notices) == 0 && pipe2(answers, O_CLOEXEC) == 0) {
        child = fork();
    }
    if (child == 0) {
        close(control);
        close(requests[0]);
        close(notices[0]);
        close(answers[0]);
        session_child(message, length, requests[1], notices[1], answers[1]);
        _exit(1);
    }
    if (child < 0) {
        answer.error = errno;
        snprintf(answer.problem, sizeof answer.problem, "no process for pods could be made: %s", strerror(errno));
    } else {
        close(answers[1]);
        answers[1] = -1;
        ssize_t received = read(answers[0], &answer, sizeof answer);
        if (received != sizeof answer) {
            answer.error = EIO;
            strcpy(answer.problem, "the process for pods died while it was set up");
        }
    }
    answer.problem[sizeof answer.problem - 1] = 0;
    int descriptors[2] = {requests[0], notices[0]};
    struct iovec part = {.iov_base = &answer, .iov_len = sizeof answer};
    (void)send_with_descriptors(control, &part, 1, descriptors, answer.error == 0 ? 2 : 0, 0);
    int all[6] = {requests[0], requests[1], notices[0], notices[1], answers[0], answers[1]};
    for (int i = 0; i < 6; i++) {
        if (all[i] >= 0) close(all[i]);
    }
}

static void run_launcher(int control) {
    reset_signals();
    signal(SIGCHLD, SIG_IGN);
    setsid();
    prctl(PR_SET_NAME, "skiff-launcher");
    detach_standard_streams();
    if (control != 3) {
        dup3(control, 3, O_CLOEXEC);
        control = 3;
    }
    close_range(4, ~0U, 0);
    forget_environment();
    prctl(PR_SET_DUMPABLE, 0);
    if (chdir("/") != 0) _exit(1);
    umask(0);
    uint8_t *message = mmap(NULL, OPTIONS_LIMIT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (message == MAP_FAILED) _exit(1);
    for (;;) {
        ssize_t length = recv(control, message, OPTIONS_LIMIT, 0);
        if (length < 0 && errno == EINTR) continue;
        if (length <= 0) _exit(0);
        open_session(control, message, (size_t)length);
    }
}

int skiff_launcher_start(struct skiff_launcher *launcher) {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) return errno;
    // Nothing must interrupt the child before it has reset its signals.
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t child = fork();
    int error = errno;
    if (child == 0) {
        run_launcher(sockets[1]);
        _exit(1);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(sockets[1]);
    if (child < 0) {
        close(sockets[0]);
        return error;
    }
    launcher->control = sockets[0];
    launcher->process = child;
    return 0;
}

void skiff_launcher_stop(struct skiff_launcher launcher) {
    close(launcher.control);
    while (waitpid(launcher.process, NULL, 0) < 0 && errno == EINTR) {}
}

int skiff_session_open(int control, const uint8_t *options, size_t length, struct skiff_session *session) {
    struct session_answer answer = {0};
    session->requests = session->notices = -1;
    int descriptors[2] = {-1, -1};
    struct iovec part = {.iov_base = &answer, .iov_len = sizeof answer}, question = {.iov_base = (void *)options, .iov_len = length};
    if (length > OPTIONS_LIMIT) {
        answer.error = E2BIG;
        strcpy(answer.problem, "too many paths are to be hidden");
    } else if (send_with_descriptors(control, &question, 1, NULL, 0, 0) < 0
        || receive_with_descriptors(control, &part, 1, descriptors, 2, 0) != sizeof answer) {
        answer.error = EPIPE;
        strcpy(answer.problem, "the launcher is gone");
    }
    memcpy(session->problem, answer.problem, sizeof session->problem);
    session->requests = descriptors[0];
    session->notices = descriptors[1];
    return answer.error;
}
