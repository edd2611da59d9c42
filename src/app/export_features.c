/*
 * export_features.c - see export_features.h. Rank 0 reads and writes: what anonymising does to the order of
 * the rows can only be seen as a whole.
 */
#include "export_features.h"
#include "anonymise.h"
#include "feature_csv.h"
#include "inputs.h"
#include "mixture.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/output.h"
#include "darkforest/core/progress.h"
#include "darkforest/store/features.h"
#include "darkforest/store/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ROWS_AT_ONCE 65536

struct export
{
    const struct ranks *ranks;
    const struct export_options *options;
    struct strings inputs;
    struct anonymiser *anonymiser; /* NULL: none */
};

static int read_key(const char *path, uint8_t key[ANONYMISE_KEY_SIZE])
{
    FILE *file = fopen(path, "rbe");
    uint8_t bytes[ANONYMISE_KEY_SIZE + 2];
    const size_t n = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    const int unread = file && ferror(file);
    if (unread)
        log_error("%s cannot be read: %m", path);
    if (file)
        fclose(file);
    if (unread)
        return EXIT_IO;
    /* A newline after the key, as an editor leaves it, is not part of it. */
    const int ok = n == ANONYMISE_KEY_SIZE || (n == ANONYMISE_KEY_SIZE + 1 && bytes[n - 1] == '\n');
    if (ok)
        memcpy(key, bytes, ANONYMISE_KEY_SIZE);
    else if (!file)
        log_error("%s cannot be read: it should hold the key, %d bytes", path, ANONYMISE_KEY_SIZE);
    else
        log_error("%s does not hold a key: that is %d bytes, say from `head -c %d /dev/urandom`", path,
                  ANONYMISE_KEY_SIZE, ANONYMISE_KEY_SIZE);
    return ok ? EXIT_DONE : file ? EXIT_BAD_CONFIG : EXIT_NO_INPUT;
}

static int prepare_key(struct export *export)
{
    uint8_t key[ANONYMISE_KEY_SIZE];
    if (!export->options->anonymize)
        return EXIT_DONE;
    int code = read_key(export->options->anonymize, key);
    if (code == EXIT_DONE && !(export->anonymiser = anonymiser_new(key))) {
        log_error("the AES cipher of libcrypto cannot be used");
        code = EXIT_BUG;
    }
    memset(key, 0, sizeof key);
    return code;
}

static int anonymise_rows(struct anonymiser *anonymiser, struct source_row *rows, size_t n)
{
    uint32_t *addresses = memory_get((n + 1) * sizeof *addresses);
    for (size_t i = 0; i < n; i++)
        addresses[i] = rows[i].address;
    const int failed = anonymise_addresses(anonymiser, addresses, n);
    for (size_t i = 0; i < n; i++)
        rows[i].address = addresses[i];
    free(addresses);
    return failed;
}

/* A part of a file's rows, anonymised where asked for, in fresh memory and in their (new) order. */
static struct source_row *read_rows(const struct export *export, struct features_file *file,
                                    const struct features_part *part, int *code, char **why)
{
    const size_t n = (size_t)(part->to - part->from);
    struct source_row *rows = memory_get((n + 1) * sizeof *rows);
    *code = features_read(file, part->from, n, rows, why);
    if (*code == EXIT_DONE && export->anonymiser) {
        if (anonymise_rows(export->anonymiser, rows, n) != 0) {
            *code = EXIT_BUG;
            *why = memory_text("the AES cipher of libcrypto failed");
        }
        qsort(rows, n, sizeof *rows, source_compare);
    }
    if (*code == EXIT_DONE)
        return rows;
    free(rows);
    return NULL;
}

static void withhold_text(char **text)
{
    free(*text);
    *text = memory_text(FEATURES_WITHHELD);
}

/*
 * What a file says of where it was made may name addresses, the telescope's own in a filter above all: an
 * anonymised file does not say it. Nor what captures there were, by their times, sizes and names; a checksum of
 * something, a device list of one network, say, would tell who guesses it.
 */
