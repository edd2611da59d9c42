#include "inputs.h"

#include "begins.h"

#include "darkforest/archive/slices.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/hash.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"
#include "darkforest/store/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rank 0's paths to all, behind each other; the other ranks' lists are empty before. */
static void broadcast_paths(const struct ranks *world, struct strings *paths)
{
    uint64_t sizes[2] = {paths->n, 0}; /* paths, bytes of them */
    for (size_t i = 0; i < paths->n; i++)
        sizes[1] += strlen(paths->items[i]) + 1;
    ranks_broadcast(world, 0, sizes, sizeof sizes);
    char *bytes = memory_get((size_t)sizes[1]), *at = bytes;
    for (size_t i = 0; i < paths->n; i++)
        at = stpcpy(at, paths->items[i]) + 1;
    ranks_broadcast(world, 0, bytes, (size_t)sizes[1]);
    at = bytes;
    for (size_t i = paths->n; i < sizes[0]; i++, at += strlen(at) + 1)
        strings_add(paths, memory_text(at));
    free(bytes);
}

/* Rank 0's archive to all: the paths, and the kinds as they are. */
static void broadcast_archive(const struct ranks *world, struct archive *archive)
{
    const int root = ranks_rank(world) == 0;
    struct strings paths = {0};
    for (size_t i = 0; root && i < archive->n; i++)
        strings_add(&paths, archive->files[i].path);
    broadcast_paths(world, &paths);
    struct file_kind *kinds = memory_get(paths.n * sizeof *kinds);
    for (size_t i = 0; root && i < archive->n; i++)
        kinds[i] = archive->files[i].kind;
    ranks_broadcast(world, 0, kinds, paths.n * sizeof *kinds);
    if (!root) {
        archive->n = paths.n;
        archive->files = memory_get(archive->n * sizeof *archive->files);
        for (size_t i = 0; i < archive->n; i++)
            archive->files[i] =
                (struct archive_file){.path = (char *)(uintptr_t)paths.items[i], .kind = kinds[i]};
    }
    free(kinds);
    strings_free(&paths); /* the archive has the texts */
}

int inputs_features(const struct ranks *world, const struct strings *operands, struct strings *paths)
{
    int code = EXIT_DONE;
    char *why = NULL;
    *paths = (struct strings){0};
    if (ranks_rank(world) == 0)
        code = files_list_features(operands->items, operands->n, paths, &why);
    code = ranks_agree(world, code, why);
    free(why);
    if (code == EXIT_DONE)
        broadcast_paths(world, paths);
    return code;
}

/* In the order of names without what says how a file is packed: a capture lies beside its packed copy. */
static int by_stem(const void *a, const void *b)
{
    const char *x = ((const struct archive_file *)a)->path, *y = ((const struct archive_file *)b)->path;
    const size_t n = begins_stem(x), m = begins_stem(y);
    const int order = strncmp(x, y, n < m ? n : m);
    return order ? order : n != m ? (n > m) - (n < m) : strcmp(x, y);
}

static int are_twins(const char *a, const char *b)
{
    const size_t n = begins_stem(a);
    return n == begins_stem(b) && strncmp(a, b, n) == 0;
}

/* The same of n > 1 files that begin at the same time. */
static int check_same_time(const struct archive_file *files, size_t n, char **why)
{
    struct archive_file *sorted = memory_get(n * sizeof *sorted);
    size_t i = 1;
    memcpy(sorted, files, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_stem);
    while (i < n && !are_twins(sorted[i - 1].path, sorted[i].path))
        i++;
    if (i < n)
        *why = text_format("%s and %s are one capture: every packet would count twice; give one of the two",
                           sorted[i - 1].path, sorted[i].path);
    free(sorted);
    if (i < n)
        return EXIT_BAD_CONFIG;
    char more[64] = "";
    if (n > 2)
        snprintf(more, sizeof more, ", and %zu more file%s,", n - 2, n == 3 ? "" : "s");
    log_warn(
        "%s and %s%s begin at the same time: should they hold the same packets, these count as often; give "
        "one of them then, and remove the feature files that were made of more",
        files[0].path, files[1].path, more);
    return EXIT_DONE;
}

