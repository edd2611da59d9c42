/* Tables in four languages: what means something there must be escaped,
 * what repeats is left out, digits are grouped. */
#include "darkforest/report/grid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *printed(const struct grid *grid, void (*print)(const struct grid *grid, FILE *out))
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    assert_non_null(out);
    print(grid, out);
    fclose(out);
    return text;
}

static void expect(const struct grid *grid, void (*print)(const struct grid *grid, FILE *out),
                   const char *text)
{
    char *whole = printed(grid, print);
    if (!strstr(whole, text))
        fail_msg("'%s' is not in:\n%s", text, whole);
    free(whole);
}

static struct grid *hostile_grid(void)
{
    struct grid *grid = grid_new("hostile", "A <b> & 50 % of $it_all");
    grid_column(grid, "Name", 0);
    grid_column(grid, "Count #", 1);
    grid_text(grid, "</td><script>alert('x')</script>");
    grid_count(grid, 1234567);
    grid_text(grid, "a|b_c\\d{e}~^\"q\"");
    grid_count(grid, 999);
    grid_text(grid, "[*]*"); /* a length and a wish, behind the end of a row */
    grid_count(grid, 1);
    return grid;
}

static void texts_are_escaped(void **state)
{
    (void)state;
    struct grid *grid = hostile_grid();
    expect(grid, grid_html, "<caption>A &lt;b&gt; &amp; 50 % of $it_all</caption>");
    expect(
        grid, grid_html,
        "<td>&lt;/td&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;</td><td class=\"n\">1,234,567</td>");
    expect(grid, grid_markdown, "| a\\|b\\_c\\\\d{e}\\~^\"q\" | 999 |");
    expect(grid, grid_latex, "\\caption{A \\textless{}b\\textgreater{} \\& 50 \\% of \\$it\\_all}");
    expect(grid, grid_latex,
           "a\\textbar{}b\\_c\\textbackslash{}d\\{e\\}\\textasciitilde{}\\textasciicircum{}\"q\" & 999 \\\\");
    expect(grid, grid_latex, "{[}{*}{]}{*} & 1 \\\\");
    expect(grid, grid_latex, "Name & Count \\#");
    expect(grid, grid_csv, "\"a|b_c\\d{e}~^\"\"q\"\"\",999\n");
    expect(grid, grid_csv, "<script>alert('x')</script>,1234567\n");
    grid_free(grid);
}

static void numbers_are_shown_and_exact(void **state)
{
    (void)state;
    struct grid *grid = grid_new("numbers", "");
    grid_column(grid, "n", 1);
    grid_count(grid, 0);
    grid_count(grid, 1000);
    grid_count(grid, UINT64_MAX);
    grid_real(grid, 0.1, 4);
    grid_real(grid, -123456.789, 1);
    grid_share(grid, 1, 3);
    grid_share(grid, 0, 0);
    static const char *const shown[] = {
        "0", "1,000", "18,446,744,073,709,551,615", "0.1000", "-123,456.8", "33.3 %", "–"};
    static const char *const exact[] = {
        "0", "1000", "18446744073709551615", "0.1", "-123456.789", "33.333333333333336", ""};
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal(grid->cells[i].shown, shown[i]);
        assert_string_equal(grid->cells[i].exact, exact[i]);
    }
    grid_free(grid);
}

static void repeated_keys_are_left_out(void **state)
{
    (void)state;
    static const char *const rows[][3] = {{"a", "x", "1"}, {"a", "x", "1"}, {"a", "y", "1"}, {"b", "y", "1"}};
    static const char *const seen[][3] = {{"a", "x", "1"}, {"", "", "1"}, {"", "y", "1"}, {"b", "y", "1"}};
    struct grid *grid = grid_new("keys", "");
    grid->n_keys = 2;
    for (int c = 0; c < 3; c++)
        grid_column(grid, "c", 0);
    for (size_t r = 0; r < 4; r++)
        for (size_t c = 0; c < 3; c++)
            grid_text(grid, rows[r][c]);
    for (size_t r = 0; r < 4; r++)
        for (size_t c = 0; c < 3; c++)
            assert_string_equal(grid_shown(grid, r, c), seen[r][c]);
    expect(grid, grid_csv, "a,x,1\na,x,1\na,y,1\nb,y,1\n");
    grid_free(grid);
}