static void withhold(struct anonymiser *anonymiser, struct features_meta *meta)
{
    char **const where_not_empty[] = {&meta->filter, &meta->damages, &meta->begins};
    for (size_t i = 0; i < sizeof where_not_empty / sizeof *where_not_empty; i++)
        if (*where_not_empty[i] && **where_not_empty[i])
            withhold_text(where_not_empty[i]);
    free(meta->made.made_from);
    meta->made.made_from = NULL;
    withhold_text(&meta->made.command_line);
    withhold_text(&meta->made.host);
    if (anonymise_checksum(anonymiser, &meta->inventory_checksum) ||
        anonymise_checksum(anonymiser, &meta->input_checksum))
        meta->inventory_checksum = meta->input_checksum = 0;
}

/* Whether each can be opened, so that nothing is printed when one is no feature file; and whether they fit
 * together. */
static int look_at_files(const struct export *export, char **why)
{
    struct mixture mixture = {0};
    int code = EXIT_DONE;
    for (size_t i = 0; i < export->inputs.n && code == EXIT_DONE; i++) {
        struct features_meta meta = {0};
        struct features_file *file = features_open(export->inputs.items[i], &meta, &code, why);
        if (file) {
            mixture_note(&mixture, export->inputs.items[i], &meta);
            features_close(file);
            features_meta_free(&meta);
        }
    }
    mixture_warn(&mixture);
    return code;
}

struct printing {
    const struct export *export;
    char **why;
};

/* Some rows at a time; all at once where anonymising changes their order. */
static int print_file(const struct export *export, const char *path, FILE *out, char **why)
{
    struct features_meta meta;
    int code = EXIT_DONE;
    struct features_file *file = features_open(path, &meta, &code, why);
    if (!file)
        return code;
    const uint64_t most = export->anonymiser ? meta.n_rows : ROWS_AT_ONCE;
    for (uint64_t at = 0; at < meta.n_rows && code == EXIT_DONE; at += most) {
        const struct features_part part = {at, meta.n_rows - at < most ? meta.n_rows : at + most};
        struct source_row *rows = read_rows(export, file, &part, &code, why);
        if (rows)
            feature_csv_rows(out, &meta, rows, (size_t)(part.to - part.from),
                             export->anonymiser || export->options->with_addresses);
        free(rows);
    }
    features_close(file);
    features_meta_free(&meta);
    return code;
}

static int print_files(FILE *out, const void *context)
{
    const struct printing *printing = context;
    const struct export *export = printing->export;
    const int wrong = look_at_files(export, printing->why);
    if (wrong)
        return wrong;
    struct progress progress;
    progress_start(&progress, "export", "files", export->inputs.n);
    feature_csv_header(out, export->anonymiser || export->options->with_addresses);
    int code = EXIT_DONE;
    for (size_t i = 0; i < export->inputs.n && code == EXIT_DONE; i++) {
        progress_update(&progress, i, i);
        code = print_file(export, export->inputs.items[i], out, printing->why);
    }
    progress_end(&progress);
    return code;
}

/* Whether standard output took all of it is seen when the run record is finished. */
static int export_to_csv(const struct export *export, char **why)
{
    const char *path = export->options->output;
    const struct printing printing = {export, why};
    return path ? output_write(path, print_files, &printing) : print_files(stdout, &printing);
}

/* Several files go into a folder; one does where the folder is there, or a slash asks for it. */
static int is_to_folder(const struct export *export)
{
    const char *output = export->options->output;
    struct stat status;
    return export->inputs.n > 1 || text_ends_in(output, "/") ||
           (stat(output, &status) == 0 && S_ISDIR(status.st_mode));
}

/* In a folder, the same name. */
static char *output_for(const struct export *export, const char *input)
{
    const char *output = export->options->output, *slash = text_ends_in(output, "/") ? "" : "/";
    return is_to_folder(export) ? text_format("%s%s%s", output, slash, path_name(input))
                                : memory_text(output);
}

