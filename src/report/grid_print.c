/* One table in four languages. Each has its own characters that mean something:
 * they are escaped in cells, heads and captions. */
#include "darkforest/report/grid.h"

#include "darkforest/core/csv.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <stdlib.h>
#include <string.h>

struct escape {
    const char *character; /* in UTF-8 */
    const char *text;
};

/* NULL when the text does not begin with a character to escape. */
static const struct escape *find_escape(const char *text, const struct escape *escapes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strncmp(text, escapes[i].character, strlen(escapes[i].character)) == 0)
            return &escapes[i];
    return NULL;
}

static void print_escaped(FILE *out, const char *text, const struct escape *escapes, size_t n)
{
    while (*text) {
        const struct escape *escape = find_escape(text, escapes, n);
        if (escape)
            fputs(escape->text, out);
        else
            putc(*text, out);
        text += escape ? strlen(escape->character) : 1;
    }
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct escape html_escapes[] = {
    {"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"},
};
static const struct escape markdown_escapes[] = {
    {"|", "\\|"}, {"\n", " "},  {"<", "&lt;"}, {"&", "&amp;"}, {"*", "\\*"},   {"~", "\\~"},
    {"_", "\\_"}, {"`", "\\`"}, {"[", "\\["},  {"]", "\\]"},   {"\\", "\\\\"},
};
static const struct escape latex_escapes[] = {
    {"&", "\\&"},
    {"%", "\\%"},
    {"$", "\\$"},
    {"#", "\\#"},
    {"_", "\\_"},
    {"{", "\\{"},
    {"}", "\\}"},
    {"~", "\\textasciitilde{}"},
    {"^", "\\textasciicircum{}"},
    {"\\", "\\textbackslash{}"},
    {"<", "\\textless{}"},
    {">", "\\textgreater{}"},
    {"\n", " "},
    {"[", "{[}"}, /* behind the end of a row it would be a length, and a star a wish */
    {"]", "{]}"},
    {"*", "{*}"},
    {"|", "\\textbar{}"},
    {"--", "-{}-{}"}, /* no dash */
    {"–", "--"},
    {"†", "$\\dagger$"},
};

void html_text(FILE *out, const char *text)
{
    print_escaped(out, text, html_escapes, COUNT(html_escapes));
}

void markdown_text(FILE *out, const char *text)
{
    print_escaped(out, text, markdown_escapes, COUNT(markdown_escapes));
}

static void latex_text(FILE *out, const char *text)
{
    print_escaped(out, text, latex_escapes, COUNT(latex_escapes));
}

/* Prints what is not hidden: as a grid of its own, whose texts are those of the whole one. */
static void print_seen(const struct grid *grid, FILE *out, void (*print)(const struct grid *seen, FILE *out))
{
    struct grid seen = *grid;
    seen.columns = memory_get((grid->n_columns + 1) * sizeof *seen.columns);
    seen.cells = memory_get((grid->n_cells + 1) * sizeof *seen.cells);
    seen.n_columns = seen.n_cells = seen.n_keys = 0;
    for (size_t c = 0; c < grid->n_columns; c++)
        if (!grid->columns[c].is_hidden) {
            seen.columns[seen.n_columns++] = grid->columns[c];
            seen.n_keys += c < grid->n_keys;
        }
    for (size_t i = 0; i < grid->n_cells; i++)
        if (!grid->columns[i % grid->n_columns].is_hidden)
            seen.cells[seen.n_cells++] = grid->cells[i];
    print(&seen, out);
    free(seen.cells);
    free(seen.columns);
}

/* A long text may be broken into lines, a short one stays whole. */
static const char *html_class(const struct grid_column *column, const char *text)
{
    return column->is_number ? " class=\"n\"" : strlen(text) > 44 ? " class=\"l\"" : "";
}

static void html_cell(const struct grid_column *column, const char *tag, const char *text, FILE *out)
{
    fprintf(out, "<%s%s>", tag, html_class(column, text));
    html_text(out, text);
    fprintf(out, "</%s>", tag);
}

static void print_html(const struct grid *grid, FILE *out)
{
    fprintf(out, "<div class=\"wide\"><table id=\"%s\">\n<caption>", grid->name);
    html_text(out, grid->caption);
    fputs("</caption>\n<thead><tr>", out);
    for (size_t c = 0; c < grid->n_columns; c++)
        html_cell(&grid->columns[c], "th", grid->columns[c].head, out);
    fputs("</tr></thead>\n<tbody>\n", out);
    for (size_t r = 0; r < grid_rows_shown(grid); r++) {
        fputs("<tr>", out);
        for (size_t c = 0; c < grid->n_columns; c++)
            html_cell(&grid->columns[c], "td", grid_shown(grid, r, c), out);
        fputs("</tr>\n", out);
    }
    fputs("</tbody>\n</table></div>\n", out);
}

void grid_html(const struct grid *grid, FILE *out)
{
    print_seen(grid, out, print_html);
}

static void print_markdown(const struct grid *grid, FILE *out)
{
    markdown_text(out, grid->caption);
    fputs("\n\n|", out);
    for (size_t c = 0; c < grid->n_columns; c++) {
        putc(' ', out);
        markdown_text(out, grid->columns[c].head);
        fputs(" |", out);
    }
    fputs("\n|", out);
    for (size_t c = 0; c < grid->n_columns; c++)
        fputs(grid->columns[c].is_number ? "---:|" : "---|", out);
    for (size_t i = 0; i < grid_rows_shown(grid) * grid->n_columns; i++) {
        fputs(i % grid->n_columns == 0 ? "\n| " : " ", out);
        markdown_text(out, grid_shown(grid, i / grid->n_columns, i % grid->n_columns));
        fputs(" |", out);
    }
    fputs("\n\n", out);
}

void grid_markdown(const struct grid *grid, FILE *out)
{
    print_seen(grid, out, print_markdown);
}

/* Of "A: x" the bytes of "A: "; 0 when the head is not in two parts. */
static size_t group_length(const char *head)
{
    const char *colon = strstr(head, ": ");
    return colon ? (size_t)(colon - head) + 2 : 0;
}

/* The first column behind `column` that does not stand under the same A. */
static size_t group_end(const struct grid *grid, size_t column)
{
    const char *head = grid->columns[column].head;
    const size_t n = group_length(head);
    size_t end = column + 1;
    while (n > 0 && end < grid->n_columns && strncmp(grid->columns[end].head, head, n) == 0)
        end++;
    return end;
}

/* The line above the heads. */
static void latex_groups(const struct grid *grid, FILE *out)
{
    for (size_t c = 0, end; c < grid->n_columns; c = end) {
        const size_t n = group_length(grid->columns[c].head);
        end = group_end(grid, c);
        if (n > 0) {
            char *group = text_format("%.*s", (int)n - 2, grid->columns[c].head);
            fprintf(out, "\\multicolumn{%zu}{c}{", end - c);
            latex_text(out, group);
            putc('}', out);
            free(group);
        }
        fputs(end < grid->n_columns ? " & " : " \\\\\n", out);
    }
    for (size_t c = 0; c < grid->n_columns; c = group_end(grid, c))
        if (group_length(grid->columns[c].head) > 0)
            fprintf(out, "\\cmidrule(lr){%zu-%zu}\n", c + 1, group_end(grid, c));
}

static void latex_heads(const struct grid *grid, FILE *out)
{
    size_t n_grouped = 0;
    for (size_t c = 0; c < grid->n_columns; c++)
        n_grouped += group_length(grid->columns[c].head) > 0;
    if (n_grouped > 0)
        latex_groups(grid, out);
    for (size_t c = 0; c < grid->n_columns; c++) {
        const char *head = grid->columns[c].head;
        latex_text(out, head + group_length(head));
        fputs(c + 1 < grid->n_columns ? " & " : " \\\\\n\\midrule\n", out);
    }
}

static void latex_rows(const struct grid *grid, FILE *out)
{
    for (size_t i = 0; i < grid_rows_shown(grid) * grid->n_columns; i++) {
        latex_text(out, grid_shown(grid, i / grid->n_columns, i % grid->n_columns));
        fputs((i + 1) % grid->n_columns ? " & " : " \\\\\n", out);
    }
}

static void latex_caption(const struct grid *grid, FILE *out)
{
    fputs("\\caption{", out);
    latex_text(out, grid->caption);
    fprintf(out, "}\n\\label{tab:%s}", grid->label);
}

static void latex_alignment(const struct grid *grid, FILE *out)
{
    for (size_t c = 0; c < grid->n_columns; c++)
        putc(grid->columns[c].is_number ? 'r' : 'l', out);
    fputs("}\n", out);
}

/* Around a table: scaled down to the width of a line where it is wider. */
static const char latex_fit[] = "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n";

static void latex_on_one_page(const struct grid *grid, FILE *out)
{
    fputs("% needs \\usepackage{booktabs,graphicx}\n\\begin{table}[htbp]\n\\centering\n", out);
    latex_caption(grid, out);
    fprintf(out, "\n%s\\begin{tabular}{", latex_fit);
    latex_alignment(grid, out);
    fputs("\\toprule\n", out);
    latex_heads(grid, out);
    latex_rows(grid, out);
    fputs("\\bottomrule\n\\end{tabular}}\n\\end{table}\n", out);
}

/* Broken into pages, which cannot be scaled: in small letters, and its heads once more on each. */
static void latex_on_pages(const struct grid *grid, FILE *out)
{
    fputs("% needs \\usepackage{booktabs,longtable}, and a page of one column\n"
          "{\\scriptsize\\setlength{\\tabcolsep}{3pt}\n\\begin{longtable}{",
          out);
    latex_alignment(grid, out);
    latex_caption(grid, out);
    fputs("\\\\\n\\toprule\n", out);
    latex_heads(grid, out);
    fputs("\\endfirsthead\n\\toprule\n", out);
    latex_heads(grid, out);
    fputs("\\endhead\n\\bottomrule\n\\endfoot\n", out);
    latex_rows(grid, out);
    fputs("\\end{longtable}}\n", out);
}

#define PAGE_ROWS 40 /* that a page has room for beside a caption */

static void print_latex(const struct grid *grid, FILE *out)
{
    if (grid_rows_shown(grid) > PAGE_ROWS)
        latex_on_pages(grid, out);
    else
        latex_on_one_page(grid, out);
}

void grid_latex(const struct grid *grid, FILE *out)
{
    print_seen(grid, out, print_latex);
}

static void csv_head(FILE *out, const struct grid_column *column)
{
    char *head =
        column->unit ? text_format("%s (%s)", column->head, column->unit) : memory_text(column->head);
    csv_text(out, head);
    free(head);
}

void grid_csv(const struct grid *grid, FILE *out)
{
    for (size_t c = 0; c < grid->n_columns; c++) {
        csv_head(out, &grid->columns[c]);
        fputs(c + 1 < grid->n_columns ? "," : "\n", out);
    }
    for (size_t i = 0; i < grid_rows(grid) * grid->n_columns; i++) {
        csv_text(out, grid->cells[i].exact);
        fputs((i + 1) % grid->n_columns ? "," : "\n", out);
    }
}
