// What Skiff asks about pods it did not start, or no longer has a session for.

#include "internal.h"

#include <dirent.h>
#include <poll.h>
#include <sys/pidfd.h>
#include <time.h>

/// Whether a record is there and whole. `holds` receives whether it has a line that begins like `mark`.
static bool is_complete(int directory, const char *name, const char *mark, bool *holds) {
    int file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) return false;
    char text[512];
    ssize_t length = read(file, text, sizeof text - 1);
    if (length > 0) text[length] = 0;
    if (holds != NULL) *holds = length > 0 && strstr(text, mark) != NULL;
    char end[5] = "";
    struct stat status;
    bool is_whole = fstat(file, &status) == 0 && status.st_size >= 5 && pread(file, end, 5, status.st_size - 5) == 5 && memcmp(end, "\nend\n", 5) == 0;
    close(file);
    return is_whole;
}

/// The process that holds the pod, 0 for none, -1 when it cannot be told.
static pid_t holder(int directory) {
    int file = openat(directory, "start", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) return 0;
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    int result = fcntl(file, F_GETLK, &lock);
    close(file);
    if (result != 0) return -1;
    return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

static int inspect(int directory, int *process) {
    *process = -1;
    for (int i = 0; i < 1000; i++) {
        pid_t pid = holder(directory);
        if (pid == 0) break;
        if (pid > 0) {
            *process = (int)syscall(SYS_pidfd_open, pid, 0);
            // It still holds the lock, so the number was not given to anybody else in between.
            if (*process >= 0 && holder(directory) == pid) return SKIFF_POD_HELD;
            if (*process >= 0) close(*process);
            *process = -1;
        }
        // It is just dying, or the pod is just being refused; both are over in an instant.
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    bool is_refused = false;
    if (is_complete(directory, "exit", "", NULL)) return SKIFF_POD_FINISHED;
    if (!is_complete(directory, "start", "\nrefused\n", &is_refused)) return SKIFF_POD_NEVER_STARTED;
    return is_refused ? SKIFF_POD_REFUSED : SKIFF_POD_ABANDONED;
}

int skiff_pod_inspect(const char *path, int *process) {
    *process = -1;
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return errno == ENOENT ? SKIFF_POD_NEVER_STARTED : -errno;
    int state = inspect(directory, process);
    close(directory);
    return state;
}

int skiff_pod_refuse(const char *path) {
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    // A supervisor cannot start in a directory that is not there.
    if (directory < 0) return errno == ENOENT ? SKIFF_POD_REFUSED : -errno;
    int process, state = inspect(directory, &process);
    if (process >= 0) close(process);
    if (state == SKIFF_POD_NEVER_STARTED) {
        int file = openat(directory, "start", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        // A lock of the open file: another thread that merely looks must not release it.
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        static const char text[] = "version 1\nrefused\nend\n";
        bool is_refused = file >= 0 && fcntl(file, F_OFD_SETLK, &lock) == 0 && !is_complete(directory, "start", "", NULL)
            && ftruncate(file, 0) == 0 && write_all(file, text, sizeof text - 1) == 0;
        if (file >= 0) close(file);
        if (is_refused) state = SKIFF_POD_REFUSED;
        else state = inspect(directory, &process);
        if (!is_refused && process >= 0) close(process);
    }
    close(directory);
    return state;
}

int skiff_pod_stop(int process, uint32_t grace_milliseconds) {
    siginfo_t information = {.si_signo = SIGRTMIN, .si_code = SI_QUEUE};
    information.si_pid = getpid();
    information.si_uid = getuid();
    information.si_value.sival_int = (int)grace_milliseconds;
    return syscall(SYS_pidfd_send_signal, process, SIGRTMIN, &information, 0) == 0 ? 0 : errno;
}

int skiff_pod_end(int process) { return syscall(SYS_pidfd_send_signal, process, SIGTERM, NULL, 0) == 0 ? 0 : errno; }

static bool holds_mark(int file, const char *mark, size_t length) {
    char text[16384];
    size_t held = 0;
    for (;;) {
        ssize_t more = read(file, text + held, sizeof text - held);
        if (more <= 0) return false;
        held += (size_t)more;
        if (memmem(text, held, mark, length) != NULL) return true;
        // The mark may lie across two readings.
        size_t kept = held < length ? held : length;
        memmove(text, text + held - kept, kept);
        held = kept;
    }
}

/// Kills what has the mark in its environment. @return how many processes had it.
static size_t kill_marked(const char *mark, size_t length) {
    DIR *processes = opendir("/proc");
    if (processes == NULL) return 0;
    size_t found = 0;
    for (struct dirent *entry = readdir(processes); entry != NULL; entry = readdir(processes)) {
        pid_t pid = atoi(entry->d_name);
        if (pid <= 1 || pid == getpid()) continue;
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/environ", pid);
        // First, so that the number cannot have been given to another process when the signal is sent.
        int process = (int)syscall(SYS_pidfd_open, pid, 0);
        int file = process < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
        bool is_marked = file >= 0 && holds_mark(file, mark, length);
        if (file >= 0) close(file);
        if (is_marked) {
            found++;
            (void)syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0);
        }
        if (process >= 0) close(process);
    }
    closedir(processes);
    return found;
}

int skiff_pod_prove_dead(const char *identity, uint32_t patience_milliseconds) {
    char mark[512];
    // With the zero that ends it, so that no pod is taken for another whose name it begins.
    int length = snprintf(mark, sizeof mark, "SKIFF_POD=%s", identity);
    if (length < 0 || (size_t)length >= sizeof mark) return EINVAL;
    int64_t deadline = monotonic_milliseconds() + patience_milliseconds;
    while (kill_marked(mark, (size_t)length + 1) > 0) {
        if (monotonic_milliseconds() > deadline) return ETIMEDOUT;
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    return 0;
}

int skiff_pod_clean(const char *path) {
    static const char *const kept[] = {".", "..", "start", "exit", "result", "outputs"};
    // Of these the content goes. Making and removing a directory for every pod is what some file systems are slowest at (ext4 without a journal
    // searches past every inode that was freed within the last minute), so the empty ones stay until the run is removed.
    static const char *const emptied[] = {"cwd", "tmp"};
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return errno == ENOENT ? 0 : errno;
    DIR *entries = fdopendir(directory);
    if (entries == NULL) return errno;
    remove_listed_groups(directory);
    int error = 0;
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        const char *log = strstr(entry->d_name, ".log");
        bool is_kept = log != NULL && (log[4] == 0 || log[4] == '.');
        for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) is_kept |= strcmp(entry->d_name, kept[i]) == 0;
        bool is_emptied = strcmp(entry->d_name, emptied[0]) == 0 || strcmp(entry->d_name, emptied[1]) == 0;
        int failed = is_kept ? 0 : is_emptied ? remove_content(directory, entry->d_name) : remove_entry(directory, entry->d_name);
        if (failed != 0 && error == 0) error = failed;
    }
    closedir(entries);
    return error;
}
