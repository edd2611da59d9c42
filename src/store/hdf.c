#include "hdf.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/folder.h"
#include "darkforest/core/hash.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void hdf_start(void)
{
    static int started;
    if (started)
        return;
    started = 1;
    /* A file on its way is locked by us (output.h), and HDF5 would find that lock in its way; a finished one
     * is never written again, and shared file systems of clusters often have no locks. */
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1);
    /* After a full disk the library must not try again to flush at exit. */
    H5dont_atexit();
    H5open();
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5PLset_loading_state(0);
}

static hid_t access_properties(void)
{
    hid_t properties = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(properties, H5F_CLOSE_STRONG);
    /* The format of HDF5 1.10 carries checksums of its own structure, which the older one does not. */
    H5Pset_libver_bounds(properties, H5F_LIBVER_V110, H5F_LIBVER_V110);
    return properties;
}

hid_t hdf_create(const char *path)
{
    hdf_start();
    hid_t access = access_properties(), creation = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_obj_track_times(creation, 0);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, creation, access);
    H5Pclose(creation);
    H5Pclose(access);
    return file;
}

/* errno of reading the whole file; 0 when it can be read. */
static int read_error(const char *path)
{
    enum { PIECE = 1 << 20 };
    struct stat status = {0};
    char *piece = memory_get(PIECE);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    int error = fd < 0 || fstat(fd, &status) != 0 ? errno : 0;
    for (ssize_t n = S_ISREG(status.st_mode); !error && n != 0;)
        if ((n = read(fd, piece, PIECE)) < 0 && errno != EINTR)
            error = errno;
    if (fd >= 0)
        close(fd);
    free(piece);
    return error;
}

/* Of a disk, a server or a limit; HDF5 leaves others behind when a file is damaged. */
static int is_of_reading(int error)
{
    static const int errors[] = {EIO, ESTALE, EACCES, EMFILE, ENFILE, ENOMEM};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (error == errors[i])
            return 1;
    return 0;
}

int hdf_judge(const char *path, int code, char **why)
{
    if (code != EXIT_DONE && code != EXIT_BAD_DATA)
        return code;
    const int error = is_of_reading(errno) ? errno : code == EXIT_BAD_DATA ? read_error(path) : 0;
    if (!error)
        return code;
    if (code == EXIT_BAD_DATA)
        free(*why);
    *why = text_format("%s cannot be read: %s", path, strerror(error));
    return EXIT_IO;
}

hid_t hdf_open(const char *path, int *code, char **why)
{
    hdf_start();
    if (access(path, R_OK) != 0) {
        *code = folder_lacks(errno) || errno == EACCES ? EXIT_NO_INPUT : EXIT_IO;
        *why = folder_lacks(errno) ? text_format("%s does not exist", path)
                                   : text_format("%s cannot be read: %s", path, strerror(errno));
        return -1;
    }
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        *code = EXIT_NO_INPUT;
        *why = text_format("%s is %s, where a file is wanted", path,
                           S_ISDIR(status.st_mode) ? "a folder" : "a pipe or a device");
        return -1;
    }
    hid_t properties = access_properties();
    errno = 0;
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, properties);
    H5Pclose(properties);
    if (file < 0) {
        *why = text_format("%s is not an HDF5 file, or a damaged one", path);
        *code = hdf_judge(path, EXIT_BAD_DATA, why);
    }
    return file;
}

int hdf_close(hid_t file)
{
    if (file < 0)
        return -1;
    /* Flushed apart, so that a full disk is noticed while the library can still say so. */
    int flushed = H5Fflush(file, H5F_SCOPE_LOCAL) >= 0;
    int closed = H5Fclose(file) >= 0;
    return flushed && closed ? 0 : -1;
}

hid_t hdf_group_create(hid_t parent, const char *name)
{
    hid_t creation = H5Pcreate(H5P_GROUP_CREATE);
    H5Pset_obj_track_times(creation, 0);
    hid_t group = H5Gcreate2(parent, name, H5P_DEFAULT, creation, H5P_DEFAULT);
    H5Pclose(creation);
    return group;
}

int hdf_has(hid_t parent, const char *name)
{
    H5L_info_t link;
    return H5Lexists(parent, name, H5P_DEFAULT) > 0 && H5Lget_info(parent, name, &link, H5P_DEFAULT) >= 0 &&
           link.type == H5L_TYPE_HARD;
}

