/* text_view.h - text that somebody else owns, by pointer and length. Local, private to the sources room. */
#ifndef DARKFOREST_SOURCES_TEXT_VIEW_H
#define DARKFOREST_SOURCES_TEXT_VIEW_H

#include <stddef.h>
#include <string.h>

struct text_view {
    const char *at;
    size_t n;
};

static inline struct text_view text_view_of(const char *text)
{
    return (struct text_view){text, strlen(text)};
}

/* Without the blanks and tabs around it. */
static inline struct text_view text_view_trimmed(struct text_view t)
{
    while (t.n > 0 && (t.at[0] == ' ' || t.at[0] == '\t'))
        t.at++, t.n--;
    while (t.n > 0 && (t.at[t.n - 1] == ' ' || t.at[t.n - 1] == '\t'))
        t.n--;
    return t;
}

static inline char text_view_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The same name, as people write names: case does not matter, and '-', ' ' and '_' are one character. */
static inline int text_view_same(struct text_view a, const char *b)
{
    if (strlen(b) != a.n)
        return 0;
    for (size_t i = 0; i < a.n; i++) {
        const char x = a.at[i] == '-' || a.at[i] == ' ' ? '_' : text_view_lower(a.at[i]);
        const char y = b[i] == '-' || b[i] == ' ' ? '_' : text_view_lower(b[i]);
        if (x != y)
            return 0;
    }
    return 1;
}

#endif
