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
    /// Of the host that the layers lie over.
    unsigned generation;
    /// The upper directories when they were new: of the root, then of the branches.
    struct mark *marks;
};

/// What changes when anything is written below a directory of an upper layer, or the directory itself is changed.
struct mark {
    struct stat status;
    ssize_t attributes;
};

const char *slot_path(const struct session *session, int slot) {
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%d", session->layers, slot);
    return path;
}

static const char *slot_tmp(const struct session *session, int slot) {
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%d/tmp", session->layers, slot);
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
    if (skiff_make_spread_directory(all) != 0 || mkdir(session->layers, 0700) != 0) return false;
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

static bool mark(const char *upper, struct mark *mark) {
    mark->attributes = listxattr(upper, NULL, 0);
    return stat(upper, &mark->status) == 0;
}

static bool make_slot(struct session *session, int index) {
    struct slot *slot = &session->slots[index];
    if (mkdir(slot_path(session, index), 0700) != 0 || (mkdir(slot_mount(session, index), 0755) != 0 && errno != EEXIST)) return false;
    const char *place = slot_path(session, index);
    if (!build_layers(session, place, slot_mount(session, index), NULL)) return false;
    slot->generation = session->generation;
    free(slot->marks);
    slot->marks = calloc(session->branch_count + 1, sizeof *slot->marks);
    bool is_marked = slot->marks != NULL && mark(upper_path(place, -1), &slot->marks[0]);
    for (size_t i = 0; i < session->branch_count && is_marked; i++) {
        // A branch that is gone from the host has no layer.
        if (session->branches[i].is_overlay) (void)mark(upper_path(place, (int)i), &slot->marks[i + 1]);
    }
    return is_marked;
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
        is_done = skiff_remove_tree(slot_path(session, index)) == 0;
    } else {
        const char *tmp = slot_tmp(session, index);
        is_done = remove_content(AT_FDCWD, tmp) == 0 && chown(tmp, geteuid(), getegid()) == 0 && chmod(tmp, 01777) == 0;
    }
    _exit(is_done ? 0 : 1);
}

int take_slot(struct session *session) {
    int unmade = -1;
    for (size_t i = 0; i < session->slot_count; i++) {
        bool is_free = session->slots[i].state == SLOT_FREE;
        if (is_free && session->slots[i].generation == session->generation) return (int)i;
        // Layers over a host that has changed since.
        if (is_free) (void)start_helper(session, (int)i, SLOT_REMOVED);
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

static bool is_unchanged(const char *upper, const struct mark *before) {
    struct mark now = {0};
    if (before->status.st_ino == 0) return true;
    return mark(upper, &now) && now.status.st_ctim.tv_sec == before->status.st_ctim.tv_sec
        && now.status.st_ctim.tv_nsec == before->status.st_ctim.tv_nsec && now.status.st_mode == before->status.st_mode
        && now.status.st_uid == before->status.st_uid && now.status.st_gid == before->status.st_gid && now.attributes == before->attributes
        && is_empty(upper);
}

/// Whether nothing was ever written to the upper layers: whatever a pod writes anywhere makes an entry in one of their first directories, and
/// whatever it changes of these directories themselves changes their time.
static bool is_untouched(const struct session *session, int index) {
    const struct slot *slot = &session->slots[index];
    // The branches are others now; the slot is of no use anyway.
    if (slot->generation != session->generation) return false;
    const char *place = slot_path(session, index);
    bool is_untouched = is_unchanged(upper_path(place, -1), &slot->marks[0]);
    for (size_t i = 0; i < session->branch_count && is_untouched; i++) {
        if (session->branches[i].is_overlay) is_untouched = is_unchanged(upper_path(place, (int)i), &slot->marks[i + 1]);
    }
    return is_untouched;
}

static bool is_tmp_fresh(const struct session *session, int index) {
    const char *tmp = slot_tmp(session, index);
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