static void csv_has_numbers_units_and_all_rows(void **state)
{
    (void)state;
    struct grid *grid = grid_new("units", "");
    grid->n_shown = 1;
    grid_column(grid, "Memory", 1);
    grid_column(grid, "Score", 1);
    grid_unit(grid, 0, "bytes");
    grid_pair(grid, "1.0 KiB", "1024");
    grid_measure(grid, 0, 4, 1);
    grid_pair(grid, "2.0 KiB", "2048");
    grid_measure(grid, 0.5, 4, 0);
    expect(grid, grid_csv, "Memory (bytes),Score\n1024,0\n2048,0.5\n");
    expect(grid, grid_html, ">Memory</th>");
    expect(grid, grid_html, "<td class=\"n\">1.0 KiB</td><td class=\"n\">0.0000†</td></tr>\n</tbody>");
    expect(grid, grid_markdown, "| 1.0 KiB | 0.0000† |\n\n");
    expect(grid, grid_latex, "1.0 KiB & 0.0000$\\dagger$ \\\\\n\\bottomrule");
    grid_free(grid);
}

static void hidden_columns_are_for_csv_alone(void **state)
{
    (void)state;
    struct grid *grid = grid_new("hidden", "");
    grid->n_keys = 2;
    grid_column(grid, "Model", 0);
    grid_column(grid, "File", 0);
    grid_column(grid, "Rows", 1);
    grid_hide(grid, 1);
    for (int r = 0; r < 2; r++) {
        grid_text(grid, "forest");
        grid_text(grid, r ? "b.h5" : "a.h5");
        grid_count(grid, 7);
    }
    expect(grid, grid_csv, "Model,File,Rows\nforest,a.h5,7\nforest,b.h5,7\n");
    expect(grid, grid_markdown, "| Model | Rows |\n|---|---:|\n| forest | 7 |\n|  | 7 |\n\n");
    expect(grid, grid_latex,
           "{tabular}{lr}\n\\toprule\nModel & Rows \\\\\n\\midrule\nforest & 7 \\\\\n & 7 \\\\");
    expect(grid, grid_html, "<th>Model</th><th class=\"n\">Rows</th></tr>");
    grid_free(grid);
}

static void latex_has_groups_of_heads_and_fits(void **state)
{
    static const char *const heads[] = {"a: x", "a: y", "b", "c_d: x"};
    (void)state;
    struct grid *grid = grid_new("groups", "");
    for (int c = 0; c < 4; c++)
        grid_column(grid, heads[c], 1);
    expect(grid, grid_latex, "% needs \\usepackage{booktabs,graphicx}\n\\begin{table}");
    expect(grid, grid_latex,
           "\\multicolumn{2}{c}{a} &  & \\multicolumn{1}{c}{c\\_d} \\\\\n\\cmidrule(lr){1-2}\n"
           "\\cmidrule(lr){4-4}\nx & y & b & x \\\\\n\\midrule\n");
    expect(grid, grid_latex, "\\linewidth\\else\\width\\fi}{!}{%\n\\begin{tabular}{rrrr}");
    expect(grid, grid_latex, "\\end{tabular}}\n");
    expect(grid, grid_csv, "a: x,a: y,b,c_d: x\n");
    grid_free(grid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_escaped),
        cmocka_unit_test(numbers_are_shown_and_exact),
        cmocka_unit_test(repeated_keys_are_left_out),
        cmocka_unit_test(csv_has_numbers_units_and_all_rows),
        cmocka_unit_test(hidden_columns_are_for_csv_alone),
        cmocka_unit_test(latex_has_groups_of_heads_and_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
