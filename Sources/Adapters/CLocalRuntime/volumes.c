// Volumes, inputs and the script: what comes from the host is opened while the host can be seen; where it goes is found in the container's
// own view, so that no symbolic link in there leads out.

#include "internal.h"

#include <linux/openat2.h>
#include <sys/mount.h>
#include <time.h>

// MARK: volumes

static int make_directories(const char *path, mode_t mode) {
    int directory = make_view_directory(path, mode);
    if (directory < 0) return -1;
    close(directory);
    return 0;
}

/// The path with its first missing parts made, below a directory that it cannot leave.
static int open_beneath(int directory, const char *path) {
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    int found = (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
    if (found >= 0 || errno != ENOENT) return found;
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    if (strlen(path) >= sizeof parent || *name == 0 || strcmp(name, "..") == 0) {
        errno = EINVAL;
        return -1;
    }
    int above = dup(directory);
    if (slash != NULL && slash != path) {
        memcpy(parent, path, (size_t)(slash - path));
        parent[slash - path] = 0;
        close(above);
        above = open_beneath(directory, parent);
    }
    if (above < 0) return -1;
    if (mkdirat(above, name, 0755) != 0 && errno != EEXIST) {
        close(above);
        return -1;
    }
    close(above);
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

static void write_files(struct pod *pod, const struct volume *volume, int place) {
    for (size_t i = 0; i < volume->file_count; i++) {
        const struct volume_file *file = &volume->files[i];
        const char *slash = strrchr(file->path, '/'), *name = slash == NULL ? file->path : slash + 1;
        int directory = place;
        if (slash != NULL) {
            char parent[PATH_MAX];
            snprintf(parent, sizeof parent, "%.*s", (int)(slash - file->path), file->path);
            directory = open_beneath(place, parent);
        }
        int made = directory < 0 ? -1 : openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, file->mode);
        int error = made < 0 ? errno : write_all(made, file->content, file->length);
        if (made >= 0) close(made);
        if (directory >= 0 && directory != place) close(directory);
        if (error != 0) give_up(pod, "file '%s' of volume '%s' cannot be made: %s", file->path, volume->name, strerror(error));
    }
}

/// A directory in memory. In a sandbox it is a tmpfs that only the pod's mount namespace has; else a private directory in /dev/shm.
static const char *memory_directory(struct pod *pod, const struct volume *volume, size_t index) {
    if (pod->session->options.is_sandbox) {
        const char *path = arena_format("%s/volumes/%zu", pod->request.directory, index);
        if (path == NULL || make_directories(path, 0700) != 0 || mount("skiff", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") != 0) {
            give_up(pod, "volume '%s' cannot be made: %s", volume->name, strerror(errno));
        }
        return path;
    }
    char *path = arena_format("/dev/shm/skiff-%s", pod->request.identity);
    for (char *at = path == NULL ? NULL : path + strlen("/dev/shm/"); at != NULL && *at != 0; at++) {
        if (*at == '/') *at = '-';
    }
    if (path == NULL || (mkdir(path, 0700) != 0 && errno != EEXIST)) {
        give_up(pod, "volume '%s' is kept in memory and needs /dev/shm, which cannot be written: %s", volume->name, strerror(errno));
    }
    path = arena_format("%s/%zu", path, index);
    if (path == NULL || mkdir(path, 0700) != 0) give_up(pod, "volume '%s' cannot be made: %s", volume->name, strerror(errno));
    return path;
}

static const char *plain_directory(struct pod *pod, const struct volume *volume, const char *path) {
    // Anybody in the pod may write there, whoever the step runs as.
    if (path == NULL || make_directories(path, 0777) != 0) give_up(pod, "volume '%s' cannot be made: %s", volume->name, strerror(errno));
    return path;
}

/// Kubernetes' checks of a hostPath's type. What `…OrCreate` and no type make, is made.
static void check_host_path(struct pod *pod, const struct volume *volume) {
    const char *check = volume->check != NULL ? volume->check : "", *path = volume->path;
    bool makes_directory = *check == 0 || strcmp(check, "DirectoryOrCreate") == 0, makes_file = strcmp(check, "FileOrCreate") == 0;
    struct stat status;
    int error = stat(path, &status) == 0 ? 0 : errno;
    if (error == ENOENT && makes_directory) error = make_directories(path, 0755) == 0 && stat(path, &status) == 0 ? 0 : errno;
    if (error == ENOENT && makes_file) {
        int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        error = file >= 0 && fstat(file, &status) == 0 ? 0 : errno;
        if (file >= 0) close(file);
    }
    if (error != 0) give_up(pod, "hostPath '%s' of volume '%s': %s", path, volume->name, strerror(error));
    bool is_right = *check == 0 || (strncmp(check, "Directory", 9) == 0 && S_ISDIR(status.st_mode))
        || (strncmp(check, "File", 4) == 0 && S_ISREG(status.st_mode)) || (strcmp(check, "Socket") == 0 && S_ISSOCK(status.st_mode))
        || (strcmp(check, "CharDevice") == 0 && S_ISCHR(status.st_mode)) || (strcmp(check, "BlockDevice") == 0 && S_ISBLK(status.st_mode));
    if (!is_right) give_up(pod, "hostPath '%s' of volume '%s' is not of type %s", path, volume->name, check);
}

static void prepare_volume(struct pod *pod, struct volume *volume, size_t index) {
    switch (volume->kind) {
    case SKIFF_VOLUME_EMPTY:
        volume->place = plain_directory(pod, volume, arena_format("%s/volumes/%zu", pod->request.directory, index));
        return;
    case SKIFF_VOLUME_CLAIM: volume->place = plain_directory(pod, volume, volume->path); return;
    case SKIFF_VOLUME_MEMORY:
        volume->place = memory_directory(pod, volume, index);
        (void)chmod(volume->place, 0777);
        return;
    case SKIFF_VOLUME_HOST:
        check_host_path(pod, volume);
        volume->place = volume->path;
        return;
    case SKIFF_VOLUME_FILES: {
        volume->place = memory_directory(pod, volume, index);
        int place = open(volume->place, O_PATH | O_DIRECTORY | O_CLOEXEC);
        write_files(pod, volume, place);
        close(place);
        return;
    }
    }
    give_up(pod, "volume '%s' is of a kind that this version does not know", volume->name);
}

/// Where a mount begins: the volume, or what `subPath` names inside it.
static int open_volume(struct pod *pod, const struct volume *volume, const struct volume_mount *mount) {
    int source = open(volume->place, O_PATH | O_CLOEXEC);
    if (source >= 0 && mount->sub_path != NULL) {
        int whole = source;
        source = open_beneath(whole, mount->sub_path);
        int error = errno;
        close(whole);
        if (source < 0 && (error == EXDEV || error == ELOOP || error == EINVAL)) {
            give_up(pod, "subPath '%s' leads out of volume '%s'", mount->sub_path, volume->name);
        }
        errno = error;
    }
    if (source < 0) {
        give_up(pod, "%s%s%s volume '%s' cannot be opened: %s", mount->sub_path != NULL ? "subPath '" : "",
            mount->sub_path != NULL ? mount->sub_path : "", mount->sub_path != NULL ? "' of" : "", volume->name, strerror(errno));
    }
    return source;
}

static void open_mount(struct pod *pod, const struct volume *volume, struct volume_mount *mount) {
    int source = open_volume(pod, volume, mount);
    struct stat status;
    if (fstat(source, &status) != 0) give_up(pod, "volume '%s': %s", volume->name, strerror(errno));
    mount->is_file = !S_ISDIR(status.st_mode);
    // With everything mounted under it: inside a user namespace a tree can only be had whole.
    mount->tree = cloned_tree(source, "", true);
    if (mount->tree < 0 || settle(mount->tree, mount->is_read_only) != 0) {
        give_up(pod, "volume '%s' cannot be mounted%s: %s", volume->name, mount->is_read_only ? " read-only" : "", strerror(errno));
    }
    close(source);
}

void prepare_volumes(struct pod *pod) {
    struct pod_request *request = &pod->request;
    for (size_t i = 0; i < request->container_count; i++) {
        for (size_t j = 0; j < request->containers[i].mount_count; j++) {
            size_t index = request->containers[i].mounts[j].volume;
            if (request->volumes[index].place == NULL) prepare_volume(pod, &request->volumes[index], index);
        }
    }
}

void open_mounts(struct pod *pod) {
    for (size_t i = 0; i < pod->container->mount_count; i++) {
        struct volume_mount *mount = &pod->container->mounts[i];
        open_mount(pod, &pod->request.volumes[mount->volume], mount);
    }
}

void make_shared_place(struct pod *pod) {
    if (!pod->request.shares_place) return;
    // Whoever the steps run as: all of them write here. Nobody else comes through the pod's directory.
    if (mkdirat(pod->directory, "argo", 0777) != 0 || mkdirat(pod->directory, "argo/ctr", 0777) != 0) {
        give_up(pod, "the pod's directory cannot be written: %s", strerror(errno));
    }
    for (size_t i = 0; i < pod->request.container_count; i++) {
        const char *path = arena_format("argo/ctr/%s", pod->request.containers[i].name);
        if (path == NULL || (mkdirat(pod->directory, path, 0777) != 0 && errno != EEXIST)) {
            give_up(pod, "the pod's directory cannot be written: %s", strerror(errno));
        }
    }
}

static int mount_point(const struct volume_mount *mount) {
    if (!mount->is_file) return make_view_directory(mount->path, 0755);
    int target = open_view(mount->path, O_PATH, 0);
    if (target >= 0 || errno != ENOENT) return target;
    const char *name;
    int parent = open_parent(mount->path, &name);
    if (parent < 0) return -1;
    int made = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    close(parent);
    if (made < 0) return -1;
    close(made);
    return open_view(mount->path, O_PATH, 0);
}

void attach_volumes(struct pod *pod) {
    for (size_t i = 0; i < pod->container->mount_count; i++) {
        struct volume_mount *mount = &pod->container->mounts[i];
        int target = mount_point(mount);
        if (target < 0 || attach(mount->tree, target, "") != 0) {
            give_up(pod, "volume '%s' cannot be mounted at '%s': %s", pod->request.volumes[mount->volume].name, mount->path, strerror(errno));
        }
        close(target);
        close(mount->tree);
        mount->tree = -1;
    }
}

// MARK: volumes without mounts

static void link_volume(struct pod *pod, struct volume_mount *mount) {
    const struct volume *volume = &pod->request.volumes[mount->volume];
    close(open_volume(pod, volume, mount));
    const char *place = mount->sub_path == NULL ? volume->place : arena_format("%s/%s", volume->place, mount->sub_path);
    if (place == NULL) give_up(pod, "no memory");
    // A host directory at its own path needs nothing.
    if (strcmp(place, mount->path) == 0) return;
    int error;
    // A step that runs at the same time may have another volume there. All pods take their links in the order of the paths, so that two never wait
    // for each other.
    while ((error = share_link(pod->session, mount->path, place, &mount->link)) == EBUSY) {
        if (must_end(pod)) give_up(pod, "stopped before it started");
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    if (error != 0) {
        give_up(pod,
            "volume '%s' cannot be put at '%s' on this machine: %s; the process runtime shows volumes as links in the host's own directories: "
            "use --runtime sandbox, or a mountPath that does not exist in a directory that can be written",
            volume->name, mount->path, strerror(error));
    }
}

/// A mount and the container that wants it.
struct wish {
    struct volume_mount *mount;
    const struct container *container;
};

static int by_path(const void *left, const void *right) {
    return strcmp(((const struct wish *)left)->mount->path, ((const struct wish *)right)->mount->path);
}

/// Two containers of a pod may want one thing at a path, and never two.
static void require_same(struct pod *pod, const struct wish *one, const struct wish *other) {
    const char *before = one->mount->sub_path != NULL ? one->mount->sub_path : "", *after = other->mount->sub_path != NULL ? other->mount->sub_path : "";
    if (one->mount->volume == other->mount->volume && strcmp(before, after) == 0) return;
    give_up(pod,
        "containers '%s' and '%s' mount different things at '%s', and the process runtime has only the machine's own directories: use "
        "--runtime sandbox",
        one->container->name, other->container->name, one->mount->path);
}

void link_volumes(struct pod *pod) {
    size_t count = 0;
    for (size_t i = 0; i < pod->request.container_count; i++) count += pod->request.containers[i].mount_count;
    if (count == 0) return;
    struct wish *wishes = arena(count * sizeof *wishes);
    if (wishes == NULL) give_up(pod, "no memory");
    size_t next = 0;
    for (size_t i = 0; i < pod->request.container_count; i++) {
        struct container *container = &pod->request.containers[i];
        for (size_t j = 0; j < container->mount_count; j++) wishes[next++] = (struct wish){.mount = &container->mounts[j], .container = container};
    }
    qsort(wishes, count, sizeof *wishes, by_path);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(wishes[i - 1].mount->path, wishes[i].mount->path) == 0) {
            require_same(pod, &wishes[i - 1], &wishes[i]);
        } else {
            link_volume(pod, wishes[i].mount);
        }
    }
}

void unlink_volumes(struct pod *pod) {
    if (pod->session->options.is_sandbox) return;
    for (size_t i = 0; i < pod->request.container_count; i++) {
        for (size_t j = 0; j < pod->request.containers[i].mount_count; j++) {
            struct volume_mount *mount = &pod->request.containers[i].mounts[j];
            if (mount->link >= 0) release_link(pod->session, mount->link);
            mount->link = -1;
        }
    }
    bool is_in_memory = false;
    for (size_t i = 0; i < pod->request.volume_count; i++) {
        const struct volume *volume = &pod->request.volumes[i];
        is_in_memory |= volume->place != NULL && (volume->kind == SKIFF_VOLUME_FILES || volume->kind == SKIFF_VOLUME_MEMORY);
    }
    if (!is_in_memory) return;
    char *path = arena_format("/dev/shm/skiff-%s", pod->request.identity);
    for (char *at = path == NULL ? NULL : path + strlen("/dev/shm/"); at != NULL && *at != 0; at++) {
        if (*at == '/') *at = '-';
    }
    if (path != NULL) (void)skiff_remove_tree(path);
}

// MARK: inputs and the script

void open_inputs(struct pod *pod) {
    for (size_t i = 0; i < pod->request.input_count; i++) {
        struct input *input = &pod->request.inputs[i];
        if (input->source == NULL) continue;
        input->source_descriptor = open(input->source, O_RDONLY | O_CLOEXEC);
        if (input->source_descriptor < 0) give_up(pod, "input artifact '%s' cannot be read: %s", input->name, strerror(errno));
    }
}

static int place_text(int parent, const char *name, const uint8_t *text, size_t length, mode_t mode) {
    int file = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    // A file that is a mount cannot be replaced; it is overwritten.
    if (file < 0 && errno == EEXIST) file = openat(parent, name, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) return errno;
    int error = write_all(file, text, length);
    close(file);
    return error;
}

static void place_input(struct pod *pod, struct input *input) {
    const char *name;
    int parent = open_parent(input->path, &name);
    if (parent < 0) give_up(pod, "input artifact '%s' cannot be placed at '%s': %s", input->name, input->path, strerror(errno));
    struct stat status;
    bool exists = fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    input->is_new = !exists;
    // A file takes the place of a file or link; a directory fills a directory.
    if (exists && !S_ISDIR(status.st_mode)) (void)unlinkat(parent, name, 0);
    struct copy copy = {.pod = pod, .user = -1, .group = -1};
    snprintf(copy.path, sizeof copy.path, "%s", input->path);
    int error;
    if (input->source == NULL) {
        error = place_text(parent, name, input->text, input->text_length, 0644);
        snprintf(copy.problem, sizeof copy.problem, "%s", strerror(error));
    } else {
        error = copy_entry(&copy, input->source_descriptor, parent, name);
        close(input->source_descriptor);
    }
    if (error != 0) give_up(pod, "input artifact '%s' cannot be placed at '%s': %s", input->name, input->path, copy.problem);
    if (pod->container->user >= 0) error = change_entries(parent, name, pod->container->user, pod->container->group, -1);
    if (error == 0 && input->mode >= 0) {
        if (input->mode_is_recursive) error = change_entries(parent, name, -1, -1, input->mode);
        else if (fchmodat(parent, name, (mode_t)input->mode, 0) != 0) error = errno;
    }
    if (error != 0) give_up(pod, "input artifact '%s' at '%s' cannot be given its mode or owner: %s", input->name, input->path, strerror(error));
    close(parent);
}

void place_inputs(struct pod *pod) {
    for (size_t i = 0; i < pod->request.input_count; i++) place_input(pod, &pod->request.inputs[i]);
}

void remove_inputs(struct pod *pod) {
    if (pod->session->options.is_sandbox) return;
    for (size_t i = 0; i < pod->request.input_count; i++) {
        // Only what was not there before: the process runtime works on the host's own files.
        if (pod->request.inputs[i].is_new) (void)skiff_remove_tree(pod->request.inputs[i].path);
        pod->request.inputs[i].is_new = false;
    }
}

void place_script(struct pod *pod) {
    const struct container *container = pod->container;
    if (container->script_path == NULL) return;
    const char *name;
    int parent = open_parent(container->script_path, &name);
    int error = parent < 0 ? errno : place_text(parent, name, container->script, container->script_length, 0755);
    if (error != 0) give_up(pod, "the script cannot be written: %s", strerror(error));
    close(parent);
}
