#include "parts_gzip.h"

#include "part.h"
#include "read_at.h"

#include "darkforest/core/clock.h"
#include "darkforest/core/hash.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/output.h"
#include "darkforest/core/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

/*
 *     header | parts | restarts | windows, compressed one by one
 */
enum { SAMPLES = 16, SAMPLE_SIZE = 4096, MAX_POINTS = 1 << 24, MAX_WINDOW = 2 * RESTART_WINDOW_SIZE };

#define DEFAULT_SPACING ((uint64_t)64 << 20)

/* What an index is of: another file, or the same file after a change, has another one. */
struct identity {
    uint64_t n_file;
    int64_t modified_ns;
    uint64_t sample; /* hash of pieces spread over the file */
};

struct index_header {
    char magic[8];
    uint64_t n_parts;
    uint64_t n_windows; /* bytes */
    struct identity identity;
    uint64_t checksum; /* of the fields above, the parts and the restarts; windows have their own */
};

_Static_assert(sizeof(struct index_header) == 56, "the header of an index has no holes");

static const char index_magic[8] = {'D', 'F', 'R', 'E', 'S', 'T', 'A', 1};

struct parts_gzip {
    struct stream *stream;
    char *path; /* of the archive */
    char *index;
    struct restart_list list;
    struct part *parts;
    size_t n_parts, parts_room;
    struct identity identity;
};

static int identify(int fd, struct identity *identity)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return -1;
    uint64_t hash = 0;
    uint8_t piece[SAMPLE_SIZE];
    const uint64_t n_file = (uint64_t)status.st_size;
    for (uint64_t i = 0; i < SAMPLES; i++) {
        const uint64_t last = n_file > SAMPLE_SIZE ? n_file - SAMPLE_SIZE : 0;
        const ssize_t got = read_at(fd, piece, sizeof piece, last / (SAMPLES - 1) * i);
        if (got < 0)
            return -1;
        hash = hash_bytes(piece, (size_t)got, hash);
    }
    *identity = (struct identity){n_file, clock_modified_ns(&status), hash};
    return 0;
}

static int same_identity(const struct identity *a, const struct identity *b)
{
    return a->n_file == b->n_file && a->modified_ns == b->modified_ns && a->sample == b->sample;
}

/* Archives have files of one name in many folders: in a folder for indexes the path tells them apart. */
static char *index_name(const char *path, const char *index_dir)
{
    if (!index_dir)
        return text_format("%s.dfx", path);
    char *real = realpath(path, NULL);
    const char *whole = real ? real : path;
    char *name = text_format("%s/%s-%016llx.dfx", index_dir, path_name(whole),
                             (unsigned long long)hash_bytes(whole, strlen(whole), 0));
    free(real);
    return name;
}

static uint64_t checksum_of(const struct index_header *header, const struct part *parts,
                            const struct restart *restarts)
{
    uint64_t hash = hash_bytes(header, offsetof(struct index_header, checksum), 0);
    hash = hash_bytes(parts, header->n_parts * sizeof *parts, hash);
    return hash_bytes(restarts, header->n_parts * sizeof *restarts, hash);
}

struct parts_gzip *parts_gzip_new(struct stream *stream, const char *path, const char *index_dir,
                                  uint64_t spacing)
{
    struct parts_gzip *g = memory_zeroed(1, sizeof *g);
    g->stream = stream;
    g->path = memory_text(path);
    g->index = index_name(path, index_dir);
    g->list.spacing = spacing ? spacing : DEFAULT_SPACING;
    if (identify(stream->fd, &g->identity) < 0) {
        parts_gzip_free(g);
        return NULL;
    }
    stream_gzip_collect(stream, &g->list);
    return g;
}

void parts_gzip_free(struct parts_gzip *g)
{
    if (!g)
        return;
    restart_list_free(&g->list);
    free(g->parts);
    free(g->index);
    free(g->path);
    free(g);
}

