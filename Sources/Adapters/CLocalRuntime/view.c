// The view of one sandboxed pod: everything of the host is opened first, then the root changes, then what was opened is attached.

#include "internal.h"

#include <sys/mount.h>
#include <linux/mount.h>

struct view {
    int root, proc, sys, dev, shm, pts, tmp, staging, place;
};

static int need(struct pod *pod, int tree, const char *what) {
    if (tree < 0) give_up(pod, "the sandbox could not be built: %s: %s", what, strerror(errno));
    return tree;
}

/// The view of a slot, which no pod has written to yet.
static const char *use_slot(struct pod *pod, struct view *view) {
    const struct session *session = pod->session;
    const char *mount = slot_mount(session, session->slot);
    // What earlier pods looked up is forgotten, so that this one sees the host as it is now.
    if (!refresh_layers(session, mount)) need(pod, -1, "overlay");
    view->root = need(pod, open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC), "overlay");
    return arena_format("%s", slot_path(session, session->slot));
}

/// Layers in the container's own place: no slot was free, or it wants something else in them.
static const char *use_own_layers(struct pod *pod, struct view *view) {
    const char *place = container_place(pod, pod->container);
    if (mkdir("view", 0700) != 0 || !build_layers(pod->session, place, "view", pod->session->is_unprivileged ? pod : NULL)) {
        need(pod, -1, "layers");
    }
    view->root = need(pod, open("view", O_PATH | O_DIRECTORY | O_CLOEXEC), "layers");
    return place;
}

static void use_image(struct pod *pod, struct view *view) {
    const char *lowers[] = {pod->container->root_file_system, NULL};
    if (mkdir("upper", 0755) != 0 || mkdir("work", 0700) != 0 || mkdir("view", 0700) != 0) need(pod, -1, "layers");
    view->root = need(pod, overlay(lowers, "upper", "work", pod->session->is_unprivileged), "overlay over the image's root file system");
    need(pod, attach(view->root, AT_FDCWD, "view"), "overlay");
}

static void make_root(struct pod *pod, struct view *view) {
    const struct session *session = pod->session;
    view->tmp = -1;
    if (pod->container->root_file_system != NULL) return use_image(pod, view);
    bool names_paths = session->is_unprivileged && own_named_paths(session, NULL, pod);
    // The slot is the pod's, and the pod's main container has it.
    bool uses_slot = session->slot >= 0 && !names_paths && keeps_main(pod);
    const char *place = uses_slot ? use_slot(pod, view) : use_own_layers(pod, view);
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/tmp", place);
    view->tmp = need(pod, cloned_tree(AT_FDCWD, path, true), "/tmp");
    if (pod->request.artifact_count > 0 && keeps_main(pod)) open_layers(pod, place);
}

/// One for all containers of a pod of several, as in Kubernetes.
static int open_shared_memory(struct pod *pod) {
    const char *shm[] = {"mode", "1777", NULL};
    if (pod->link < 0) return need(pod, detached("tmpfs", shm, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV), "/dev/shm");
    int tree = need(pod, cloned_tree(AT_FDCWD, arena_format("%s/shm", pod->request.directory), true), "/dev/shm");
    need(pod, settle(tree, false), "/dev/shm");
    return tree;
}

static int open_place(struct pod *pod) {
    if (!pod->request.shares_place) return -1;
    int tree = need(pod, cloned_tree(AT_FDCWD, arena_format("%s/argo", pod->request.directory), true), "/var/run/argo");
    need(pod, settle(tree, false), "/var/run/argo");
    return tree;
}

static void open_host_parts(struct pod *pod, struct view *view) {
    const struct session *session = pod->session;
    bool is_host = pod->container->root_file_system == NULL;
    view->proc = need(pod, detached("proc", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC), "/proc");
    view->sys = cloned_tree(AT_FDCWD, "/sys", true);
    if (view->sys >= 0) need(pod, settle(view->sys, true), "/sys");
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/dev", session->skeleton);
    view->dev = need(pod, cloned_tree(AT_FDCWD, path, true), "/dev");
    need(pod, settle(view->dev, true), "/dev");
    view->shm = open_shared_memory(pod);
    view->place = open_place(pod);
    const char *pts[] = {"ptmxmode", "0666", "mode", "0620", NULL};
    view->pts = detached("devpts", pts, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    // Scripts lie in memory: that leaves the upper layer as it was, and the layer can serve another pod.
    bool has_script = is_host && pod->container->script_path != NULL;
    view->staging = has_script ? need(pod, detached("tmpfs", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV), "/argo/staging") : -1;
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

/// The container's own place becomes the working directory.
static void enter_place(struct pod *pod) {
    const char *place = container_place(pod, pod->container);
    if (place == NULL || (mkdir(place, 0700) != 0 && errno != EEXIST) || chdir(place) != 0) need(pod, -1, "the pod's directory");
}

void enter_sandbox(struct pod *pod) {
    const struct container *container = pod->container;
    struct view view;
    enter_place(pod);
    make_root(pod, &view);
    open_host_parts(pod, &view);
    open_mounts(pod);
    if (keeps_main(pod)) open_inputs(pod);
    bool is_image = container->root_file_system != NULL;
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
    attach_at(pod, view.place, "/var/run/argo", true);
    if (is_image) {
        copy_network_names(pod, names);
        int tmp = make_view_directory("/tmp", 01777);
        if (tmp >= 0) close(tmp);
    }
    attach_volumes(pod);
    if (container->working_directory == NULL) return;
    int directory = make_view_directory(container->working_directory, 0755);
    if (directory < 0) give_up(pod, "the working directory '%s' cannot be made: %s", container->working_directory, strerror(errno));
    close(directory);
}
