#ifndef CRE2_H
#define CRE2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A C face for RE2, the regular expressions that Go has: matching takes time linear in the text, and no exception leaves this library.

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cre2_pattern cre2_pattern;

// Compiles a pattern whose program and caches may use at most `max_memory` bytes.
// Null when it is not a pattern or needs more; `message` then holds why, cut to `message_capacity` bytes with the closing zero.
cre2_pattern *cre2_compile(const char *pattern, size_t length, int64_t max_memory, char *message, size_t message_capacity);

void cre2_free(cre2_pattern *pattern);

// How many groups in parentheses the pattern has.
int cre2_group_count(const cre2_pattern *pattern);

// The number of the group with this name; -1 when there is none.
int cre2_group_named(const cre2_pattern *pattern, const char *name, size_t length);

// Looks for the first match in text[start..<length]; `^` and `\b` see the text before `start`.
// Fills `spans` with begin and end of the whole match and of the groups (2 * span_count numbers, in bytes; -1 for a group that took no part).
// Safe to call from several threads at once.
bool cre2_search(const cre2_pattern *pattern, const char *text, size_t length, size_t start, int64_t *spans, int span_count);

#ifdef __cplusplus
}
#endif

#endif
