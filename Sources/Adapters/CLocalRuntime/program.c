// Programs of a container: how they are born and how everything is ended.

#include "internal.h"

#include <linux/capability.h>
#include <poll.h>
#include <sys/ioctl.h>
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

/// What a child that shares this process's memory is to become.
struct birth {
    struct pod *pod;
    char **arguments;
    /// Where its output goes; -1 for nowhere.
    int output, error;
    /// The container's program, and not a command beside it.
    bool is_program;
    pid_t parent;
    struct problem *problem;
};

static void fail(const struct birth *birth, const char *what, int error) __attribute__((noreturn));
static void fail(const struct birth *birth, const char *what, int error) {
    birth->problem->kind = "not-started";
    snprintf(birth->problem->text, sizeof birth->problem->text, "%s: %s", what, strerror(error));
    _exit(127);
}

static void become_user(const struct birth *birth) {
    const struct container *container = birth->pod->container;
    if (container->user < 0 && container->group < 0) return;
    // Raw calls: the C library would involve threads that this copy of the program does not have.
    gid_t group = container->group >= 0 ? (gid_t)container->group : container->user > 0 ? (gid_t)container->user : getgid();
    if (group != getegid() || (container->user >= 0 && (uid_t)container->user != geteuid())) {
        if (syscall(SYS_setgroups, 0, NULL) != 0 || syscall(SYS_setresgid, group, group, group) != 0) {
            fail(birth, "runAsGroup needs Skiff to run as root", errno);
        }
    }
    if (container->user < 0 || (uid_t)container->user == geteuid()) return;
    uid_t user = (uid_t)container->user;
    if (syscall(SYS_setresuid, user, user, user) != 0) fail(birth, "runAsUser needs Skiff to run as root", errno);
}

static const char *search_path(char *const *environment) {
    const char *found = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, "PATH=", 5) == 0) found = *environment + 5;
    }
    return found;
}

static void explain_failed_exec(const struct birth *birth, const char *program, int error) {
    struct problem *problem = birth->problem;
    const char *image = birth->pod->container->image;
    problem->kind = "not-started";
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        if (strchr(program, '/') != NULL && faccessat(AT_FDCWD, program, F_OK, 0) == 0) {
            snprintf(problem->text, sizeof problem->text, "'%s' names an interpreter on its first line that does not exist", program);
            return;
        }
        snprintf(problem->text, sizeof problem->text,
            "program '%s' of image '%s' was not found on this machine: install it, or map the image under 'images:' in the configuration file",
            program, image != NULL ? image : "");
        return;
    case ENOEXEC:
        snprintf(problem->text, sizeof problem->text, "'%s' is neither a program of this machine nor a script that begins with '#!'", program);
        return;
    case E2BIG:
        snprintf(problem->text, sizeof problem->text,
            "arguments and environment are too long for the system (one may have 131072 bytes, all together about 2 MiB)");
        return;
    default: snprintf(problem->text, sizeof problem->text, "'%s' could not be started: %s", program, strerror(error));
    }
}

static void exec_program(const struct birth *birth) {
    char **arguments = birth->arguments, **environment = birth->pod->container->environment;
    const char *program = arguments[0];
    if (program[0] == 0) return explain_failed_exec(birth, program, ENOENT);
    if (strchr(program, '/') != NULL) {
        execve(program, arguments, environment);
        return explain_failed_exec(birth, program, errno);
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
            if (failure == ENOENT && exists) return explain_failed_exec(birth, path, ENOENT);
            // As a shell does: what may not be run here may be found further on, and a directory that may not be searched has nothing.
            if (failure == EACCES && faccessat(AT_FDCWD, path, F_OK, 0) != 0) failure = ENOENT;
            if (failure != ENOENT && failure != ENOTDIR) error = failure;
            if (failure != ENOENT && failure != ENOTDIR && failure != EACCES) break;
        }
        at += length;
        if (*at == 0) break;
    }
    explain_failed_exec(birth, error == ENOENT || error == EACCES ? program : path, error);
}

