#ifndef FOREIGN_H
#define FOREIGN_H
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Runs a jq program over a JSON text and writes its first result, as JSON text, to `result`. False when the program or the text is wrong.
bool foreign_jq(const char *program, const char *input, char *result, size_t capacity);

/// Runs a Lua chunk and writes what it returns, as text, to `result`.
bool foreign_lua(const char *chunk, char *result, size_t capacity);

/// Writes the first group of an RE2 match to `result`. False when nothing matches.
bool foreign_re2(const char *pattern, const char *text, char *result, size_t capacity);

/// Packs a text as a file into an archive in memory, unpacks it again and writes it to `result`.
/// `format` is "tar.gz", "tar.zst" or "zip".
bool foreign_archive(const char *format, const char *text, char *result, size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
