// The host as branches: the root directory, and every place below it that needs an overlay or a bind mount of its own.
//
// For root these are the host's other mounts. In a user namespace the kernel takes no directory as a layer that has inherited mounts below it,
// so an ordinary user's view has one branch for each directory in `/` (or one level further down, where something is mounted), and the root
// directory is a layer that mirrors their names.

#include "internal.h"

#include <dirent.h>
#include <poll.h>

enum { OWNED_DIRECTORIES = 4096, BRANCHES = 1024, MIRRORED_FILE = 64 << 10 };

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

bool is_foreign(const struct stat *status) {
    // In a user namespace the owners that it does not know all look like this one.
    const uid_t unknown = 65534;
    return status->st_uid != geteuid() || status->st_uid == unknown;
}

// MARK: masks

/// A directory of a layer like one of the host: for root with its owner; an ordinary user becomes the owner, which is the point.
static bool mirror_directory(const struct session *session, const char *mirrored, const struct stat *status) {
    if (mkdir(mirrored, status->st_mode & 07777) != 0) return errno == EEXIST;
    if (session->is_unprivileged) return true;
    // In this order: changing the owner clears bits of the mode.
    return chown(mirrored, status->st_uid, status->st_gid) == 0 && chmod(mirrored, status->st_mode & 07777) == 0;
}

static char *new_mask(struct session *session, const char *path) {
    static unsigned count;
    struct stat status;
    char *mask = NULL;
    if (stat(path, &status) != 0 || asprintf(&mask, "%s/masks/%u", session->skeleton, count++) < 0) return NULL;
    if (mirror_directory(session, mask, &status)) return mask;
    free(mask);
    return NULL;
}

/// Mirrors the directories above a path in a layer. `base` is the branch it lies on, "" for the root.
static bool make_parents(struct session *session, const char *layer, const char *base, const char *path) {
    char parent[PATH_MAX], mirrored[PATH_MAX];
    struct stat status;
    for (const char *slash = strchr(path + strlen(base) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
        if ((size_t)snprintf(mirrored, sizeof mirrored, "%s%s", layer, parent + strlen(base)) >= sizeof mirrored) return false;
        if (stat(parent, &status) != 0 || !mirror_directory(session, mirrored, &status)) return false;
    }
    return true;
}

/// Makes a path absent in all pods.
static void hide_in_layer(struct session *session, const char *layer, const char *base, const char *path) {
    char mirrored[PATH_MAX];
    if (!make_parents(session, layer, base, path)) return;
    if ((size_t)snprintf(mirrored, sizeof mirrored, "%s%s", layer, path + strlen(base)) >= sizeof mirrored) return;
    // A whiteout: overlayfs takes a character device 0/0 for the absence of what lies below.
    (void)mknod(mirrored, S_IFCHR, 0);
}

static struct branch *branch_of(struct session *session, const char *path) {
    struct branch *found = NULL;
    for (size_t i = 0; i < session->branch_count; i++) {
        if (is_below(path, session->branches[i].path)) found = &session->branches[i];
    }
    return found;
}

static void hide(struct session *session, const char *path) {
    struct branch *branch = branch_of(session, path);
    if (branch == NULL) return hide_in_layer(session, session->root_mask, "", path);
    // Under a branch that is shown read-only as it is, the pod covers the path itself.
    if (!branch->is_overlay) return;
    if (branch->mask == NULL) branch->mask = new_mask(session, branch->path);
    if (branch->mask != NULL) hide_in_layer(session, branch->mask, branch->path, path);
}

/// The directories of a branch that are not the user's own, made theirs in its mask, so that a step can write where a container's root could.
static void own_directories(struct session *session, struct branch *branch, int *budget) {
    DIR *entries = opendir(branch->path);
    if (entries == NULL) return;
    struct stat root, status;
    if (stat(branch->path, &root) != 0) root.st_dev = 0;
    for (struct dirent *entry = readdir(entries); entry != NULL && *budget > 0; entry = readdir(entries)) {
        char path[PATH_MAX], mirrored[PATH_MAX];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN) continue;
        if ((size_t)snprintf(path, sizeof path, "%s/%s", branch->path, entry->d_name) >= sizeof path) continue;
        // What the user cannot read now, nobody in the pod will.
        bool is_wanted = lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_dev == root.st_dev && is_foreign(&status)
            && access(path, R_OK | X_OK) == 0;
        if (!is_wanted) continue;
        if (branch->mask == NULL) branch->mask = new_mask(session, branch->path);
        if (branch->mask == NULL) break;
        if ((size_t)snprintf(mirrored, sizeof mirrored, "%s/%s", branch->mask, entry->d_name) >= sizeof mirrored) continue;
        (void)mirror_directory(session, mirrored, &status);
        (*budget)--;
    }
    closedir(entries);
}

