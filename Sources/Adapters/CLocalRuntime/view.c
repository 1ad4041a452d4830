// The view of one sandboxed pod: everything of the host is opened first, then the root changes, then what was opened is attached.

#include "internal.h"

#include <sys/mount.h>
#include <linux/mount.h>

struct view {
    int root, proc, sys, dev, shm, pts, tmp, staging;
    int *submounts;
    int *covers;
};

/// An ordinary user's step may write to the directories that the manifest names, as a container's root could: for every existing part of such a
/// path that belongs to somebody else, the upper layer gets a directory of the user's. What lies at most two levels deep is the mask's work.
/// @param upper -1 to find out only. @return whether there is anything to do.
static bool own_path(int upper, const char *path) {
    struct stat root, status;
    char existing[PATH_MAX];
    if (stat("/", &root) != 0 || (size_t)snprintf(existing, sizeof existing, "%s", path) >= sizeof existing) return false;
    char *resolved = NULL;
    // The longest part that exists.
    while ((resolved = realpath(existing, NULL)) == NULL) {
        char *slash = strrchr(existing, '/');
        if (errno != ENOENT || slash == NULL || slash == existing) return false;
        *slash = 0;
    }
    bool is_needed = false;
    int depth = 1;
    for (char *slash = strchr(resolved + 1, '/'); resolved[1] != 0; slash = strchr(slash + 1, '/'), depth++) {
        if (slash != NULL) *slash = 0;
        bool is_plain = lstat(resolved, &status) == 0 && S_ISDIR(status.st_mode) && status.st_dev == root.st_dev;
        if (!is_plain || strcmp(resolved, "/tmp") == 0) break;
        is_needed |= depth > 2 && status.st_uid != geteuid();
        if (upper >= 0) (void)mkdirat(upper, resolved + 1, status.st_mode & 0777);
        if (slash == NULL) break;
        *slash = '/';
    }
    free(resolved);
    return is_needed;
}

static bool own_named_paths(const struct pod_request *request, int upper) {
    bool is_needed = false;
    for (size_t i = 0; i < request->mount_count; i++) is_needed |= own_path(upper, request->mounts[i].path);
    for (size_t i = 0; i < request->input_count; i++) is_needed |= own_path(upper, request->inputs[i].path);
    for (size_t i = 0; i < request->parameter_count; i++) is_needed |= own_path(upper, request->parameters[i].path);
    for (size_t i = 0; i < request->artifact_count; i++) is_needed |= own_path(upper, request->artifacts[i].path);
    if (request->working_directory != NULL) is_needed |= own_path(upper, request->working_directory);
    return is_needed;
}

static int need(struct pod *pod, int tree, const char *what) {
    if (tree < 0) give_up(pod, "the sandbox could not be built: %s: %s", what, strerror(errno));
    return tree;
}

/// The overlay of a slot, which no pod has written to yet.
static void use_slot(struct pod *pod, struct view *view, int slot) {
    const struct session *session = pod->session;
    const char *mount = slot_mount(session, slot);
    pod->upper = need(pod, open(slot_path(session, slot, "upper"), O_PATH | O_DIRECTORY | O_CLOEXEC), "layers");
    pod->tmp = need(pod, open(slot_path(session, slot, "tmp"), O_PATH | O_DIRECTORY | O_CLOEXEC), "layers");
    // What earlier pods looked up is forgotten, so that this one sees the host as it is now.
    need(pod, forget_lookups(mount), "overlay");
    view->root = need(pod, open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC), "overlay");
}

