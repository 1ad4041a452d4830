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

void write_start_record(struct pod *pod, pid_t main, struct problem *problem) {
    char bytes[512];
    struct text text = {.bytes = bytes, .room = sizeof bytes};
    pod->started_at = clock_nanoseconds();
    add(&text, "version 1\nboot %s\nruntime %s\nmain %d\nat %lld\nend\n", pod->session->boot_id,
        pod->session->options.is_sandbox ? "sandbox" : "process", main, (long long)pod->started_at);
    int error = write_all(pod->start_file, text.bytes, text.length);
    pod->is_recorded = error == 0;
    if (error == 0) return;
    problem->kind = "not-started";
    snprintf(problem->text, sizeof problem->text, "the start could not be recorded: %s", strerror(error));
    (void)!ftruncate(pod->start_file, 0);
}

/// Of a container set: how far each of its containers has come. `container <started> <finished> <code> <reason> <name>`, `-` for what is not,
/// and after a tab what went wrong.
static void add_containers(struct text *text, const struct pod_request *request) {
    for (size_t i = 0; request->is_set && i < request->container_count; i++) {
        const struct container *container = &request->containers[i];
        if (container->kind != SKIFF_CONTAINER_PLAIN || container->stage < STAGE_RUNNING) continue;
        bool has_ended = container->stage == STAGE_ENDED;
        char started[32] = "-", finished[32] = "-", code[16] = "-";
        if (container->started_at > 0) snprintf(started, sizeof started, "%lld", (long long)container->started_at);
        if (has_ended) snprintf(finished, sizeof finished, "%lld", (long long)container->finished_at);
        if (has_ended && container->code >= 0) snprintf(code, sizeof code, "%d", container->code);
        add(text, "container %s %s %s %s ", started, finished, code, container->reason != NULL ? container->reason : "-");
        add_escaped(text, container->name);
        add(text, "\t");
        add_escaped(text, container->problem.kind != NULL ? container->problem.text : "");
        add(text, "\n");
    }
}

/// Names are short, and what went wrong is at most twice as long when it is escaped.
static size_t containers_length(const struct pod_request *request) { return request->container_count * (512 + 2 * sizeof(struct problem)); }

static const char state_name[] = "state", new_state_name[] = "state.new";

static bool send_state(struct pod *pod, const struct text *text) {
    return send_notice(pod->session->notices, SKIFF_NOTICE_STATE, pod->request.id, 0, 0, text->bytes, text->length, -1);
}

void tell_state(struct pod *pod) {
    // Used again and again: a pod may have much to tell.
    static struct text text;
    if (text.bytes == NULL) {
        text.room = 256 + containers_length(&pod->request);
        text.bytes = arena(text.room);
    }
    if (text.bytes == NULL) return;
    text.length = 0;
    add(&text, "version 1\n");
    if (pod->ready_at > 0) add(&text, "ready %lld\n", (long long)pod->ready_at);
    if (pod->progress_all > 0) add(&text, "progress %lld %lld\n", (long long)pod->progress_done, (long long)pod->progress_all);
    add_containers(&text, &pod->request);
    add(&text, "end\n");
    int file = openat(pod->directory, new_state_name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    // On a full disk Skiff still hears it, and the exit record is tried again.
    bool is_written = file >= 0 && write_all(file, text.bytes, text.length) == 0;
    if (file >= 0) close(file);
    if (is_written) (void)renameat(pod->directory, new_state_name, pod->directory, state_name);
    pod->has_untold_news = !send_state(pod, &text);
}

void tell_untold(struct pod *pod) {
    if (pod->has_untold_news) tell_state(pod);
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

void write_exit_record(struct pod *pod, int code) {
    const struct pod_request *request = &pod->request;
    size_t room = 4096 + containers_length(request) + escaped_length(request->parameters, request->parameter_count) + escaped_length(request->artifacts, request->artifact_count);
    struct text text = {.bytes = arena(room), .room = room};
    if (text.bytes == NULL) _exit(1);
    add(&text, "version 1\nboot %s\n", pod->session->boot_id);
    // Nobody may come for this before the machine is restarted. The record only says so when all it speaks of is on the disk already.
    bool is_synced = pod->directory >= 0 && !is_heard(pod->session->notices) && syncfs(pod->directory) == 0;
    if (is_synced) add(&text, "synced\n");
    if (pod->is_announced) add(&text, "started %lld\n", (long long)pod->started_at);
    if (code >= 0) {
        struct rusage usage;
        getrusage(RUSAGE_CHILDREN, &usage);
        int64_t cpu = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000LL + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
        add(&text, "code %d\ncpu %lld\npeak %lld\n", code, (long long)cpu, (long long)usage.ru_maxrss * 1024);
        if (main_container(pod)->reason != NULL && main_container(pod)->code == code) add(&text, "reason %s\n", main_container(pod)->reason);
    }
    add(&text, "finished %lld\n", (long long)clock_nanoseconds());
    if (pod->problem.kind != NULL) {
        add(&text, "error %s ", pod->problem.kind);
        add_escaped(&text, pod->problem.text);
        add(&text, "\n");
    }
    add_containers(&text, request);
    bool has_run = request->container_count > 0 && main_container(pod)->code >= 0;
    if (has_run && request->captures_result) add(&text, "result\n");
    if (has_run) {
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
