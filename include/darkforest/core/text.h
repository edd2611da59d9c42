/*
 * text.h - texts in fresh memory, the parts of a path, and lists of texts. When memory is out the process ends
 * with one sentence (memory.h). Local.
 */
#ifndef DARKFOREST_CORE_TEXT_H
#define DARKFOREST_CORE_TEXT_H

#include <stddef.h>

/* A formatted string in fresh memory. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same behind what *text holds: fresh memory, or NULL for nothing. */
void text_add(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One word of a command line as a POSIX shell reads it back: in quotes where it needs them; fresh memory. */
char *text_shell_word(const char *word);
/* The bytes of the control character that the text begins with: 1, or 2 of UTF-8; 0 when it begins with
 * none. */
size_t text_control(const char *text);
/* Puts '?' in place of control characters, but for those in `kept`. */
void text_make_plain(char *text, const char *kept);
/* Puts '?' in place of each byte that is not of UTF-8. */
void text_make_utf8(char *text);
int text_ends_in(const char *text, const char *ending);
/* The two parts of a path: what follows the last slash, in place; what stands before it, in fresh
 * memory ("." when there is none, "/" for the root). */
const char *path_name(const char *path);
char *path_folder(const char *path);

/* A list of texts. */
struct strings {
    const char **items;
    size_t n;
};

void strings_add(struct strings *s, const char *text);
void strings_free(struct strings *s);     /* the list, not its texts */
void strings_free_all(struct strings *s); /* and its texts */

#endif