/* Files that begin at the same time may be one capture more than once, of which every packet would count as
 * often: refused where their names say so too. Files are in the order of time, those of no record last. */
static int check_twins(const struct archive *archive, char **why)
{
    int code = EXIT_DONE;
    for (size_t i = 0, next; i < archive->n && code == EXIT_DONE; i = next) {
        const int64_t first_ns = archive->files[i].kind.first_ts_ns;
        for (next = i + 1; next < archive->n && archive->files[next].kind.first_ts_ns == first_ns; next++)
            ;
        if (next - i > 1 && first_ns != INT64_MAX)
            code = check_same_time(&archive->files[i], next - i, why);
    }
    return code;
}

int inputs_archive(const struct ranks *world, const struct strings *operands, struct archive *archive)
{
    int code = 0;
    char *why = NULL;
    *archive = (struct archive){0};
    if (ranks_rank(world) == 0) {
        code = archive_open(archive, operands->items, operands->n, &why);
        code = code ? code : check_twins(archive, &why);
        if (archive->n_skipped)
            log_info("other files than captures in the given folders, passed over: %zu", archive->n_skipped);
    }
    code = ranks_agree(world, code, why);
    free(why);
    if (code == 0)
        broadcast_archive(world, archive);
    return code;
}

void inputs_tell_archive(const struct archive *archive)
{
    char size[FORMAT_TIME_SIZE], first[FORMAT_TIME_SIZE], last[FORMAT_TIME_SIZE];
    uint64_t n_bytes = 0;
    size_t n = archive->n;
    if (archive->files[0].kind.first_ts_ns == INT64_MAX)
        return;
    for (size_t i = 0; i < archive->n; i++)
        n_bytes += archive->files[i].kind.n_bytes;
    while (n > 1 && archive->files[n - 1].kind.first_ts_ns == INT64_MAX)
        n--;
    format_time(archive->files[0].kind.first_ts_ns, first);
    format_time(archive->files[n - 1].kind.first_ts_ns, last);
    if (archive->n == 1)
        log_info("1 file, %s, from %s on", format_size(n_bytes, size), first);
    else
        log_info("%zu files, %s, which begin between %s and %s", archive->n, format_size(n_bytes, size),
                 first, last);
}

int inputs_tell_refused(const struct ranks *world, const struct archive *archive)
{
    uint64_t n = archive->n_refused; /* rank 0 alone has looked */
    ranks_broadcast(world, 0, &n, sizeof n);
    for (size_t i = 0; i < archive->n_refused; i++)
        log_warn("%s; it was passed over", archive->refused[i].why);
    return n > 0;
}

void inputs_find_times(const struct ranks *world, struct archive *archive, const char *index_dir)
{
    int64_t *times = memory_get((2 * archive->n + 1) * sizeof *times);
    for (size_t i = 0; i < archive->n && ranks_rank(world) == 0; i++) {
        struct file_kind *kind = &archive->files[i].kind;
        slices_find_times(archive->files[i].path, kind, index_dir);
        times[2 * i] = kind->last_ts_ns;
        times[2 * i + 1] = kind->middle_ts_ns;
    }
    ranks_broadcast(world, 0, times, 2 * archive->n * sizeof *times);
    for (size_t i = 0; i < archive->n; i++) {
        archive->files[i].kind.last_ts_ns = times[2 * i];
        archive->files[i].kind.middle_ts_ns = times[2 * i + 1];
    }
    free(times);
}

int inputs_rules(const struct ranks *world, const char *path, struct rules *rules)
{
    int code = 0;
    rules_defaults(rules);
    if (path && ranks_rank(world) == 0)
        code = rules_read(rules, path);
    code = ranks_agree(world, code, NULL);
    ranks_broadcast(world, 0, rules, sizeof *rules);
    return code;
}

