// What a step leaves: read in the container's own view, after everything in the pod is dead, and put where only Skiff sees it.

#include "internal.h"

#include <linux/magic.h>
#include <sys/statfs.h>

enum { PARAMETER_LIMIT = 1 << 20 };

static int output_directory(struct pod *pod, const char *kind) {
    char path[64];
    snprintf(path, sizeof path, "outputs/%s", kind);
    (void)mkdirat(pod->directory, "outputs", 0700);
    (void)mkdirat(pod->directory, path, 0700);
    return openat(pod->directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void begin_copy(struct pod *pod, struct copy *copy) {
    *copy = (struct copy){.pod = pod, .user = pod->container->user, .group = pod->container->group};
    if (copy->user >= 0 && (uid_t)copy->user == geteuid()) copy->user = -1;
    copy->may_link = pod->layer_count > 0;
}

/// Where an open file really is in this view; hard links are made by that name.
static void resolve(struct copy *copy, int source, const char *path) {
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", source);
    ssize_t length = readlink(link, copy->path, sizeof copy->path - 1);
    if (length <= 0 || copy->path[0] != '/') {
        copy->may_link = false;
        length = snprintf(copy->path, sizeof copy->path, "%s", path);
    }
    if ((size_t)length < sizeof copy->path) copy->path[length] = 0;
}

static int open_output(struct copy *copy, const char *path) {
    if (copy->user >= 0) {
        syscall(SYS_setfsgid, copy->group >= 0 ? copy->group : copy->user);
        syscall(SYS_setfsuid, copy->user);
    }
    int source = open_view(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    int error = errno;
    if (copy->user >= 0) {
        syscall(SYS_setfsuid, geteuid());
        syscall(SYS_setfsgid, getegid());
    }
    errno = error;
    return source;
}

static const char *collect_parameter(struct pod *pod, struct output *output, int directory, size_t index) {
    struct copy copy;
    begin_copy(pod, &copy);
    int source = open_output(&copy, output->path);
    if (source < 0) return errno == ENOENT || errno == ENOTDIR ? "missing" : arena_format("error %s", strerror(errno));
    struct stat status;
    struct statfs system;
    const char *verdict = NULL;
    if (fstat(source, &status) != 0 || fstatfs(source, &system) != 0) verdict = arena_format("error %s", strerror(errno));
    else if (S_ISDIR(status.st_mode)) verdict = "error it is a directory";
    else if (!S_ISREG(status.st_mode) || system.f_type == PROC_SUPER_MAGIC || system.f_type == SYSFS_MAGIC) verdict = "error it is not a regular file";
    else if (status.st_size > PARAMETER_LIMIT) verdict = arena_format("error it has %lld bytes, and a parameter at most 1 MiB", (long long)status.st_size);
    if (verdict == NULL) {
        char name[32];
        snprintf(name, sizeof name, "%zu", index);
        int target = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        int error = target < 0 ? errno : copy_content(&copy, source, target);
        if (target >= 0) close(target);
        verdict = error == 0 ? "file" : arena_format("error %s", strerror(error));
    }
    close(source);
    return verdict;
}

static const char *collect_artifact(struct pod *pod, struct output *output, int directory, size_t index) {
    struct copy copy;
    begin_copy(pod, &copy);
    int source = open_output(&copy, output->path);
    if (source < 0) {
        if (errno == ENXIO) return "error it is neither a file nor a directory";
        return errno == ENOENT || errno == ENOTDIR ? "missing" : arena_format("error %s", strerror(errno));
    }
    resolve(&copy, source, output->path);
    char name[32];
    snprintf(name, sizeof name, "%zu", index);
    struct stat status;
    int place = -1, error = 0;
    if (fstat(source, &status) != 0 || (mkdirat(directory, name, 0700) != 0 && errno != EEXIST)
        || (place = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0) {
        error = errno;
        snprintf(copy.problem, sizeof copy.problem, "%s", strerror(error));
    } else {
        error = copy_entry(&copy, source, place, output->file_name);
    }
    if (place >= 0) close(place);
    close(source);
    if (error != 0) return arena_format("error %s", copy.problem);
    return S_ISDIR(status.st_mode) ? "directory" : "file";
}

/// Relative output paths count from where the step began.
static void enter_working_directory(struct pod *pod) {
    if (pod->container->working_directory != NULL && chdir(pod->container->working_directory) == 0) return;
    if (pod->session->options.is_sandbox) {
        (void)!chdir("/");
        return;
    }
    int directory = openat(pod->directory, "cwd", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) (void)!fchdir(directory);
    if (directory >= 0) close(directory);
}

void collect_outputs(struct pod *pod) {
    struct pod_request *request = &pod->request;
    if (request->parameter_count + request->artifact_count == 0) return;
    enter_working_directory(pod);
    find_layers(pod);
    if (request->parameter_count > 0) {
        int directory = output_directory(pod, "parameters");
        for (size_t i = 0; i < request->parameter_count; i++) {
            request->parameters[i].verdict = collect_parameter(pod, &request->parameters[i], directory, i);
        }
        close(directory);
    }
    if (request->artifact_count > 0) {
        int directory = output_directory(pod, "artifacts");
        for (size_t i = 0; i < request->artifact_count; i++) {
            request->artifacts[i].verdict = collect_artifact(pod, &request->artifacts[i], directory, i);
        }
        close(directory);
    }
}
