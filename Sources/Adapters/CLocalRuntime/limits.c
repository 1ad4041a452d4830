// What a container may use at most. A control group enforces it where this user may make one (version 1: a group in each of two hierarchies;
// version 2: one). Where not, memory is looked at many times a second, and nothing bounds processor time.
//
// Not setrlimit: it bounds address space or data of each process, which many programs reserve and never touch.

#include "internal.h"

#include <dirent.h>

enum { LOOK_PERIOD = 50, PROCESSES = 32768 };

// MARK: finding a place

struct hierarchy {
    char path[PATH_MAX];
    bool is_unified;
};

static bool lists(const char *list, const char *word) {
    size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)) != NULL; at += length) {
        bool begins = at == list || strchr(", \n", at[-1]) != NULL;
        if (begins && (at[length] == 0 || strchr(", \n", at[length]) != NULL)) return true;
    }
    return false;
}

/// The group of this process in a hierarchy: of version 1 the one that has the controller, NULL for that of version 2.
static bool own_group(const char *controller, char group[PATH_MAX]) {
    FILE *list = fopen("/proc/self/cgroup", "re");
    if (list == NULL) return false;
    char line[PATH_MAX + 256];
    bool is_found = false;
    while (!is_found && fgets(line, sizeof line, list) != NULL) {
        line[strcspn(line, "\n")] = 0;
        // number:controllers:path
        char *controllers = strchr(line, ':'), *path = controllers == NULL ? NULL : strchr(controllers + 1, ':');
        if (path == NULL) continue;
        *path++ = 0;
        controllers++;
        is_found = controller == NULL ? *controllers == 0 : lists(controllers, controller);
        if (is_found) snprintf(group, PATH_MAX, "%s", path);
    }
    fclose(list);
    return is_found;
}

/// Where a hierarchy is mounted, and that group in it.
static bool find_hierarchy(const char *controller, struct hierarchy *found) {
    char group[PATH_MAX];
    FILE *table = fopen("/proc/self/mountinfo", "re");
    bool is_found = table != NULL && own_group(controller, group);
    char line[3 * PATH_MAX], root[PATH_MAX], point[PATH_MAX], type[64], options[512];
    bool is_mounted = false;
    while (is_found && !is_mounted && fgets(line, sizeof line, table) != NULL) {
        char *rest = strstr(line, " - ");
        if (rest == NULL || sscanf(line, "%*s %*s %*s %4095s %4095s", root, point) != 2) continue;
        if (sscanf(rest + 3, "%63s %*s %511s", type, options) != 2) continue;
        bool is_wanted = controller == NULL ? strcmp(type, "cgroup2") == 0 : strcmp(type, "cgroup") == 0 && lists(options, controller);
        if (!is_wanted) continue;
        // A container sees a part of the hierarchy; what is above is not there.
        size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
        const char *below = strncmp(group, root, length) == 0 ? group + length : "";
        is_mounted = (size_t)snprintf(found->path, sizeof found->path, "%s%s", point, strcmp(below, "/") == 0 ? "" : below) < sizeof found->path;
    }
    if (table != NULL) fclose(table);
    found->is_unified = controller == NULL;
    return is_mounted;
}

static bool read_text(int directory, const char *name, char *text, size_t room) {
    int file = openat(directory, name, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, text, room - 1);
    if (file >= 0) close(file);
    text[length > 0 ? length : 0] = 0;
    return length >= 0;
}

static bool write_text(int directory, const char *name, const char *text) {
    int file = openat(directory, name, O_WRONLY | O_CLOEXEC);
    if (file < 0) return false;
    bool is_written = write(file, text, strlen(text)) == (ssize_t)strlen(text);
    close(file);
    return is_written;
}

