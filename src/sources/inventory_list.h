/*
 * inventory_list.h - what the parsers found, before it is made into an inventory: entries in the order of the
 * input. Local, private to the sources room.
 *
 *     lines -> inventory_parse.c, inventory_json.c -> struct inventory_list
 *           -> inventory_build.c -> struct inventory
 */
#ifndef DARKFOREST_SOURCES_INVENTORY_LIST_H
#define DARKFOREST_SOURCES_INVENTORY_LIST_H

#include "text_view.h"

#include "darkforest/sources/inventory.h"

#include <stddef.h>
#include <stdint.h>

#define CATEGORY_NAME_SIZE 64 /* with the final NUL; longer names are cut */
#define CATEGORIES_MAX 256    /* with "none" */

/* A block of addresses [start, start + 2^(32 - prefix)); a single address is a block of prefix 32. */
struct device_entry {
    uint32_t start;
    uint32_t order;   /* place in the input; of entries for an address the lowest wins */
    uint8_t prefix;   /* 0..32 */
    uint8_t category; /* in names[] of the list */
    uint8_t reserved[2];
};

#define ENTRY_UNNAMED ((uint32_t)1 << 31) /* added to the order of an entry without a category */

/* A text that came lately, as it stood in the list. */
struct category_text {
    char text[CATEGORY_NAME_SIZE];
    uint8_t n, code; /* code 0: none yet */
};

struct category_names {
    char names[CATEGORIES_MAX][CATEGORY_NAME_SIZE]; /* [0] is "none" */
    size_t n;
    uint16_t slots[2 * CATEGORIES_MAX]; /* code by hash of the name; 0: free */
    struct category_text texts[64];
};

struct inventory_list {
    struct device_entry *entries;
    size_t n, size;
    uint32_t n_taken;    /* entries that came, and the order of the next */
    uint64_t n_repeated; /* of those, what was dropped since another was of the same block */
    struct category_names categories;
    const char *full; /* NULL, or what there is too much of: then the list is not to be used */
};

/* What a line held. */
enum entry_result { ENTRY_GOOD, ENTRY_BAD, ENTRY_IPV6, ENTRY_IGNORED };

void inventory_list_init(struct inventory_list *list);
void inventory_list_free(struct inventory_list *list);

/*
 * Adds an entry: `address` is "192.0.2.1", "192.0.2.0/24" or, where `numbers` is true, "3221225985"; an empty
 * one is ENTRY_IGNORED. Categories are kept in lower case; an empty one is "unknown".
 */
enum entry_result inventory_list_add(struct inventory_list *list, struct text_view address,
                                     struct text_view category, int numbers);

/* Names under which lists keep an address and a category, the best first;
 * used for CSV columns and JSON keys alike. */
extern const char *const inventory_list_address_names[];
extern const size_t inventory_list_n_address_names;
extern const char *const inventory_list_category_names[];
extern const size_t inventory_list_n_category_names;

/* One line of JSON lines (Shodan, Censys, or any object with such keys). */
enum entry_result inventory_json_line(struct inventory_list *list, const char *line, size_t n);

struct text_stream;
/* Reads every line; adds to counts. 0, or an exit code with one sentence in *why. */
int inventory_parse(struct inventory_list *list, struct text_stream *stream, const char *path,
                    struct inventory_counts *counts, char **why);

/* Sorts the entries, and keeps of those of one block the one that wins: a list may repeat
 * itself endlessly. */
void inventory_squeeze(struct inventory_list *list);

/* Squeezes the list, settles overlaps and lays out the look-up. Fills counts->addresses and
 * counts->duplicates. The entries are gone then. */
struct inventory *inventory_build(struct inventory_list *list, struct inventory_counts *counts);

#endif