/* The points that lie at or before a record that starts at `offset` each begin a part with it. */
static void start_parts(struct parts_gzip *g, uint64_t offset)
{
    while (g->n_parts < g->list.n && g->list.items[g->n_parts].inflated <= offset) {
        if (g->n_parts == g->parts_room) {
            g->parts_room = g->parts_room * 2 + 16;
            g->parts = memory_resize(g->parts, g->parts_room * sizeof *g->parts);
        }
        const struct restart *r = &g->list.items[g->n_parts];
        struct part part = part_empty();
        part.offset = r->bit_offset / 8;
        part.inflated = r->inflated;
        part.first_record = offset;
        g->parts[g->n_parts++] = part;
    }
}

int parts_gzip_is_due(const struct parts_gzip *g)
{
    return g->n_parts < g->list.n;
}

/* The first of the block's records from i on that starts at or behind `due`. */
static size_t records_before(const struct block *block, size_t i, uint64_t due)
{
    while (i < block->n_records && block->offset + block->starts[i] < due)
        i++;
    return i;
}

void parts_gzip_add(struct parts_gzip *g, const struct record_format *format, const struct block *block)
{
    for (size_t i = 0, to; i < block->n_records; i = to) {
        start_parts(g, block->offset + block->starts[i]);
        to = parts_gzip_is_due(g) ? records_before(block, i, g->list.items[g->n_parts].inflated)
                                  : block->n_records;
        const struct record_times times = record_times(format, block->data, block->starts + i, to - i);
        parts_gzip_add_times(g, g->n_parts - 1, &times);
    }
}

size_t parts_gzip_part(const struct parts_gzip *g)
{
    return g->n_parts - 1;
}

void parts_gzip_add_times(struct parts_gzip *g, size_t part, const struct record_times *times)
{
    part_add_times(&g->parts[part], times);
}

static void fill_sizes(struct parts_gzip *g)
{
    for (size_t i = 0; i < g->n_parts; i++)
        g->parts[i].n_bytes =
            (i + 1 < g->n_parts ? g->parts[i + 1].offset : g->identity.n_file) - g->parts[i].offset;
}

/* Of many files in such a folder the first is told of. */
static int can_write(const char *index)
{
    static int is_told;
    char *folder = path_folder(index);
    const int can = access(folder, W_OK) == 0;
    if (!can && !is_told)
        log_info("no index of restart points is kept, so the next run will inflate all again: %s cannot be "
                 "written to (--index-dir names another folder)",
                 folder);
    is_told |= !can;
    free(folder);
    return can;
}

static void write_index(const struct parts_gzip *g)
{
    struct index_header header = {
        .n_parts = g->n_parts, .n_windows = g->list.n_windows, .identity = g->identity};
    memcpy(header.magic, index_magic, sizeof header.magic);
    header.checksum = checksum_of(&header, g->parts, g->list.items);
    const size_t n_items = g->n_parts * sizeof *g->parts, n_restarts = g->n_parts * sizeof *g->list.items;
    const size_t n = sizeof header + n_items + n_restarts + g->list.n_windows;
    uint8_t *bytes = memory_get(n);
    memcpy(bytes, &header, sizeof header);
    memcpy(bytes + sizeof header, g->parts, n_items);
    memcpy(bytes + sizeof header + n_items, g->list.items, n_restarts);
    memcpy(bytes + sizeof header + n_items + n_restarts, g->list.windows, g->list.n_windows);
    /* Another run may be reading the same file, and writing the same index. */
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    char *own = text_format("%s-%s-%ld.partial", g->index, host, (long)getpid());
    if (output_write_bytes(own, bytes, n) || rename(own, g->index)) {
        log_warn("%s: cannot be written, so that the next run has no index either: %m", g->index);
        unlink(own);
    }
    free(own);
    free(bytes);
}

void parts_gzip_write(struct parts_gzip *g)
{
    struct identity now;
    /* One part cuts nothing: small files are left without an index beside them. */
    if (g->n_parts < 2 || g->n_parts > MAX_POINTS || identify(g->stream->fd, &now) < 0 ||
        !same_identity(&now, &g->identity) || !can_write(g->index))
        return;
    fill_sizes(g);
    if (g->list.n_windows == 0) /* so that copying none is copying from somewhere */
        g->list.windows = memory_resize(g->list.windows, 1);
    write_index(g);
}