// MARK: the host's mounts

/// Kernel file systems and the private trees of container engines: nothing a step has business with, and often hundreds.
static bool is_skipped(const struct session *session, const char *path, const char *type) {
    static const char *const types[] = {
        "proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "mqueue", "debugfs", "tracefs", "securityfs", "pstore", "bpf", "autofs",
        "configfs", "fusectl", "binfmt_misc", "hugetlbfs", "nsfs", "rpc_pipefs", "efivarfs", "selinuxfs", "fuse.portal", "fuse.gvfsd-fuse",
    };
    static const char *const trees[] = {
        "/proc", "/sys", "/dev", "/tmp", "/argo", "/var/lib/docker", "/var/lib/containers", "/var/lib/containerd", "/var/lib/kubelet",
        "/run/docker", "/run/containerd", "/run/credentials",
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(type, types[i]) == 0) return true;
    }
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
        if (is_below(path, trees[i])) return true;
    }
    return strcmp(path, "/") == 0 || is_hidden(session, path);
}

/// Whether overlayfs takes a directory as a lower layer: some file systems it refuses, and some places in a user namespace.
static bool can_overlay(const struct session *session, const char *path) {
    char empty[PATH_MAX];
    snprintf(empty, sizeof empty, "%s/empty", session->skeleton);
    const char *lowers[] = {empty, path, NULL};
    int tree = overlay(lowers, NULL, NULL, session->is_unprivileged);
    if (tree >= 0) close(tree);
    return tree >= 0;
}

static void add_branch(struct session *session, const char *path, bool is_overlay) {
    if (session->branch_count == BRANCHES) return;
    // Mounted over: what is seen at the path is the last one.
    for (size_t i = 0; i < session->branch_count; i++) {
        if (strcmp(session->branches[i].path, path) == 0) return;
    }
    char *copy = strdup(path);
    if (copy != NULL) session->branches[session->branch_count++] = (struct branch){.path = copy, .is_overlay = is_overlay};
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

static void list_mounts(struct session *session) {
    FILE *table = fopen("/proc/self/mountinfo", "re");
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
        struct stat status;
        bool is_read_only = strncmp(options, "ro", 2) == 0 && (options[2] == ',' || options[2] == 0);
        bool is_plain = !is_read_only && strncmp(type, "fuse", 4) != 0 && stat(path, &status) == 0 && S_ISDIR(status.st_mode);
        add_branch(session, path, is_plain && can_overlay(session, path));
    }
    free(line);
    fclose(table);
}

// MARK: an ordinary user's root directory

static void mirror_file(const char *path, const char *mirrored, mode_t mode) {
    int from = open(path, O_RDONLY | O_CLOEXEC), to = from < 0 ? -1 : open(mirrored, O_WRONLY | O_CREAT | O_CLOEXEC, mode & 0777);
    struct copy copy = {0};
    if (to >= 0) (void)copy_content(&copy, from, to);
    if (from >= 0) close(from);
    if (to >= 0) close(to);
}

/// Mirrors the names in a directory of the host into the root layer; directories become branches.
/// @param depth 0 for the root directory; one level further down it ends with showing a directory read-only.
static void mirror_names(struct session *session, const char *directory, int depth) {
    DIR *entries = opendir(*directory == 0 ? "/" : directory);
    if (entries == NULL) return;
    struct stat status;
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        char path[PATH_MAX], mirrored[PATH_MAX], target[PATH_MAX];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if ((size_t)snprintf(path, sizeof path, "%s/%s", directory, entry->d_name) >= sizeof path || is_hidden(session, path)) continue;
        if ((size_t)snprintf(mirrored, sizeof mirrored, "%s%s", session->root_mask, path) >= sizeof mirrored || lstat(path, &status) != 0) continue;
        if (S_ISLNK(status.st_mode)) {
            ssize_t length = readlink(path, target, sizeof target - 1);
            if (length < 0) continue;
            target[length] = 0;
            (void)symlink(target, mirrored);
        } else if (S_ISREG(status.st_mode) && status.st_size <= MIRRORED_FILE) {
            mirror_file(path, mirrored, status.st_mode);
        } else if (S_ISDIR(status.st_mode) && mirror_directory(session, mirrored, &status) && !is_skipped(session, path, "")) {
            if (access(path, R_OK | X_OK) != 0) continue;
            if (can_overlay(session, path)) add_branch(session, path, true);
            else if (depth == 0) mirror_names(session, path, 1);
            else add_branch(session, path, false);
        }
    }
    closedir(entries);
}

// MARK: keeping up with the host

