#include "darkforest/core/ini.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/output.h"

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
    int line, bad_line, room; /* room: bytes of a line that inih takes, without its end */
};

/* Lines lose their indent here: inih would take an indented one for the continuation of the value above it.
 */
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
    ini->entries = memory_resize(ini->entries, (ini->n + 1) * sizeof *ini->entries);
    ini->entries[ini->n++] = (struct ini_entry){.section = memory_text(section),
                                                .key = memory_text(key),
                                                .value = memory_text(value),
                                                .line = c->line};
    return 1;
}

int ini_read_text(struct ini *ini, const char *name, const char *text, size_t n)
{
    *ini = (struct ini){.path = memory_text(name)};
    struct cursor c = {.ini = ini, .text = text, .n = n};
    const int bad = ini_parse_stream(next_line, &c, keep_entry, &c);
    if (c.bad_line) {
        log_error("%s:%d: the line is longer than %d bytes or holds a NUL byte", name, c.bad_line, c.room);
        return -1;
    }
    if (bad) {
        log_error("%s:%d: not a line of `key = value`, `[section]` or a comment", name, bad > 0 ? bad : 0);
        return -1;
    }
    return 0;
}

int ini_read(struct ini *ini, const char *path)
{
    int result = -1;
    *ini = (struct ini){0};
    FILE *file = fopen(path, "rbe");
    if (!file) {
        log_error("%s: cannot be opened: %m", path);
        return -1;
    }
    char *text = memory_get(SETTINGS_MAX_BYTES + 1);
    const size_t n = fread(text, 1, SETTINGS_MAX_BYTES + 1, file);
    if (ferror(file))
        log_error("%s: cannot be read: %m", path);
    else if (n > SETTINGS_MAX_BYTES)
        log_error("%s: larger than 1 MiB, so not a settings file", path);
    else
        result = ini_read_text(ini, path, text, n);
    free(text);
    fclose(file);
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
    const char *value = NULL;
    for (size_t i = 0; i < ini->n; i++) {
        if (strcmp(ini->entries[i].section, section) == 0 && strcmp(ini->entries[i].key, key) == 0) {
            ini->entries[i].used = 1;
            value = ini->entries[i].value;
        }
    }
    return value;
}

const struct ini_entry *ini_unused(const struct ini *ini)
{
    for (size_t i = 0; i < ini->n; i++)
        if (!ini->entries[i].used)
            return &ini->entries[i];
    return NULL;
}
