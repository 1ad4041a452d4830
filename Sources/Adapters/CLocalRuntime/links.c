// Volumes of the process runtime: symbolic links in the host's own directories.
//
// Two steps that run side by side and want the same place at the same path share one link; the last of them removes it. `<data>/links/<hash>`
// stands for a link: its content is the link's path and target, and every supervisor that uses the link holds a shared lock on it, which the
// kernel drops when the supervisor dies. Whoever looks at or changes any of this holds the lock of the directory `<data>/links`. So a link that
// was left behind is found by its file that nobody has locked, and is replaced.

#include "internal.h"

#include <sys/file.h>

enum { RECORD_LIMIT = 2 * PATH_MAX };

static int locked(int file, int how) {
    int result;
    do result = flock(file, how);
    while (result != 0 && errno == EINTR);
    return result;
}

/// Where the links of a data directory are recorded, locked. -1 and errno on failure.
static int open_links(const struct session *session) {
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/links", session->options.data_directory) >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST) return -1;
    int links = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (links < 0 || locked(links, LOCK_EX) == 0) return links;
    int error = errno;
    close(links);
    errno = error;
    return -1;
}

/// One name for a link, by whatever way its directory is reached.
static bool record_name(const char *path, char name[17]) {
    char directory[PATH_MAX], resolved[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(directory, sizeof directory, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    if (realpath(directory, resolved) == NULL) return false;
    uint64_t hash = 14695981039346656037u;
    for (const char *at = resolved; *at != 0; at++) hash = (hash ^ (uint8_t)*at) * 1099511628211u;
    for (const char *at = slash; *at != 0; at++) hash = (hash ^ (uint8_t)*at) * 1099511628211u;
    snprintf(name, 17, "%016llx", (unsigned long long)hash);
    return true;
}

static bool leads_to(const char *path, const char *target) {
    char found[PATH_MAX];
    ssize_t length = readlink(path, found, sizeof found);
    return length >= 0 && (size_t)length == strlen(target) && memcmp(found, target, (size_t)length) == 0;
}

struct link_record {
    char bytes[RECORD_LIMIT];
    const char *path, *target;
};

static bool read_record(int file, struct link_record *record) {
    ssize_t length = pread(file, record->bytes, sizeof record->bytes, 0);
    if (length < 4 || record->bytes[length - 1] != 0) return false;
    record->path = record->bytes;
    record->target = record->bytes + strlen(record->bytes) + 1;
    return record->target + strlen(record->target) + 1 == record->bytes + length;
}

static int write_record(int file, const char *path, const char *target) {
    if (strlen(path) + strlen(target) + 2 > RECORD_LIMIT) return ENAMETOOLONG;
    if (ftruncate(file, 0) != 0) return errno;
    int error = write_all(file, path, strlen(path) + 1);
    return error != 0 ? error : write_all(file, target, strlen(target) + 1);
}

/// Makes the link anew. Nobody uses the one that is recorded.
static int make_link(int file, const char *path, const char *target) {
    struct link_record left;
    if (read_record(file, &left) && leads_to(left.path, left.target)) (void)unlink(left.path);
    // The record first: a link without one could never be told from the host's own.
    int error = write_record(file, path, target);
    if (error == 0 && symlink(target, path) != 0) error = errno;
    return error;
}

static int take_link(int links, const char *name, const char *path, const char *target, int *entry) {
    int file = openat(links, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) return errno;
    int error = 0;
    if (locked(file, LOCK_EX | LOCK_NB) == 0) {
        error = make_link(file, path, target);
        if (error != 0) (void)unlinkat(links, name, 0);
        // Both kinds of lock are never held at once; the directory's lock keeps others out in between.
        else if (locked(file, LOCK_SH) != 0) error = errno;
    } else {
        struct link_record used;
        bool is_same = read_record(file, &used) && strcmp(used.target, target) == 0 && leads_to(path, target);
        error = !is_same ? EBUSY : locked(file, LOCK_SH | LOCK_NB) == 0 ? 0 : errno;
    }
    if (error == 0) *entry = file;
    else close(file);
    return error;
}

int share_link(const struct session *session, const char *path, const char *target, int *entry) {
    char name[17];
    *entry = -1;
    if (!record_name(path, name)) return errno;
    int links = open_links(session);
    if (links < 0) return errno;
    int error = take_link(links, name, path, target, entry);
    close(links);
    // The host's own link says the same.
    return error == EEXIST && leads_to(path, target) ? 0 : error;
}

void release_link(const struct session *session, int entry) {
    int links = open_links(session);
    struct link_record record;
    char name[17];
    // The last one gets the lock for itself.
    if (links >= 0 && locked(entry, LOCK_EX | LOCK_NB) == 0 && read_record(entry, &record)) {
        if (leads_to(record.path, record.target)) (void)unlink(record.path);
        if (record_name(record.path, name)) (void)unlinkat(links, name, 0);
    }
    close(entry);
    if (links >= 0) close(links);
}
