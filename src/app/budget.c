#include "budget.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/parse.h"
#include "darkforest/sources/scratch.h"

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

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
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

/* Where the two versions of control groups keep the limit of one. */
static const struct hierarchy {
    const char *controller; /* as /proc/self/cgroup names it */
    const char *folder, *file;
} hierarchies[] = {
    {"", "/sys/fs/cgroup", "memory.max"},
    {"memory", "/sys/fs/cgroup/memory", "memory.limit_in_bytes"},
};

/* The smallest limit of a control group and of those that it lies in: Slurm sets that of the job. */
static uint64_t limit_of_path(const struct hierarchy *of, char *group)
{
    uint64_t least = UINT64_MAX;
    for (char *end = group + strlen(group); end; end = strrchr(group, '/')) {
        char path[640];
        *end = '\0';
        snprintf(path, sizeof path, "%s%s/%s", of->folder, group, of->file);
        least = smaller(least, read_number(path));
    }
    return least;
}

/* A line of /proc/self/cgroup: NUMBER:CONTROLLER:/PATH. */
static uint64_t limit_of_line(char *line)
{
    line[strcspn(line, "\n")] = '\0';
    char *controller = strchr(line, ':'), *path = controller ? strchr(controller + 1, ':') : NULL;
    if (!path)
        return UINT64_MAX;
    *path++ = '\0';
    for (size_t i = 0; i < sizeof hierarchies / sizeof *hierarchies; i++)
        if (strcmp(controller + 1, hierarchies[i].controller) == 0)
            return limit_of_path(&hierarchies[i], path);
    return UINT64_MAX;
}

static uint64_t limit_of_group(void)
{
    char line[512];
    uint64_t limit = UINT64_MAX;
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file && fgets(line, sizeof line, file))
        limit = smaller(limit, limit_of_line(line));
    if (file)
        fclose(file);
    return limit;
}

static uint64_t number_of_environment(const char *name)
{
    uint64_t n;
    const char *text = getenv(name);
    return text && parse_u64(text, 1, UINT32_MAX, &n) == 0 ? n : 0;
}

/* What Slurm gave the job on this node, in mebibytes: where no control group holds it to that, it is
 * ended when it is found to have more. */
static uint64_t granted_by_slurm(void)
{
    const uint64_t per_node = number_of_environment("SLURM_MEM_PER_NODE");
    const uint64_t per_cpu = number_of_environment("SLURM_MEM_PER_CPU");
    const uint64_t granted = per_node ? per_node : per_cpu * number_of_environment("SLURM_CPUS_ON_NODE");
    return granted ? granted << 20 : UINT64_MAX;
}

uint64_t budget_per_rank(const struct ranks *world)
{
    struct ranks *node = ranks_node(world);
    const uint64_t limit = smaller(limit_of_group(), granted_by_slurm());
    const uint64_t least = smaller(available_on_node(), limit);
    const uint64_t share = least == UINT64_MAX ? UINT64_MAX : least / 5 * 4 / (uint64_t)ranks_size(node);
    ranks_free(node);
    return share;
}

uint64_t budget_least(const struct ranks *world)
{
    uint64_t rest = UINT64_MAX - budget_per_rank(world);
    ranks_max_u64(world, &rest, 1);
    return UINT64_MAX - rest;
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

int budget_try_scratch(const struct ranks *world, const char *folder)
{
    struct ranks *node = ranks_node(world);
    const int is_first = ranks_rank(node) == 0;
    struct scratch *trial = is_first ? scratch_open(folder) : NULL;
    const int code = is_first && !trial ? EXIT_IO : EXIT_DONE;
    scratch_close(trial);
    ranks_free(node);
    return ranks_agree(world, code, NULL);
}
