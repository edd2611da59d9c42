/*
 * read_features PATH [N_ROWS]: reads the file, in pieces of odd sizes. With N_ROWS its rows are compared with
 * the made-up ones: exit 1 when they differ. Otherwise the exit code of reading, after its sentence.
 */
#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/store/features.h"
#include "made_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 100003

static int compare(const struct source_row *rows, uint64_t first, size_t n, uint64_t n_rows)
{
    for (size_t i = 0; i < n; i++) {
        struct source_row made = made_row(first + i, n_rows);
        if (memcmp(&rows[i], &made, sizeof made) != 0) {
            fprintf(stderr, "row %llu differs\n", (unsigned long long)(first + i));
            return 1;
        }
    }
    return 0;
}

static int read_all(struct features_file *file, uint64_t n_in_file, int compared, uint64_t n_rows, char **why)
{
    struct source_row *rows = memory_zeroed(PIECE, sizeof *rows);
    int code = compared && n_in_file != n_rows;
    for (uint64_t first = 0; code == 0 && first < n_in_file; first += PIECE) {
        size_t n = n_in_file - first < PIECE ? (size_t)(n_in_file - first) : PIECE;
        code = features_read(file, first, n, rows, why);
        if (code == 0 && compared)
            code = compare(rows, first, n, n_rows);
    }
    free(rows);
    return code;
}

int main(int argc, char **argv)
{
    uint64_t n_rows = 0;
    if (argc < 2 || (argc > 2 && parse_u64(argv[2], 0, UINT32_MAX, &n_rows) != 0))
        return EXIT_BAD_USAGE;
    struct features_meta meta;
    char *why = NULL;
    int code = 0;
    struct features_file *file = features_open(argv[1], &meta, &code, &why);
    if (file) {
        code = read_all(file, meta.n_rows, argc > 2, n_rows, &why);
        features_close(file);
        features_meta_free(&meta);
    }
    if (why)
        fprintf(stderr, "%s\n", why);
    free(why);
    return code;
}
