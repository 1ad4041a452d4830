// Log files in the CRI format: `<RFC 3339 time with nanoseconds> stdout|stderr F|P <text>`. F is a whole line; P is a piece of a line that is
// longer than 16 KiB, or a last line without a newline. Files are capped and rotated: <container>.log is the newest; a
// full one becomes <container>.log.<n>, n counting up from 1, so that a name once given stays and readers find their way.

#include "internal.h"

#include <sys/mman.h>
#include <sys/uio.h>

enum { PIECE = 16 << 10, CHUNK = 64 << 10, TAIL = 256 << 10, PARTS = 1020 };

void format_time(int64_t nanoseconds, char text[32]) {
    int64_t seconds = nanoseconds / 1000000000, rest = nanoseconds % 1000000000;
    int64_t days = seconds / 86400, second = seconds % 86400;
    // Days since 1970 to a date, in eras of 400 years that begin on 1 March; not gmtime_r, which reads the time zone's files.
    int64_t shifted = days + 719468, era = shifted / 146097, day_of_era = shifted % 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153, day = day_of_year - (153 * month + 2) / 5 + 1;
    month += month < 10 ? 3 : -9;
    int64_t year = year_of_era + era * 400 + (month <= 2);
    snprintf(text, 32, "%04d-%02d-%02dT%02d:%02d:%02d.%09dZ", (int)year % 10000, (int)month, (int)day, (int)(second / 3600),
        (int)(second / 60 % 60), (int)(second % 60), (int)rest);
}

void log_open(struct pod *pod) {
    struct log *log = &pod->log;
    log->directory = pod->directory;
    log->name = pod->container->name;
    log->limit = pod->request.log_limit;
    log->files = pod->request.log_files;
    log->keeps_tail = pod->request.captures_result && keeps_main(pod);
}

static void rotate(struct log *log) {
    close(log->file);
    log->file = -1;
    char current[256], name[288];
    log->rotations++;
    snprintf(current, sizeof current, "%s.log", log->name);
    snprintf(name, sizeof name, "%s.%llu", current, (unsigned long long)log->rotations);
    (void)renameat(log->directory, current, log->directory, name);
    if (log->rotations <= log->files) return;
    snprintf(name, sizeof name, "%s.%llu", current, (unsigned long long)(log->rotations - log->files));
    (void)unlinkat(log->directory, name, 0);
}

