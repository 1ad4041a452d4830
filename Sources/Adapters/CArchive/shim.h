#include <archive.h>
#include <archive_entry.h>

// Writes what one file system has not written yet. The C library shows it only to GNU sources, which Swift's view of it is not.
int syncfs(int descriptor);
