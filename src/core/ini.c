#include "darkforest/core/ini.h"

#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <ctype.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTINGS_MAX_BYTES (1 << 20)

/* What inih's line reader walks over; it also counts the lines, which inih does not hand to its handler. */
struct cursor {
    struct ini *ini;
    const char *text;
    size_t n, at;
    int line, section_line, bad_line;
    int room; /* bytes of a line that inih takes, without its end */
    int long_section;
};

#define SECTION_ROOM 49 /* bytes of a section's name that inih keeps: of a longer one it drops the rest */

/* Lines lose their indent here: inih would take an indented
 * one for the continuation of the value above it. */
static char *next_line(char *out, int size, void *stream)
{
    struct cursor *c = stream;
    if (c->at >= c->n)
        return NULL;
    const char *start = c->text + c->at;
    const char *newline = memchr(start, '\n', c->n - c->at);
    const char *end = newline ? newline : c->text + c->n;
    while (start < end && isspace((unsigned char)*start))
        start++;
    const size_t length = (size_t)(end - start);
    c->line++;
    if (length > 0 && *start == '[')
        c->section_line = c->line;
    c->room = size - 2;
    if (length > (size_t)c->room || memchr(start, '\0', length)) {
        c->bad_line = c->line;
        return NULL;
    }
    memcpy(out, start, length);
    strcpy(out + length, "\n");
    c->at = (size_t)(end - c->text) + 1;
    return out;
}

static int keep_entry(void *user, const char *section, const char *key, const char *value)
{
    struct cursor *c = user;
    struct ini *ini = c->ini;
    if (strlen(section) >= SECTION_ROOM && !c->long_section)
        c->long_section = c->section_line;
    if ((ini->n & (ini->n - 1)) == 0) /* room doubles at powers of two */
        ini->entries = memory_resize(ini->entries, (2 * ini->n + 1) * sizeof *ini->entries);
    ini->entries[ini->n++] = (struct ini_entry){.section = memory_text(section),
                                                .key = memory_text(key),
                                                .value = memory_text(value),
                                                .line = c->line,
                                                .section_line = c->section_line};
    return 1;
}

static int compare_entries(const void *a, const void *b)
{
    const struct ini_entry *x = *(const struct ini_entry *const *)a, *y = *(const struct ini_entry *const *)b;
    int order = strcmp(x->section, y->section);
    if (order == 0)
        order = (x->section_line > y->section_line) - (x->section_line < y->section_line);
    if (order == 0)
        order = strcmp(x->key, y->key);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Of two neighbours in the order above: NULL, or a sentence. */
static char *check_neighbours(const char *name, const struct ini_entry *before, const struct ini_entry *entry)
{
    if (strcmp(before->section, entry->section) != 0)
        return NULL;
    if (before->section_line != entry->section_line)
        return text_format("%s:%d: there are two sections [%s]: the other one is in line %d", name,
                           entry->section_line, entry->section, before->section_line);
    if (strcmp(before->key, entry->key) == 0)
        return text_format("%s:%d: \"%s\" is given twice in section [%s]: first in line %d", name,
                           entry->line, entry->key, entry->section, before->line);
    return NULL;
}

/* Of two values nobody can tell which was meant. Sorted, since a hostile file has many entries. */
static char *check_repeats(const struct ini *ini)
{
    char *why = NULL;
    const struct ini_entry **sorted = memory_get((ini->n + 1) * sizeof *sorted);
    for (size_t i = 0; i < ini->n; i++)
        sorted[i] = &ini->entries[i];
    qsort(sorted, ini->n, sizeof *sorted, compare_entries);
    for (size_t i = 1; i < ini->n && !why; i++)
        why = check_neighbours(ini->path, sorted[i - 1], sorted[i]);
    free(sorted);
    return why;
}

char *ini_read_text(struct ini *ini, const char *name, const char *text, size_t n)
{
    *ini = (struct ini){.path = memory_text(name)};
    const size_t mark = n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* as Windows sets it */
    struct cursor c = {.ini = ini, .text = text, .n = n, .at = mark};
    const int bad = ini_parse_stream(next_line, &c, keep_entry, &c);
    if (c.bad_line)
        return text_format("%s:%d: the line is longer than %d bytes or holds a NUL byte", name, c.bad_line,
                           c.room);
    if (bad)
        return text_format("%s:%d: not a line of `key = value`, `[section]` or a comment", name,
                           bad > 0 ? bad : 0);
    if (c.long_section)
        return text_format("%s:%d: the name of the section is longer than %d bytes", name, c.long_section,
                           SECTION_ROOM - 1);
    return check_repeats(ini);
}

char *ini_load(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rbe");
    if (!file) {
        log_error("%s: cannot be opened: %m", path);
        return NULL;
    }
    char *text = memory_get(SETTINGS_MAX_BYTES + 1);
    *n = fread(text, 1, SETTINGS_MAX_BYTES + 1, file);
    const int failed = ferror(file) || *n > SETTINGS_MAX_BYTES;
    if (ferror(file))
        log_error("%s: cannot be read: %m", path);
    else if (failed)
        log_error("%s: larger than 1 MiB, so not a settings file", path);
    fclose(file);
    if (!failed)
        return text;
    free(text);
    return NULL;
}

int ini_read(struct ini *ini, const char *path)
{
    size_t n;
    char *text = ini_load(path, &n);
    *ini = (struct ini){0};
    if (!text)
        return -1;
    char *why = ini_read_text(ini, path, text, n);
    if (why)
        log_error("%s", why);
    const int result = why ? -1 : 0;
    free(why);
    free(text);
    return result;
}

void ini_free(struct ini *ini)
{
    for (size_t i = 0; i < ini->n; i++) {
        free(ini->entries[i].section);
        free(ini->entries[i].key);
        free(ini->entries[i].value);
    }
    free(ini->entries);
    free(ini->path);
    *ini = (struct ini){0};
}

const char *ini_get(struct ini *ini, const char *section, const char *key)
{
    for (size_t i = 0; i < ini->n; i++) {
        struct ini_entry *entry = &ini->entries[i];
        if (strcmp(entry->section, section) == 0 && strcmp(entry->key, key) == 0) {
            entry->used = 1;
            return entry->value;
        }
    }
    return NULL;
}

const struct ini_entry *ini_unused(const struct ini *ini)
{
    for (size_t i = 0; i < ini->n; i++)
        if (!ini->entries[i].used)
            return &ini->entries[i];
    return NULL;
}
