/* inventory_list.c - entries and category names as they come. */
#include "inventory_list.h"

#include "darkforest/core/hash.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define SQUEEZED_FROM ((size_t)1 << 22) /* entries: 64 MiB */

const char *const inventory_list_address_names[] = {
    "ip_str",
    "ip",
    "ipv4",
    "ipv4_int",
    "address",
    "addr",
    "ip_address",
    "src_ip",
    "host.ip",
    "host_identifier.ipv4",
    "host_v1.resource.ip",
    "ipv6",
    "host_identifier.ipv6",
};
const size_t inventory_list_n_address_names =
    sizeof inventory_list_address_names / sizeof inventory_list_address_names[0];
const char *const inventory_list_category_names[] = {"category", "devicetype", "device_type", "type"};
const size_t inventory_list_n_category_names =
    sizeof inventory_list_category_names / sizeof inventory_list_category_names[0];

void inventory_list_init(struct inventory_list *list)
{
    memset(list, 0, sizeof *list);
    memcpy(list->categories.names[0], "none", sizeof "none");
    list->categories.n = 1;
}

void inventory_list_free(struct inventory_list *list)
{
    free(list->entries);
    list->entries = NULL;
}

/* Bytes of the text that a name has room for; a letter of several bytes is not cut. */
static size_t fitting(struct text_view text)
{
    if (text.n < CATEGORY_NAME_SIZE)
        return text.n;
    size_t n = CATEGORY_NAME_SIZE - 1;
    while (n > 0 && ((uint8_t)text.at[n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* The name as it is kept: UTF-8, Latin letters in lower case, cut to size; a question mark for what has no
 * place in a text. */
static size_t clean_category(struct text_view text, char name[CATEGORY_NAME_SIZE])
{
    text = text_view_trimmed(text);
    if (text.n == 0)
        text = text_view_of("unknown");
    const size_t n = fitting(text);
    memset(name, 0, CATEGORY_NAME_SIZE);
    for (size_t i = 0; i < n; i++) {
        const int is_ascii = (uint8_t)text.at[i] < 0x80;
        name[i] = is_ascii && (text.at[i] < ' ' || text.at[i] > '~') ? '?' : text_view_lower(text.at[i]);
    }
    if (strcmp(name, "none") == 0) /* that is what a source which is not listed has */
        return clean_category(text_view_of("unknown"), name);
    text_make_utf8(name);
    return n;
}

/* Where a text is remembered. */
static struct category_text *remembered(struct category_names *c, struct text_view text)
{
    const size_t n_texts = sizeof c->texts / sizeof c->texts[0];
    const size_t mix = text.n ? text.n * 31 + (uint8_t)text.at[0] * 7 + (uint8_t)text.at[text.n - 1] : 0;
    return &c->texts[mix % n_texts];
}

/* The code of a name, new if need be; 0 when there are too many. */
static uint8_t code_of_name(struct category_names *c, struct text_view text)
{
    char name[CATEGORY_NAME_SIZE];
    const size_t n = clean_category(text, name);
    const size_t n_slots = sizeof c->slots / sizeof c->slots[0];
    size_t slot = hash_bytes(name, n, 0) % n_slots;
    for (; c->slots[slot]; slot = (slot + 1) % n_slots)
        if (memcmp(c->names[c->slots[slot]], name, sizeof name) == 0)
            return (uint8_t)c->slots[slot];
    if (c->n == CATEGORIES_MAX)
        return 0;
    memcpy(c->names[c->n], name, sizeof name);
    c->slots[slot] = (uint16_t)c->n;
    return (uint8_t)c->n++;
}

/* The same, at once for texts that came lately: lists have a few and repeat them. */
static uint8_t category_code(struct category_names *c, struct text_view text)
{
    struct category_text *seen = remembered(c, text);
    if (seen->code && seen->n == text.n && memcmp(seen->text, text.at, text.n) == 0)
        return seen->code;
    const uint8_t code = code_of_name(c, text);
    if (text.n <= sizeof seen->text) {
        memcpy(seen->text, text.at, text.n);
        seen->n = (uint8_t)text.n;
        seen->code = code;
    }
    return code;
}

/* ENTRY_GOOD with the block's first address and prefix, or why not. */
static enum entry_result parse_block(struct text_view text, int numbers, uint32_t *start, uint8_t *prefix)
{
    char copy[INET6_ADDRSTRLEN + 4];
    if (text.n >= sizeof copy)
        return ENTRY_BAD;
    memcpy(copy, text.at, text.n);
    copy[text.n] = '\0';
    char *slash = strchr(copy, '/');
    uint64_t bits = 32, number;
    if (slash)
        *slash++ = '\0';
    if (strchr(copy, ':')) {
        uint8_t ipv6[16];
        return inet_pton(AF_INET6, copy, ipv6) == 1 ? ENTRY_IPV6 : ENTRY_BAD;
    }
    if (slash && parse_u64(slash, 0, 32, &bits))
        return ENTRY_BAD;
    if (parse_ipv4(copy, strlen(copy), start) == 0)
        *start &= bits ? UINT32_MAX << (32 - bits) : 0;
    else if (numbers && !slash && parse_u64(copy, 0, UINT32_MAX, &number) == 0)
        *start = (uint32_t)number;
    else
        return ENTRY_BAD;
    *prefix = (uint8_t)bits;
    return ENTRY_GOOD;
}

/* Room for one more. A large list is squeezed first, and doubled only when at least half of it is left. */
static void make_room(struct inventory_list *list)
{
    if (list->n >= SQUEEZED_FROM)
        inventory_squeeze(list);
    if (list->n <= list->size / 2 && list->size > 0)
        return;
    list->size = list->size ? 2 * list->size : 4096;
    list->entries = memory_resize(list->entries, list->size * sizeof *list->entries);
}

enum entry_result inventory_list_add(struct inventory_list *list, struct text_view address,
                                     struct text_view category, int numbers)
{
    struct device_entry entry = {.order = list->n_taken, .prefix = 32};
    address = text_view_trimmed(address);
    if (text_view_trimmed(category).n == 0)
        entry.order |= ENTRY_UNNAMED;
    if (address.n == 0)
        return ENTRY_IGNORED;
    if (parse_ipv4(address.at, address.n, &entry.start)) {
        const enum entry_result result = parse_block(address, numbers, &entry.start, &entry.prefix);
        if (result != ENTRY_GOOD)
            return result;
    }
    entry.category = category_code(&list->categories, category);
    if (entry.category == 0)
        list->full =
            "more than 255 device categories (the second column, when no header line names the columns)";
    if (list->n_taken == ENTRY_UNNAMED)
        list->full = "more than 2,147,483,648 entries";
    if (list->full)
        return ENTRY_BAD;
    if (list->n == list->size)
        make_room(list);
    list->n_taken++;
    list->entries[list->n++] = entry;
    return ENTRY_GOOD;
}