hid_t hdf_group_open(hid_t parent, const char *name)
{
    return hdf_has(parent, name) ? H5Gopen2(parent, name, H5P_DEFAULT) : -1;
}

/* No name of ours has control characters; names are shown. */
static int is_printable(const char *name)
{
    for (; *name; name++)
        if (text_control(name))
            return 0;
    return 1;
}

int hdf_names(hid_t group, char ***names, size_t *n)
{
    H5G_info_t info;
    *n = 0;
    *names = NULL;
    if (H5Gget_info(group, &info) < 0 || info.nlinks > HDF_NAMES_MOST)
        return -1;
    char **found = memory_zeroed(info.nlinks, sizeof *found);
    for (hsize_t i = 0; i < info.nlinks; i++) {
        char name[256] = "";
        if (H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT) <
                0 ||
            !is_printable(name)) {
            hdf_names_free(found, i);
            return -1;
        }
        found[i] = memory_text(name);
    }
    *names = found;
    *n = info.nlinks;
    return 0;
}

void hdf_names_free(char **names, size_t n)
{
    for (size_t i = 0; names && i < n; i++)
        free(names[i]);
    free(names);
}

static hid_t space_of(struct hdf_shape shape)
{
    return shape.n_dimensions ? H5Screate_simple(shape.n_dimensions, shape.dimensions, NULL)
                              : H5Screate(H5S_SCALAR);
}

static hid_t dataset_properties(void)
{
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(creation, 0);
    H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
    return creation;
}