int inputs_campaign(const struct ranks *world, const char *path, struct campaign *campaign)
{
    char *text = NULL;
    size_t n = 0;
    *campaign = (struct campaign){0};
    int code = ranks_rank(world) == 0 ? campaign_load(path, &text, &n) : EXIT_DONE;
    code = ranks_agree(world, code, NULL);
    if (code == EXIT_DONE) {
        struct node_copy *copy = node_copy_new(world, text, n);
        const char *bytes = node_copy_bytes(copy, &n);
        code = ranks_agree(world, campaign_read(campaign, path, bytes, n), NULL);
        node_copy_free(copy);
    }
    free(text);
    return code;
}

void inputs_step(const struct ranks *ranks, struct shared_step *s, const struct archive *archive,
                 size_t first, size_t n, const struct step_options *options)
{
    size_t n_bytes = 0;
    log_let_warn(1); /* files are looked at by one rank of each group */
    void *looked = ranks_rank(ranks) == 0 ? step_look(archive, first, n, options, &n_bytes) : NULL;
    log_let_warn(0);
    s->copy = node_copy_new(ranks, looked, n_bytes);
    free(looked);
    step_open(&s->step, archive, first, n, node_copy_bytes(s->copy, NULL));
}

void inputs_step_free(struct shared_step *s)
{
    step_close(&s->step);
    node_copy_free(s->copy);
}

static void say_counts(const struct inventory_counts *c, const struct inventory *inventory)
{
    log_info("device inventory: %llu address%s; categories: %zu; repeated entries: %llu",
             (unsigned long long)c->addresses, c->addresses == 1 ? "" : "es",
             inventory_n_categories(inventory) - 1, (unsigned long long)c->duplicates);
    if (c->ipv6_entries)
        log_info("%llu IPv6 addresses of the list are passed over", (unsigned long long)c->ipv6_entries);
    if (c->bad_lines)
        log_warn("%s:%llu: not an entry; %llu such lines of %llu were passed over", c->first_bad_file,
                 (unsigned long long)c->first_bad_line, (unsigned long long)c->bad_lines,
                 (unsigned long long)c->lines);
}

/* Rank 0's inventory, once a node. */
static void spread(const struct ranks *world, const struct inventory *inventory, struct shared_inventory *s)
{
    size_t n_bytes = 0;
    const void *bytes = inventory ? inventory_bytes(inventory, &n_bytes) : NULL;
    s->copy = node_copy_new(world, bytes, n_bytes);
    s->inventory = inventory_view(node_copy_bytes(s->copy, NULL));
}

int inputs_inventory(const struct ranks *world, const struct strings *paths, struct shared_inventory *s)
{
    int code = 0;
    char *why = NULL;
    struct inventory *inventory = NULL;
    struct inventory_counts counts;
    *s = (struct shared_inventory){0};
    if (paths->n == 0)
        return 0;
    if (ranks_rank(world) == 0) {
        inventory = inventory_read(paths->items, paths->n, &counts, &code, &why);
        if (inventory)
            say_counts(&counts, inventory);
        if (code == EXIT_BAD_DATA) /* 65 would be told of the archive */
            code = EXIT_BAD_CONFIG;
    }
    code = ranks_agree(world, code, why);
    free(why);
    if (code == 0)
        spread(world, inventory, s);
    inventory_free(inventory);
    return code;
}

void inputs_inventory_free(struct shared_inventory *s)
{
    node_copy_free(s->copy);
    *s = (struct shared_inventory){0};
}

uint64_t inputs_checksum(const struct archive *archive)
{
    uint64_t sum = archive->n;
    for (size_t i = 0; i < archive->n; i++) {
        const char *name = path_name(archive->files[i].path);
        sum = hash_bytes(name, strlen(name), sum);
        sum = hash_bytes(&archive->files[i].kind.n_bytes, sizeof(uint64_t), sum);
    }
    return sum;
}
