#include "darkforest/archive/parts.h"

#include "parts_gzip.h"
#include "parts_zstd.h"

#include "darkforest/core/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The index lies in the file. */
static int load_zstd(struct parts *parts, const char *path, uint64_t n_bytes, const char **wrong)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0)
        return 0;
    const int same = fstat(fd, &status) == 0 && (uint64_t)status.st_size == n_bytes;
    const int found = same && parts_zstd_load(parts, fd, n_bytes, wrong);
    close(fd);
    return found;
}

/* Whether the times of the parts can be: the file's first record lies in the first part that has any. */
static int times_hold(const struct parts *parts, int64_t first_ts_ns)
{
    const struct part *first = NULL;
    for (size_t i = 0; i < parts->n; i++) {
        const struct part *part = &parts->items[i];
        if (part->n_records > 0 && (part->min_ts_ns < 0 || part->min_ts_ns > part->max_ts_ns))
            return 0;
        first = first || part->n_records == 0 ? first : part;
    }
    if (first_ts_ns == INT64_MAX) /* none could be read */
        return 1;
    return first && first->min_ts_ns <= first_ts_ns && first_ts_ns <= first->max_ts_ns;
}

int parts_load(struct parts *parts, const char *path, const struct file_kind *kind, const char *index_dir,
               char **why)
{
    const char *wrong = NULL;
    int found = 0;
    *parts = (struct parts){0};
    if (kind->container != CONTAINER_PCAP || kind->n_bytes == 0)
        return 0;
    if (kind->compression == COMPRESSION_GZIP) /* beside the file: the index knows which one it belongs to */
        found = parts_gzip_load(parts, path, index_dir, &wrong);
    else if (kind->compression == COMPRESSION_ZSTD)
        found = load_zstd(parts, path, kind->n_bytes, &wrong);
    if (found && !times_hold(parts, kind->first_ts_ns)) {
        wrong = "has other times than the file";
        found = 0;
    }
    if (wrong && why)
        *why = parts->index ? text_format("the index %s of %s %s and is not used", parts->index, path, wrong)
                            : text_format("the index in %s %s and is not used", path, wrong);
    if (!found)
        parts_free(parts);
    return found;
}

int parts_damage(const struct parts *parts, size_t part, struct reader *reader, struct damage *damage)
{
    const size_t next = part + 1;
    if (reader && reader_damage(reader)->what[0]) {
        *damage = *reader_damage(reader);
        return 1;
    }
    if (reader && reader_seam_holds(reader) &&
        (next == parts->n || reader_end_offset(reader) == parts->items[next].first_record))
        return 0;
    *damage = (struct damage){
        .offset = parts->items[part].first_record, .what = "a part does not fit its index", .is_inflated = 1};
    return 1;
}

void parts_free(struct parts *parts)
{
    free(parts->items);
    free(parts->restarts);
    free(parts->index);
    *parts = (struct parts){0};
}

void parts_shift(struct part *items, size_t n, uint64_t offset, uint64_t inflated)
{
    for (size_t i = 0; i < n; i++) {
        items[i].offset += offset;
        items[i].inflated += inflated;
        items[i].first_record += inflated;
    }
}
