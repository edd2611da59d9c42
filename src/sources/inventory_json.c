/*
 * inventory_json.c - one JSON object a line, as Shodan and Censys export them.
 *
 * The category is, in this order: the value of a key of category_names; the first of `tags` or `labels` that
 * names a kind of device; a word of `product` that does; the same in the object in which the address lies; else
 * "unknown".
 */
#include "inventory_list.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Bytes of an object that is read: jansson takes up to 75 for each, and a host's entry is some 100 KiB. */
#define OBJECT_MOST ((size_t)2 << 20)

/* Words that name a kind of device, looked for in tags (whole) and product names (anywhere),
 * and the category they stand for. */
static const struct {
    const char *word, *category;
} device_words[] = {
    {"webcam", "webcam"},
    {"camera", "webcam"},
    {"ipcam", "webcam"},
    {"dvr", "dvr"},
    {"nvr", "dvr"},
    {"router", "router"},
    {"gateway", "router"},
    {"modem", "router"},
    {"printer", "printer"},
    {"scada", "scada"},
    {"ics", "scada"},
    {"plc", "scada"},
    {"modbus", "scada"},
    {"bacnet", "building"},
    {"building_control", "building"},
    {"thermostat", "thermostat"},
    {"hvac", "thermostat"},
    {"nas", "storage"},
    {"voip", "voip"},
    {"medical", "medical"},
    {"smart_tv", "media"},
    {"media", "media"},
    {"iot", "iot"},
};
static const size_t n_device_words = sizeof device_words / sizeof device_words[0];

/* The value of the first key that is this name, as people write it. */
static const json_t *value_of_key(const json_t *object, struct text_view name)
{
    for (void *at = json_object_iter((json_t *)object); at; at = json_object_iter_next((json_t *)object, at))
        if (text_view_same(name, json_object_iter_key(at)))
            return json_object_iter_value(at);
    return NULL;
}

/* The value at "a" or "a.b.c", and in *holder the object that it lies in. The dotted name itself may be a key,
 * too. */
static const json_t *value_at(const json_t *object, const char *name, const json_t **holder)
{
    const char *dot = strchr(name, '.');
    const json_t *value = value_of_key(object, text_view_of(name));
    *holder = object;
    if (value || !dot)
        return value;
    return value_at(value_of_key(object, (struct text_view){name, (size_t)(dot - name)}), dot + 1, holder);
}

static struct text_view view_of(const json_t *string)
{
    if (!json_is_string(string))
        return (struct text_view){"", 0};
    return (struct text_view){json_string_value(string), json_string_length(string)};
}

/* The category that a tag names; "" when it names none. */
static struct text_view category_of_tag(struct text_view tag)
{
    for (size_t i = 0; i < n_device_words; i++)
        if (text_view_same(tag, device_words[i].word))
            return text_view_of(device_words[i].category);
    return (struct text_view){"", 0};
}

/* Letters, Latin or other, and digits. */
static int is_of_word(char c)
{
    const uint8_t byte = (uint8_t)c, lower = byte | 0x20;
    return byte >= 0x80 || (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9');
}

/* A word is letters and digits between other characters: "nas" must not be found in "nasdaq". */
static struct text_view category_of_product(struct text_view product)
{
    for (size_t at = 0, end; at < product.n; at = end + 1) {
        for (end = at; end < product.n && is_of_word(product.at[end]); end++)
            ;
        const struct text_view category = category_of_tag((struct text_view){product.at + at, end - at});
        if (category.n > 0)
            return category;
    }
    return (struct text_view){"", 0};
}

/* Tags are texts, or objects with one each. */
static struct text_view category_of_tags(const json_t *tags)
{
    size_t i;
    json_t *tag;
    json_array_foreach((json_t *)tags, i, tag)
    {
        const struct text_view category =
            category_of_tag(view_of(json_is_object(tag) ? json_object_get(tag, "value") : tag));
        if (category.n > 0)
            return category;
    }
    return (struct text_view){"", 0};
}

static struct text_view category_of(const json_t *device)
{
    struct text_view category = {"", 0};
    for (size_t i = 0; i < inventory_list_n_category_names && category.n == 0; i++)
        category =
            text_view_trimmed(view_of(value_of_key(device, text_view_of(inventory_list_category_names[i]))));
    if (category.n == 0)
        category = category_of_tags(value_of_key(device, text_view_of("tags")));
    if (category.n == 0)
        category = category_of_tags(value_of_key(device, text_view_of("labels")));
    if (category.n == 0)
        category = category_of_product(view_of(value_of_key(device, text_view_of("product"))));
    return category;
}

static enum entry_result add_address(struct inventory_list *list, const json_t *value,
                                     struct text_view category)
{
    char digits[32];
    if (!json_is_real(value))
        return inventory_list_add(list, view_of(value), category, 1);
    snprintf(digits, sizeof digits, "%.17g", json_real_value(value)); /* a whole number as such */
    return inventory_list_add(list, text_view_of(digits), category, 1);
}

/* The address at one of its names, with the category that is said of the device as a whole, or beside it. */
static enum entry_result add_device(struct inventory_list *list, const json_t *device)
{
    const struct text_view whole = category_of(device);
    enum entry_result result = ENTRY_IGNORED;
    for (size_t i = 0; i < inventory_list_n_address_names && result == ENTRY_IGNORED; i++) {
        const json_t *holder;
        const json_t *address = value_at(device, inventory_list_address_names[i], &holder);
        result = add_address(list, address, whole.n || holder == device ? whole : category_of(holder));
    }
    return result == ENTRY_IGNORED ? ENTRY_BAD : result;
}

enum entry_result inventory_json_line(struct inventory_list *list, const char *line, size_t n)
{
    /* Banners hold zero bytes, and certificates numbers larger than any integer. */
    const size_t flags = JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;
    json_t *device = n <= OBJECT_MOST ? json_loadb(line, n, flags, NULL) : NULL;
    const enum entry_result result = json_is_object(device) ? add_device(list, device) : ENTRY_BAD;
    json_decref(device);
    return result;
}
