// Slots: overlays that pods use one after the other.
//
// A fresh overlay costs a dozen directory entries in its upper and work directories and as many removals, which is most of what a short step in
// a sandbox would cost on a real disk. But most pods write nothing outside `/tmp` and their volumes. So the session keeps overlays mounted, lends
// one to each pod and takes it back when the pod is gone. One whose upper layer was touched in any way is thrown away; one whose `/tmp` was used
// is emptied by a helper. A slot is `<data>/layers/<session>/<n>/` with `upper`, `work` and `tmp`.

#include "internal.h"

#include <dirent.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/xattr.h>

enum { LARGEST_SLOT_COUNT = 64 };

enum slot_state {
    /// There is nothing on disk.
    SLOT_UNMADE = 0,
    SLOT_FREE,
    /// A pod has it.
    SLOT_LENT,
    /// A helper empties its `tmp`, after which it is free.
    SLOT_TIDIED,
    /// A helper removes it.
    SLOT_REMOVED,
};

struct slot {
    enum slot_state state;
    pid_t process;
    /// Of the upper directory when it was new.
    struct stat upper;
    ssize_t attributes;
};

const char *slot_path(const struct session *session, int slot, const char *part) {
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%d%s%s", session->layers, slot, *part != 0 ? "/" : "", part);
    return path;
}

const char *slot_mount(const struct session *session, int slot) {
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/slots/%d", session->skeleton, slot);
    return path;
}

// MARK: the session's directory

/// Removes the layers of sessions that are gone, with all their pods.
static void sweep(const char *all) {
    int directory = open(all, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = directory < 0 ? NULL : fdopendir(directory);
    if (entries == NULL) return;
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        if (entry->d_name[0] == '.') continue;
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%.255s/lock", entry->d_name);
        int lock = openat(directory, path, O_RDWR | O_CLOEXEC);
        // Without a lock it is just being made, or half removed; the next session looks again.
        if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0) (void)remove_entry(directory, entry->d_name);
        if (lock >= 0) close(lock);
    }
    closedir(entries);
}

static pid_t fork_helper(void) { return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }

bool open_slots(struct session *session) {
    char *all = arena_format("%s/layers", session->options.data_directory);
    session->layers = arena_format("%s/%d-%lld", all, getpid(), (long long)clock_nanoseconds());
    if ((mkdir(all, 0700) != 0 && errno != EEXIST) || mkdir(session->layers, 0700) != 0) return false;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/lock", session->layers);
    // Of the open file, so that it lasts as long as the session or any of its supervisors.
    session->layers_lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (session->layers_lock < 0 || flock(session->layers_lock, LOCK_EX) != 0) return false;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    session->slot_count = processors < 8 ? 16 : processors * 2 < LARGEST_SLOT_COUNT ? (size_t)processors * 2 : LARGEST_SLOT_COUNT;
    session->slots = arena(session->slot_count * sizeof(struct slot));
    if (session->slots == NULL) return false;
    pid_t helper = fork_helper();
    if (helper == 0) {
        close(session->layers_lock);
        sweep(all);
        _exit(0);
    }
    return true;
}

void close_slots(struct session *session) {
    if (session->layers != NULL) (void)skiff_remove_tree(session->layers);
}

// MARK: lending

static bool make_slot(struct session *session, int index) {
    struct slot *slot = &session->slots[index];
    char upper[PATH_MAX], work[PATH_MAX];
    snprintf(upper, sizeof upper, "%s", slot_path(session, index, "upper"));
    snprintf(work, sizeof work, "%s", slot_path(session, index, "work"));
    if (mkdir(slot_path(session, index, ""), 0700) != 0 || mkdir(upper, 0755) != 0 || mkdir(work, 0700) != 0) return false;
    if (mkdir(slot_path(session, index, "tmp"), 01777) != 0) return false;
    if (mkdir(slot_mount(session, index), 0755) != 0 && errno != EEXIST) return false;
    const char *lowers[] = {session->root_mask, "/", NULL};
    int tree = overlay(lowers, upper, work, session->is_unprivileged);
    if (tree < 0) return false;
    bool is_attached = attach(tree, AT_FDCWD, slot_mount(session, index)) == 0;
    close(tree);
    slot->attributes = listxattr(upper, NULL, 0);
    return is_attached && stat(upper, &slot->upper) == 0;
}

