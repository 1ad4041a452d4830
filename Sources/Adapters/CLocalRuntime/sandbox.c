// What all sandboxed pods of a session share. The session lives in a mount namespace of its own (an ordinary user's also in a user namespace)
// with one extra tmpfs, the skeleton:
//
//   dev/        the device nodes a step may use, mounted read-only
//   masks/root  a lower layer over `/` that hides what steps must not see (as whiteouts), has a place for scripts; for an ordinary user it
//               also makes the upper two levels of directories theirs, so that a step can write where a container's root could
//   masks/<n>   the same for another mount of the host, when something under it is hidden
//   empty, file what covers hidden things where no layer can
//   slots/<n>   where overlays are mounted that pods use one after the other (slots.c)
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

enum { OWNED_DIRECTORIES = 4096, SUBMOUNTS = 1024 };

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

// MARK: masks

/// A directory of a layer with owner and mode of the host's; the parents are there already.
static void mirror_directory(struct session *session, const char *layer, const char *path) {
    char mirrored[PATH_MAX];
    struct stat status;
    if ((size_t)snprintf(mirrored, sizeof mirrored, "%s%s", layer, path) >= sizeof mirrored) return;
    if (stat(path, &status) != 0 || mkdir(mirrored, status.st_mode & 07777) != 0) return;
    if (!session->is_unprivileged) {
        (void)!chown(mirrored, status.st_uid, status.st_gid);
        (void)chmod(mirrored, status.st_mode & 07777);
    }
}

/// Makes a path absent in all pods. `base` is the mount it lies on, "" for the root.
static void hide_in_layer(struct session *session, const char *layer, const char *base, const char *path) {
    char parent[PATH_MAX], hidden[PATH_MAX];
    for (const char *slash = strchr(path + strlen(base) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
        // The layer mirrors what is below the mount, the host path what is below the root.
        char mirrored[PATH_MAX];
        struct stat status;
        if ((size_t)snprintf(mirrored, sizeof mirrored, "%s%s", layer, parent + strlen(base)) >= sizeof mirrored) return;
        if (stat(parent, &status) != 0) return;
        if (mkdir(mirrored, status.st_mode & 07777) == 0 && !session->is_unprivileged) {
            (void)!chown(mirrored, status.st_uid, status.st_gid);
            (void)chmod(mirrored, status.st_mode & 07777);
        }
    }
    if ((size_t)snprintf(hidden, sizeof hidden, "%s%s", layer, path + strlen(base)) >= sizeof hidden) return;
    // A whiteout: overlayfs takes a character device 0/0 for the absence of what lies below.
    (void)mknod(hidden, S_IFCHR, 0);
}

/// The upper two levels of directories that are not the user's own, made theirs.
static void own_directories(struct session *session, const char *layer) {
    struct stat root, status;
    if (stat("/", &root) != 0) return;
    int budget = OWNED_DIRECTORIES;
    DIR *top = opendir("/");
    if (top == NULL) return;
    for (struct dirent *entry = readdir(top); entry != NULL && budget > 0; entry = readdir(top)) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "/%s", entry->d_name);
        bool is_wanted = entry->d_name[0] != '.' && lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_dev == root.st_dev
            && status.st_uid != geteuid() && faccessat(AT_FDCWD, path, R_OK | X_OK, 0) == 0;
        if (!is_wanted) continue;
        mirror_directory(session, layer, path);
        budget--;
        DIR *inner = opendir(path);
        if (inner == NULL) continue;
        for (struct dirent *child = readdir(inner); child != NULL && budget > 0; child = readdir(inner)) {
            if (strcmp(child->d_name, ".") == 0 || strcmp(child->d_name, "..") == 0) continue;
            char nested[PATH_MAX];
            if ((size_t)snprintf(nested, sizeof nested, "%s/%s", path, child->d_name) >= sizeof nested) continue;
            if (child->d_type != DT_DIR && child->d_type != DT_UNKNOWN) continue;
            is_wanted = lstat(nested, &status) == 0 && S_ISDIR(status.st_mode) && status.st_dev == root.st_dev && status.st_uid != geteuid()
                && faccessat(AT_FDCWD, nested, R_OK | X_OK, 0) == 0;
            if (!is_wanted) continue;
            mirror_directory(session, layer, nested);
            budget--;
        }
        closedir(inner);
    }
    closedir(top);
}

