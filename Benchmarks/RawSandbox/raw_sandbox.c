// The baseline for Skiff's local runtime: what the kernel alone takes to run a program in a fresh copy-on-write view of the host, or to run
// it plainly. No code of Skiff's, no records, no logs.
//
//   cc -O2 -o raw_sandbox raw_sandbox.c
//   raw_sandbox [-j JOBS] [-n COUNT] [--no-sandbox] [PROGRAM [ARGUMENT...]]
//
// With a sandbox each run is a clone with new mount and pid namespaces, an overlay over `/` with a fresh upper directory, a pivot into it and an
// exec; it needs root. With --no-sandbox each run is a vfork and an exec. Prints the wall time per run in milliseconds.

#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char base[] = "/var/tmp/raw-sandbox-XXXXXX";
static char *default_command[] = {"/bin/true", NULL};
static char **command = default_command;

static void fail(const char *what) {
    fprintf(stderr, "raw_sandbox: %s: %s\n", what, strerror(errno));
    _exit(1);
}

static double milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void enter_view(const char *directory) {
    if (mkdir(directory, 0700) != 0 || chdir(directory) != 0 || mkdir("upper", 0755) != 0 || mkdir("work", 0700) != 0) fail(directory);
    if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) fail("private mounts");
    if (mount("overlay", "upper", "overlay", 0, "lowerdir=/,upperdir=upper,workdir=work,volatile") != 0) fail("overlay");
    if (chdir("upper") != 0 || syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) fail("pivot_root");
}

static void start(bool is_sandboxed, int number) {
    if (!is_sandboxed) {
        pid_t child = vfork();
        if (child == 0) {
            execv(command[0], command);
            _exit(127);
        }
        if (child < 0) fail("vfork");
        return;
    }
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWNS | CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
    if (child < 0) fail("clone");
    if (child > 0) return;
    char directory[sizeof base + 32];
    snprintf(directory, sizeof directory, "%s/%d", base, number);
    enter_view(directory);
    execv(command[0], command);
    fail(command[0]);
}

static void reap(void) {
    int status;
    if (wait(&status) < 0 || status != 0) {
        fprintf(stderr, "raw_sandbox: a run failed with status %x\n", status);
        exit(1);
    }
}

int main(int count, char **arguments) {
    int jobs = 1, runs = 1000;
    bool is_sandboxed = true;
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "-j") == 0 && i + 1 < count) jobs = atoi(arguments[++i]);
        else if (strcmp(arguments[i], "-n") == 0 && i + 1 < count) runs = atoi(arguments[++i]);
        else if (strcmp(arguments[i], "--no-sandbox") == 0) is_sandboxed = false;
        else {
            command = arguments + i;
            break;
        }
    }
    if (jobs < 1 || runs < 1) return 2;
    if (is_sandboxed && mkdtemp(base) == NULL) fail(base);
    double began = milliseconds();
    for (int i = 0; i < runs; i++) {
        if (i >= jobs) reap();
        start(is_sandboxed, i);
    }
    for (int i = 0; i < jobs && i < runs; i++) reap();
    double took = milliseconds() - began;
    printf("%.3f ms a run, %d runs, %d at a time, %s\n", took / runs, runs, jobs, is_sandboxed ? "sandboxed" : "plain");
    fflush(stdout);
    if (is_sandboxed) execlp("rm", "rm", "-rf", base, NULL);
    return 0;
}
