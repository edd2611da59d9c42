/*
 * document.h - a page as a list of blocks: headings, paragraphs, tables, pictures. Written as
 * one self-contained HTML page and as Markdown; every table also as CSV and LaTeX. Private to
 * the report room. Local.
 */
#ifndef DARKFOREST_DOCUMENT_H
#define DARKFOREST_DOCUMENT_H

#include "darkforest/core/output.h"
#include "darkforest/core/text.h"
#include "darkforest/report/grid.h"

#include <stddef.h>

enum block_kind { BLOCK_TITLE, BLOCK_HEADING, BLOCK_TEXT, BLOCK_GRID, BLOCK_FIGURE };

struct document_block {
    enum block_kind kind;
    char *text;        /* TITLE, HEADING, TEXT; a FIGURE's caption */
    struct grid *grid; /* owned */
    char *figure;      /* the name of figures/NAME.svg */
};

struct document {
    char *label; /* before the names of its tables in LaTeX, where another report may stand beside it */
    struct document_block *blocks;
    size_t n;
    struct strings files; /* what it has in tables/ and figures/ of its folder: "tables/labels.csv" */
};

void document_text(struct document *document, enum block_kind kind, const char *text);
/* Takes the grid; an empty one is dropped. */
void document_grid(struct document *document, struct grid *grid);
void document_figure(struct document *document, const char *name, const char *caption);
/* A file that lies beside the page and is not in it. */
void document_file(struct document *document, const char *folder, const char *name, const char *ending);
/* report.md, tables/NAME.csv and tables/NAME.tex in `folder`, whose figures are drawn already, and
 * report.html, which is `page` and ended here; what a former report has left there goes. 0, or an exit code
 * after one sentence. */
int document_write(const struct document *document, const char *folder, struct output *page);
void document_free(struct document *document);

#endif
