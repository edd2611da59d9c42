#include "document.h"

#include "leftovers.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/output.h"
#include "darkforest/core/text.h"

#include <stdint.h>
#include <stdlib.h>

static struct document_block *add_block(struct document *document, enum block_kind kind)
{
    document->blocks = memory_resize(document->blocks, (document->n + 1) * sizeof *document->blocks);
    document->blocks[document->n] = (struct document_block){.kind = kind};
    return &document->blocks[document->n++];
}

void document_text(struct document *document, enum block_kind kind, const char *text)
{
    add_block(document, kind)->text = memory_text(text);
}

void document_file(struct document *document, const char *folder, const char *name, const char *ending)
{
    strings_add(&document->files, text_format("%s/%s.%s", folder, name, ending));
}

void document_grid(struct document *document, struct grid *grid)
{
    if (grid->n_cells == 0) {
        grid_free(grid);
        return;
    }
    char *label = text_format("%s-%s", document->label, grid->name);
    grid_label(grid, label);
    free(label);
    add_block(document, BLOCK_GRID)->grid = grid;
    document_file(document, "tables", grid->name, "csv");
    document_file(document, "tables", grid->name, "tex");
}

void document_figure(struct document *document, const char *name, const char *caption)
{
    struct document_block *block = add_block(document, BLOCK_FIGURE);
    block->figure = memory_text(name);
    block->text = memory_text(caption);
    document_file(document, "figures", name, "svg");
}

void document_free(struct document *document)
{
    for (size_t i = 0; i < document->n; i++) {
        free(document->blocks[i].text);
        free(document->blocks[i].figure);
        grid_free(document->blocks[i].grid);
    }
    free(document->blocks);
    strings_free_all(&document->files);
    free(document->label);
    *document = (struct document){0};
}

static const char style[] =
    "body{font:16px/1.5 "
    "system-ui,Helvetica,Arial,sans-serif;color:#222;background:#fff;max-width:80rem;margin:2rem "
    "auto;padding:0 1.2rem}"
    "h1{font-size:1.7rem;margin:0 0 .3rem}h2{font-size:1.25rem;margin:2.4rem 0 .4rem;border-bottom:1px solid "
    "#ccc;padding-bottom:.2rem}"
    ".wide{overflow-x:auto;margin:1rem 0 1.6rem}table{border-collapse:collapse;font-size:.88rem}"
    "caption{text-align:left;color:#555;padding-bottom:.4rem}th{text-align:left;border-bottom:2px solid #888}"
    "th,td{padding:.25rem .8rem .25rem 0;vertical-align:top}td{border-bottom:1px solid #e4e4e4}"
    "td{white-space:nowrap}td.l{white-space:normal;min-width:16rem}.n{text-align:right;font-variant-numeric:"
    "tabular-nums}"
    "figure{display:inline-block;vertical-align:top;margin:.6rem 1rem 1rem 0}figure img{max-width:100%}"
    "figcaption{color:#555;font-size:.88rem;max-width:29rem}";

static void print_base64(FILE *out, const uint8_t *data, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        const uint32_t word = (uint32_t)data[i] << 16 | (i + 1 < n ? (uint32_t)data[i + 1] << 8 : 0) |
                              (i + 2 < n ? data[i + 2] : 0);
        putc(digits[word >> 18], out);
        putc(digits[word >> 12 & 63], out);
        putc(i + 1 < n ? digits[word >> 6 & 63] : '=', out);
        putc(i + 2 < n ? digits[word & 63] : '=', out);
    }
}

/* The whole file in fresh memory; NULL after one sentence. */
static uint8_t *read_picture(const char *path, size_t *n)
{
    FILE *picture = fopen(path, "rbe");
    int failed = !picture;
    size_t capacity = 0;
    uint8_t *data = NULL;
    *n = 0;
    for (size_t part = !failed; part > 0; *n += part) {
        if (*n == capacity)
            data = memory_resize(data, capacity = 2 * capacity + 65536);
        part = fread(data + *n, 1, capacity - *n, picture);
    }
    failed = failed || ferror(picture);
    if (failed)
        log_error("%s cannot be read: %m", path);
    if (picture)
        fclose(picture);
    if (!failed)
        return data;
    free(data);
    return NULL;
}

/* The picture itself inside the page: as an image, so that the
 * names inside one SVG do not meet those of another. 0 or EXIT_IO. */
static int print_picture(FILE *out, const char *folder, const struct document_block *block)
{
    size_t n;
    char *path = text_format("%s/figures/%s.svg", folder, block->figure);
    uint8_t *data = read_picture(path, &n);
    free(path);
    if (!data)
        return EXIT_IO;
    fputs("<figure><img alt=\"", out);
    html_text(out, block->text);
    fputs("\" src=\"data:image/svg+xml;base64,", out);
    print_base64(out, data, n);
    fputs("\"><figcaption>", out);
    html_text(out, block->text);
    fputs("</figcaption></figure>\n", out);
    free(data);
    return EXIT_DONE;
}

