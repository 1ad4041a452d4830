// What all sandboxed pods of a session share. The session lives in a mount namespace of its own (an ordinary user's also in a user namespace)
// with one extra tmpfs, the skeleton:
//
//   dev/          the device nodes a step may use, mounted read-only
//   masks/<n>     lower layers that lie over the host's directories and hide, as whiteouts, what steps must not see (hosts.c)
//   empty, file   what covers hidden things where no layer can
//   slots/<n>     where views are mounted that pods use one after the other (slots.c)
//
// A layer costs a pod nothing, whatever is in it; a mount costs each pod some 40 µs.

#include "internal.h"

#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

static bool complain(char *problem, size_t size, const char *what) {
    snprintf(problem, size, "%s: %s", what, strerror(errno));
    return false;
}

static bool write_text(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return false;
    bool is_written = write(file, text, strlen(text)) == (ssize_t)strlen(text);
    close(file);
    return is_written;
}

// MARK: namespaces

static bool enter_user_namespace(char *problem, size_t size) {
    uid_t user = geteuid();
    gid_t group = getegid();
    char map[64];
    if (unshare(CLONE_NEWUSER) != 0) return complain(problem, size, "unprivileged user namespaces are not allowed here");
    // A process that must not be dumped does not own its own files in /proc.
    prctl(PR_SET_DUMPABLE, 1);
    snprintf(map, sizeof map, "%u %u 1\n", user, user);
    bool is_mapped = write_text("/proc/self/setgroups", "deny") && write_text("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "%u %u 1\n", group, group);
    is_mapped = is_mapped && write_text("/proc/self/gid_map", map);
    if (!is_mapped) complain(problem, size, "a user namespace could not be set up");
    prctl(PR_SET_DUMPABLE, 0);
    return is_mapped;
}

static bool enter_namespaces(struct session *session, char *problem, size_t size) {
    session->is_unprivileged = geteuid() != 0 || unshare(CLONE_NEWNS) != 0;
    if (session->is_unprivileged) {
        if (!enter_user_namespace(problem, size)) return false;
        if (unshare(CLONE_NEWNS) != 0) return complain(problem, size, "mount namespaces are not allowed here");
    }
    // The host's later mounts come in, nothing goes out.
    if (mount("", "/", NULL, MS_REC | MS_SLAVE, NULL) != 0) return complain(problem, size, "mounts could not be made private");
    return true;
}

// MARK: devices

static bool show(const char *source, const char *target) {
    int tree = cloned_tree(AT_FDCWD, source, false);
    bool is_bound = tree >= 0 && attach(tree, AT_FDCWD, target) == 0;
    if (tree >= 0) close(tree);
    return is_bound;
}

static void add_device(struct session *session, const char *name, dev_t number, mode_t mode) {
    char host[PATH_MAX], path[PATH_MAX];
    snprintf(host, sizeof host, "/dev/%s", name);
    snprintf(path, sizeof path, "%s/dev/%s", session->skeleton, name);
    struct stat status;
    if (stat(host, &status) == 0 && S_ISCHR(status.st_mode)) {
        number = status.st_rdev;
        mode = status.st_mode & 0777;
    } else if (number == 0) {
        return;
    }
    if (!session->is_unprivileged) {
        if (mknod(path, S_IFCHR | mode, number) == 0) (void)!chown(path, status.st_uid, status.st_gid);
        return;
    }
    // A user namespace may show device nodes, but not make any.
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (file >= 0) close(file);
    if (!show(host, path)) (void)unlink(path);
}

/// Graphics and compute devices, wherever the host has some.
static void add_accelerators(struct session *session, const char *directory, const char *prefix) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "/dev/%s", directory);
    DIR *entries = opendir(path);
    if (entries == NULL) return;
    if (*directory != 0) {
        snprintf(path, sizeof path, "%s/dev/%s", session->skeleton, directory);
        (void)mkdir(path, 0755);
    }
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 || entry->d_name[0] == '.') continue;
        char name[PATH_MAX];
        snprintf(name, sizeof name, "%.255s%s%.255s", directory, *directory != 0 ? "/" : "", entry->d_name);
        add_device(session, name, 0, 0);
    }
    closedir(entries);
}

