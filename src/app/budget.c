#include "budget.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t available_on_node(void)
{
    char line[256];
    uint64_t kib = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib ? kib * 1024 : UINT64_MAX;
}

static uint64_t read_number(const char *path)
{
    uint64_t n = UINT64_MAX;
    FILE *file = fopen(path, "re");
    if (!file)
        return n;
    if (fscanf(file, "%" SCNu64, &n) != 1)
        n = UINT64_MAX; /* "max" */
    fclose(file);
    return n;
}

/* The smallest memory.max of a control group and of those that it lies in: Slurm sets that of the job. */
static uint64_t limit_of_path(char *group)
{
    uint64_t least = UINT64_MAX;
    for (char *end = group + strlen(group); end > group; end = strrchr(group, '/')) {
        char path[640];
        *end = '\0';
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max", group);
        const uint64_t limit = read_number(path);
        least = limit < least ? limit : least;
    }
    return least;
}

/* The line "0::/path" of /proc/self/cgroup names the group. */
static uint64_t limit_of_group(void)
{
    char line[512];
    uint64_t limit = UINT64_MAX;
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "0::/", 4) != 0)
            continue;
        line[strcspn(line, "\n")] = '\0';
        limit = limit_of_path(line + 3);
    }
    if (file)
        fclose(file);
    return limit;
}

uint64_t budget_per_rank(const struct ranks *world)
{
    struct ranks *node = ranks_node(world);
    const uint64_t available = available_on_node(), limit = limit_of_group();
    const uint64_t least = available < limit ? available : limit;
    const uint64_t share = least == UINT64_MAX ? UINT64_MAX : least / 5 * 4 / (uint64_t)ranks_size(node);
    ranks_free(node);
    return share;
}

const char *budget_scratch_folder(void)
{
    static const char *const names[] = {"SLURM_TMPDIR", "TMPDIR"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *folder = getenv(names[i]);
        if (folder && folder[0])
            return folder;
    }
    return "/tmp";
}