static void make_root(struct pod *pod, struct view *view) {
    const struct session *session = pod->session;
    const char *image = pod->request.root_file_system;
    bool owns_paths = session->is_unprivileged && image == NULL && own_named_paths(&pod->request, -1);
    if (session->slot >= 0 && image == NULL && !owns_paths) return use_slot(pod, view, session->slot);
    if (mkdir("upper", 0755) != 0 || mkdir("work", 0700) != 0) need(pod, -1, "layers");
    pod->upper = need(pod, open("upper", O_PATH | O_DIRECTORY | O_CLOEXEC), "layers");
    if (owns_paths) own_named_paths(&pod->request, pod->upper);
    if (image == NULL) {
        if (mkdir("tmp", 01777) != 0) need(pod, -1, "/tmp");
        pod->tmp = need(pod, open("tmp", O_PATH | O_DIRECTORY | O_CLOEXEC), "/tmp");
    }
    const char *host[] = {session->root_mask, "/", NULL}, *given[] = {image, NULL};
    view->root = need(pod, overlay(image == NULL ? host : given, "upper", "work", session->is_unprivileged),
        image == NULL ? "overlay" : "overlay over the image's root file system");
    need(pod, attach(view->root, AT_FDCWD, "upper"), "overlay");
}

static int open_submount(struct pod *pod, const struct submount *submount, size_t index) {
    if (submount->is_overlay) {
        char upper[32], work[32];
        snprintf(upper, sizeof upper, "upper-%zu", index);
        snprintf(work, sizeof work, "work-%zu", index);
        struct stat status;
        bool is_made = stat(submount->path, &status) == 0 && mkdir(upper, status.st_mode & 07777) == 0 && mkdir(work, 0700) == 0;
        if (is_made && !pod->session->is_unprivileged) (void)!chown(upper, status.st_uid, status.st_gid);
        const char *masked[] = {submount->mask, submount->path, NULL}, *plain[] = {submount->path, NULL};
        int tree = is_made ? overlay(submount->mask != NULL ? masked : plain, upper, work, pod->session->is_unprivileged) : -1;
        if (tree >= 0) return tree;
    }
    int tree = cloned_tree(AT_FDCWD, submount->path, false);
    // A mount with others on it that a user namespace cannot take apart: whole, then.
    if (tree < 0) tree = cloned_tree(AT_FDCWD, submount->path, true);
    if (tree >= 0 && settle(tree, true) == 0) return tree;
    // Something of the host that this user cannot be shown: the directory stays empty.
    if (tree >= 0) close(tree);
    return -1;
}

static bool is_covered(const struct session *session, const char *hidden) {
    bool is_below_bind = false;
    for (size_t i = 0; i < session->submount_count; i++) {
        const struct submount *submount = &session->submounts[i];
        size_t length = strlen(submount->path);
        if (strncmp(hidden, submount->path, length) == 0 && hidden[length] == '/') is_below_bind = !submount->is_overlay;
    }
    return is_below_bind;
}

static int open_cover(struct pod *pod, const char *hidden) {
    struct stat status;
    if (!is_covered(pod->session, hidden) || lstat(hidden, &status) != 0) return -1;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", pod->session->skeleton, S_ISDIR(status.st_mode) ? "empty" : "file");
    int tree = need(pod, cloned_tree(AT_FDCWD, path, false), "hiding a path");
    need(pod, settle(tree, true), "hiding a path");
    return tree;
}

