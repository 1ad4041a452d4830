// Start and exit records: a line a fact, `key value`, and `end` on the last line. A record without its end was cut off and counts as absent,
// so that one write is as good as a rename.

#include "internal.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

int write_all(int file, const void *bytes, size_t length) {
    const uint8_t *at = bytes;
    while (length > 0) {
        ssize_t written = write(file, at, length);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        at += written;
        length -= (size_t)written;
    }
    return 0;
}

struct text {
    char *bytes;
    size_t length, room;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text->bytes + text->length, text->room - text->length, format, arguments);
    va_end(arguments);
    if (length > 0 && (size_t)length < text->room - text->length) text->length += (size_t)length;
}

/// Text of any kind on one line: backslash, newline and tab are escaped.
static void add_escaped(struct text *text, const char *words) {
    for (; *words != 0 && text->length + 3 < text->room; words++) {
        if (*words == '\\' || *words == '\n' || *words == '\t') text->bytes[text->length++] = '\\';
        text->bytes[text->length++] = *words == '\n' ? 'n' : *words == '\t' ? 't' : *words;
    }
}

void write_start_record(struct pod *pod, pid_t main) {
    char bytes[512];
    struct text text = {.bytes = bytes, .room = sizeof bytes};
    pod->started_at = clock_nanoseconds();
    add(&text, "version 1\nboot %s\nruntime %s\nmain %d\nat %lld\nend\n", pod->session->boot_id,
        pod->session->options.is_sandbox ? "sandbox" : "process", main, (long long)pod->started_at);
    int error = write_all(pod->start_file, text.bytes, text.length);
    if (error == 0) return;
    pod->problem_kind = "not-started";
    snprintf(pod->problem, sizeof pod->problem, "the start could not be recorded: %s", strerror(error));
    (void)!ftruncate(pod->start_file, 0);
}

static void add_outputs(struct text *text, const char *kind, const struct output *outputs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        // Kind, index, label, and after a tab what became of it.
        add(text, "%s %zu ", kind, i);
        add_escaped(text, outputs[i].label);
        add(text, "\t");
        add_escaped(text, outputs[i].verdict != NULL ? outputs[i].verdict : "missing");
        add(text, "\n");
    }
}

static size_t escaped_length(const struct output *outputs, size_t count) {
    size_t length = 0;
    for (size_t i = 0; i < count; i++) length += 64 + 2 * (strlen(outputs[i].label) + (outputs[i].verdict != NULL ? strlen(outputs[i].verdict) : 0));
    return length;
}

/// Whether Skiff is there: it then takes the end over at once, outputs and all, and makes it last.
static bool is_heard(int notices) {
    struct pollfd skiff = {.fd = notices};
    return poll(&skiff, 1, 0) == 0;
}

void write_exit_record(struct pod *pod) {
    const struct pod_request *request = &pod->request;
    size_t room = 4096 + escaped_length(request->parameters, request->parameter_count) + escaped_length(request->artifacts, request->artifact_count);
    struct text text = {.bytes = arena(room), .room = room};
    if (text.bytes == NULL) _exit(1);
    add(&text, "version 1\nboot %s\n", pod->session->boot_id);
    // Nobody may come for this before the machine is restarted. The record only says so when all it speaks of is on the disk already.
    bool is_synced = pod->directory >= 0 && !is_heard(pod->session->notices) && syncfs(pod->directory) == 0;
    if (is_synced) add(&text, "synced\n");
    if (pod->main_has_ended) {
        int status = pod->main_status;
        struct rusage usage;
        getrusage(RUSAGE_CHILDREN, &usage);
        int64_t cpu = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000LL + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
        add(&text, "started %lld\ncode %d\ncpu %lld\npeak %lld\n", (long long)pod->started_at,
            WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), (long long)cpu, (long long)usage.ru_maxrss * 1024);
    }
    add(&text, "finished %lld\n", (long long)clock_nanoseconds());
    if (pod->problem_kind != NULL) {
        add(&text, "error %s ", pod->problem_kind);
        add_escaped(&text, pod->problem);
        add(&text, "\n");
    }
    if (pod->main_has_ended && request->captures_result) add(&text, "result\n");
    if (pod->main_has_ended) {
        add_outputs(&text, "parameter", request->parameters, request->parameter_count);
        add_outputs(&text, "artifact", request->artifacts, request->artifact_count);
    }
    add(&text, "end\n");
    if (pod->directory >= 0) {
        int file = openat(pod->directory, "exit", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        // On a full disk the notice still tells the Skiff that waits; one that comes later finds a pod that was lost.
        if (file >= 0) (void)write_all(file, text.bytes, text.length);
        if (file >= 0 && is_synced && fsync(file) == 0) (void)fsync(pod->directory);
    }
    send_notice(pod->session->notices, SKIFF_NOTICE_FINISHED, request->id, 0, 0, text.bytes, text.length, -1);
}
