#include "darkforest/archive/parts.h"

#include "parts_gzip.h"
#include "parts_zstd.h"

#include "darkforest/core/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The index lies in the file. */
static int load_zstd(struct parts *parts, const char *path, uint64_t n_bytes)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0)
        return 0;
    const char *why = NULL;
    const int same = fstat(fd, &status) == 0 && (uint64_t)status.st_size == n_bytes;
    const int found = same && parts_zstd_load(parts, fd, n_bytes, &why);
    close(fd);
    if (why)
        log_warn("the index in %s %s and is not used", path, why);
    return found;
}

/* The index lies beside it, and knows which file it belongs to. */
static int load_gzip(struct parts *parts, const char *path, const char *index_dir)
{
    const char *why = NULL;
    const int found = parts_gzip_load(parts, path, index_dir, &why);
    if (why)
        log_warn("the index %s of %s %s and is not used", parts->index, path, why);
    return found;
}

int parts_load(struct parts *parts, const char *path, const struct file_kind *kind, const char *index_dir)
{
    int found = 0;
    *parts = (struct parts){0};
    if (kind->container != CONTAINER_PCAP || kind->n_bytes == 0)
        return 0;
    if (kind->compression == COMPRESSION_GZIP)
        found = load_gzip(parts, path, index_dir);
    else if (kind->compression == COMPRESSION_ZSTD)
        found = load_zstd(parts, path, kind->n_bytes);
    if (!found)
        parts_free(parts);
    return found;
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