/// In version 2 a group may pass a controller on only while no process is in it; then the group above is tried, which mostly does.
static int open_unified_parent(const char *path, const char *controller) {
    char text[512], enabling[64], above[PATH_MAX];
    snprintf(enabling, sizeof enabling, "+%s", controller);
    snprintf(above, sizeof above, "%s/..", path);
    const char *const candidates[] = {path, above};
    for (size_t i = 0; i < 2; i++) {
        int parent = open(candidates[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (parent < 0) continue;
        bool passes_on = read_text(parent, "cgroup.subtree_control", text, sizeof text) && lists(text, controller);
        if (passes_on || (i == 0 && write_text(parent, "cgroup.subtree_control", enabling))) return parent;
        close(parent);
    }
    return -1;
}

// MARK: making a group

/// For whoever finds the pod without its supervisor.
static void list_group(const struct pod *pod, int parent) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", parent);
    ssize_t length = readlink(link, path, sizeof path - 1);
    int file = length <= 0 ? -1 : openat(pod->directory, "groups", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) return;
    path[length] = 0;
    char line[PATH_MAX + 300];
    int written = snprintf(line, sizeof line, "%s/%s\n", path, pod->limits.name);
    if (written > 0 && (size_t)written < sizeof line) (void)write_all(file, line, (size_t)written);
    close(file);
}

static bool make_group(struct pod *pod, size_t index, const char *controller) {
    struct hierarchy hierarchy;
    int parent = -1;
    if (find_hierarchy(controller, &hierarchy)) parent = open(hierarchy.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    else if (find_hierarchy(NULL, &hierarchy)) parent = open_unified_parent(hierarchy.path, controller);
    if (parent < 0) return false;
    const char *name = pod->limits.name;
    // One of a pod that was lost and is asked for again.
    (void)unlinkat(parent, name, AT_REMOVEDIR);
    int group = mkdirat(parent, name, 0755) == 0 ? openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (group < 0 || faccessat(group, "cgroup.procs", W_OK, 0) != 0) {
        if (group >= 0) close(group);
        (void)unlinkat(parent, name, AT_REMOVEDIR);
        close(parent);
        return false;
    }
    list_group(pod, parent);
    pod->limits.groups[index].parent = parent;
    pod->limits.groups[index].group = group;
    pod->limits.groups[index].is_unified = hierarchy.is_unified;
    return true;
}

static void remove_group(struct pod *pod, size_t index) {
    if (pod->limits.groups[index].group < 0) return;
    close(pod->limits.groups[index].group);
    // Processes that have just been reaped may still be counted.
    for (int i = 0; i < 100 && unlinkat(pod->limits.groups[index].parent, pod->limits.name, AT_REMOVEDIR) != 0 && errno == EBUSY; i++) usleep(1000);
    close(pod->limits.groups[index].parent);
    pod->limits.groups[index].group = pod->limits.groups[index].parent = -1;
}

static bool limit_memory(struct pod *pod) {
    char text[64];
    snprintf(text, sizeof text, "%llu", (unsigned long long)pod->container->memory_limit);
    int group = pod->limits.groups[0].group;
    if (pod->limits.groups[0].is_unified) {
        // Not to the disk instead, and all of the container dies together, as in Kubernetes.
        (void)write_text(group, "memory.swap.max", "0");
        (void)write_text(group, "memory.oom.group", "1");
        return write_text(group, "memory.max", text);
    }
    bool is_limited = write_text(group, "memory.limit_in_bytes", text);
    (void)write_text(group, "memory.memsw.limit_in_bytes", text);
    return is_limited;
}

static bool limit_processor(struct pod *pod) {
    char text[64];
    // Microseconds of each tenth of a second; the kernel takes no less than a thousandth of a second.
    unsigned long long quota = pod->container->cpu_limit * 100;
    if (quota < 1000) quota = 1000;
    bool is_unified = pod->limits.groups[1].group < 0;
    int group = pod->limits.groups[is_unified ? 0 : 1].group;
    if (is_unified || pod->limits.groups[1].is_unified) {
        snprintf(text, sizeof text, "%llu 100000", quota);
        return write_text(group, "cpu.max", text);
    }
    snprintf(text, sizeof text, "%llu", quota);
    return write_text(group, "cpu.cfs_period_us", "100000") && write_text(group, "cpu.cfs_quota_us", text);
}

void open_limits(struct pod *pod) {
    struct limits *limits = &pod->limits;
    const struct container *container = pod->container;
    for (size_t i = 0; i < 2; i++) limits->groups[i].group = limits->groups[i].parent = -1;
    if (container->memory_limit == 0 && container->cpu_limit == 0) return;
    snprintf(limits->name, sizeof limits->name, "skiff-%.120s-%.100s", pod->request.identity, container->name);
    for (char *at = limits->name; *at != 0; at++) {
        if (*at == '/') *at = '-';
    }
    if (container->memory_limit > 0 && make_group(pod, 0, "memory") && !limit_memory(pod)) remove_group(pod, 0);
    if (container->memory_limit > 0 && limits->groups[0].group < 0) limits->look_at = monotonic_milliseconds();
    if (container->cpu_limit == 0) return;
    if (limits->groups[0].group >= 0 && limits->groups[0].is_unified) (void)limit_processor(pod);
    else if (make_group(pod, 1, "cpu") && !limit_processor(pod)) remove_group(pod, 1);
}

int join_limits(const struct pod *pod) {
    for (size_t i = 0; i < 2; i++) {
        if (pod->limits.groups[i].group < 0) continue;
        int file = openat(pod->limits.groups[i].group, "cgroup.procs", O_WRONLY | O_CLOEXEC);
        // 0 is whoever writes it.
        if (file < 0 || write(file, "0", 1) != 1) return errno;
        close(file);
    }
    return 0;
}

void close_limits(struct pod *pod) {
    remove_group(pod, 0);
    remove_group(pod, 1);
}

void remove_listed_groups(int directory) {
    static const char prefix[] = "skiff-";
    int file = openat(directory, "groups", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    FILE *list = file < 0 ? NULL : fdopen(file, "r");
    if (list == NULL) return;
    char line[PATH_MAX + 300];
    while (fgets(line, sizeof line, list) != NULL) {
        line[strcspn(line, "\n")] = 0;
        const char *name = strrchr(line, '/');
        if (name != NULL && strncmp(name + 1, prefix, sizeof prefix - 1) == 0) (void)rmdir(line);
    }
    fclose(list);
}

// MARK: memory without a group

struct process {
    pid_t pid, parent;
    bool is_ours;
};

static bool read_of_process(pid_t pid, const char *name, char *text, size_t room) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    return read_text(AT_FDCWD, path, text, room);
}

static size_t list_processes(struct process *processes) {
    DIR *entries = opendir("/proc");
    size_t count = 0;
    for (struct dirent *entry = entries == NULL ? NULL : readdir(entries); entry != NULL && count < PROCESSES; entry = readdir(entries)) {
        pid_t pid = atoi(entry->d_name), parent;
        char text[512];
        if (pid <= 0 || !read_of_process(pid, "stat", text, sizeof text)) continue;
        // The name, in parentheses, may hold anything.
        char *after = strrchr(text, ')');
        if (after == NULL || sscanf(after + 1, " %*c %d", &parent) != 1) continue;
        processes[count++] = (struct process){.pid = pid, .parent = parent};
    }
    if (entries != NULL) closedir(entries);
    return count;
}

/// Bytes that nobody else has: resident and not a file's.
static uint64_t memory_of(pid_t pid, bool is_exact) {
    char text[4096];
    unsigned long long resident, shared, kilobytes;
    if (is_exact && read_of_process(pid, "smaps_rollup", text, sizeof text)) {
        // What forked processes still have in common counts once.
        const char *line = strstr(text, "\nPss_Anon:");
        if (line != NULL && sscanf(line, "\nPss_Anon: %llu", &kilobytes) == 1) return kilobytes * 1024;
    }
    if (!read_of_process(pid, "statm", text, sizeof text) || sscanf(text, "%*s %llu %llu", &resident, &shared) != 2) return 0;
    return resident > shared ? (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static int by_pid(const void *left, const void *right) { return ((const struct process *)left)->pid - ((const struct process *)right)->pid; }

/// Of all processes below this one.
static bool has_too_much_memory(uint64_t limit) {
    static struct process processes[PROCESSES];
    size_t count = list_processes(processes);
    pid_t self = getpid();
    qsort(processes, count, sizeof *processes, by_pid);
    for (bool has_grown = true; has_grown;) {
        has_grown = false;
        for (size_t i = 0; i < count; i++) {
            if (processes[i].is_ours) continue;
            const struct process key = {.pid = processes[i].parent};
            const struct process *parent = bsearch(&key, processes, count, sizeof *processes, by_pid);
            processes[i].is_ours = processes[i].parent == self || (parent != NULL && parent->is_ours);
            has_grown |= processes[i].is_ours;
        }
    }
    // Exactly only when it matters: that walks the page tables.
    for (int is_exact = 0; is_exact < 2; is_exact++) {
        uint64_t all = 0;
        for (size_t i = 0; i < count; i++) {
            if (processes[i].is_ours) all += memory_of(processes[i].pid, is_exact);
        }
        if (all <= limit) return false;
    }
    return true;
}

void attend_limits(struct pod *pod) {
    struct limits *limits = &pod->limits;
    int64_t now = monotonic_milliseconds();
    if (limits->look_at == 0 || !pod->is_running || now < limits->look_at) return;
    bool is_exceeded = has_too_much_memory(pod->container->memory_limit);
    // On a machine of many processes looking takes long: it shall never take more than a tenth of the time.
    int64_t taken = monotonic_milliseconds() - now;
    limits->look_at = now + (taken * 10 > LOOK_PERIOD ? taken * 10 : LOOK_PERIOD);
    if (!is_exceeded) return;
    limits->is_exceeded = true;
    kill_everything(pod);
}

unsigned long long count_memory_kills(const struct pod *pod) {
    const struct limits *limits = &pod->limits;
    char text[1024];
    unsigned long long kills = 0;
    int group = limits->groups[0].group;
    if (pod->container->memory_limit == 0 || group < 0) return 0;
    if (!read_text(group, limits->groups[0].is_unified ? "memory.events" : "memory.oom_control", text, sizeof text)) return 0;
    const char *line = strstr(text, "oom_kill ");
    return line != NULL && sscanf(line, "oom_kill %llu", &kills) == 1 ? kills : 0;
}

bool was_out_of_memory(const struct pod *pod) {
    return pod->limits.is_exceeded || count_memory_kills(pod) > pod->limits.kills_before;
}
