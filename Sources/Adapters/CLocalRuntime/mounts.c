// The few mounts a sandbox is made of, as descriptors: a mount is prepared where the host can be seen and attached where it cannot.

#include "internal.h"

#include <linux/mount.h>
#include <sys/mount.h>

#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 0x4
#endif
#ifndef MOVE_MOUNT_T_EMPTY_PATH
#define MOVE_MOUNT_T_EMPTY_PATH 0x40
#endif

/// `options` alternates names and values (NULL for a flag) and ends with NULL.
int detached(const char *type, const char *const *options, unsigned attributes) {
    int context = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
    if (context < 0) return -1;
    int error = 0;
    for (; options != NULL && *options != NULL && error == 0; options += 2) {
        enum fsconfig_command command = options[1] == NULL ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
        if (syscall(SYS_fsconfig, context, command, options[0], options[1], 0) != 0) error = errno;
    }
    if (error == 0 && syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0) error = errno;
    int tree = error == 0 ? (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes) : -1;
    if (error == 0 && tree < 0) error = errno;
    close(context);
    errno = error;
    return tree;
}

/// The layers of an overlay are separated by colons.
static size_t escape_layer(char *to, size_t room, const char *path) {
    size_t length = 0;
    for (; *path != 0 && length + 3 < room; path++) {
        if (*path == ':' || *path == '\\') to[length++] = '\\';
        to[length++] = *path;
    }
    to[length] = 0;
    return length;
}

int overlay(const char *const *lowers, const char *upper, const char *work, bool is_unprivileged) {
    char layers[3 * PATH_MAX];
    size_t length = 0;
    for (; *lowers != NULL && length + PATH_MAX < sizeof layers; lowers++) {
        if (length > 0) layers[length++] = ':';
        length += escape_layer(layers + length, sizeof layers - length, *lowers);
    }
    const char *options[16];
    size_t count = 0;
#define OPTION(name, value) (options[count++] = (name), options[count++] = (value))
    OPTION("source", "skiff");
    OPTION("lowerdir", layers);
    if (upper != NULL) {
        OPTION("upperdir", upper);
        OPTION("workdir", work);
        // What the step writes is thrown away after a crash of the machine, so nothing of it is forced to the disk; and without this the end
        // of every pod would wait until the whole disk is in sync.
        OPTION("volatile", NULL);
    }
    // Attributes that mark hidden things: only root may use those of the kernel's own name space.
    if (is_unprivileged) OPTION("userxattr", NULL);
    // Files in the upper layer must be whole: outputs are hard links to them.
    else OPTION("metacopy", "off");
#undef OPTION
    options[count] = NULL;
    return detached("overlay", options, 0);
}

int cloned_tree(int directory, const char *path, bool is_recursive) {
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (*path == 0 ? AT_EMPTY_PATH : 0) | (is_recursive ? AT_RECURSIVE : 0);
    return (int)syscall(SYS_open_tree, directory, path, flags);
}

/// Also makes the tree private: what is mounted on the host later does not turn up in it.
int settle(int tree, bool is_read_only) {
    struct mount_attr attributes = {.attr_set = is_read_only ? MOUNT_ATTR_RDONLY : 0, .propagation = MS_PRIVATE};
    return (int)syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes);
}

int attach(int tree, int directory, const char *path) {
    unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | (*path == 0 ? MOVE_MOUNT_T_EMPTY_PATH : 0);
    return (int)syscall(SYS_move_mount, tree, "", directory, path, flags);
}

int pivot_into(int root) {
    if (fchdir(root) != 0 || syscall(SYS_pivot_root, ".", ".") != 0) return -1;
    // The old root lies on top of the new one now, and goes.
    if (umount2(".", MNT_DETACH) != 0) return -1;
    return chdir("/");
}

int forget_lookups(const char *mount) {
    int context = (int)syscall(SYS_fspick, AT_FDCWD, mount, FSPICK_CLOEXEC);
    if (context < 0) return -1;
    // Changing nothing: every remount empties the cache of names.
    int result = (int)syscall(SYS_fsconfig, context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
    close(context);
    return result;
}
