/*
 * mixture.h - whether feature files that are taken together fit together: made with the same settings, no
 * window among them twice. What does not fit is used all the same, and said. Private to the app. Local.
 *
 *     mixture_note for each file -> mixture_warn
 */
#ifndef DARKFOREST_MIXTURE_H
#define DARKFOREST_MIXTURE_H

#include "darkforest/store/features.h"

enum mixture_setting { MIXTURE_LENGTH, MIXTURE_INVENTORY, MIXTURE_FILTER, MIXTURE_RULES, MIXTURE_SETTINGS };

struct mixture_window;

struct mixture {
    char *settings[MIXTURE_SETTINGS];     /* of the first file, as text */
    const char *others[MIXTURE_SETTINGS]; /* the first file with another setting; NULL when there is none */
    const char *first;                    /* file */
    struct mixture_window *windows;       /* of each file that has rows */
    size_t n;
};

/* Begins as zeroes. The path is borrowed until mixture_warn. */
void mixture_note(struct mixture *mixture, const char *path, const struct features_meta *meta);
/* A warning for each setting that differs and one if a window is there twice, each naming two files. Frees
 * what the mixture holds. */
void mixture_warn(struct mixture *mixture);

#endif
