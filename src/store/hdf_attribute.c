/* Attributes: the small facts beside the data. */
#include "hdf.h"

#include "darkforest/core/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Variable-length UTF-8: what h5py, anndata and PyTables give back as a string and not as bytes. */
static hid_t text_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
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

int hdf_put_text(hid_t object, const char *name, const char *text)
{
    hid_t type = text_type();
    int result = put(object, name, type, H5Screate(H5S_SCALAR), &text);
    H5Tclose(type);
    return result;
}

int hdf_put_texts(hid_t object, const char *name, const char *const *texts, size_t n)
{
    hsize_t length = n;
    hid_t type = text_type();
    int result = put(object, name, type, H5Screate_simple(1, &length, NULL), texts);
    H5Tclose(type);
    return result;
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
             (class != H5T_STRING || H5Tis_variable_str(type) > 0);
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

int hdf_get_f64(hid_t object, const char *name, double *value)
{
    return get_number(object, name, H5T_FLOAT, H5T_NATIVE_DOUBLE, value);
}

char **hdf_get_texts(hid_t object, const char *name, size_t max, size_t *n)
{
    hid_t attribute = attribute_open(object, name, H5T_STRING, max, n);
    if (attribute < 0)
        return NULL;
    char **texts = memory_zeroed(*n + 1, sizeof *texts);
    hid_t type = text_type(), space = H5Aget_space(attribute);
    int bad = *n > 0 && H5Aread(attribute, type, texts) < 0;
    for (size_t i = 0; !bad && i < *n; i++) {
        char *own = memory_text(texts[i] ? texts[i] : "");
        H5free_memory(texts[i]);
        texts[i] = own;
    }
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(attribute);
    if (!bad)
        return texts;
    free(texts);
    return NULL;
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