static int by_path(const void *left, const void *right) {
    return strcmp(((const struct branch *)left)->path, ((const struct branch *)right)->path);
}

static void forget_branches(struct session *session) {
    // The layers themselves stay: slots and pods that are just being made may need them.
    for (size_t i = 0; i < session->branch_count; i++) {
        free((char *)session->branches[i].path);
        free((char *)session->branches[i].mask);
    }
    session->branch_count = 0;
    free((char *)session->root_mask);
    session->root_mask = NULL;
}

static bool make_root_mask(struct session *session) {
    session->root_mask = new_mask(session, "/");
    if (session->root_mask == NULL) return false;
    // Where scripts are mounted, so that they need no place in the upper layer.
    char path[PATH_MAX];
    const char *const places[] = {"/argo", "/argo/staging"};
    for (size_t i = 0; i < 2; i++) {
        if ((size_t)snprintf(path, sizeof path, "%s%s", session->root_mask, places[i]) >= sizeof path || mkdir(path, 0755) != 0) return false;
    }
    return true;
}

/// Where steps say how far they are: in the layers, so that it costs a pod nothing.
static void add_place(struct session *session) {
    session->has_place = false;
    char *run = realpath("/var/run", NULL);
    if (run == NULL) return;
    struct branch *branch = branch_of(session, run);
    const char *layer = session->root_mask, *base = "";
    if (branch != NULL) {
        if (branch->is_overlay && branch->mask == NULL) branch->mask = new_mask(session, branch->path);
        layer = branch->is_overlay ? branch->mask : NULL;
        base = branch->path;
    }
    char path[PATH_MAX], mirrored[PATH_MAX];
    struct stat status;
    if (layer != NULL && (size_t)snprintf(path, sizeof path, "%s/argo", run) < sizeof path && lstat(path, &status) != 0) {
        bool has_parents = make_parents(session, layer, base, path);
        bool fits = (size_t)snprintf(mirrored, sizeof mirrored, "%s%s", layer, path + strlen(base)) < sizeof mirrored;
        session->has_place = has_parents && fits && mkdir(mirrored, 0777) == 0;
    }
    free(run);
}

/// A number that stands for the host's mounts; those of the session's own make no difference.
static uint64_t digest_mounts(const struct session *session) {
    FILE *table = fopen("/proc/self/mountinfo", "re");
    if (table == NULL) return 0;
    uint64_t digest = 14695981039346656037u;
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, table) > 0) {
        char path[PATH_MAX];
        if (sscanf(line, "%*s %*s %*s %*s %4095s", path) != 1) continue;
        unescape(path);
        if (is_below(path, session->skeleton)) continue;
        for (const char *at = line; *at != 0; at++) digest = (digest ^ (uint8_t)*at) * 1099511628211u;
    }
    free(line);
    fclose(table);
    return digest;
}

static bool has_new_mounts(struct session *session) {
    if (session->mount_table >= 0) {
        // Reading the table is slow; asking whether it has changed is not.
        struct pollfd changes = {.fd = session->mount_table, .events = POLLPRI};
        if (poll(&changes, 1, 0) == 0) return false;
    } else {
        session->mount_table = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    }
    uint64_t digest = digest_mounts(session);
    bool is_new = digest != session->mounts;
    session->mounts = digest;
    return is_new;
}

/// Of an ordinary user's view the names in `/` are a copy.
static bool has_new_names(struct session *session) {
    struct stat status;
    if (!session->is_unprivileged || stat("/", &status) != 0) return false;
    bool is_new = status.st_mtim.tv_sec != session->root_changed.tv_sec || status.st_mtim.tv_nsec != session->root_changed.tv_nsec;
    session->root_changed = status.st_mtim;
    return is_new;
}

bool refresh_host(struct session *session) {
    bool has_mounts = has_new_mounts(session), has_names = has_new_names(session);
    if (session->root_mask != NULL && !has_mounts && !has_names) return true;
    forget_branches(session);
    session->generation++;
    if (!make_root_mask(session)) return false;
    list_mounts(session);
    if (session->is_unprivileged) mirror_names(session, "", 0);
    // Parents before what is mounted on them.
    qsort(session->branches, session->branch_count, sizeof *session->branches, by_path);
    int budget = OWNED_DIRECTORIES;
    for (size_t i = 0; session->is_unprivileged && i < session->branch_count; i++) {
        if (session->branches[i].is_overlay) own_directories(session, &session->branches[i], &budget);
    }
    add_place(session);
    for (size_t i = 0; i < session->hidden_count; i++) hide(session, session->hidden[i]);
    return true;
}

bool prepare_host(struct session *session) {
    session->branches = calloc(BRANCHES, sizeof *session->branches);
    return session->branches != NULL && refresh_host(session);
}
