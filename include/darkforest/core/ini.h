/*
 * ini.h - a small INI file, read whole: `[section]`, `key = value`, `;` and `#` comments. Hostile input is
 * expected: a file over 1 MiB, a line longer than inih's line (198 bytes on Debian), a malformed line, a key
 * or a section given twice is refused with its line number. Local.
 */
#ifndef DARKFOREST_CORE_INI_H
#define DARKFOREST_CORE_INI_H

#include <stddef.h>

struct ini_entry {
    char *section, *key, *value;
    int line, section_line; /* section_line: of the section's heading; 0 before the first one */
    int used;               /* set by ini_get: what nobody asked for is a misspelling */
};

struct ini {
    char *path;
    struct ini_entry *entries;
    size_t n;
};

/* NULL; or one sentence naming `name` and the line, in fresh memory. ini_free in both cases. */
char *ini_read_text(struct ini *ini, const char *name, const char *text, size_t n);
/* The same of a file: 0; -1 after the sentence was said. */
int ini_read(struct ini *ini, const char *path);
/* A file's n bytes, which ini_read_text takes, in fresh memory; NULL after one sentence. */
char *ini_load(const char *path, size_t *n);
void ini_free(struct ini *ini);
/* The value; NULL when absent. */
const char *ini_get(struct ini *ini, const char *section, const char *key);
/* The first entry that no ini_get asked for; NULL when there is none. */
const struct ini_entry *ini_unused(const struct ini *ini);

#endif
