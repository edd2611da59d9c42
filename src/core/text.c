#include "darkforest/core/text.h"

#include "darkforest/core/memory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *format_list(const char *format, va_list arguments)
{
    const int error = errno; /* "%m" means it both times */
    va_list again;
    va_copy(again, arguments);
    const size_t n = (size_t)vsnprintf(NULL, 0, format, arguments) + 1;
    char *text = memory_get(n ? n : SIZE_MAX); /* 0: longer than any */
    errno = error;
    vsnprintf(text, n, format, again);
    va_end(again);
    return text;
}

char *text_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = format_list(format, arguments);
    va_end(arguments);
    return text;
}

void text_add(char **text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *more = format_list(format, arguments); /* of *text too, perhaps */
    va_end(arguments);
    const size_t n = *text ? strlen(*text) : 0, n_more = strlen(more) + 1;
    *text = memory_resize(*text, n + n_more);
    memcpy(*text + n, more, n_more);
    free(more);
}

char *text_shell_word(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    if (word[0] && word[strspn(word, plain)] == '\0')
        return memory_text(word);
    char *quoted = memory_text("'");
    for (size_t n; *word; word += n) {
        n = strcspn(word, "'");
        text_add(&quoted, "%.*s", (int)n, word);
        if (word[n] == '\'') {
            text_add(&quoted, "'\\''");
            n++;
        }
    }
    text_add(&quoted, "'");
    return quoted;
}

size_t text_control(const char *text)
{
    const unsigned char first = (unsigned char)text[0], second = first ? (unsigned char)text[1] : 0;
    if (first == 0xc2 && second >= 0x80 && second < 0xa0)
        return 2;
    return (first > 0 && first < ' ') || first == 0x7f;
}

void text_make_plain(char *text, const char *kept)
{
    for (size_t n; *text; text += n ? n : 1) {
        n = strchr(kept, *text) ? 0 : text_control(text);
        memset(text, '?', n);
    }
}

/* The bytes of the UTF-8 character (RFC 3629) that the text begins with; 0 when it begins with none. */
static size_t utf8_character(const unsigned char *text)
{
    const size_t n = text[0] < 0x80 ? 1 : text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
    if (text[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) || /* a surrogate */
        (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
        return 0;
    return n;
}

void text_make_utf8(char *text)
{
    for (size_t n; *text; text += n ? n : 1) {
        n = utf8_character((const unsigned char *)text);
        *text = n ? *text : '?';
    }
}

int text_ends_in(const char *text, const char *ending)
{
    const size_t n = strlen(text), n_ending = strlen(ending);
    return n >= n_ending && strcmp(text + n - n_ending, ending) == 0;
}

const char *path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *path_folder(const char *path)
{
    const size_t n = (size_t)(path_name(path) - path);
    return n == 0 ? memory_text(".") : text_format("%.*s", (int)(n > 1 ? n - 1 : 1), path);
}

void strings_add(struct strings *s, const char *text)
{
    s->items = memory_resize(s->items, (s->n + 1) * sizeof *s->items);
    s->items[s->n++] = text;
}

void strings_free_all(struct strings *s)
{
    for (size_t i = 0; i < s->n; i++)
        free((char *)(uintptr_t)s->items[i]);
    strings_free(s);
}

void strings_free(struct strings *s)
{
    free(s->items);
    *s = (struct strings){0};
}