/// Where a program begins: the directory the manifest names, else '/' of a sandbox or a directory of the container's own.
static void enter_working_directory(const struct birth *birth) {
    struct pod *pod = birth->pod;
    const char *wanted = pod->container->working_directory;
    if (wanted != NULL) {
        if (chdir(wanted) == 0) return;
        birth->problem->kind = "not-started";
        snprintf(birth->problem->text, sizeof birth->problem->text, "the working directory '%s' cannot be entered: %s", wanted, strerror(errno));
        _exit(127);
    }
    if (pod->session->options.is_sandbox) {
        if (chdir("/") != 0) fail(birth, "'/' cannot be entered", errno);
        return;
    }
    char path[300];
    if (keeps_main(pod)) snprintf(path, sizeof path, "cwd");
    else snprintf(path, sizeof path, "containers/%s/cwd", pod->container->name);
    int directory = openat(pod->directory, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || fchdir(directory) != 0) fail(birth, "the pod's working directory cannot be entered", errno);
}

static void become(const struct birth *birth) __attribute__((noreturn));
static void become(const struct birth *birth) {
    struct pod *pod = birth->pod;
    setsid();
    if (birth->is_program && pod->container->is_terminal) ioctl(birth->output, TIOCSCTTY, 0);
    if (birth->output >= 0 && (dup2(birth->output, 1) < 0 || dup2(birth->error, 2) < 0)) fail(birth, "the log could not be attached", errno);
    int error = join_limits(pod);
    if (error != 0) fail(birth, "the container's limits could not be set", error);
    enter_working_directory(birth);
    if (birth->is_program && pod->link < 0 && !pod->is_recorded) {
        write_start_record(pod, getpid(), birth->problem);
        if (birth->problem->kind != NULL) _exit(127);
    }
    become_user(birth);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail(birth, "privileges could not be renounced", errno);
    if (!drop_capabilities()) fail(birth, "capabilities could not be dropped", errno);
    // After the change of user, which would forget it. In a sandbox the whole namespace dies with its first process instead.
    if (!pod->session->options.is_sandbox) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != birth->parent) _exit(127);
    }
    umask(022);
    close_range(3, ~0U, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    exec_program(birth);
    _exit(127);
}

static pid_t bear(struct birth birth) {
    birth.parent = getpid();
    // vfork: the child borrows this process, which waits until it has become the program, so its faults can be read from shared memory.
    pid_t child = vfork();
    if (child == 0) become(&birth);
    if (child < 0) {
        birth.problem->kind = "not-started";
        snprintf(birth.problem->text, sizeof birth.problem->text, "no process could be made: %s", strerror(errno));
        return 0;
    }
    if (birth.problem->kind == NULL) return child;
    waitpid(child, NULL, 0);
    return 0;
}

void start_program(struct pod *pod, const int ends[2]) {
    pod->program = bear((struct birth){
        .pod = pod, .arguments = pod->container->arguments, .output = ends[0], .error = ends[1], .is_program = true, .problem = &pod->problem,
    });
    pod->is_running = pod->program > 0;
}

pid_t start_command(struct pod *pod, char **arguments, struct problem *problem) {
    return bear((struct birth){.pod = pod, .arguments = arguments, .output = -1, .error = -1, .problem = problem});
}

// MARK: the end

void kill_everything(struct pod *pod) {
    if (pod->session->options.is_sandbox) {
        // Process 1 means its whole namespace, without itself.
        kill(-1, SIGKILL);
        return;
    }
    // Once the program is reaped, its number may be somebody else's; what is left of its group are children of this process by now.
    if (pod->is_running) kill(-pod->program, SIGKILL);
    kill_children(NULL, 0);
}

void end_everything(struct pod *pod) {
    for (;;) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);
        if (pid > 0) continue;
        // No child is left. Every descendant has a living ancestor here or was adopted, so nothing is left at all.
        if (pid < 0 && errno == ECHILD) return;
        kill_everything(pod);
        // Woken by SIGCHLD; looked at again after a while because killed children hand their own children over.
        struct pollfd source = {.fd = pod->signals, .events = POLLIN};
        poll(&source, 1, 50);
        must_end(pod);
    }
}
