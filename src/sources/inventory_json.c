/*
 * inventory_json.c - one JSON object a line, as Shodan and Censys export them.
 *
 * The category is, in this order: the value of a key of category_names; the first of `tags` or `labels` that
 * names a kind of device; a word of `product` that does; else "unknown".
 */
#include "inventory_list.h"

#include <jansson.h>
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

/* The value at "a" or "a.b": the dotted name itself may be a key, too. */
static const json_t *value_at(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    const char *dot = strchr(name, '.');
    if (value || !dot)
        return value;
    char outer[32];
    snprintf(outer, sizeof outer, "%.*s", (int)(dot - name), name);
    return json_object_get(json_object_get(object, outer), dot + 1);
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

/* A word is letters and digits between other characters: "nas" must not be found in "nasdaq". */
static struct text_view category_of_product(struct text_view product)
{
    for (size_t at = 0; at < product.n;) {
        const size_t n = strcspn(product.at + at, " \t-/,.()_");
        const struct text_view category = category_of_tag((struct text_view){product.at + at, n});
        if (category.n > 0)
            return category;
        at += n + 1;
    }
    return (struct text_view){"", 0};
}

static struct text_view category_of_tags(const json_t *tags)
{
    size_t i;
    json_t *tag;
    json_array_foreach((json_t *)tags, i, tag)
    {
        const struct text_view category = category_of_tag(view_of(tag));
        if (category.n > 0)
            return category;
    }
    return (struct text_view){"", 0};
}

static struct text_view category_of(const json_t *device)
{
    struct text_view category = {"", 0};
    for (size_t i = 0; i < inventory_list_n_category_names && category.n == 0; i++)
        category = text_view_trimmed(view_of(json_object_get(device, inventory_list_category_names[i])));
    if (category.n == 0)
        category = category_of_tags(json_object_get(device, "tags"));
    if (category.n == 0)
        category = category_of_tags(json_object_get(device, "labels"));
    if (category.n == 0)
        category = category_of_product(view_of(json_object_get(device, "product")));
    return category;
}

static enum entry_result add_address(struct inventory_list *list, const json_t *value,
                                     struct text_view category)
{
    char digits[24];
    if (!json_is_integer(value))
        return inventory_list_add(list, view_of(value), category, 1);
    snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(value));
    return inventory_list_add(list, text_view_of(digits), category, 1);
}

enum entry_result inventory_json_line(struct inventory_list *list, const char *line, size_t n)
{
    json_t *device = n <= OBJECT_MOST ? json_loadb(line, n, 0, NULL) : NULL;
    if (!json_is_object(device)) {
        json_decref(device);
        return ENTRY_BAD;
    }
    const struct text_view category = category_of(device);
    enum entry_result result = ENTRY_IGNORED;
    for (size_t i = 0; i < inventory_list_n_address_names && result == ENTRY_IGNORED; i++)
        result = add_address(list, value_at(device, inventory_list_address_names[i]), category);
    json_decref(device);
    return result == ENTRY_IGNORED ? ENTRY_BAD : result;
}
