#define _GNU_SOURCE
#include "CJQ.h"

#include <jq.h>
#include <fcntl.h>
#include <jv.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct buffer {
    char *bytes;
    size_t length, room, capacity;
};

static bool append(struct buffer *buffer, const char *bytes, size_t length) {
    if (length > buffer->capacity - buffer->length) return false;
    if (length > buffer->room - buffer->length) {
        size_t room = (buffer->length + length) * 2 + 64;
        char *larger = realloc(buffer->bytes, room);
        if (!larger) return false;
        buffer->bytes = larger;
        buffer->room = room;
    }
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
    return true;
}

static bool append_value(struct buffer *buffer, jv value) {
    jv text = jv_get_kind(value) == JV_KIND_STRING ? value : jv_dump_string(value, 0);
    bool fits = append(buffer, jv_string_value(text), (size_t)jv_string_length_bytes(jv_copy(text))) && append(buffer, "\n", 1);
    jv_free(text);
    return fits;
}

// The first thing that libjq complains about while it compiles.
static void remember(void *place, jv message) {
    char **failure = place;
    if (!*failure) {
        jv text = jq_format_error(jv_copy(message));
        if (jv_get_kind(text) == JV_KIND_STRING) *failure = strdup(jv_string_value(text));
        jv_free(text);
    }
    jv_free(message);
}

static char *description(jv error) {
    jv message = jv_invalid_get_msg(error);
    jv text = jv_get_kind(message) == JV_KIND_STRING ? message : jv_dump_string(message, 0);
    char *copy = strdup(jv_string_value(text));
    jv_free(text);
    return copy;
}

static bool run(jq_state *state, jv input, struct buffer *buffer, char **failure) {
    jq_start(state, input, 0);
    for (;;) {
        jv value = jq_next(state);
        if (jv_is_valid(value)) {
            if (append_value(buffer, value)) continue;
            *failure = strdup("its results are too large");
            return false;
        }
        bool failed = jv_invalid_has_msg(jv_copy(value));
        if (failed) *failure = description(value); else jv_free(value);
        return !failed;
    }
}

bool cjq_run(const char *filter, const char *input, size_t input_length, size_t capacity, char **text, size_t *length, char **failure) {
    struct buffer buffer = {.bytes = NULL, .length = 0, .room = 0, .capacity = capacity};
    *text = NULL;
    *length = 0;
    *failure = NULL;
    jq_state *state = jq_init();
    if (!state) return false;
    jq_set_error_cb(state, remember, failure);
    bool succeeded = false;
    if (jq_compile(state, filter)) {
        jv value = jv_parse_sized(input, (int)input_length);
        if (jv_is_valid(value)) {
            succeeded = run(state, value, &buffer, failure);
        } else {
            *failure = description(value);
        }
    }
    jq_teardown(&state);
    if (!succeeded) {
        free(buffer.bytes);
        return false;
    }
    free(*failure);
    *failure = NULL;
    *text = buffer.bytes;
    *length = buffer.length;
    return true;
}

void cjq_free(char *text) { free(text); }

void cjq_confine(unsigned long seconds, unsigned long bytes) {
    struct rlimit time = {seconds, seconds};
    struct rlimit memory = {bytes, bytes};
    struct rlimit nothing = {0, 0};
    setrlimit(RLIMIT_CPU, &time);
    setrlimit(RLIMIT_AS, &memory);
    setrlimit(RLIMIT_CORE, &nothing);
}

bool cjq_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0; }