static bool make_devices(struct session *session, char *problem, size_t size) {
    char path[PATH_MAX], inner[PATH_MAX];
    snprintf(path, sizeof path, "%s/dev", session->skeleton);
    if (mkdir(path, 0755) != 0 || mount("skiff", path, "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755") != 0) {
        return complain(problem, size, "no tmpfs for /dev");
    }
    const struct { const char *name; unsigned minor, major; } nodes[] = {
        {"null", 3, 1}, {"zero", 5, 1}, {"full", 7, 1}, {"random", 8, 1}, {"urandom", 9, 1}, {"tty", 0, 5},
    };
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) add_device(session, nodes[i].name, makedev(nodes[i].major, nodes[i].minor), 0666);
    add_accelerators(session, "", "nvidia");
    add_accelerators(session, "", "kfd");
    if (access("/dev/dri", F_OK) == 0) add_accelerators(session, "dri", "");
    const char *links[][2] = {
        {"/proc/self/fd", "fd"}, {"/proc/self/fd/0", "stdin"}, {"/proc/self/fd/1", "stdout"}, {"/proc/self/fd/2", "stderr"}, {"pts/ptmx", "ptmx"},
    };
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        snprintf(inner, sizeof inner, "%.4000s/%s", path, links[i][1]);
        (void)symlink(links[i][0], inner);
    }
    const char *directories[] = {"shm", "pts"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(inner, sizeof inner, "%.4000s/%s", path, directories[i]);
        (void)mkdir(inner, 0755);
    }
    return true;
}

// MARK: preparation

/// The paths as given and where symbolic links lead from them.
static void resolve_hidden(struct session *session) {
    size_t count = session->options.hidden_count;
    session->hidden = calloc(2 * count + 2, sizeof(char *));
    if (session->hidden == NULL) return;
    for (size_t i = 0; i <= count; i++) {
        const char *path = i < count ? session->options.hidden[i] : session->options.data_directory;
        if (path[0] != '/' || path[1] == 0) continue;
        char parent[PATH_MAX], *resolved_parent = NULL;
        const char *slash = strrchr(path, '/');
        snprintf(parent, sizeof parent, "%.*s", slash == path ? 1 : (int)(slash - path), path);
        // The name itself may be missing still; it is hidden before it appears.
        resolved_parent = realpath(parent, NULL);
        char *resolved = realpath(path, NULL);
        if (resolved_parent != NULL) {
            char *own = NULL;
            if (asprintf(&own, "%s%s", strcmp(resolved_parent, "/") == 0 ? "" : resolved_parent, slash) > 0) {
                session->hidden[session->hidden_count++] = own;
            }
        }
        bool is_elsewhere = resolved != NULL && resolved[1] != 0
            && (session->hidden_count == 0 || strcmp(resolved, session->hidden[session->hidden_count - 1]) != 0);
        if (is_elsewhere) session->hidden[session->hidden_count++] = resolved;
        free(resolved_parent);
    }
}

static bool make_skeleton(struct session *session, char *problem, size_t size) {
    session->skeleton = arena_format("%s/sandbox", session->options.data_directory);
    if (mkdir(session->skeleton, 0700) != 0 && errno != EEXIST) return complain(problem, size, "the data directory cannot be written");
    if (mount("skiff", session->skeleton, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") != 0) return complain(problem, size, "tmpfs cannot be mounted");
    const char *directories[] = {"masks", "empty", "slots"};
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", session->skeleton, directories[i]);
        if (mkdir(path, 0755) != 0) return complain(problem, size, "the layers of the sandbox cannot be made");
    }
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/file", session->skeleton);
    close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0444));
    return make_devices(session, problem, size);
}

/// Enters a view once, in a child, so that what this machine does not allow is known before the first pod. The view is the first pod's then.
static bool try_view(struct session *session, char *problem, size_t size) {
    int slot = take_slot(session), results[2];
    if (slot < 0) return complain(problem, size, "overlayfs cannot be mounted over '/' with its upper layer in the data directory");
    if (pipe2(results, O_CLOEXEC) != 0) return complain(problem, size, "no pipe");
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWNS | CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        const char *failed = NULL;
        int root = open(slot_mount(session, slot), O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (detached("proc", NULL, 0) < 0) failed = "/proc cannot be mounted";
        else if (root < 0 || pivot_into(root) != 0) failed = "the root directory cannot be changed";
        if (failed != NULL) complain(problem, size, failed);
        (void)write_all(results[1], problem, failed == NULL ? 0 : strlen(problem) + 1);
        _exit(failed != NULL);
    }
    close(results[1]);
    if (child < 0) {
        complain(problem, size, "pid namespaces are not allowed here");
    } else {
        ssize_t length = read(results[0], problem, size - 1);
        problem[length > 0 ? length : 0] = 0;
        int status;
        waitpid(child, &status, 0);
        if (status != 0 && problem[0] == 0) snprintf(problem, size, "a first view could not be built");
        lend_slot(session, slot, child);
        (void)return_slot(session, child, true);
    }
    close(results[0]);
    return problem[0] == 0;
}

bool prepare_sandbox(struct session *session, char *problem, size_t size) {
    resolve_hidden(session);
    if (session->hidden == NULL) return complain(problem, size, "no memory");
    if (!enter_namespaces(session, problem, size) || !make_skeleton(session, problem, size)) return false;
    if (!prepare_host(session)) return complain(problem, size, "the layers of the sandbox cannot be made");
    if (!open_slots(session)) return complain(problem, size, "the data directory cannot be written");
    if (try_view(session, problem, size)) return true;
    close_slots(session);
    return false;
}