static void print_tagged(FILE *out, const char *tag, const char *text)
{
    fprintf(out, "<%s>", tag);
    html_text(out, text);
    fprintf(out, "</%s>\n", tag);
}

static int print_html_block(FILE *out, const char *folder, const struct document_block *block)
{
    static const char *const tags[] = {[BLOCK_TITLE] = "h1", [BLOCK_HEADING] = "h2", [BLOCK_TEXT] = "p"};
    if (block->kind == BLOCK_GRID)
        grid_html(block->grid, out);
    else if (block->kind == BLOCK_FIGURE)
        return print_picture(out, folder, block);
    else
        print_tagged(out, tags[block->kind], block->text);
    return EXIT_DONE;
}

static int print_html(FILE *out, const char *folder, const struct document *document)
{
    fprintf(out,
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            "<meta name=\"viewport\" content=\"width=device-width\">\n<title>darkforest report</title>\n"
            "<style>%s</style></head>\n<body>\n",
            style);
    int code = EXIT_DONE;
    for (size_t i = 0; i < document->n && code == EXIT_DONE; i++)
        code = print_html_block(out, folder, &document->blocks[i]);
    fputs("</body></html>\n", out);
    return code;
}

static void print_caption(FILE *out, const struct document_block *figure)
{
    fputs("![", out);
    markdown_text(out, figure->text);
    fprintf(out, "](figures/%s.svg)\n\n", figure->figure);
}

static void print_markdown(FILE *out, const struct document *document)
{
    static const char *const marks[] = {[BLOCK_TITLE] = "# ", [BLOCK_HEADING] = "## ", [BLOCK_TEXT] = ""};
    for (size_t i = 0; i < document->n; i++) {
        const struct document_block *block = &document->blocks[i];
        if (block->kind == BLOCK_GRID) {
            grid_markdown(block->grid, out);
        } else if (block->kind == BLOCK_FIGURE) {
            print_caption(out, block);
        } else {
            fputs(marks[block->kind], out);
            markdown_text(out, block->text);
            fputs("\n\n", out);
        }
    }
}

static int write_markdown(const char *folder, const struct document *document)
{
    char *page, *path = text_format("%s/report.md", folder);
    size_t n;
    FILE *out = memory_stream(&page, &n);
    print_markdown(out, document);
    memory_stream_end(out);
    const int code = output_write_file(path, page, n);
    free(path);
    free(page);
    return code;
}

static int write_html(struct output *to, const char *folder, const struct document *document)
{
    char *page;
    size_t n;
    FILE *out = memory_stream(&page, &n);
    int code = print_html(out, folder, document);
    memory_stream_end(out);
    if (code == EXIT_DONE && output_write_bytes(output_partial(to), page, n)) {
        log_error("%s/report.html: cannot be written: %m", folder);
        code = EXIT_IO;
    }
    free(page);
    return output_end(to, code != EXIT_DONE) && code == EXIT_DONE ? EXIT_IO : code;
}

static int write_grid(const char *folder, const struct grid *grid, const char *ending,
                      void (*print)(const struct grid *grid, FILE *out))
{
    char *text, *path = text_format("%s/tables/%s.%s", folder, grid->name, ending);
    size_t n;
    FILE *out = memory_stream(&text, &n);
    print(grid, out);
    memory_stream_end(out);
    const int code = leftovers_write(path, text, n);
    free(text);
    free(path);
    return code;
}

static int write_grids(const struct document *document, const char *folder)
{
    int code = EXIT_DONE;
    for (size_t i = 0; i < document->n && code == EXIT_DONE; i++) {
        const struct grid *grid = document->blocks[i].grid;
        if (grid)
            code = exit_worse(write_grid(folder, grid, "csv", grid_csv),
                              write_grid(folder, grid, "tex", grid_latex));
    }
    return code;
}

int document_write(const struct document *document, const char *folder, struct output *page)
{
    char *tables = text_format("%s/tables", folder);
    int code = output_make_directory(tables) == 0 ? EXIT_DONE : EXIT_IO;
    free(tables);
    if (code == EXIT_DONE)
        code = write_grids(document, folder);
    if (code == EXIT_DONE)
        code = write_markdown(folder, document);
    if (code == EXIT_DONE)
        code = write_html(page, folder, document);
    else
        output_end(page, 1);
    if (code == EXIT_DONE)
        code = leftovers_remove(folder, &document->files);
    return code;
}