/// The file is made when there is something to say: most steps of most pipelines print nothing.
static bool open_file(struct log *log) {
    if (log->file >= 0 && log->limit > 0 && log->size >= log->limit) rotate(log);
    if (log->file >= 0) return true;
    char name[256];
    snprintf(name, sizeof name, "%s.log", log->name);
    log->file = openat(log->directory, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    log->size = 0;
    return log->file >= 0;
}

static void write_parts(struct log *log, struct iovec *parts, int count) {
    size_t total = 0;
    for (int i = 0; i < count; i++) total += parts[i].iov_len;
    if (total == 0) return;
    bool is_open = open_file(log);
    if (is_open && log->lost_bytes > 0) {
        char note[160], time[32];
        format_time(clock_nanoseconds(), time);
        int length = snprintf(note, sizeof note, "%s stderr F skiff: %llu bytes of this log could not be written\n", time, (unsigned long long)log->lost_bytes);
        if (write(log->file, note, (size_t)length) == length) log->lost_bytes = 0;
    }
    size_t written_total = 0;
    while (is_open && written_total < total) {
        ssize_t written = writev(log->file, parts, count);
        if (written < 0 && errno == EINTR) continue;
        // A full disk must not stop the step: what cannot be kept is counted, and told as soon as there is room.
        if (written <= 0) break;
        written_total += (size_t)written;
        log->size += (size_t)written;
        size_t skip = (size_t)written;
        while (count > 0 && skip >= parts->iov_len) {
            skip -= parts->iov_len;
            parts++;
            count--;
        }
        if (count > 0) {
            parts->iov_base = (char *)parts->iov_base + skip;
            parts->iov_len -= skip;
        }
    }
    log->lost_bytes += total - written_total;
}

/// Lines to be written together.
struct batch {
    struct log *log;
    struct iovec parts[PARTS];
    int count;
    char whole[48], piece[48];
    size_t head_length;
};

static void begin(struct batch *batch, struct log *log, const struct log_stream *stream) {
    char time[32];
    format_time(clock_nanoseconds(), time);
    batch->log = log;
    batch->count = 0;
    batch->head_length = (size_t)snprintf(batch->whole, sizeof batch->whole, "%s %s F ", time, stream->is_error ? "stderr" : "stdout");
    memcpy(batch->piece, batch->whole, sizeof batch->whole);
    batch->piece[batch->head_length - 2] = 'P';
}

static void add_part(struct batch *batch, const void *bytes, size_t length) {
    batch->parts[batch->count++] = (struct iovec){.iov_base = (void *)bytes, .iov_len = length};
}

static void flush(struct batch *batch) {
    write_parts(batch->log, batch->parts, batch->count);
    batch->count = 0;
}

/// One line of the log: what was pending, then `text`, which brings its newline along if it is whole.
static void add_line(struct batch *batch, struct log_stream *stream, const char *text, size_t length, bool is_whole) {
    add_part(batch, is_whole ? batch->whole : batch->piece, batch->head_length);
    if (stream->pending_length > 0) add_part(batch, stream->pending, stream->pending_length);
    if (length > 0) add_part(batch, text, length);
    if (!is_whole) add_part(batch, "\n", 1);
    // Pending bytes are about to be overwritten, and the vector has an end.
    if (stream->pending_length > 0 || batch->count > PARTS - 5) flush(batch);
    stream->pending_length = 0;
}

static void keep_tail(struct log *log, const char *bytes, size_t length) {
    if (log->tail == NULL) log->tail = arena(2 * TAIL);
    if (log->tail == NULL) return;
    if (log->tail_length + length > 2 * TAIL) {
        memmove(log->tail, log->tail + log->tail_length - TAIL, TAIL);
        log->tail_length = TAIL;
    }
    memcpy(log->tail + log->tail_length, bytes, length);
    log->tail_length += length;
}

static void take(struct log *log, struct log_stream *stream, const char *bytes, size_t length) {
    static struct batch batch;
    begin(&batch, log, stream);
    const char *end = bytes + length;
    while (bytes < end) {
        size_t room = PIECE - stream->pending_length;
        size_t within = (size_t)(end - bytes) < room ? (size_t)(end - bytes) : room;
        const char *newline = memchr(bytes, '\n', within);
        if (newline != NULL) {
            add_line(&batch, stream, bytes, (size_t)(newline + 1 - bytes), true);
            bytes = newline + 1;
        } else if (within == room && bytes + within < end && bytes[within] == '\n') {
            // Exactly as long as a piece: still a whole line.
            add_line(&batch, stream, bytes, within + 1, true);
            bytes += within + 1;
        } else if (within == room && bytes + within < end) {
            add_line(&batch, stream, bytes, within, false);
            bytes += within;
        } else {
            flush(&batch);
            if (stream->pending == NULL) stream->pending = arena(PIECE);
            if (stream->pending == NULL) return;
            memcpy(stream->pending + stream->pending_length, bytes, within);
            stream->pending_length += within;
            bytes += within;
        }
    }
    flush(&batch);
}

bool log_read(struct log *log, struct log_stream *stream) {
    static char chunk[CHUNK];
    ssize_t length = read(stream->descriptor, chunk, sizeof chunk);
    if (length < 0) return errno == EAGAIN || errno == EINTR;
    if (length == 0) return false;
    if (log->keeps_tail && !stream->is_error) keep_tail(log, chunk, (size_t)length);
    take(log, stream, chunk, (size_t)length);
    return true;
}

/// What is still in a pipe whose writers are all dead. A writer that is not (it cannot be killed) is not waited for.
static void drain(struct log *log, struct log_stream *stream) {
    for (int i = 0; i < 64; i++) {
        errno = 0;
        if (!log_read(log, stream) || errno == EAGAIN) break;
    }
    close(stream->descriptor);
    stream->descriptor = -1;
}

void log_drain(struct log *log) {
    for (int i = 0; i < 2; i++) {
        struct log_stream *stream = &log->streams[i];
        if (stream->descriptor >= 0) drain(log, stream);
        if (stream->pending_length == 0) continue;
        static struct batch batch;
        begin(&batch, log, stream);
        add_line(&batch, stream, NULL, 0, false);
        flush(&batch);
    }
}

void log_note(struct log *log, const char *text) {
    static struct batch batch;
    const struct log_stream ours = {.is_error = true};
    begin(&batch, log, &ours);
    add_part(&batch, batch.whole, batch.head_length);
    add_part(&batch, "skiff: ", 7);
    add_part(&batch, text, strlen(text));
    add_part(&batch, "\n", 1);
    flush(&batch);
}

void log_finish(struct log *log) {
    log_drain(log);
    if (log->file >= 0) close(log->file);
    log->file = -1;
}

int log_save_result(struct log *log) {
    if (!log->keeps_tail) return 0;
    int file = openat(log->directory, "result", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) return errno;
    size_t length = log->tail_length;
    if (length > 0 && log->tail[length - 1] == '\n') length--;
    size_t kept = length < TAIL ? length : TAIL;
    int error = kept > 0 ? write_all(file, log->tail + length - kept, kept) : 0;
    close(file);
    return error;
}
