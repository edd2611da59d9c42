/* capture.h - small captures made in memory, in every form that the reader claims to read. Test code. */
#ifndef DARKFOREST_TESTS_CAPTURE_H
#define DARKFOREST_TESTS_CAPTURE_H

#include "oracle.h"

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_GZIP_MEMBERS, PACKING_ZSTD, PACKING_ZSTD_FRAMES };

struct capture_form {
    const char *name;
    int pcapng;
    int big_endian;
    int nanoseconds;
    int minor; /* version 2.minor */
    uint32_t snaplen;
};

extern const struct capture_form capture_forms[];
extern const size_t capture_n_forms;

/* n records, record i of n_data(i) = (i * 7) % 90 bytes, a little over a second apart. */
struct bytes capture_make(const struct capture_form *form, size_t n);
struct bytes capture_pack(struct bytes plain, enum packing packing);
/* Writes a file of these bytes; the name is `folder`/`name`. */
void capture_save(const char *folder, const char *name, struct bytes bytes, char *path, size_t path_size);

#endif
