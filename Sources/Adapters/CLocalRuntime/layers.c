// The layers of one view: for the root directory and each branch of the host an upper directory that takes what the pod writes.
//
// They lie in a directory of their own: `upper` and `work` of the root, `upper-<n>` and `work-<n>` of branch n, and `tmp`, the pod's /tmp.

#include "internal.h"

static const char *part(const char *place, const char *kind, int branch) {
    static char paths[2][PATH_MAX];
    static int turn;
    char *path = paths[turn = !turn];
    if (branch < 0) snprintf(path, PATH_MAX, "%s/%s", place, kind);
    else snprintf(path, PATH_MAX, "%s/%s-%d", place, kind, branch);
    return path;
}

const char *upper_path(const char *place, int branch) { return part(place, "upper", branch); }

// MARK: paths that the manifest names

static int branch_index(const struct session *session, const char *path) {
    int found = -1;
    for (size_t i = 0; i < session->branch_count; i++) {
        size_t length = strlen(session->branches[i].path);
        if (strncmp(path, session->branches[i].path, length) == 0 && (path[length] == 0 || path[length] == '/')) found = (int)i;
    }
    return found;
}

/// An ordinary user's step may write to the directories that the manifest names, as a container's root could: for every existing part of such a
/// path that belongs to somebody else, the upper layer gets a directory of the user's.
/// @param place NULL to find out only. @return whether there is anything to do.
static bool own_path(const struct session *session, const char *place, const char *path) {
    char existing[PATH_MAX];
    if ((size_t)snprintf(existing, sizeof existing, "%s", path) >= sizeof existing) return false;
    char *resolved = NULL;
    // The longest part that exists.
    while ((resolved = realpath(existing, NULL)) == NULL) {
        char *slash = strrchr(existing, '/');
        if (errno != ENOENT || slash == NULL || slash == existing) return false;
        *slash = 0;
    }
    int branch = branch_index(session, resolved);
    // The names right in `/` are a layer of the user's already; read-only branches stay so.
    if (branch < 0 || !session->branches[branch].is_overlay) {
        free(resolved);
        return false;
    }
    size_t base = strlen(session->branches[branch].path);
    bool is_needed = false;
    // The masks own the first level below a branch.
    int depth = 1;
    for (char *slash = resolved[base] == 0 ? NULL : strchr(resolved + base + 1, '/'); resolved[base] != 0; slash = strchr(slash + 1, '/'), depth++) {
        if (slash != NULL) *slash = 0;
        struct stat status;
        if (lstat(resolved, &status) != 0 || !S_ISDIR(status.st_mode)) break;
        is_needed |= depth > 1 && is_foreign(&status);
        char owned[PATH_MAX];
        if (place != NULL && (size_t)snprintf(owned, sizeof owned, "%s%s", upper_path(place, branch), resolved + base) < sizeof owned) {
            (void)mkdir(owned, status.st_mode & 0777);
        }
        if (slash == NULL) break;
        *slash = '/';
    }
    free(resolved);
    return is_needed;
}

bool own_named_paths(const struct session *session, const char *place, const struct pod *named) {
    const struct container *container = named->container;
    const struct pod_request *request = &named->request;
    bool is_needed = false;
    for (size_t i = 0; i < container->mount_count; i++) is_needed |= own_path(session, place, container->mounts[i].path);
    if (container->working_directory != NULL) is_needed |= own_path(session, place, container->working_directory);
    if (!keeps_main(named)) return is_needed;
    for (size_t i = 0; i < request->input_count; i++) is_needed |= own_path(session, place, request->inputs[i].path);
    for (size_t i = 0; i < request->parameter_count; i++) is_needed |= own_path(session, place, request->parameters[i].path);
    for (size_t i = 0; i < request->artifact_count; i++) is_needed |= own_path(session, place, request->artifacts[i].path);
    return is_needed;
}

// MARK: building

static bool make_upper(const struct session *session, const char *place, int branch, const char *like) {
    struct stat status;
    if (stat(like, &status) != 0) return false;
    const char *upper = upper_path(place, branch);
    if (mkdir(upper, status.st_mode & 07777) != 0 || mkdir(part(place, "work", branch), 0700) != 0) return false;
    return session->is_unprivileged || chown(upper, status.st_uid, status.st_gid) == 0;
}

static int overlay_over(const struct session *session, const char *place, int branch, const char *mask, const char *lower) {
    const char *both[] = {mask, lower, NULL}, *one[] = {mask != NULL ? mask : lower, NULL};
    return overlay(mask != NULL && lower != NULL ? both : one, upper_path(place, branch), part(place, "work", branch), session->is_unprivileged);
}

