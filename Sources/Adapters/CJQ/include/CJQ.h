#ifndef CJQ_H
#define CJQ_H

#include <stdbool.h>
#include <stddef.h>

// A C face for libjq: one filter over one JSON text.

// Runs `filter` over `input` and gives its results with a newline after each: strings as they are, everything else as compact JSON.
// `text` and `failure` are to be given back with `cjq_free`. False when the filter or the input is wrong, or the filter ends with an error;
// `failure` then says why. Results beyond `capacity` bytes are an error.
bool cjq_run(const char *filter, const char *input, size_t input_length, size_t capacity, char **text, size_t *length, char **failure);

void cjq_free(char *text);

// Limits what this process may use from now on: seconds of processor time, bytes of memory.
void cjq_confine(unsigned long seconds, unsigned long bytes);

// A pipe that no other process inherits: first the end to read from, then the end to write to.
bool cjq_pipe(int ends[2]);

#endif
