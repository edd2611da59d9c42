/* One table in four languages. Each has its own characters that mean something: they are escaped in cells,
 * heads and captions. */
#include "darkforest/report/grid.h"

#include "darkforest/core/csv.h"

#include <string.h>

struct escape {
    char character;
    const char *text;
};

static void print_escaped(FILE *out, const char *text, const struct escape *escapes, size_t n)
{
    for (; *text; text++) {
        const char *instead = NULL;
        for (size_t i = 0; i < n && !instead; i++)
            if (*text == escapes[i].character)
                instead = escapes[i].text;
        if (instead)
            fputs(instead, out);
        else
            putc(*text, out);
    }
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct escape html_escapes[] = {
    {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"},
};
static const struct escape markdown_escapes[] = {
    {'|', "\\|"}, {'\n', " "}, {'<', "&lt;"}, {'*', "\\*"}, {'_', "\\_"}, {'`', "\\`"}, {'\\', "\\\\"},
};
static const struct escape latex_escapes[] = {
    {'&', "\\&"},
    {'%', "\\%"},
    {'$', "\\$"},
    {'#', "\\#"},
    {'_', "\\_"},
    {'{', "\\{"},
    {'}', "\\}"},
    {'~', "\\textasciitilde{}"},
    {'^', "\\textasciicircum{}"},
    {'\\', "\\textbackslash{}"},
    {'<', "\\textless{}"},
    {'>', "\\textgreater{}"},
    {'\n', " "},
};

void html_text(FILE *out, const char *text)
{
    print_escaped(out, text, html_escapes, COUNT(html_escapes));
}

static void markdown_text(FILE *out, const char *text)
{
    print_escaped(out, text, markdown_escapes, COUNT(markdown_escapes));
}

static void latex_text(FILE *out, const char *text)
{
    print_escaped(out, text, latex_escapes, COUNT(latex_escapes));
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

void grid_html(const struct grid *grid, FILE *out)
{
    fprintf(out, "<div class=\"wide\"><table id=\"%s\">\n<caption>", grid->name);
    html_text(out, grid->caption);
    fputs("</caption>\n<thead><tr>", out);
    for (size_t c = 0; c < grid->n_columns; c++)
        html_cell(&grid->columns[c], "th", grid->columns[c].head, out);
    fputs("</tr></thead>\n<tbody>\n", out);
    for (size_t r = 0; r < grid_rows(grid); r++) {
        fputs("<tr>", out);
        for (size_t c = 0; c < grid->n_columns; c++)
            html_cell(&grid->columns[c], "td", grid_shown(grid, r, c), out);
        fputs("</tr>\n", out);
    }
    fputs("</tbody>\n</table></div>\n", out);
}

void grid_markdown(const struct grid *grid, FILE *out)
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
    for (size_t i = 0; i < grid_rows(grid) * grid->n_columns; i++) {
        fputs(i % grid->n_columns == 0 ? "\n| " : " ", out);
        markdown_text(out, grid_shown(grid, i / grid->n_columns, i % grid->n_columns));
        fputs(" |", out);
    }
    fputs("\n\n", out);
}

void grid_latex(const struct grid *grid, FILE *out)
{
    fputs("\\begin{table}[htbp]\n\\centering\n\\caption{", out);
    latex_text(out, grid->caption);
    fprintf(out, "}\n\\label{tab:%s}\n\\begin{tabular}{", grid->name);
    for (size_t c = 0; c < grid->n_columns; c++)
        putc(grid->columns[c].is_number ? 'r' : 'l', out);
    fputs("}\n\\toprule\n", out);
    for (size_t c = 0; c < grid->n_columns; c++) {
        latex_text(out, grid->columns[c].head);
        fputs(c + 1 < grid->n_columns ? " & " : " \\\\\n\\midrule\n", out);
    }
    for (size_t i = 0; i < grid_rows(grid) * grid->n_columns; i++) {
        const char *text = grid_shown(grid, i / grid->n_columns, i % grid->n_columns);
        latex_text(out, strcmp(text, "–") == 0 ? "--" : text);
        fputs((i + 1) % grid->n_columns ? " & " : " \\\\\n", out);
    }
    fputs("\\bottomrule\n\\end{tabular}\n\\end{table}\n", out);
}

void grid_csv(const struct grid *grid, FILE *out)
{
    for (size_t c = 0; c < grid->n_columns; c++) {
        csv_text(out, grid->columns[c].head);
        fputs(c + 1 < grid->n_columns ? "," : "\r\n", out);
    }
    for (size_t i = 0; i < grid_rows(grid) * grid->n_columns; i++) {
        csv_text(out, grid->cells[i].exact);
        fputs((i + 1) % grid->n_columns ? "," : "\r\n", out);
    }
}
