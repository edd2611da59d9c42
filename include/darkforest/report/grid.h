/*
 * grid.h - a table for people: columns with heads, rows of cells,
 * printed as HTML, Markdown, LaTeX or CSV. Local.
 *
 *     name     short, of letters and dashes: the stem of its files
 *     caption  one sentence or some above it, that say what it shows where nothing else stands around it
 *
 * A cell has two texts: as it is shown (208,647; 0.912; 32.0 MiB) and as a program wants it (208647;
 * 0.91234567890123; 33554432). CSV takes the second ones.
 */
#ifndef DARKFOREST_REPORT_GRID_H
#define DARKFOREST_REPORT_GRID_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct grid_column {
    char *head;
    char *unit;    /* told by CSV's head, where it is the cells that show it; else NULL */
    int is_number; /* set to the right */
    int is_hidden; /* for CSV alone */
};

struct grid_cell {
    char *shown, *exact;
};

struct grid {
    char *name, *caption;
    char *label;   /* by which LaTeX refers to it, behind "tab:"; the name unless it was set */
    size_t n_keys; /* leading columns in which a text that only repeats the row above is not shown */
    struct grid_column *columns;
    size_t n_columns;
    struct grid_cell *cells; /* row after row */
    size_t n_cells;
    size_t n_shown; /* rows that are shown, all others being for CSV alone; 0: all */
};

struct grid *grid_new(const char *name, const char *caption);
void grid_free(struct grid *grid);
void grid_label(struct grid *grid, const char *label);
/* All columns before the first cell. */
void grid_column(struct grid *grid, const char *head, int is_number);
/* n of them; all but the first n_texts are of numbers. GRID_COLUMNS takes the heads one by one. */
void grid_columns(struct grid *grid, const char *const *heads, size_t n, size_t n_texts);
#define GRID_COLUMNS(grid, n_texts, ...)                                                                     \
    grid_columns(grid, (const char *const[]){__VA_ARGS__},                                                   \
                 sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), n_texts)
/* Of a column of numbers that are shown with their units, as "1,800 s", or as times: the unit in CSV. */
void grid_unit(struct grid *grid, size_t column, const char *unit);
/* Of a column that would tell people nothing in this table: for CSV alone, whose columns stay the same. */
void grid_hide(struct grid *grid, size_t column);
/* The next cell, left to right, row after row. */
void grid_text(struct grid *grid, const char *text);
void grid_count(struct grid *grid, uint64_t n);
void grid_real(struct grid *grid, double value, int n_decimals);
/* A measure that may divide by nothing: a dagger behind it then. */
void grid_measure(struct grid *grid, double value, int n_decimals, int is_undefined);
void grid_share(struct grid *grid, uint64_t part, uint64_t whole); /* in percent; a dash of nothing */
/* Both texts as they are. */
void grid_pair(struct grid *grid, const char *shown, const char *exact);
size_t grid_rows(const struct grid *grid);
size_t grid_rows_shown(const struct grid *grid);
/* What is seen at a place: "" for a repeated key. */
const char *grid_shown(const struct grid *grid, size_t row, size_t column);

void grid_html(const struct grid *grid, FILE *out);
void grid_markdown(const struct grid *grid, FILE *out);
/* A table environment, whose first line says which packages it needs. Heads "A: x", "A: y" side by side get
 * one A above them; a table wider than a line is scaled down to it, one longer than a page goes on on the
 * next. */
void grid_latex(const struct grid *grid, FILE *out);
void grid_csv(const struct grid *grid, FILE *out);

/* Text for a place in a page of HTML. */
void html_text(FILE *out, const char *text);
void markdown_text(FILE *out, const char *text);

#endif
