/*
 * figure.h - pictures by gnuplot, as SVG, and as PDF where gnuplot can write that. A picture has its
 * name when it is whole. The script is left beside it, so that it can be drawn again. Private to the
 * report room. Local. Starts another program: MPI must not be running.
 */
#ifndef DARKFOREST_FIGURE_H
#define DARKFOREST_FIGURE_H

#include <stdio.h>

struct figure {
    char *stem;   /* FOLDER/NAME, to which .gp, .svg and .pdf are added */
    FILE *script; /* into `text`, which is written when it is whole */
    char *text;
    size_t n_text;
    int width, height; /* pixels, a hundred to an inch of PDF */
};

/* Opens the script with the style that all pictures share. The figure stays where it is until it ends. */
void figure_begin(struct figure *figure, const char *folder, const char *name, int width, int height);
/* A text in quotes of the script. */
void figure_text(struct figure *figure, const char *text);
enum { FIGURE_SVG = 1, FIGURE_PDF = 2 };

/* Draws, and frees what the figure holds. Which files of the picture there are; 0 when there is no
 * gnuplot or it drew none (said once); -1 when the script could not be written or the picture not be
 * read, after one sentence. */
int figure_end(struct figure *figure);

#endif