/* `self` is the group of rank 0 alone. */
static int write_alone(const struct ranks *self, const char *path, const struct features_meta *meta,
                       const struct source_row *rows)
{
    struct features_writer *writer;
    const int code = features_begin(&writer, self, path, meta, meta->n_rows);
    if (code != EXIT_DONE)
        return code;
    for (uint64_t round = 0; round < features_rounds(meta->n_rows, 1); round++) {
        const struct features_part part = features_part(meta->n_rows, round, 0, 1);
        features_put(writer, rows + part.from, (size_t)(part.to - part.from));
        features_round(writer);
    }
    return features_end(writer, EXIT_DONE);
}

static int export_one_to_hdf5(const struct export *export, const struct ranks *self, const char *input)
{
    struct features_meta meta = {0};
    struct source_row *rows = NULL;
    char *why = NULL;
    int code = EXIT_DONE;
    struct features_file *file = features_open(input, &meta, &code, &why);
    if (file && (code = features_check_whole(file, &meta, &why)) == EXIT_DONE)
        rows = read_rows(export, file, &(struct features_part){0, meta.n_rows}, &code, &why);
    features_close(file);
    if (rows) {
        withhold(export->anonymiser, &meta);
        char *path = output_for(export, input);
        code = write_alone(self, path, &meta, rows);
        free(path);
        free(rows);
    } else {
        log_error("%s", why);
        free(why);
    }
    features_meta_free(&meta);
    return code;
}

/* No file to be written may fall on one that is read, the key among them, nor on another. Rank 0. */
static int check_outputs(const struct export *export, char **why)
{
    const struct export_options *o = export->options;
    struct strings inputs = {0}, outputs = {0};
    for (size_t i = 0; i < export->inputs.n; i++)
        strings_add(&inputs, export->inputs.items[i]);
    if (o->anonymize)
        strings_add(&inputs, o->anonymize);
    if (o->output && o->format != FORMAT_HDF5)
        strings_add(&outputs, memory_text(o->output));
    for (size_t i = 0; i < export->inputs.n && o->format == FORMAT_HDF5; i++)
        strings_add(&outputs, output_for(export, export->inputs.items[i]));
    int code = EXIT_DONE;
    if (o->format == FORMAT_HDF5 && is_to_folder(export))
        code = output_check_names(o->output, &export->inputs, why);
    if (code == EXIT_DONE)
        code = output_check(&outputs, &inputs, why);
    for (size_t i = 0; i < outputs.n && code == EXIT_DONE && o->format == FORMAT_HDF5; i++)
        code = files_check_replaced(outputs.items[i], why);
    strings_free(&inputs);
    strings_free_all(&outputs);
    return code;
}

static int export_to_hdf5(const struct export *export)
{
    const int is_first = ranks_rank(export->ranks) == 0;
    struct ranks *self = ranks_split(export->ranks, ranks_rank(export->ranks));
    int code = EXIT_DONE;
    if (is_first && is_to_folder(export) && output_make_directory(export->options->output) != 0)
        code = EXIT_IO;
    for (size_t i = 0; is_first && code == EXIT_DONE && i < export->inputs.n; i++)
        code = export_one_to_hdf5(export, self, export->inputs.items[i]);
    ranks_free(self);
    return ranks_agree(export->ranks, code, NULL);
}

int export_features(const struct ranks *ranks, const struct strings *operands,
                    const struct export_options *options)
{
    struct export export = {.ranks = ranks, .options = options};
    char *why = NULL;
    int code = ranks_agree(ranks, ranks_rank(ranks) == 0 ? prepare_key(&export) : EXIT_DONE, NULL);
    if (code == EXIT_DONE)
        code = inputs_features(ranks, operands, &export.inputs);
    if (code == EXIT_DONE && ranks_rank(ranks) == 0)
        code = check_outputs(&export, &why);
    code = ranks_agree(ranks, code, why);
    if (code == EXIT_DONE && options->format == FORMAT_HDF5) {
        code = export_to_hdf5(&export);
    } else if (code == EXIT_DONE) {
        if (ranks_rank(ranks) == 0)
            code = export_to_csv(&export, &why);
        code = ranks_agree(ranks, code, why);
    }
    free(why);
    anonymiser_free(export.anonymiser);
    strings_free_all(&export.inputs);
    return code;
}