/// Starts a helper that does what `state` says. Without one, the slot is never used again.
static pid_t start_helper(struct session *session, int index, enum slot_state state) {
    struct slot *slot = &session->slots[index];
    slot->state = state;
    slot->process = fork_helper();
    if (slot->process != 0) return slot->process;
    bool is_done = true;
    if (state == SLOT_REMOVED) {
        (void)umount2(slot_mount(session, index), MNT_DETACH);
        is_done = skiff_remove_tree(slot_path(session, index, "")) == 0;
    } else {
        const char *tmp = slot_path(session, index, "tmp");
        is_done = remove_content(AT_FDCWD, tmp) == 0 && chown(tmp, geteuid(), getegid()) == 0 && chmod(tmp, 01777) == 0;
    }
    _exit(is_done ? 0 : 1);
}

int take_slot(struct session *session) {
    int unmade = -1;
    for (size_t i = 0; i < session->slot_count; i++) {
        if (session->slots[i].state == SLOT_FREE) return (int)i;
        if (session->slots[i].state == SLOT_UNMADE && unmade < 0) unmade = (int)i;
    }
    if (unmade < 0 || make_slot(session, unmade)) return unmade;
    // The pod then makes layers of its own and reports what is wrong with the disk.
    (void)start_helper(session, unmade, SLOT_REMOVED);
    return -1;
}

void lend_slot(struct session *session, int slot, pid_t process) {
    session->slots[slot].state = SLOT_LENT;
    session->slots[slot].process = process;
}

static bool is_empty(const char *path) {
    DIR *entries = opendir(path);
    if (entries == NULL) return false;
    bool is_empty = true;
    for (struct dirent *entry = readdir(entries); entry != NULL && is_empty; entry = readdir(entries)) {
        is_empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    }
    closedir(entries);
    return is_empty;
}

/// Whether nothing was ever written to the upper layer: whatever a pod writes anywhere makes an entry there, and whatever it changes of `/`
/// itself changes the directory.
static bool is_untouched(const struct session *session, int index) {
    const struct slot *slot = &session->slots[index];
    const char *upper = slot_path(session, index, "upper");
    struct stat now;
    return stat(upper, &now) == 0 && now.st_ctim.tv_sec == slot->upper.st_ctim.tv_sec && now.st_ctim.tv_nsec == slot->upper.st_ctim.tv_nsec
        && now.st_mode == slot->upper.st_mode && now.st_uid == slot->upper.st_uid && now.st_gid == slot->upper.st_gid
        && listxattr(upper, NULL, 0) == slot->attributes && is_empty(upper);
}

static bool is_tmp_fresh(const struct session *session, int index) {
    const char *tmp = slot_path(session, index, "tmp");
    struct stat now;
    return stat(tmp, &now) == 0 && now.st_mode == (S_IFDIR | 01777) && now.st_uid == geteuid() && now.st_gid == getegid() && is_empty(tmp);
}

pid_t return_slot(struct session *session, pid_t process, bool has_succeeded) {
    for (size_t i = 0; i < session->slot_count; i++) {
        struct slot *slot = &session->slots[i];
        if (slot->process != process || slot->state < SLOT_LENT) continue;
        slot->process = 0;
        switch (slot->state) {
        case SLOT_LENT:
            if (!is_untouched(session, (int)i)) return start_helper(session, (int)i, SLOT_REMOVED);
            if (!is_tmp_fresh(session, (int)i)) return start_helper(session, (int)i, SLOT_TIDIED);
            slot->state = SLOT_FREE;
            return 0;
        case SLOT_TIDIED:
            if (!has_succeeded) return start_helper(session, (int)i, SLOT_REMOVED);
            slot->state = SLOT_FREE;
            return 0;
        case SLOT_REMOVED:
            // What could not be removed stays out of use until the session ends.
            if (has_succeeded) slot->state = SLOT_UNMADE;
            return 0;
        case SLOT_UNMADE:
        case SLOT_FREE: return 0;
        }
    }
    return 0;
}