static int open_read_only(const struct branch *branch) {
    int tree = cloned_tree(AT_FDCWD, branch->path, false);
    // A mount with others on it that a user namespace cannot take apart: whole, then.
    if (tree < 0) tree = cloned_tree(AT_FDCWD, branch->path, true);
    if (tree >= 0 && settle(tree, true) == 0) return tree;
    if (tree >= 0) close(tree);
    return -1;
}

/// Attaches a tree at a path below the view's root, whose names are the host's own: no link is followed.
static bool attach_below(int root, int tree, const char *path) {
    int target = openat(root, path + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    bool is_attached = target >= 0 && attach(tree, target, "") == 0;
    if (target >= 0) close(target);
    close(tree);
    return is_attached;
}

static bool add_branch_to(const struct session *session, const char *place, int root, size_t index, const struct pod *named) {
    const struct branch *branch = &session->branches[index];
    struct stat status;
    // Gone since the branches were listed, or something that this user cannot be shown: the directory stays empty.
    if (stat(branch->path, &status) != 0) return true;
    if (!branch->is_overlay) {
        int tree = open_read_only(branch);
        if (tree >= 0) (void)attach_below(root, tree, branch->path);
        return true;
    }
    if (!make_upper(session, place, (int)index, branch->path)) return false;
    // Now, because nobody may write to an upper layer once it is mounted.
    if (named != NULL) (void)own_named_paths(session, place, named);
    int tree = overlay_over(session, place, (int)index, branch->mask, branch->path);
    return tree >= 0 && attach_below(root, tree, branch->path);
}

/// Covers what is hidden under a read-only branch.
static bool cover(const struct session *session, int root, const char *hidden) {
    struct stat status;
    int branch = branch_index(session, hidden);
    if (branch < 0 || session->branches[branch].is_overlay || lstat(hidden, &status) != 0) return true;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", session->skeleton, S_ISDIR(status.st_mode) ? "empty" : "file");
    int tree = cloned_tree(AT_FDCWD, path, false);
    return tree >= 0 && settle(tree, true) == 0 && attach_below(root, tree, hidden);
}

bool build_layers(const struct session *session, const char *place, const char *mount, const struct pod *named) {
    // The root directory of an ordinary user's view is the mask alone; its branches hold the rest.
    const char *lower = session->is_unprivileged ? NULL : "/";
    if (!make_upper(session, place, -1, "/") || mkdir(part(place, "tmp", -1), 01777) != 0) return false;
    int root = overlay_over(session, place, -1, session->root_mask, lower);
    if (root < 0) return false;
    bool is_built = attach(root, AT_FDCWD, mount) == 0;
    for (size_t i = 0; i < session->branch_count && is_built; i++) is_built = add_branch_to(session, place, root, i, named);
    for (size_t i = 0; i < session->hidden_count && is_built; i++) is_built = cover(session, root, session->hidden[i]);
    int error = errno;
    close(root);
    errno = error;
    return is_built;
}

bool refresh_layers(const struct session *session, const char *mount) {
    if (forget_lookups(mount) != 0) return false;
    for (size_t i = 0; i < session->branch_count; i++) {
        char path[PATH_MAX];
        if (!session->branches[i].is_overlay || (size_t)snprintf(path, sizeof path, "%s%s", mount, session->branches[i].path) >= sizeof path) continue;
        if (forget_lookups(path) != 0 && errno != ENOENT) return false;
    }
    return true;
}

// MARK: taking files out

void open_layers(struct pod *pod, const char *place) {
    const struct session *session = pod->session;
    pod->layers = arena((session->branch_count + 2) * sizeof(struct layer));
    if (pod->layers == NULL) return;
    for (int i = -2; i < (int)session->branch_count; i++) {
        if (i >= 0 && !session->branches[i].is_overlay) continue;
        const char *path = i == -2 ? part(place, "tmp", -1) : upper_path(place, i);
        int upper = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (upper < 0) continue;
        const char *prefix = i == -2 ? "/tmp" : i == -1 ? "" : session->branches[i].path;
        pod->layers[pod->layer_count++] = (struct layer){.upper = upper, .prefix = prefix};
    }
}

void find_layers(struct pod *pod) {
    for (size_t i = 0; i < pod->layer_count; i++) {
        struct layer *layer = &pod->layers[i];
        int directory = open_view(*layer->prefix == 0 ? "/" : layer->prefix, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
        layer->mount = directory < 0 ? 0 : mount_of(directory);
        if (directory >= 0) close(directory);
    }
}

bool link_from_layer(const struct pod *pod, int source, const char *path, int directory, const char *name) {
    uint64_t mount = mount_of(source);
    for (size_t i = 0; i < pod->layer_count; i++) {
        const struct layer *layer = &pod->layers[i];
        size_t length = strlen(layer->prefix);
        if (mount == 0 || layer->mount != mount || strncmp(path, layer->prefix, length) != 0 || path[length] != '/') continue;
        return linkat(layer->upper, path + length + 1, directory, name, 0) == 0;
    }
    return false;
}