static bool is_below(const char *path, const char *directory) {
    size_t length = strlen(directory);
    return strncmp(path, directory, length) == 0 && (path[length] == 0 || path[length] == '/');
}

static bool is_hidden(const struct session *session, const char *path) {
    for (size_t i = 0; i < session->hidden_count; i++) {
        if (is_below(path, session->hidden[i])) return true;
    }
    return false;
}

// MARK: the host's other mounts

/// Kernel file systems and the private trees of container engines: nothing a step has business with, and often hundreds.
static bool is_skipped(const struct session *session, const char *path, const char *type) {
    static const char *const types[] = {
        "proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "mqueue", "debugfs", "tracefs", "securityfs", "pstore", "bpf", "autofs",
        "configfs", "fusectl", "binfmt_misc", "hugetlbfs", "nsfs", "rpc_pipefs", "efivarfs", "selinuxfs", "fuse.portal", "fuse.gvfsd-fuse",
    };
    static const char *const trees[] = {
        "/proc", "/sys", "/dev", "/tmp", "/var/lib/docker", "/var/lib/containers", "/var/lib/containerd", "/var/lib/kubelet", "/run/docker",
        "/run/containerd", "/run/credentials",
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(type, types[i]) == 0) return true;
    }
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
        if (is_below(path, trees[i])) return true;
    }
    return strcmp(path, "/") == 0 || is_hidden(session, path);
}

static void unescape(char *text) {
    char *to = text;
    for (char *from = text; *from != 0; from++) {
        if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] != 0 && from[3] != 0) {
            *to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
            from += 3;
        } else {
            *to++ = *from;
        }
    }
    *to = 0;
}

/// Whether overlayfs takes a directory as a lower layer: some file systems it refuses.
static bool can_overlay(const struct session *session, const char *path, bool is_read_only, const char *type) {
    struct stat status;
    if (is_read_only || strncmp(type, "fuse", 4) == 0 || stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) return false;
    char empty[PATH_MAX];
    snprintf(empty, sizeof empty, "%s/empty", session->skeleton);
    const char *lowers[] = {empty, path, NULL};
    int tree = overlay(lowers, NULL, NULL, session->is_unprivileged);
    if (tree >= 0) close(tree);
    return tree >= 0;
}

static void add_submount(struct session *session, const char *path, bool is_read_only, const char *type) {
    if (session->submount_count == SUBMOUNTS) return;
    // Mounted over: what is seen at the path is the last one.
    for (size_t i = 0; i < session->submount_count; i++) {
        if (strcmp(session->submounts[i].path, path) == 0) return;
    }
    struct submount *submount = &session->submounts[session->submount_count];
    *submount = (struct submount){.path = strdup(path), .is_overlay = can_overlay(session, path, is_read_only, type)};
    if (submount->path != NULL) session->submount_count++;
}

static int by_path(const void *left, const void *right) {
    return strcmp(((const struct submount *)left)->path, ((const struct submount *)right)->path);
}

static void list_submounts(struct session *session) {
    int copy = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    FILE *table = copy < 0 ? NULL : fdopen(copy, "re");
    if (table == NULL) return;
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, table) > 0) {
        char path[PATH_MAX], options[512], type[128];
        char *rest = strstr(line, " - ");
        // id, parent, device, root, mount point, options, …, -, type
        if (rest == NULL || sscanf(line, "%*s %*s %*s %*s %4095s %511s", path, options) != 2 || sscanf(rest + 3, "%127s", type) != 1) continue;
        unescape(path);
        if (is_skipped(session, path, type)) continue;
        bool is_read_only = strncmp(options, "ro", 2) == 0 && (options[2] == ',' || options[2] == 0);
        add_submount(session, path, is_read_only, type);
    }
    free(line);
    fclose(table);
    // Parents before what is mounted on them.
    qsort(session->submounts, session->submount_count, sizeof *session->submounts, by_path);
}

