// The main process of a pod: how it is born and how all of the pod is ended.

#include "internal.h"

#include <linux/capability.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

// MARK: becoming the program (runs in the child, which shares memory with the supervisor until it execs)

/// What root keeps inside a pod: owning and permitting files, becoming other users, ports under 1024, chroot. No mounting, no devices, no
/// tracing, no network administration.
static const int kept_capabilities[] = {
    CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SETPCAP, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT,
};

static uint64_t kept_mask(void) {
    uint64_t mask = 0;
    if (geteuid() != 0) return 0;
    for (size_t i = 0; i < sizeof kept_capabilities / sizeof *kept_capabilities; i++) mask |= 1ULL << kept_capabilities[i];
    return mask;
}

void bound_capabilities(void) {
    uint64_t mask = kept_mask();
    for (int capability = 0; capability < 64; capability++) {
        // Fails at the end of the kernel's list, and for an ordinary user, whom no_new_privs keeps from gaining any.
        if ((mask >> capability & 1) == 0 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) break;
    }
}

static bool drop_capabilities(void) {
    uint64_t mask = kept_mask();
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct held[2], data[2];
    if (syscall(SYS_capget, &header, held) != 0) return false;
    for (int i = 0; i < 2; i++) {
        // Never more than there was: Skiff may itself run without all of them.
        uint32_t kept = (uint32_t)(mask >> (32 * i)) & held[i].permitted;
        data[i] = (struct __user_cap_data_struct){.effective = kept, .permitted = kept, .inheritable = 0};
    }
    return syscall(SYS_capset, &header, data) == 0;
}

static void fail(struct pod *pod, const char *what, int error) __attribute__((noreturn));
static void fail(struct pod *pod, const char *what, int error) {
    pod->problem_kind = "not-started";
    snprintf(pod->problem, sizeof pod->problem, "%s: %s", what, strerror(error));
    _exit(127);
}

static void become_user(struct pod *pod) {
    const struct pod_request *request = &pod->request;
    if (request->user < 0 && request->group < 0) return;
    // Raw calls: the C library would involve threads that this copy of the program does not have.
    gid_t group = request->group >= 0 ? (gid_t)request->group : request->user >= 0 && request->user != 0 ? (gid_t)request->user : getgid();
    if (group != getegid() || (request->user >= 0 && (uid_t)request->user != geteuid())) {
        if (syscall(SYS_setgroups, 0, NULL) != 0 || syscall(SYS_setresgid, group, group, group) != 0) {
            fail(pod, "runAsGroup needs Skiff to run as root", errno);
        }
    }
    if (request->user < 0 || (uid_t)request->user == geteuid()) return;
    uid_t user = (uid_t)request->user;
    if (syscall(SYS_setresuid, user, user, user) != 0) fail(pod, "runAsUser needs Skiff to run as root", errno);
}

static const char *search_path(char *const *environment) {
    const char *found = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, "PATH=", 5) == 0) found = *environment + 5;
    }
    return found;
}

static void explain_failed_exec(struct pod *pod, const char *program, int error) {
    pod->problem_kind = "not-started";
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        if (strchr(program, '/') != NULL && faccessat(AT_FDCWD, program, F_OK, 0) == 0) {
            snprintf(pod->problem, sizeof pod->problem, "'%s' names an interpreter on its first line that does not exist", program);
            return;
        }
        snprintf(pod->problem, sizeof pod->problem,
            "program '%s' of image '%s' was not found on this machine: install it, or map the image under 'images:' in the configuration file",
            program, pod->request.image != NULL ? pod->request.image : "");
        return;
    case ENOEXEC:
        snprintf(pod->problem, sizeof pod->problem, "'%s' is neither a program of this machine nor a script that begins with '#!'", program);
        return;
    case E2BIG:
        snprintf(pod->problem, sizeof pod->problem,
            "arguments and environment are too long for the system (one may have 131072 bytes, all together about 2 MiB)");
        return;
    default: snprintf(pod->problem, sizeof pod->problem, "'%s' could not be started: %s", program, strerror(error));
    }
}

