#include "begins.h"

#include "darkforest/core/hash.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_US 1000

size_t begins_stem(const char *path)
{
    static const char *const endings[] = {".gz", ".zst"};
    const size_t n = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (text_ends_in(path, endings[i]))
            return n - strlen(endings[i]);
    return n;
}

/* A file as its line has it. Times of some packings are in microseconds. */
struct beginning {
    int64_t us;
    uint64_t n_bytes, stem;
    const char *packing;
};

static struct beginning beginning_of(const struct archive_file *file)
{
    const char *name = path_name(file->path);
    const size_t n = begins_stem(name);
    return (struct beginning){.us = file->kind.first_ts_ns / NS_PER_US,
                              .n_bytes = file->kind.n_bytes,
                              .stem = hash_bytes(name, n, 0),
                              .packing = name[n] ? name + n : "-"};
}

char *begins_text(const struct archive *archive, int64_t from_ns, int64_t to_ns)
{
    char *text;
    size_t n;
    FILE *out = memory_stream(&text, &n);
    for (size_t i = 0; i < archive->n; i++) {
        const int64_t first_ns = archive->files[i].kind.first_ts_ns;
        if (first_ns < from_ns || first_ns >= to_ns)
            continue;
        const struct beginning b = beginning_of(&archive->files[i]);
        fprintf(out, "%" PRId64 " %" PRIu64 " %016" PRIx64 " %s\n", b.us, b.n_bytes, b.stem, b.packing);
    }
    memory_stream_end(out);
    return text;
}

size_t begins_last_before(const struct archive *archive, int64_t at_ns)
{
    size_t n = 0; /* in the order of time */
    while (n < archive->n && archive->files[n].kind.first_ts_ns < at_ns)
        n++;
    return n > 0 ? n - 1 : archive->n;
}

int begins_between(const char *text, int64_t after_ns, int64_t before_ns)
{
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const int64_t us = strtoll(line, NULL, 10);
        if (us > after_ns / NS_PER_US && us < before_ns / NS_PER_US)
            return 1;
    }
    return 0;
}

/* The rest of a line, behind its time. */
static enum begins_answer ask_line(const char *rest, const struct beginning *b)
{
    char line[64], packing[8];
    uint64_t n_bytes, stem;
    snprintf(line, sizeof line, "%.*s", (int)strcspn(rest, "\n"), rest);
    if (sscanf(line, "%" SCNu64 " %" SCNx64 " %7s", &n_bytes, &stem, packing) != 3)
        return BEGINS_LACKING;
    const int is_it = stem == b->stem && strcmp(packing, b->packing) == 0;
    return is_it && n_bytes != b->n_bytes ? BEGINS_CHANGED : BEGINS_THERE;
}

enum begins_answer begins_ask(const char *text, const struct archive_file *file)
{
    const struct beginning b = beginning_of(file);
    enum begins_answer answer = BEGINS_LACKING;
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        char *rest;
        if (strtoll(line, &rest, 10) != b.us || answer == BEGINS_CHANGED)
            continue;
        const enum begins_answer here = ask_line(rest, &b);
        answer = here == BEGINS_LACKING ? answer : here;
    }
    return answer;
}

size_t begins_number(const char *text, const struct archive_file *file)
{
    const int64_t us = beginning_of(file).us;
    size_t n = 0;
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        n += strtoll(line, NULL, 10) == us;
    return n;
}

size_t begins_number_now(const struct archive *archive, size_t file)
{
    const int64_t us = beginning_of(&archive->files[file]).us;
    size_t from = file, to = file + 1; /* they lie side by side */
    while (from > 0 && archive->files[from - 1].kind.first_ts_ns / NS_PER_US == us)
        from--;
    while (to < archive->n && archive->files[to].kind.first_ts_ns / NS_PER_US == us)
        to++;
    return to - from;
}
