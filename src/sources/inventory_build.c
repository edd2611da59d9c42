/*
 * inventory_build.c - entries in the order of the input to the look-up of inventory_layout.h.
 *
 *     entries -> sorted, one for each block
 *             -> disjoint runs, the entry of the lowest order for an address winning
 *             -> categories renumbered -> one piece of memory
 */
#include "inventory_layout.h"

#include "darkforest/core/memory.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_DEPTH 33 /* blocks inside one another: one for each prefix length */
#define PREFIXES_16 65536

/* Neighbouring addresses of one category. */
struct address_run {
    uint32_t start, end; /* both belong to it */
    uint8_t category;
    uint8_t reserved[3]; /* zero: runs are hashed as bytes */
};

struct address_runs {
    struct address_run *items;
    size_t n;
};

static uint32_t block_end(const struct device_entry *entry)
{
    return entry->start | (uint32_t)((1ULL << (32 - entry->prefix)) - 1);
}

#define DIGIT_BITS 11 /* three digits an address */
#define DIGITS (1 << DIGIT_BITS)
#define BY_PREFIX 32 /* in place of a shift: the prefix is the digit */

static size_t digit(const struct device_entry *e, unsigned shift)
{
    return shift == BY_PREFIX ? e->prefix : e->start >> shift & (DIGITS - 1);
}

/* One pass of a radix sort: stable, by a digit. */
static void sort_pass(const struct device_entry *from, struct device_entry *to, size_t n, unsigned shift)
{
    size_t places[DIGITS + 1] = {0};
    for (size_t i = 0; i < n; i++)
        places[digit(&from[i], shift) + 1]++;
    for (size_t k = 1; k <= DIGITS; k++)
        places[k] += places[k - 1];
    for (size_t i = 0; i < n; i++)
        to[places[digit(&from[i], shift)]++] = from[i];
}

static int has_blocks(const struct inventory_list *list)
{
    uint8_t all = 32;
    for (size_t i = 0; i < list->n; i++)
        all &= list->entries[i].prefix;
    return all != 32;
}

/* Orders entries by (start, prefix, order): a block comes before the blocks inside it. */
static void sort_entries(struct inventory_list *list)
{
    static const unsigned passes[] = {BY_PREFIX, 0, DIGIT_BITS, 2 * DIGIT_BITS};
    struct device_entry *other = memory_get(list->n * sizeof *other);
    for (size_t p = has_blocks(list) ? 0 : 1; p < sizeof passes / sizeof *passes; p++) {
        sort_pass(list->entries, other, list->n, passes[p]);
        struct device_entry *sorted = other;
        other = list->entries;
        list->entries = sorted;
    }
    list->size = list->n;
    free(other);
}

void inventory_squeeze(struct inventory_list *list)
{
    size_t n = 0;
    sort_entries(list);
    struct device_entry *entries = list->entries;
    for (size_t i = 0; i < list->n; i++) {
        struct device_entry *last = n ? &entries[n - 1] : NULL;
        if (!last || last->start != entries[i].start || last->prefix != entries[i].prefix)
            entries[n++] = entries[i];
        else if (entries[i].order < last->order) /* the one before has no category */
            *last = entries[i];
    }
    list->n_repeated += list->n - n;
    list->n = n;
}

/* Adds [start, end] after what is there, joined to the last run where that is possible. */
static void add_run(struct address_runs *runs, uint64_t start, uint64_t end, uint8_t category)
{
    struct address_run *last = runs->n ? &runs->items[runs->n - 1] : NULL;
    if (start > end)
        return;
    if (last && last->category == category && (uint64_t)last->end + 1 == start)
        last->end = (uint32_t)end;
    else
        runs->items[runs->n++] = (struct address_run){(uint32_t)start, (uint32_t)end, category, {0}};
}

/*
 * The sweep: blocks are nested or apart, so a stack holds those around the current address, the one of the
 * lowest order on top. A block inside one of a lower order says nothing new. Returns the number of those.
 */
