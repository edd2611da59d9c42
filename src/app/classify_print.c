#include "classify_print.h"

#include "darkforest/core/csv.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/label/rules.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

static char *quote_json(const char *text)
{
    json_t *value = json_string(text); /* names are UTF-8, wherever they are from */
    char *quoted = json_dumps(value, JSON_ENCODE_ANY);
    json_decref(value);
    return quoted;
}

/* A row with its times and names as texts. */
struct shown_row {
    const struct source_row *row;
    char window[FORMAT_TIME_SIZE], address[FORMAT_IPV4_SIZE];
    const char *category, *verdict; /* as kept by the printer; category NULL: not shown */
    const double *shares;
};

struct form {
    char *(*keep)(const char *text); /* a name in fresh memory, as `row` wants it */
    void (*head)(const struct classify_printer *p);
    void (*row)(const struct classify_printer *p, const struct shown_row *shown);
};

struct classify_printer {
    const struct form *form;
    int n_classes;
    size_t n_categories;
    char **classes, **categories; /* as the form keeps them */
};

static void head_csv(const struct classify_printer *p)
{
    printf("window_start,address,%spackets,verdict", p->n_categories ? "category," : "");
    for (int c = 0; c < p->n_classes; c++) {
        putchar(',');
        csv_text(stdout, p->classes[c]);
    }
    puts(",rule_verdict,rule");
}

static void head_jsonl(const struct classify_printer *p)
{
    (void)p;
}

static void row_csv(const struct classify_printer *p, const struct shown_row *shown)
{
    const struct source_row *row = shown->row;
    printf("%sZ,%s,", shown->window, shown->address);
    if (shown->category) {
        csv_text(stdout, shown->category);
        putchar(',');
    }
    printf("%" PRIu64 ",", row->packets);
    csv_text(stdout, shown->verdict);
    for (int c = 0; c < p->n_classes; c++)
        printf(",%.6g", shown->shares[c]);
    printf(",%s,%s\n", source_label_names[row->label], rule_names[row->rule].name);
}

static void row_jsonl(const struct classify_printer *p, const struct shown_row *shown)
{
    const struct source_row *row = shown->row;
    printf("{\"window_start\":\"%sZ\",\"address\":\"%s\",", shown->window, shown->address);
    if (shown->category)
        printf("\"category\":%s,", shown->category);
    printf("\"packets\":%" PRIu64 ",\"verdict\":%s,\"shares\":{", row->packets, shown->verdict);
    for (int c = 0; c < p->n_classes; c++)
        printf("%s%s:%.6g", c ? "," : "", p->classes[c], shown->shares[c]);
    printf("},\"rule_verdict\":\"%s\",\"rule\":\"%s\"}\n", source_label_names[row->label],
           rule_names[row->rule].name);
}

static const struct form forms[] = {
    [CLASSIFY_CSV] = {memory_text, head_csv, row_csv},
    [CLASSIFY_JSONL] = {quote_json, head_jsonl, row_jsonl},
};

struct classify_printer *classify_printer_new(enum classify_format format, const struct model *model)
{
    struct classify_printer *p = memory_zeroed(1, sizeof *p);
    p->form = &forms[format];
    p->n_classes = model->n_classes;
    p->classes = memory_zeroed((size_t)p->n_classes, sizeof *p->classes);
    for (int c = 0; c < p->n_classes; c++)
        p->classes[c] = p->form->keep(model->class_names[c]);
    return p;
}

static void forget_categories(struct classify_printer *p)
{
    for (size_t c = 0; c < p->n_categories; c++)
        free(p->categories[c]);
    free(p->categories);
}

void classify_printer_categories(struct classify_printer *p, const char *const *names, size_t n)
{
    forget_categories(p);
    p->n_categories = n;
    p->categories = memory_get((n + 1) * sizeof *p->categories);
    for (size_t c = 0; c < n; c++)
        p->categories[c] = p->form->keep(names[c]);
}

void classify_printer_free(struct classify_printer *p)
{
    if (!p)
        return;
    for (int c = 0; c < p->n_classes; c++)
        free(p->classes[c]);
    forget_categories(p);
    free(p->classes);
    free(p);
}

void classify_print_head(const struct classify_printer *printer)
{
    printer->form->head(printer);
}

void classify_print_row(const struct classify_printer *printer, const struct source_row *row, uint8_t verdict,
                        const double *shares)
{
    struct shown_row shown = {.row = row, .verdict = printer->classes[verdict], .shares = shares};
    format_time(row->window_start * NS_PER_S, shown.window);
    format_ipv4(row->address, shown.address);
    if (printer->n_categories)
        shown.category = printer->categories[row->category];
    printer->form->row(printer, &shown);
}
