/* inventory.c - reading device lists, and asking the look-up that came of them. */
#include "darkforest/sources/inventory.h"

#include "inventory_layout.h"
#include "text_stream.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FIND_BATCH 256

/* Why no entry came of a file, by what came of its lines. */
static char *say_no_list(const char *path, const struct inventory_counts *counts)
{
    if (counts->lines == 0)
        return text_format("%s holds no entry: a device list has an address a line", path);
    if (counts->bad_lines == 0)
        return text_format("%s holds IPv6 addresses only, and packets of IPv6 are not counted", path);
    char *text = text_format(
        "%s:%llu: this is no entry, and none is in the file: an entry is an IPv4 address or a block, "
        "then perhaps a comma, semicolon or tab and a category; a header line, or the keys of JSON lines, "
        "name it by one of ",
        path, (unsigned long long)counts->first_bad_line);
    for (size_t i = 0; i < inventory_list_n_address_names; i++)
        text_add(&text, "%s%s", i ? ", " : "", inventory_list_address_names[i]);
    return text;
}

static void add_counts(struct inventory_counts *sum, const struct inventory_counts *counts)
{
    sum->lines += counts->lines;
    sum->ipv6_entries += counts->ipv6_entries;
    if (sum->bad_lines == 0) {
        sum->first_bad_line = counts->first_bad_line;
        memcpy(sum->first_bad_file, counts->first_bad_file, sizeof sum->first_bad_file);
    }
    sum->bad_lines += counts->bad_lines;
}

/* Adds the file's entries to the list. 0, or an exit code with *why. */
static int read_file(struct inventory_list *list, const char *path, struct inventory_counts *counts,
                     char **why)
{
    int code = EXIT_DONE;
    struct inventory_counts of_file = {0};
    struct text_stream *stream = text_open(path, &code, why);
    if (!stream)
        return code;
    const uint32_t n_before = list->n_taken;
    code = inventory_parse(list, stream, path, &of_file, why);
    text_close(stream);
    if (code == EXIT_DONE && list->n_taken == n_before) {
        *why = say_no_list(path, &of_file);
        code = EXIT_BAD_DATA;
    }
    add_counts(counts, &of_file);
    return code;
}

struct inventory *inventory_read(const char *const *paths, size_t n, struct inventory_counts *counts,
                                 int *code, char **why)
{
    struct inventory *inventory = NULL;
    struct inventory_list *list = memory_get(sizeof *list);
    inventory_list_init(list);
    memset(counts, 0, sizeof *counts);
    *code = EXIT_DONE;
    for (size_t i = 0; i < n && *code == EXIT_DONE; i++)
        *code = read_file(list, paths[i], counts, why);
    if (*code == EXIT_DONE)
        inventory = inventory_build(list, counts);
    inventory_list_free(list);
    free(list);
    return inventory;
}

void inventory_free(struct inventory *inventory)
{
    if (inventory)
        memory_unmap(inventory, inventory->n_bytes);
}

/* 0 when the address is in no line. */
static uint8_t find_single(const struct inventory *inventory, uint32_t address, uint32_t hash)
{
    const struct inventory_line *lines = (const void *)((const char *)inventory + inventory->lines_at);
    for (uint64_t place = inventory_place(hash, inventory->n_lines);;) {
        const struct inventory_line *line = &lines[place];
        uint8_t found = 0;
        for (int i = 0; i < LINE_ADDRESSES; i++)
            found |= line->address[i] == address ? line->category[i] : 0;
        if (found || line->category[LINE_ADDRESSES - 1] == 0)
            return found;
        place = place + 1 < inventory->n_lines ? place + 1 : 0;
    }
}

/* 0 when the address is in no run. */
static uint8_t find_run(const struct inventory *inventory, uint32_t address)
{
    const uint32_t *first = (const void *)((const char *)inventory + inventory->first_at);
    const uint32_t *ends = (const void *)((const char *)inventory + inventory->ends_at);
    const uint32_t *starts = (const void *)((const char *)inventory + inventory->starts_at);
    uint32_t low = first[address >> 16], high = first[(address >> 16) + 1];
    while (low < high) { /* the first run that does not end before the address */
        const uint32_t middle = low + (high - low) / 2;
        if (ends[middle] < address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == inventory->n_runs || starts[low] > address)
        return 0;
    return *((const uint8_t *)inventory + inventory->run_categories_at + low);
}

/* At most FIND_BATCH addresses: all of them ask the filter, then those that passed ask the lines; both are
 * called for before anyone asks. */
static void find_batch(const struct inventory *inventory, const uint32_t *addresses, size_t n,
                       uint8_t *category)
{
    const uint64_t *filter = (const void *)((const char *)inventory + inventory->filter_at);
    const struct inventory_line *lines = (const void *)((const char *)inventory + inventory->lines_at);
    uint32_t hashes[FIND_BATCH], passed[FIND_BATCH];
    size_t n_passed = 0;
    for (size_t i = 0; i < n; i++)
        hashes[i] = inventory_hash(addresses[i], inventory->seed);
    for (size_t i = 0; i < n; i++)
        __builtin_prefetch(&filter[inventory_place(hashes[i], inventory->n_filter_words)]);
    memset(category, 0, n);
    for (size_t i = 0; i < n; i++) {
        const uint64_t bits = inventory_filter_bits(hashes[i]);
        passed[n_passed] = (uint32_t)i;
        n_passed += (filter[inventory_place(hashes[i], inventory->n_filter_words)] & bits) == bits;
    }
    for (size_t k = 0; k < n_passed; k++)
        __builtin_prefetch(&lines[inventory_place(hashes[passed[k]], inventory->n_lines)]);
    for (size_t k = 0; k < n_passed; k++)
        category[passed[k]] = find_single(inventory, addresses[passed[k]], hashes[passed[k]]);
}

void inventory_find(const struct inventory *inventory, const uint32_t *addresses, size_t n, uint8_t *category)
{
    for (size_t at = 0; at < n; at += FIND_BATCH)
        find_batch(inventory, addresses + at, n - at < FIND_BATCH ? n - at : FIND_BATCH, category + at);
    if (inventory->n_runs == 0)
        return;
    for (size_t i = 0; i < n; i++)
        if (category[i] == 0)
            category[i] = find_run(inventory, addresses[i]);
}

size_t inventory_n_categories(const struct inventory *inventory)
{
    return inventory->n_categories;
}

const char *inventory_category(const struct inventory *inventory, size_t code)
{
    return code < inventory->n_categories ? inventory->names[code] : inventory->names[0];
}

uint64_t inventory_checksum(const struct inventory *inventory)
{
    return inventory->checksum;
}

const void *inventory_bytes(const struct inventory *inventory, size_t *n)
{
    *n = inventory->n_bytes;
    return inventory;
}

const struct inventory *inventory_view(const void *bytes)
{
    assert((uintptr_t)bytes % 64 == 0);
    return bytes;
}