static uint64_t settle(const struct inventory_list *list, struct address_runs *runs)
{
    const struct device_entry *stack[BLOCK_DEPTH];
    size_t depth = 0;
    uint64_t at = 0, duplicates = 0; /* addresses below `at` are settled */
    for (size_t i = 0; i <= list->n; i++) {
        const struct device_entry *next = i < list->n ? &list->entries[i] : NULL;
        while (depth > 0 && (!next || block_end(stack[depth - 1]) < next->start)) {
            const struct device_entry *top = stack[--depth];
            add_run(runs, at, block_end(top), top->category);
            at = at > block_end(top) ? at : (uint64_t)block_end(top) + 1;
        }
        if (!next)
            break;
        if (depth > 0 && stack[depth - 1]->order < next->order) {
            duplicates++;
            continue;
        }
        if (depth > 0 && at < next->start)
            add_run(runs, at, (uint64_t)next->start - 1, stack[depth - 1]->category);
        at = next->start;
        stack[depth++] = next;
    }
    return duplicates;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Keeps the names that runs use, sorted, and gives the runs the new codes.
 * Returns their number with "none". */
static uint32_t renumber(struct address_runs *runs, const struct category_names *old,
                         char names[][CATEGORY_NAME_SIZE])
{
    uint8_t is_used[CATEGORIES_MAX] = {0}, code_of[CATEGORIES_MAX] = {0};
    for (size_t i = 0; i < runs->n; i++)
        is_used[runs->items[i].category] = 1;
    memcpy(names[0], old->names[0], CATEGORY_NAME_SIZE);
    uint32_t n = 1;
    for (size_t i = 1; i < old->n; i++)
        if (is_used[i])
            memcpy(names[n++], old->names[i], CATEGORY_NAME_SIZE);
    qsort(names[1], n - 1, CATEGORY_NAME_SIZE, compare_names);
    for (size_t i = 1; i < old->n; i++)
        for (uint32_t k = 1; k < n; k++)
            if (strcmp(old->names[i], names[k]) == 0)
                code_of[i] = (uint8_t)k;
    for (size_t i = 0; i < runs->n; i++)
        runs->items[i].category = code_of[runs->items[i].category];
    return n;
}

static uint64_t run_length(const struct address_run *run)
{
    return (uint64_t)run->end - run->start + 1;
}

/* Whether its addresses are kept one by one. */
static int is_expanded(const struct address_run *run)
{
    return run_length(run) <= RUN_EXPANDED;
}

/* Takes `n_bytes` of the piece that is being laid out, on a cache line of their own. */
static uint64_t reserve(uint64_t *total, uint64_t n_bytes)
{
    const uint64_t at = (*total + 63) / 64 * 64;
    *total = at + n_bytes;
    return at;
}

/* Sizes and places, from what will be in the tables. */
static void lay_out(struct inventory *plan, uint64_t n_single, uint64_t n_runs)
{
    uint64_t total = sizeof *plan;
    plan->n_filter_words = n_single * FILTER_BITS_PER_ADDRESS / 64 + 1;
    plan->n_lines = n_single / 9 + 1; /* three quarters full */
    plan->n_runs = n_runs;
    plan->filter_at = reserve(&total, plan->n_filter_words * sizeof(uint64_t));
    plan->lines_at = reserve(&total, plan->n_lines * sizeof(struct inventory_line));
    plan->ends_at = reserve(&total, n_runs * sizeof(uint32_t));
    plan->starts_at = reserve(&total, n_runs * sizeof(uint32_t));
    plan->run_categories_at = reserve(&total, n_runs);
    plan->first_at = reserve(&total, n_runs ? (PREFIXES_16 + 1) * sizeof(uint32_t) : 0);
    plan->n_bytes = (total + 63) / 64 * 64;
}

static void put_single(struct inventory *inventory, uint32_t address, uint8_t category)
{
    uint64_t *filter = (uint64_t *)((char *)inventory + inventory->filter_at);
    struct inventory_line *lines = (struct inventory_line *)((char *)inventory + inventory->lines_at);
    const uint32_t hash = inventory_hash(address, inventory->seed);
    filter[inventory_place(hash, inventory->n_filter_words)] |= inventory_filter_bits(hash);
    uint64_t place = inventory_place(hash, inventory->n_lines);
    while (lines[place].n == LINE_ADDRESSES)
        place = place + 1 < inventory->n_lines ? place + 1 : 0;
    const size_t slot = lines[place].n++;
    lines[place].address[slot] = address;
    lines[place].category[slot] = category;
}

/* first[p] is the first run that ends in /16 number p or after it. */
static void index_runs(struct inventory *inventory)
{
    const uint32_t *ends = (const uint32_t *)((const char *)inventory + inventory->ends_at);
    uint32_t *first = (uint32_t *)((char *)inventory + inventory->first_at);
    uint32_t run = 0;
    for (uint32_t p = 0; p < PREFIXES_16; p++) {
        while (run < inventory->n_runs && ends[run] >> 16 < p)
            run++;
        first[p] = run;
    }
    first[PREFIXES_16] = (uint32_t)inventory->n_runs;
}

/* Runs of many addresses, which stay runs. */
static void fill_runs(struct inventory *inventory, const struct address_runs *runs)
{
    uint32_t *ends = (uint32_t *)((char *)inventory + inventory->ends_at);
    uint32_t *starts = (uint32_t *)((char *)inventory + inventory->starts_at);
    uint8_t *categories = (uint8_t *)inventory + inventory->run_categories_at;
    size_t n = 0;
    for (size_t i = 0; i < runs->n; i++) {
        const struct address_run *run = &runs->items[i];
        if (is_expanded(run))
            continue;
        ends[n] = run->end;
        starts[n] = run->start;
        categories[n++] = run->category;
    }
    if (n > 0)
        index_runs(inventory);
}

#define STRETCH_BITS 8
#define STRETCHES (1 << STRETCH_BITS)

/* Of the table: a stretch stays in the cache. */
static size_t stretch_of(const struct inventory *inventory, uint64_t address)
{
    return inventory_hash((uint32_t)address, inventory->seed) >> (32 - STRETCH_BITS);
}

/* Where the addresses of each stretch begin, when those of the first are before those of the second. */
static void place_stretches(const struct inventory *inventory, const struct address_runs *runs,
                            size_t places[STRETCHES + 1])
{
    memset(places, 0, (STRETCHES + 1) * sizeof *places);
    for (size_t i = 0; i < runs->n; i++) {
        const struct address_run *run = &runs->items[i];
        for (uint64_t a = run->start; a <= run->end && is_expanded(run); a++)
            places[stretch_of(inventory, a) + 1]++;
    }
    for (size_t s = 1; s <= STRETCHES; s++)
        places[s] += places[s - 1];
}

/* All other addresses, a stretch after the other. */
static void fill_singles(struct inventory *inventory, const struct address_runs *runs, size_t n_single)
{
    const size_t n_bytes = (n_single + 1) * sizeof(uint64_t);
    uint64_t *singles = memory_map(n_bytes); /* address above, category below */
    size_t places[STRETCHES + 1];
    place_stretches(inventory, runs, places);
    for (size_t i = 0; i < runs->n; i++) {
        const struct address_run *run = &runs->items[i];
        for (uint64_t a = run->start; a <= run->end && is_expanded(run); a++)
            singles[places[stretch_of(inventory, a)]++] = a << 8 | run->category;
    }
    for (size_t i = 0; i < n_single; i++)
        put_single(inventory, (uint32_t)(singles[i] >> 8), (uint8_t)singles[i]);
    memory_unmap(singles, n_bytes);
}

static struct inventory *make(struct address_runs *runs, const struct category_names *categories,
                              uint64_t *n_addresses)
{
    struct inventory plan = {0};
    uint64_t n_single = 0, n_long = 0;
    for (size_t i = 0; i < runs->n; i++) {
        const uint64_t length = run_length(&runs->items[i]);
        *n_addresses += length;
        n_single += is_expanded(&runs->items[i]) ? length : 0;
        n_long += !is_expanded(&runs->items[i]);
    }
    plan.n_categories = renumber(runs, categories, plan.names);
    plan.checksum = hash_bytes(runs->items, runs->n * sizeof *runs->items,
                               hash_bytes(plan.names, (size_t)plan.n_categories * CATEGORY_NAME_SIZE, 0));
    plan.seed = (uint32_t)plan.checksum;
    lay_out(&plan, n_single, n_long);
    struct inventory *inventory = memory_map(plan.n_bytes);
    memcpy(inventory, &plan, sizeof plan);
    fill_runs(inventory, runs);
    fill_singles(inventory, runs, n_single);
    return inventory;
}

struct inventory *inventory_build(struct inventory_list *list, struct inventory_counts *counts)
{
    inventory_squeeze(list);
    /* A block makes one run and cuts the one around it in two. */
    struct address_runs runs = {memory_get((2 * list->n + 1) * sizeof *runs.items), 0};
    counts->duplicates = list->n_repeated + settle(list, &runs);
    free(list->entries);
    list->entries = NULL;
    counts->addresses = 0;
    struct inventory *inventory = make(&runs, &list->categories, &counts->addresses);
    free(runs.items);
    return inventory;
}
