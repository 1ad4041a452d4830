#include "foreign.h"

#include <jq.h>
#include <stdio.h>

bool foreign_jq(const char *program, const char *input, char *result, size_t capacity) {
    jq_state *state = jq_init();
    if (!state) return false;
    bool succeeded = false;
    if (jq_compile(state, program)) {
        jq_start(state, jv_parse(input), 0);
        jv value = jq_next(state);
        if (jv_is_valid(value)) {
            jv text = jv_dump_string(jv_copy(value), 0);
            snprintf(result, capacity, "%s", jv_string_value(text));
            jv_free(text);
            succeeded = true;
        }
        jv_free(value);
    }
    jq_teardown(&state);
    return succeeded;
}
