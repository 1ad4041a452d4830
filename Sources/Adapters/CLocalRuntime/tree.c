// Trees of files: making, copying, removing. Paths of a pod's view are never resolved through the magic links of /proc, which lead out of it.

#include "internal.h"

#include <dirent.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <linux/magic.h>

enum { COPY_DEPTH = 128, REMOVE_DEPTH = 64 };

int open_view(const char *path, int flags, mode_t mode) {
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .mode = flags & O_CREAT ? mode : 0, .resolve = RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

int open_parent(const char *path, const char **name) {
    const char *slash = strrchr(path, '/');
    *name = slash == NULL ? path : slash + 1;
    if (**name == 0 || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0 || strlen(path) >= PATH_MAX) {
        errno = EINVAL;
        return -1;
    }
    if (slash == NULL) return open_view(".", O_PATH | O_DIRECTORY, 0);
    if (slash == path) return open_view("/", O_PATH | O_DIRECTORY, 0);
    char parent[PATH_MAX];
    memcpy(parent, path, (size_t)(slash - path));
    parent[slash - path] = 0;
    return make_view_directory(parent, 0755);
}

int make_view_directory(const char *path, mode_t mode) {
    int directory = open_view(path, O_PATH | O_DIRECTORY, 0);
    if (directory >= 0 || errno != ENOENT) return directory;
    const char *name;
    int parent = open_parent(path, &name);
    if (parent < 0) return -1;
    if (mkdirat(parent, name, mode) == 0 || errno == EEXIST) {
        directory = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    int error = errno;
    close(parent);
    errno = error;
    return directory;
}

uint64_t mount_of(int entry) {
    struct statx status;
    if (statx(entry, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) != 0 || (status.stx_mask & STATX_MNT_ID) == 0) return 0;
    return status.stx_mnt_id;
}

// MARK: copying

int copy_content(struct copy *copy, int from, int to) {
    if (ioctl(to, FICLONE, from) == 0) return 0;
    bool is_in_kernel = true;
    static uint8_t chunk[256 << 10];
    for (;;) {
        if (copy->pod != NULL && must_end(copy->pod)) return ECANCELED;
        ssize_t moved = is_in_kernel ? copy_file_range(from, NULL, to, NULL, 16 << 20, 0) : read(from, chunk, sizeof chunk);
        if (moved < 0 && errno == EINTR) continue;
        if (moved < 0 && is_in_kernel) {
            // Between file systems of different kinds the kernel declines; the offsets stand where they were.
            is_in_kernel = false;
            continue;
        }
        if (moved < 0) return errno;
        // Files of /proc say they are empty and are not.
        if (moved == 0 && is_in_kernel && lseek(from, 0, SEEK_CUR) == 0) {
            is_in_kernel = false;
            continue;
        }
        if (moved == 0) return 0;
        int error = is_in_kernel ? 0 : write_all(to, chunk, (size_t)moved);
        if (error != 0) return error;
    }
}

static int refuse(struct copy *copy, const char *why) {
    // The end of a long path tells more than its beginning.
    size_t length = strlen(copy->path);
    snprintf(copy->problem, sizeof copy->problem, "'%s%s' %s", length > 500 ? "…" : "", copy->path + (length > 500 ? length - 500 : 0), why);
    return EINVAL;
}

static int refuse_error(struct copy *copy, int error) {
    return error == ECANCELED ? refuse(copy, "was not copied: the pod was stopped") : refuse(copy, strerror(error));
}

/// Reading happens as the step's user, so that a link to a file that the step may not read yields nothing.
static void read_as_user(const struct copy *copy) {
    if (copy->pod == NULL || copy->user < 0) return;
    setfsgid(copy->group >= 0 ? (gid_t)copy->group : (gid_t)copy->user);
    setfsuid((uid_t)copy->user);
}

static void read_as_self(const struct copy *copy) {
    if (copy->pod == NULL || copy->user < 0) return;
    setfsuid(geteuid());
    setfsgid(getegid());
}

static int copy_file(struct copy *copy, int source, const struct stat *status, int directory, const char *name) {
    // What a sandbox wrote is about to be thrown away: a second name keeps it without copying.
    if (copy->may_link && link_from_layer(copy->pod, source, copy->path, directory, name)) return 0;
    int target = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, status->st_mode & 0777);
    if (target < 0) return refuse_error(copy, errno);
    int error = copy_content(copy, source, target);
    close(target);
    return error == 0 ? 0 : refuse_error(copy, error);
}

static int copy_directory(struct copy *copy, int source, const struct stat *status, int directory, const char *name, int depth);

static int copy_child(struct copy *copy, int parent, const char *child, int directory, int depth) {
    struct stat status;
    read_as_user(copy);
    int error = fstatat(parent, child, &status, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
    int source = -1;
    if (error == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))) {
        source = openat(parent, child, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (source < 0) error = errno;
    }
    read_as_self(copy);
    if (error != 0) return refuse_error(copy, error);
    if (S_ISLNK(status.st_mode)) {
        char target[PATH_MAX];
        ssize_t length = readlinkat(parent, child, target, sizeof target - 1);
        if (length < 0) return refuse_error(copy, errno);
        target[length] = 0;
        return symlinkat(target, directory, child) == 0 ? 0 : refuse_error(copy, errno);
    }
    if (source < 0) return refuse(copy, "is neither a file, a directory nor a symbolic link");
    error = S_ISREG(status.st_mode) ? copy_file(copy, source, &status, directory, child)
                                    : copy_directory(copy, source, &status, directory, child, depth + 1);
    close(source);
    return error;
}

static int copy_directory(struct copy *copy, int source, const struct stat *status, int directory, const char *name, int depth) {
    if (depth > COPY_DEPTH) return refuse(copy, "is nested too deeply");
    // An existing directory is filled, which is what an input at a volume's mount path wants.
    if (mkdirat(directory, name, 0700) != 0 && errno != EEXIST) return refuse_error(copy, errno);
    int target = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (target < 0) return refuse_error(copy, errno);
    int again = dup(source);
    DIR *entries = again < 0 ? NULL : fdopendir(again);
    int error = entries == NULL ? refuse_error(copy, errno) : 0;
    size_t length = strlen(copy->path);
    while (error == 0) {
        read_as_user(copy);
        errno = 0;
        struct dirent *entry = readdir(entries);
        int read_error = errno;
        read_as_self(copy);
        if (entry == NULL) {
            error = read_error == 0 ? 0 : refuse_error(copy, read_error);
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        int written = snprintf(copy->path + length, sizeof copy->path - length, "/%s", entry->d_name);
        if (written < 0 || (size_t)written >= sizeof copy->path - length) error = refuse(copy, "has a path that is too long");
        else error = copy_child(copy, source, entry->d_name, target, depth);
        if (error == 0) copy->path[length] = 0;
    }
    if (entries != NULL) closedir(entries);
    // Last, because a directory may forbid writing to its owner.
    if (error == 0 && fchmod(target, status->st_mode & 0777) != 0) error = refuse_error(copy, errno);
    close(target);
    return error;
}

int copy_entry(struct copy *copy, int source, int directory, const char *name) {
    struct stat status;
    struct statfs system;
    if (fstat(source, &status) != 0 || fstatfs(source, &system) != 0) return refuse_error(copy, errno);
    // Files of /proc and /sys are answers of the kernel, and to this process other ones than to the step.
    bool is_file = S_ISREG(status.st_mode) && system.f_type != PROC_SUPER_MAGIC && system.f_type != SYSFS_MAGIC;
    if (is_file) return copy_file(copy, source, &status, directory, name);
    if (S_ISDIR(status.st_mode) && system.f_type != PROC_SUPER_MAGIC && system.f_type != SYSFS_MAGIC) {
        return copy_directory(copy, source, &status, directory, name, 0);
    }
    return refuse(copy, "is neither a file nor a directory");
}

static int change_entry(int directory, const char *name, int64_t user, int64_t group, int mode, int depth) {
    struct stat status;
    if (depth > COPY_DEPTH) return ELOOP;
    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return errno;
    if ((user >= 0 || group >= 0) && fchownat(directory, name, (uid_t)user, (gid_t)group, AT_SYMLINK_NOFOLLOW) != 0) return errno;
    if (S_ISLNK(status.st_mode)) return 0;
    int error = 0;
    if (S_ISDIR(status.st_mode)) {
        int opened = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        DIR *entries = opened < 0 ? NULL : fdopendir(opened);
        if (entries == NULL) return errno;
        for (struct dirent *entry = readdir(entries); entry != NULL && error == 0; entry = readdir(entries)) {
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
            error = change_entry(opened, entry->d_name, user, group, mode, depth + 1);
        }
        closedir(entries);
    }
    if (error == 0 && mode >= 0 && fchmodat(directory, name, (mode_t)mode, 0) != 0) error = errno;
    return error;
}

int change_entries(int directory, const char *name, int64_t user, int64_t group, int mode) {
    return change_entry(directory, name, user, group, mode, 0);
}

// MARK: removing

static int remove_below(int top, int directory, const char *name, int depth, unsigned *moved);

static int empty_directory(int top, int directory, int depth, unsigned *moved) {
    int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = again < 0 ? NULL : fdopendir(again);
    if (entries == NULL) return errno;
    int error = 0;
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        int failed = remove_below(top, directory, entry->d_name, depth, moved);
        if (failed != 0 && error == 0) error = failed;
    }
    closedir(entries);
    return error;
}

static int remove_below(int top, int directory, const char *name, int depth, unsigned *moved) {
    if (unlinkat(directory, name, 0) == 0 || errno == ENOENT) return 0;
    if (errno == EACCES) {
        // The directory it is in forbids its owner to write.
        (void)!fchmod(directory, 0700);
        if (unlinkat(directory, name, 0) == 0) return 0;
    }
    if (errno != EISDIR && errno != EPERM) return errno;
    // Somebody else may be removing the same tree.
    if (unlinkat(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
    int inner = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner < 0) {
        (void)!fchmodat(directory, name, 0700, 0);
        inner = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (inner < 0) return errno == ENOENT ? 0 : errno;
    if (depth > REMOVE_DEPTH) {
        // However deep a step nests directories, only so many are open at a time: this one is taken up next.
        (void)!fchmod(inner, 0700);
        close(inner);
        char fresh[32];
        snprintf(fresh, sizeof fresh, ".deep-%u", (*moved)++);
        return renameat(directory, name, top, fresh) == 0 ? 0 : errno;
    }
    int error = empty_directory(top < 0 ? inner : top, inner, depth + 1, moved);
    // What was moved up while the directory was read may have been missed.
    for (int i = 0; error == 0 && i < 100000 && unlinkat(directory, name, AT_REMOVEDIR) != 0; i++) {
        if (errno == ENOENT) break;
        error = errno == ENOTEMPTY ? empty_directory(top < 0 ? inner : top, inner, depth + 1, moved) : errno;
    }
    close(inner);
    return error;
}

int remove_entry(int directory, const char *name) {
    unsigned moved = 0;
    return remove_below(-1, directory, name, 0, &moved);
}

int skiff_make_spread_directory(const char *path) {
    if (mkdir(path, 0700) != 0) return errno == EEXIST ? 0 : errno;
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int flags = 0;
    if (directory < 0) return 0;
    // A hint: file systems that do not know it refuse it, and are none the worse.
    if (ioctl(directory, FS_IOC_GETFLAGS, &flags) == 0) {
        flags |= FS_TOPDIR_FL;
        (void)ioctl(directory, FS_IOC_SETFLAGS, &flags);
    }
    close(directory);
    return 0;
}

int remove_content(int directory, const char *name) {
    unsigned moved = 0;
    int inner = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner < 0) return remove_entry(directory, name);
    int error = empty_directory(inner, inner, 1, &moved);
    close(inner);
    return error;
}

int skiff_remove_tree(const char *path) { return remove_entry(AT_FDCWD, path); }
