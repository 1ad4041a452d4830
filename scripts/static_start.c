/// What a static executable needs at its start and its libraries do not know. Linked in with --wrap by the build scripts;
/// docs/static-linking.md has the measurements.

#include <stddef.h>

/// The startup code of a static program (crtbeginT.o) registers its unwind tables one by one. The first unwinding, which every program with an
/// asynchronous `main` does when its main thread becomes a worker, then sorts all of them: 400,000 entries, 75 ms. Left unregistered, they are
/// found through the sorted table that the linker writes (--eh-frame-hdr), as in a dynamic program.
void __wrap___register_frame_info(const void *begin, void *object) {
    (void)begin;
    (void)object;
}

/// The counterpart at exit.
void *__wrap___deregister_frame_info(const void *begin) {
    (void)begin;
    return NULL;
}

/// Swift's runtime looks for its crash reporter beside itself, by way of /proc/self/exe, and aborts where there is no /proc. A static program
/// has no reporter beside it; NULL says so.
const char *__wrap_swift_copyAuxiliaryExecutablePath(const char *name) {
    (void)name;
    return NULL;
}

extern void _swift_stdlib_overrideUnsafeArgvArgc(char **argv, int argc);

/// Swift reads its arguments from /proc/self/cmdline and sees none where there is no /proc. Startup code is handed them in any case.
__attribute__((constructor)) static void hand_over_arguments(int argc, char **argv) {
    _swift_stdlib_overrideUnsafeArgvArgc(argv, argc);
}

/// glibc loads name services that /etc/nsswitch.conf lists (systemd, myhostname, resolve, LDAP) as shared libraries even into a static program,
/// and crashes in some of them. None is loaded: files and DNS, which are built in, answer alone.
void *__wrap___libc_dlopen_mode(const char *name, int mode) {
    (void)name;
    (void)mode;
    return NULL;
}