static void exec_program(struct pod *pod) {
    char **arguments = pod->request.arguments, **environment = pod->request.environment;
    const char *program = arguments[0];
    if (program[0] == 0) return explain_failed_exec(pod, program, ENOENT);
    if (strchr(program, '/') != NULL) {
        execve(program, arguments, environment);
        return explain_failed_exec(pod, program, errno);
    }
    int error = ENOENT;
    char path[PATH_MAX];
    for (const char *at = search_path(environment); ; at++) {
        size_t length = strcspn(at, ":");
        // An empty entry means the working directory.
        int written = snprintf(path, sizeof path, "%.*s%s%s", (int)length, at, length > 0 ? "/" : "./", program);
        if (written > 0 && (size_t)written < sizeof path) {
            execve(path, arguments, environment);
            int failure = errno;
            bool exists = failure != ENOENT || faccessat(AT_FDCWD, path, F_OK, 0) == 0;
            if (failure == ENOENT && exists) return explain_failed_exec(pod, path, ENOENT);
            // As a shell does: what may not be run here may be found further on, and a directory that may not be searched has nothing.
            if (failure == EACCES && faccessat(AT_FDCWD, path, F_OK, 0) != 0) failure = ENOENT;
            if (failure != ENOENT && failure != ENOTDIR) error = failure;
            if (failure != ENOENT && failure != ENOTDIR && failure != EACCES) break;
        }
        at += length;
        if (*at == 0) break;
    }
    explain_failed_exec(pod, error == ENOENT || error == EACCES ? program : path, error);
}

static void become_main(struct pod *pod, const int ends[2], pid_t supervisor) __attribute__((noreturn));
static void become_main(struct pod *pod, const int ends[2], pid_t supervisor) {
    struct session *session = pod->session;
    const struct pod_request *request = &pod->request;
    setsid();
    if (dup2(ends[0], 1) < 0 || dup2(ends[1], 2) < 0) fail(pod, "the log could not be attached", errno);
    if (request->working_directory != NULL) {
        if (chdir(request->working_directory) != 0) {
            pod->problem_kind = "not-started";
            snprintf(pod->problem, sizeof pod->problem, "the working directory '%s' cannot be entered: %s", request->working_directory, strerror(errno));
            _exit(127);
        }
    } else if (session->options.is_sandbox) {
        if (chdir("/") != 0) fail(pod, "'/' cannot be entered", errno);
    } else {
        int directory = openat(pod->directory, "cwd", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (directory < 0 || fchdir(directory) != 0) fail(pod, "the pod's working directory cannot be entered", errno);
    }
    write_start_record(pod, getpid());
    if (pod->problem_kind != NULL) _exit(127);
    become_user(pod);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail(pod, "privileges could not be renounced", errno);
    if (!drop_capabilities()) fail(pod, "capabilities could not be dropped", errno);
    // After the change of user, which would forget it. In a sandbox the whole namespace dies with the supervisor instead.
    if (!session->options.is_sandbox) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != supervisor) _exit(127);
    }
    umask(022);
    close_range(3, ~0U, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    exec_program(pod);
    _exit(127);
}

void start_main(struct pod *pod, const int ends[2]) {
    pid_t supervisor = getpid();
    // vfork: the child borrows this process, which waits until it has become the program, so its faults can be read from shared memory.
    pid_t child = vfork();
    if (child == 0) become_main(pod, ends, supervisor);
    if (child < 0) {
        pod->problem_kind = "not-started";
        snprintf(pod->problem, sizeof pod->problem, "no process could be made: %s", strerror(errno));
        return;
    }
    pod->main = child;
    if (pod->problem_kind == NULL) pod->main_was_started = true;
    else waitpid(child, NULL, 0);
}

// MARK: the end

void signal_main(struct pod *pod, int number) {
    if (pod->main_was_started && !pod->main_has_ended) kill(pod->main, number);
}

void kill_pod(struct pod *pod) {
    if (pod->session->options.is_sandbox) {
        // Process 1 means its whole namespace, without itself.
        kill(-1, SIGKILL);
        return;
    }
    // Once the main process is reaped, its number may be somebody else's; what is left of its group are children of this process by now.
    if (!pod->main_has_ended) kill(-pod->main, SIGKILL);
    kill_children(NULL, 0);
}

void end_everything(struct pod *pod) {
    for (;;) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);
        if (pid > 0) continue;
        // No child is left. Every descendant has a living ancestor here or was adopted, so nothing is left at all.
        if (pid < 0 && errno == ECHILD) return;
        kill_pod(pod);
        // Woken by SIGCHLD; looked at again after a while because killed children hand their own children over.
        struct pollfd source = {.fd = pod->signals, .events = POLLIN};
        poll(&source, 1, 50);
        must_end(pod);
    }
}