int hdf_put_array(hid_t group, const char *name, hid_t type, struct hdf_shape shape, const void *values)
{
    hid_t space = space_of(shape), creation = dataset_properties();
    hid_t dataset = H5Dcreate2(group, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    size_t n_bytes = (size_t)H5Sget_simple_extent_npoints(space) * H5Tget_size(type);
    int bad =
        dataset < 0 || (n_bytes > 0 && H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0);
    bad |= hdf_put_hash(dataset, "checksum", hash_bytes(values, n_bytes, 0));
    bad |= dataset >= 0 && H5Dclose(dataset) < 0;
    H5Pclose(creation);
    H5Sclose(space);
    return bad ? -1 : 0;
}

static int same_type(hid_t dataset, hid_t wanted)
{
    hid_t type = H5Dget_type(dataset);
    H5T_class_t class = H5Tget_class(type);
    int same = class == H5Tget_class(wanted) && H5Tget_size(type) == H5Tget_size(wanted) &&
               (class != H5T_INTEGER || H5Tget_sign(type) == H5Tget_sign(wanted));
    H5Tclose(type);
    return same;
}

/* Held in this file, in chunks of a size that reading can afford. */
static int is_plain(hid_t dataset)
{
    hid_t creation = H5Dget_create_plist(dataset);
    H5D_layout_t layout = H5Pget_layout(creation);
    int plain = H5Pget_external_count(creation) == 0 && layout >= H5D_COMPACT && layout <= H5D_CHUNKED;
    if (plain && layout == H5D_CHUNKED) {
        hsize_t chunk[2] = {0, 1};
        int n = H5Pget_chunk(creation, 2, chunk);
        plain = n >= 1 && n <= 2 && chunk[0] <= (1u << 24) && chunk[1] <= (1u << 24) &&
                chunk[0] * chunk[1] <= (1u << 24);
    }
    H5Pclose(creation);
    return plain;
}

static int shape_of(hid_t dataset, struct hdf_shape *shape)
{
    hid_t space = H5Dget_space(dataset);
    *shape = (struct hdf_shape){0};
    shape->n_dimensions = H5Sget_simple_extent_ndims(space);
    int ok = shape->n_dimensions >= 0 && shape->n_dimensions <= 2 &&
             H5Sget_simple_extent_type(space) != H5S_NULL &&
             H5Sget_simple_extent_dims(space, shape->dimensions, NULL) >= 0;
    H5Sclose(space);
    return ok ? 0 : -1;
}

hid_t hdf_dataset_open(hid_t group, const char *name, hid_t type, struct hdf_shape *shape)
{
    if (!hdf_has(group, name))
        return -1;
    hid_t dataset = H5Dopen2(group, name, H5P_DEFAULT);
    if (dataset >= 0 && same_type(dataset, type) && is_plain(dataset) && shape_of(dataset, shape) == 0)
        return dataset;
    if (dataset >= 0)
        H5Dclose(dataset);
    return -1;
}

static int is_chunked(hid_t dataset)
{
    hid_t creation = H5Dget_create_plist(dataset);
    int chunked = H5Pget_layout(creation) == H5D_CHUNKED;
    H5Pclose(creation);
    return chunked;
}

/* The number of values, 0 when it is more than `max` or more than the file holds. */
static size_t count_values(hid_t dataset, size_t size, const struct hdf_shape *shape, size_t max)
{
    hsize_t rows = shape->n_dimensions > 0 ? shape->dimensions[0] : 1;
    hsize_t columns = shape->n_dimensions > 1 ? shape->dimensions[1] : 1;
    if (rows > max || (rows > 0 && columns > max / rows) || is_chunked(dataset)) /* see hdf_range.c */
        return 0;
    return H5Dget_storage_size(dataset) == rows * columns * size ? (size_t)(rows * columns) : 0;
}

void *hdf_get_array(hid_t group, const char *name, hid_t type, size_t max, struct hdf_shape *shape)
{
    hid_t dataset = hdf_dataset_open(group, name, type, shape);
    if (dataset < 0)
        return NULL;
    uint64_t hash;
    size_t size = H5Tget_size(type), n = count_values(dataset, size, shape, max);
    void *values = n > 0 ? memory_zeroed(n, size) : NULL;
    if (values &&
        (H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0 ||
         hdf_get_hash(dataset, "checksum", &hash) != 0 || hash != hash_bytes(values, n * size, 0))) {
        free(values);
        values = NULL;
    }
    H5Dclose(dataset);
    return values;
}

int hdf_is_as_large(hid_t object, uint64_t n_bytes)
{
    hsize_t size = 0;
    hid_t file = H5Iget_file_id(object);
    int is = file >= 0 && H5Fget_filesize(file, &size) >= 0 && size >= n_bytes;
    if (file >= 0)
        H5Fclose(file);
    return is;
}

hid_t hdf_packed_create(hid_t group, const char *name, hid_t type, uint64_t n, uint64_t chunk)
{
    hsize_t length = n, chunk_length = chunk;
    hid_t space = H5Screate_simple(1, &length, NULL), creation = dataset_properties();
    int bad = H5Pset_chunk(creation, 1, &chunk_length) < 0 || H5Pset_shuffle(creation) < 0 ||
              H5Pset_deflate(creation, 1) < 0;
    hid_t dataset = bad ? -1 : H5Dcreate2(group, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    H5Pclose(creation);
    H5Sclose(space);
    return dataset;
}

int hdf_packed_put(hid_t dataset, uint64_t first, const void *bytes, size_t n_bytes)
{
    hsize_t offset = first;
    return H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, &offset, n_bytes, bytes) < 0 ? -1 : 0;
}

int hdf_is_packed(hid_t dataset, hid_t type, uint64_t chunk)
{
    unsigned flags;
    hsize_t length = 0;
    hid_t creation = H5Dget_create_plist(dataset), stored = H5Dget_type(dataset);
    int packed = H5Tequal(stored, type) > 0 && H5Pget_layout(creation) == H5D_CHUNKED &&
                 H5Pget_chunk(creation, 1, &length) == 1 && length == chunk &&
                 H5Pget_nfilters(creation) == 2 &&
                 H5Pget_filter2(creation, 0, &flags, NULL, NULL, 0, NULL, NULL) == H5Z_FILTER_SHUFFLE &&
                 H5Pget_filter2(creation, 1, &flags, NULL, NULL, 0, NULL, NULL) == H5Z_FILTER_DEFLATE;
    H5Tclose(stored);
    H5Pclose(creation);
    return packed;
}

size_t hdf_packed_get(hid_t dataset, uint64_t first, void *bytes, size_t capacity)
{
    hsize_t offset = first, n_bytes = 0;
    uint32_t skipped = 0; /* filters that the chunk was stored without */
    if (H5Dget_chunk_storage_size(dataset, &offset, &n_bytes) < 0 || n_bytes == 0 || n_bytes > capacity ||
        H5Dread_chunk(dataset, H5P_DEFAULT, &offset, &skipped, bytes) < 0 || skipped != 0)
        return 0;
    return (size_t)n_bytes;
}

int hdf_dataset_close(hid_t dataset)
{
    return H5Dclose(dataset) < 0 ? -1 : 0;
}
