// What a step says of how far it is: the last line `N/M` of a file that its environment names. Looked at once a second, like Argo does every
// three: a step that ends earlier costs nothing, and one that writes without end costs no more.

#include "internal.h"

enum { PERIOD = 1000, LONGEST = 128 };

static int open_progress(const struct pod *pod) {
    int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    if (pod->request.shares_place) return openat(pod->directory, "argo/progress", flags);
    return pod->session->options.is_sandbox ? open_view("/var/run/argo/progress", flags, 0) : openat(pod->directory, "progress", flags);
}

/// The last line that is not blank, when it is `N/M` with N of at most M.
static bool parse(char *text, size_t length, int64_t *done, int64_t *all) {
    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r' || text[length - 1] == ' ')) length--;
    text[length] = 0;
    char *line = memrchr(text, '\n', length);
    line = line == NULL ? text : line + 1;
    long long first, second;
    char rest;
    if (strspn(line, "0123456789/ ") != strlen(line) || sscanf(line, "%18lld/%18lld%c", &first, &second, &rest) != 2) return false;
    if (second <= 0 || first > second) return false;
    *done = first;
    *all = second;
    return true;
}

static bool read_progress(struct pod *pod, int64_t *done, int64_t *all) {
    int file = open_progress(pod);
    if (file < 0) return false;
    struct stat status;
    char text[LONGEST + 1];
    ssize_t length = 0;
    bool is_new = fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0
        && (status.st_mtim.tv_sec != pod->progress_changed.tv_sec || status.st_mtim.tv_nsec != pod->progress_changed.tv_nsec);
    if (is_new) {
        pod->progress_changed = status.st_mtim;
        length = pread(file, text, LONGEST, status.st_size > LONGEST ? status.st_size - LONGEST : 0);
    }
    close(file);
    return length > 0 && parse(text, (size_t)length, done, all);
}

void attend_progress(struct pod *pod, bool is_last) {
    int64_t now = monotonic_milliseconds(), done = 0, all = 0;
    if (!is_last && now < pod->progress_at) return;
    pod->progress_at = now + PERIOD;
    tell_untold(pod);
    if (!read_progress(pod, &done, &all) || (done == pod->progress_done && all == pod->progress_all)) return;
    pod->progress_done = done;
    pod->progress_all = all;
    tell_state(pod);
}
