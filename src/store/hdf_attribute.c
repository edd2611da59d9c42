/* Attributes: the small facts beside the data. */
#include "hdf.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MOST ((size_t)64 << 20) /* bytes of a text that is read: names of some million windows */

static hid_t text_type(size_t size)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, size);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

static int put(hid_t object, const char *name, hid_t type, hid_t space, const void *values)
{
    hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    int bad = attribute < 0 || H5Awrite(attribute, type, values) < 0;
    bad |= attribute >= 0 && H5Aclose(attribute) < 0;
    H5Sclose(space);
    return bad ? -1 : 0;
}

static size_t longest(const char *const *texts, size_t n)
{
    size_t most = 0;
    for (size_t i = 0; i < n; i++)
        most = strlen(texts[i]) > most ? strlen(texts[i]) : most;
    return most;
}

/* Texts one after the other, each padded with zeroes to `width`. */
static int put_padded(hid_t object, const char *name, hid_t space, const char *const *texts, size_t n)
{
    size_t width = longest(texts, n) + 1;
    char *padded = memory_zeroed(n + 1, width);
    for (size_t i = 0; i < n; i++)
        memcpy(padded + i * width, texts[i], strlen(texts[i]));
    hid_t type = text_type(width);
    int result = put(object, name, type, space, padded);
    H5Tclose(type);
    free(padded);
    return result;
}

int hdf_put_text(hid_t object, const char *name, const char *text)
{
    return put_padded(object, name, H5Screate(H5S_SCALAR), &text, 1);
}

int hdf_put_texts(hid_t object, const char *name, const char *const *texts, size_t n)
{
    hsize_t length = n;
    return put_padded(object, name, H5Screate_simple(1, &length, NULL), texts, n);
}

uint64_t hdf_texts_bytes(char *const *texts, size_t n)
{
    uint64_t n_bytes = 0;
    for (size_t i = 0; i < n; i++)
        n_bytes += texts[i] ? strlen(texts[i]) + 1 : 0;
    return n_bytes;
}

static int put_variable(hid_t object, const char *name, hid_t space, const char *const *texts)
{
    hid_t type = text_type(H5T_VARIABLE);
    int result = put(object, name, type, space, texts);
    H5Tclose(type);
    return result;
}

int hdf_put_note(hid_t object, const char *name, const char *text)
{
    return put_variable(object, name, H5Screate(H5S_SCALAR), &text);
}

int hdf_put_notes(hid_t object, const char *name, const char *const *texts, size_t n)
{
    hsize_t length = n;
    return put_variable(object, name, H5Screate_simple(1, &length, NULL), texts);
}

int hdf_put_i64(hid_t object, const char *name, int64_t value)
{
    return put(object, name, H5T_NATIVE_INT64, H5Screate(H5S_SCALAR), &value);
}

int hdf_put_f64(hid_t object, const char *name, double value)
{
    return put(object, name, H5T_NATIVE_DOUBLE, H5Screate(H5S_SCALAR), &value);
}

int hdf_put_bytes(hid_t object, const char *name, const uint8_t *values, size_t n)
{
    hsize_t length = n;
    return put(object, name, H5T_NATIVE_UINT8, H5Screate_simple(1, &length, NULL), values);
}

int hdf_put_hash(hid_t object, const char *name, uint64_t hash)
{
    char text[17];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)hash);
    return hdf_put_text(object, name, text);
}

/* The attribute when it is of this class and of at most `max` values, else negative. */
static hid_t attribute_open(hid_t object, const char *name, H5T_class_t class, size_t max, size_t *n)
{
    if (H5Aexists(object, name) <= 0)
        return -1;
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    hssize_t n_values = H5Sget_simple_extent_npoints(space);
    int ok = attribute >= 0 && H5Tget_class(type) == class && n_values >= 0 && (uint64_t)n_values <= max &&
             (class != H5T_STRING || (H5Tis_variable_str(type) == 0 && H5Tget_size(type) <= TEXT_MOST));
    H5Sclose(space);
    H5Tclose(type);
    if (ok) {
        *n = (size_t)n_values;
        return attribute;
    }
    if (attribute >= 0)
        H5Aclose(attribute);
    return -1;
}

static int get_number(hid_t object, const char *name, H5T_class_t class, hid_t type, void *value)
{
    size_t n;
    hid_t attribute = attribute_open(object, name, class, 1, &n);
    if (attribute < 0)
        return -1;
    int bad = n != 1 || H5Aread(attribute, type, value) < 0;
    H5Aclose(attribute);
    return bad ? -1 : 0;
}

int hdf_get_i64(hid_t object, const char *name, int64_t *value)
{
    return get_number(object, name, H5T_INTEGER, H5T_NATIVE_INT64, value);
}

int hdf_is_time(int64_t seconds)
{
    const int64_t most = INT64_MAX / 2 / NS_PER_S; /* what pcap can say, and a window's length beyond, fits */
    return seconds >= -most && seconds <= most;
}

int hdf_get_time(hid_t object, const char *name, int64_t *value)
{
    return hdf_get_i64(object, name, value) != 0 || !hdf_is_time(*value) ? -1 : 0;
}

int hdf_get_f64(hid_t object, const char *name, double *value)
{
    return get_number(object, name, H5T_FLOAT, H5T_NATIVE_DOUBLE, value);
}

char **hdf_get_texts(hid_t object, const char *name, size_t max, size_t *n)
{
    hid_t attribute = attribute_open(object, name, H5T_STRING, max, n);
    if (attribute < 0)
        return NULL;
    hid_t stored = H5Aget_type(attribute);
    size_t width = H5Tget_size(stored) + 1;
    hid_t type = text_type(width);
    H5Tset_cset(type, H5Tget_cset(stored)); /* HDF5 makes no ASCII into UTF-8, which it is */
    char *padded = memory_zeroed(*n + 1, width), **texts = NULL;
    if (*n == 0 || H5Aread(attribute, type, padded) >= 0) {
        texts = memory_zeroed(*n + 1, sizeof *texts);
        for (size_t i = 0; i < *n; i++) {
            texts[i] = memory_text(padded + i * width);
            text_make_plain(texts[i], "\n\t"); /* they are shown on terminals, and go into JSON */
            text_make_utf8(texts[i]);
        }
    }
    free(padded);
    H5Tclose(type);
    H5Tclose(stored);
    H5Aclose(attribute);
    return texts;
}

char *hdf_get_text(hid_t object, const char *name)
{
    size_t n;
    char **texts = hdf_get_texts(object, name, 1, &n);
    char *text = texts && n == 1 ? texts[0] : NULL;
    free(texts);
    return text;
}

int hdf_get_hash(hid_t object, const char *name, uint64_t *hash)
{
    char *text = hdf_get_text(object, name), *end = NULL;
    int ok = text && strlen(text) == 16 && strspn(text, "0123456789abcdef") == 16;
    if (ok)
        *hash = strtoull(text, &end, 16);
    free(text);
    return ok ? 0 : -1;
}
