#include "foreign.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

static char packed[1 << 16];

// The formats are named one by one: archive_read_support_format_all() would pull xar in, and with it libxml2 and 30 MB of ICU tables.
static bool pack(const char *format, const char *text, size_t *used) {
    struct archive *writer = archive_write_new();
    if (strcmp(format, "zip") == 0) {
        archive_write_set_format_zip(writer);
    } else {
        archive_write_set_format_pax_restricted(writer);
        if (strcmp(format, "tar.zst") == 0) archive_write_add_filter_zstd(writer);
        else archive_write_add_filter_gzip(writer);
    }
    bool succeeded = archive_write_open_memory(writer, packed, sizeof packed, used) == ARCHIVE_OK;
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, "text");
    archive_entry_set_size(entry, (la_int64_t)strlen(text));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    succeeded = succeeded && archive_write_header(writer, entry) == ARCHIVE_OK;
    succeeded = succeeded && archive_write_data(writer, text, strlen(text)) == (la_ssize_t)strlen(text);
    archive_entry_free(entry);
    return archive_write_free(writer) == ARCHIVE_OK && succeeded;
}

bool foreign_archive(const char *format, const char *text, char *result, size_t capacity) {
    size_t used = 0;
    if (!pack(format, text, &used)) return false;
    struct archive *reader = archive_read_new();
    archive_read_support_filter_gzip(reader);
    archive_read_support_filter_zstd(reader);
    archive_read_support_format_tar(reader);
    archive_read_support_format_zip(reader);
    struct archive_entry *entry;
    la_ssize_t count = -1;
    if (archive_read_open_memory(reader, packed, used) == ARCHIVE_OK && archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
        count = archive_read_data(reader, result, capacity - 1);
        if (count >= 0) result[count] = 0;
    }
    archive_read_free(reader);
    return count >= 0;
}
