#include "darkforest/report/grid.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct grid *grid_new(const char *name, const char *caption)
{
    struct grid *grid = memory_zeroed(1, sizeof *grid);
    grid->name = memory_text(name);
    grid->caption = memory_text(caption);
    grid->label = memory_text(name);
    return grid;
}

void grid_label(struct grid *grid, const char *label)
{
    free(grid->label);
    grid->label = memory_text(label);
}

void grid_free(struct grid *grid)
{
    if (!grid)
        return;
    for (size_t c = 0; c < grid->n_columns; c++) {
        free(grid->columns[c].head);
        free(grid->columns[c].unit);
    }
    for (size_t i = 0; i < grid->n_cells; i++) {
        free(grid->cells[i].shown);
        free(grid->cells[i].exact);
    }
    free(grid->columns);
    free(grid->cells);
    free(grid->label);
    free(grid->caption);
    free(grid->name);
    free(grid);
}

void grid_column(struct grid *grid, const char *head, int is_number)
{
    assert(grid->n_cells == 0);
    grid->columns = memory_resize(grid->columns, (grid->n_columns + 1) * sizeof *grid->columns);
    grid->columns[grid->n_columns++] =
        (struct grid_column){.head = memory_text(head), .is_number = is_number};
}

void grid_columns(struct grid *grid, const char *const *heads, size_t n, size_t n_texts)
{
    for (size_t i = 0; i < n; i++)
        grid_column(grid, heads[i], i >= n_texts);
}

void grid_unit(struct grid *grid, size_t column, const char *unit)
{
    assert(column < grid->n_columns && !grid->columns[column].unit);
    grid->columns[column].unit = memory_text(unit);
}

void grid_hide(struct grid *grid, size_t column)
{
    assert(column < grid->n_columns);
    grid->columns[column].is_hidden = 1;
}

/* Takes both texts. */
static void add_cell(struct grid *grid, char *shown, char *exact)
{
    grid->cells = memory_resize(grid->cells, (grid->n_cells + 1) * sizeof *grid->cells);
    grid->cells[grid->n_cells++] = (struct grid_cell){shown, exact};
}

void grid_text(struct grid *grid, const char *text)
{
    grid_pair(grid, text, text);
}

void grid_pair(struct grid *grid, const char *shown, const char *exact)
{
    add_cell(grid, memory_text(shown), memory_text(exact));
}

/* Commas between thousands, in what comes before the point. */
static char *group_digits(const char *digits)
{
    const size_t n = strcspn(digits, ".");
    char *grouped = memory_zeroed(2 * strlen(digits) + 1, 1), *at = grouped;
    for (size_t i = 0; digits[i]; i++) {
        *at++ = digits[i];
        if (i + 1 < n && (n - i - 1) % 3 == 0 && digits[i] != '-')
            *at++ = ',';
    }
    return grouped;
}

void grid_count(struct grid *grid, uint64_t n)
{
    char *exact = text_format("%" PRIu64, n);
    add_cell(grid, group_digits(exact), exact);
}

static char *exact_text(double value)
{
    char text[FORMAT_TIME_SIZE];
    return memory_text(format_real(value, text));
}

void grid_real(struct grid *grid, double value, int n_decimals)
{
    char *rounded = text_format("%.*f", n_decimals, value);
    add_cell(grid, group_digits(rounded), exact_text(value));
    free(rounded);
}

void grid_measure(struct grid *grid, double value, int n_decimals, int is_undefined)
{
    add_cell(grid, text_format("%.*f%s", n_decimals, value, is_undefined ? "†" : ""), exact_text(value));
}

void grid_share(struct grid *grid, uint64_t part, uint64_t whole)
{
    if (whole == 0) {
        add_cell(grid, memory_text("–"), memory_text(""));
        return;
    }
    const double percent = 100.0 * (double)part / (double)whole;
    add_cell(grid, text_format("%.1f %%", percent), exact_text(percent));
}

size_t grid_rows(const struct grid *grid)
{
    return grid->n_columns ? grid->n_cells / grid->n_columns : 0;
}

size_t grid_rows_shown(const struct grid *grid)
{
    const size_t n = grid_rows(grid);
    return grid->n_shown && grid->n_shown < n ? grid->n_shown : n;
}

const char *grid_shown(const struct grid *grid, size_t row, size_t column)
{
    const struct grid_cell *cells = grid->cells + row * grid->n_columns;
    int repeated = row > 0 && column < grid->n_keys;
    for (size_t c = 0; repeated && c <= column; c++)
        repeated = strcmp(cells[c].exact, (cells - grid->n_columns)[c].exact) == 0;
    return repeated ? "" : cells[column].shown;
}
