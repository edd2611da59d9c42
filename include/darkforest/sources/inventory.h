/*
 * inventory.h - the known devices: address to category. Local.
 *
 * Read from CSV with a header, plain addresses one a line, CIDR blocks, Shodan and Censys JSON lines; each
 * plain, gzip or zstd, sniffed by content. One contiguous piece of memory once built, so that a rank can
 * hand it to others as bytes. The first entry for an address that has a category wins, else the first;
 * files count in the order given. Categories are numbered from 1 in the order of their names (sorted
 * bytewise); 0 is "none" and an entry without a category is of "unknown". Names are UTF-8, 63 bytes at
 * most, with the letters A to Z in lower case and a question mark for what has no place in a text.
 *
 * A line that begins with '{' is a JSON object; a first line with a column of a known name (ip, ip_str,
 * address, ...; category, devicetype, device_type, type) is a CSV header; every other line is an address or a
 * block, then perhaps a comma, semicolon or tab and a category. Blank lines and lines that begin with '#' are
 * passed over, and so is what follows " #" where there is no header. One entry is one line: no line breaks in
 * quotes.
 */
#ifndef DARKFOREST_SOURCES_INVENTORY_H
#define DARKFOREST_SOURCES_INVENTORY_H

#include <stddef.h>
#include <stdint.h>

struct inventory;

struct inventory_counts {
    uint64_t lines;          /* of data: blank lines, comments and headers are not counted */
    uint64_t addresses;      /* distinct, CIDR blocks by their size */
    uint64_t duplicates;     /* entries that say nothing new: one that goes before them covers them wholly */
    uint64_t ipv6_entries;   /* well-formed IPv6 addresses: passed over, not bad */
    uint64_t bad_lines;      /* neither an address nor a header: counted among `lines` */
    uint64_t first_bad_line; /* 1-based, in first_bad_file; 0: none */
    char first_bad_file[256];
};

/*
 * NULL with *code (EXIT_NO_INPUT, EXIT_BAD_DATA, EXIT_IO) and one sentence in *why (free() it). Bad lines are
 * counted, never fatal alone; a file in which no line is good, a compressed file that is damaged or cut off,
 * and more than 255 categories are EXIT_BAD_DATA: half a device list must not pass for a whole one.
 */
struct inventory *inventory_read(const char *const *paths, size_t n, struct inventory_counts *counts,
                                 int *code, char **why);
void inventory_free(struct inventory *inventory);

/* category[i] = the category of addresses[i], 0 when it is not listed.
 * The hot path: prefetches, n is best some hundreds. */
void inventory_find(const struct inventory *inventory, const uint32_t *addresses, size_t n,
                    uint8_t *category);

size_t inventory_n_categories(const struct inventory *inventory);               /* "none" counted in */
const char *inventory_category(const struct inventory *inventory, size_t code); /* "none", then the names */
/* Of the content, not of the files: equal for equal (address, category) sets. */
uint64_t inventory_checksum(const struct inventory *inventory);

/*
 * As one piece of memory and back: for a rank that read it to hand to others. The copy is whole, 64-byte
 * aligned, and outlives the view.
 */
const void *inventory_bytes(const struct inventory *inventory, size_t *n);
const struct inventory *inventory_view(const void *bytes);

#endif