static void open_host_parts(struct pod *pod, struct view *view) {
    const struct session *session = pod->session;
    bool is_host = pod->request.root_file_system == NULL;
    view->proc = need(pod, detached("proc", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC), "/proc");
    view->sys = cloned_tree(AT_FDCWD, "/sys", true);
    if (view->sys >= 0) need(pod, settle(view->sys, true), "/sys");
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/dev", session->skeleton);
    view->dev = need(pod, cloned_tree(AT_FDCWD, path, true), "/dev");
    need(pod, settle(view->dev, true), "/dev");
    const char *shm[] = {"mode", "1777", NULL};
    view->shm = need(pod, detached("tmpfs", shm, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV), "/dev/shm");
    const char *pts[] = {"ptmxmode", "0666", "mode", "0620", NULL};
    view->pts = detached("devpts", pts, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    view->tmp = pod->tmp >= 0 ? need(pod, cloned_tree(pod->tmp, "", true), "/tmp") : -1;
    // Scripts lie in memory: that leaves the upper layer as it was, and the layer can serve another pod.
    bool has_script = is_host && pod->request.script_path != NULL;
    view->staging = has_script ? need(pod, detached("tmpfs", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV), "/argo/staging") : -1;
    view->submounts = arena((session->submount_count + 1) * sizeof(int));
    view->covers = arena((session->hidden_count + 1) * sizeof(int));
    if (view->submounts == NULL || view->covers == NULL) give_up(pod, "no memory");
    for (size_t i = 0; i < session->submount_count; i++) {
        view->submounts[i] = is_host ? open_submount(pod, &session->submounts[i], i) : -1;
    }
    for (size_t i = 0; i < session->hidden_count; i++) view->covers[i] = is_host ? open_cover(pod, session->hidden[i]) : -1;
}

static void attach_at(struct pod *pod, int tree, const char *path, bool makes_directory) {
    if (tree < 0) return;
    int target = makes_directory ? make_view_directory(path, 0755) : open_view(path, O_PATH | O_NOFOLLOW, 0);
    if (target < 0 || attach(tree, target, "") != 0) need(pod, -1, path);
    close(target);
    close(tree);
}

/// Root keeps root's rights over the kernel's switches in /proc, which belong to the host: they become read-only.
static void protect_kernel_settings(struct pod *pod) {
    static const char *const paths[] = {"/proc/sys", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/acpi", "/proc/scsi", "/proc/sysrq-trigger"};
    if (geteuid() != 0 || pod->session->is_unprivileged) return;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        int tree = cloned_tree(AT_FDCWD, paths[i], false);
        if (tree < 0) continue;
        if (settle(tree, true) != 0 || attach(tree, AT_FDCWD, paths[i]) != 0) need(pod, -1, paths[i]);
        close(tree);
    }
}

/// What every container engine gives an image: the host's names.
static void copy_network_names(struct pod *pod, const int *files) {
    static const char *const paths[] = {"/etc/resolv.conf", "/etc/hosts"};
    for (size_t i = 0; i < 2; i++) {
        const char *name;
        int parent = files[i] < 0 ? -1 : open_parent(paths[i], &name);
        if (parent < 0) continue;
        (void)unlinkat(parent, name, 0);
        struct copy copy = {.pod = pod, .user = -1, .group = -1};
        (void)copy_entry(&copy, files[i], parent, name);
        close(parent);
        close(files[i]);
    }
}

void enter_sandbox(struct pod *pod) {
    const struct session *session = pod->session;
    const struct pod_request *request = &pod->request;
    struct view view;
    if (fchdir(pod->directory) != 0) need(pod, -1, "the pod's directory");
    make_root(pod, &view);
    open_host_parts(pod, &view);
    prepare_volumes(pod);
    open_inputs(pod);
    bool is_image = request->root_file_system != NULL;
    int names[2] = {is_image ? open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC) : -1, is_image ? open("/etc/hosts", O_RDONLY | O_CLOEXEC) : -1};
    need(pod, pivot_into(view.root), "the root directory");
    close(view.root);
    attach_at(pod, view.proc, "/proc", true);
    attach_at(pod, view.sys, "/sys", true);
    attach_at(pod, view.dev, "/dev", true);
    attach_at(pod, view.shm, "/dev/shm", false);
    attach_at(pod, view.pts, "/dev/pts", false);
    protect_kernel_settings(pod);
    attach_at(pod, view.tmp, "/tmp", true);
    attach_at(pod, view.staging, "/argo/staging", true);
    for (size_t i = 0; i < session->submount_count; i++) attach_at(pod, view.submounts[i], session->submounts[i].path, false);
    for (size_t i = 0; i < session->hidden_count; i++) attach_at(pod, view.covers[i], session->hidden[i], false);
    if (is_image) {
        copy_network_names(pod, names);
        int tmp = make_view_directory("/tmp", 01777);
        if (tmp >= 0) close(tmp);
    }
    attach_volumes(pod);
    if (request->working_directory == NULL) return;
    int directory = make_view_directory(request->working_directory, 0755);
    if (directory < 0) give_up(pod, "the working directory '%s' cannot be made: %s", request->working_directory, strerror(errno));
    close(directory);
}