/* In order, inside the file, each window where it is said to be. */
static int fit_together(const struct index_header *header, const struct parts *parts)
{
    for (size_t i = 0; i < parts->n; i++) {
        const struct part *p = &parts->items[i];
        const struct restart *r = &parts->restarts[i];
        const int in_order = i == 0 || (r->bit_offset > r[-1].bit_offset && p->inflated > p[-1].inflated &&
                                        p->first_record >= p[-1].first_record);
        if (!in_order || p->offset != r->bit_offset / 8 || p->inflated != r->inflated ||
            p->first_record < p->inflated || p->first_record - p->inflated > RECORD_MAX_SIZE ||
            p->first_record > PART_MOST_INFLATED || p->offset >= header->identity.n_file ||
            p->n_bytes > header->identity.n_file - p->offset || r->n_window > RESTART_WINDOW_SIZE ||
            r->window_size > MAX_WINDOW || (r->n_window > 0 && r->window_size == 0) ||
            r->window_at > header->n_windows || r->window_size > header->n_windows - r->window_at)
            return 0;
    }
    return parts->n > 0 && parts->items[0].offset == 0 && parts->items[0].inflated == 0 &&
           parts->items[0].first_record == READER_FIRST_RECORD && parts->restarts[0].n_window == 0;
}

static uint64_t index_size(uint64_t n_parts)
{
    return sizeof(struct index_header) + n_parts * (sizeof(struct part) + sizeof(struct restart));
}

/* Header, parts and restarts. NULL, or what is wrong. */
static const char *read_index(struct parts *parts, int fd)
{
    struct index_header header;
    struct stat status;
    if (fstat(fd, &status) < 0 || !read_whole_at(fd, &header, sizeof header, 0) ||
        memcmp(header.magic, index_magic, sizeof index_magic) != 0 || header.n_parts > MAX_POINTS ||
        header.n_windows > (uint64_t)status.st_size ||
        index_size(header.n_parts) + header.n_windows != (uint64_t)status.st_size)
        return "is damaged";
    parts->n = header.n_parts;
    parts->items = memory_get(parts->n * sizeof *parts->items);
    parts->restarts = memory_get(parts->n * sizeof *parts->restarts);
    const uint64_t restarts_at = sizeof header + parts->n * sizeof *parts->items;
    if (!read_whole_at(fd, parts->items, parts->n * sizeof *parts->items, sizeof header) ||
        !read_whole_at(fd, parts->restarts, parts->n * sizeof *parts->restarts, restarts_at) ||
        header.checksum != checksum_of(&header, parts->items, parts->restarts) ||
        !fit_together(&header, parts))
        return "is damaged";
    return NULL;
}

static const char *check_owner(const char *path, int index_fd)
{
    struct index_header header;
    struct identity identity;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const int known = fd >= 0 && identify(fd, &identity) == 0;
    if (fd >= 0)
        close(fd);
    if (!known || !read_whole_at(index_fd, &header, sizeof header, 0) ||
        !same_identity(&identity, &header.identity))
        return "does not belong to it as it is now";
    return NULL;
}

/* Whoever put a pipe in its place is not waited for. */
static int open_index(const char *path)
{
    return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

int parts_gzip_load(struct parts *parts, const char *path, const char *index_dir, const char **why)
{
    parts->index = index_name(path, index_dir);
    const int fd = open_index(parts->index);
    if (fd < 0)
        return 0;
    *why = read_index(parts, fd);
    if (!*why)
        *why = check_owner(path, fd);
    close(fd);
    return *why == NULL;
}

int parts_gzip_window(const struct parts *parts, size_t i, uint8_t *window)
{
    const struct restart *r = &parts->restarts[i];
    if (r->n_window == 0)
        return 0;
    const int fd = open_index(parts->index);
    if (fd < 0)
        return -1;
    uint8_t *compressed = memory_get(r->window_size);
    const int held = read_whole_at(fd, compressed, r->window_size, index_size(parts->n) + r->window_at);
    const int good =
        held && ZSTD_decompress(window, RESTART_WINDOW_SIZE, compressed, r->window_size) == r->n_window &&
        hash_bytes(window, r->n_window, 0) == r->window_checksum;
    free(compressed);
    close(fd);
    return good ? 0 : -1;
}