static struct submount *submount_of(struct session *session, const char *path) {
    struct submount *found = NULL;
    for (size_t i = 0; i < session->submount_count; i++) {
        if (is_below(path, session->submounts[i].path)) found = &session->submounts[i];
    }
    return found;
}

static void hide(struct session *session, const char *path) {
    struct submount *submount = submount_of(session, path);
    if (submount == NULL) return hide_in_layer(session, session->root_mask, "", path);
    // Under a mount that is shown read-only as it is, the pod covers the path itself.
    if (!submount->is_overlay) return;
    if (submount->mask == NULL) {
        char layer[PATH_MAX];
        snprintf(layer, sizeof layer, "%s/masks/%zu-%d", session->skeleton, (size_t)(submount - session->submounts), (int)monotonic_milliseconds());
        struct stat status;
        if (stat(submount->path, &status) != 0 || mkdir(layer, status.st_mode & 07777) != 0) return;
        if (!session->is_unprivileged) (void)!chown(layer, status.st_uid, status.st_gid);
        submount->mask = strdup(layer);
    }
    if (submount->mask != NULL) hide_in_layer(session, submount->mask, submount->path, path);
}

static void forget_submounts(struct session *session) {
    for (size_t i = 0; i < session->submount_count; i++) {
        free((char *)session->submounts[i].path);
        // The layer itself stays: a pod that is just being made may need it.
        free((char *)session->submounts[i].mask);
    }
    session->submount_count = 0;
}

void refresh_sandbox(struct session *session) {
    if (session->mount_table >= 0) {
        struct pollfd changes = {.fd = session->mount_table, .events = POLLPRI};
        if (poll(&changes, 1, 0) == 0) return;
    } else {
        session->mount_table = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    }
    forget_submounts(session);
    list_submounts(session);
    for (size_t i = 0; i < session->hidden_count; i++) hide(session, session->hidden[i]);
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
    session->root_mask = arena_format("%s/masks/root", session->skeleton);
    if (mkdir(session->skeleton, 0700) != 0 && errno != EEXIST) return complain(problem, size, "the data directory cannot be written");
    if (mount("skiff", session->skeleton, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") != 0) return complain(problem, size, "tmpfs cannot be mounted");
    const char *directories[] = {"masks", "masks/root", "masks/root/argo", "masks/root/argo/staging", "empty", "slots"};
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

/// Builds a whole view once, in a child, so that what this machine does not allow is known before the first pod.
static bool try_view(struct session *session, char *problem, size_t size) {
    char place[PATH_MAX];
    snprintf(place, sizeof place, "%s/sandbox-check.%d", session->options.data_directory, getpid());
    int results[2];
    if (mkdir(place, 0700) != 0 || pipe2(results, O_CLOEXEC) != 0) return complain(problem, size, "the data directory cannot be written");
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWNS | CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        const char *lowers[] = {session->root_mask, "/", NULL};
        const char *failed = NULL;
        int root = -1;
        if (chdir(place) != 0 || mkdir("upper", 0755) != 0 || mkdir("work", 0700) != 0) failed = "the data directory cannot be written";
        else if ((root = overlay(lowers, "upper", "work", session->is_unprivileged)) < 0) failed = "overlayfs cannot be mounted over '/'";
        else if (attach(root, AT_FDCWD, "upper") != 0 || detached("proc", NULL, 0) < 0) failed = "/proc cannot be mounted";
        else if (pivot_into(root) != 0) failed = "the root directory cannot be changed";
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
    }
    close(results[0]);
    (void)skiff_remove_tree(place);
    return problem[0] == 0;
}

bool prepare_sandbox(struct session *session, char *problem, size_t size) {
    resolve_hidden(session);
    session->submounts = calloc(SUBMOUNTS, sizeof *session->submounts);
    if (session->submounts == NULL || session->hidden == NULL) return complain(problem, size, "no memory");
    if (!enter_namespaces(session, problem, size) || !make_skeleton(session, problem, size)) return false;
    if (session->is_unprivileged) own_directories(session, session->root_mask);
    refresh_sandbox(session);
    if (!try_view(session, problem, size)) return false;
    return open_slots(session) || complain(problem, size, "the data directory cannot be written");
}
