#include "hdf_file.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/output.h"
#include "darkforest/core/text.h"
#include "darkforest/core/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct hdf_output hdf_output_begin(const char *path)
{
    struct hdf_output made = {.path = memory_text(path), .file = -1};
    hdf_start();
    made.code = output_begin(&made.output, path);
    errno = 0;
    if (made.output)
        made.file = hdf_create(output_partial(made.output));
    made.error = made.file < 0 ? errno : 0;
    return made;
}

/* What is left of it: a file that has its name, or none. */
static int drop(struct hdf_output *output, int bad)
{
    if (output->file >= 0)
        H5Fclose(output->file);
    if (!output->output || output_end(output->output, bad))
        bad = 1;
    free(output->path);
    return bad;
}

int hdf_output_end(struct hdf_output *output, int bad)
{
    bad |= output->file < 0;
    if (bad && !output->error)
        output->error = errno;
    if (!bad) {
        errno = 0;
        bad = hdf_close(output->file) != 0;
        output->error = errno;
        output->file = -1;
    }
    if (bad && output->output)
        log_error("cannot write %s: %s", output->path,
                  output->error ? strerror(output->error) : "HDF5 failed");
    if (!drop(output, bad))
        return EXIT_DONE;
    return output->code ? output->code : EXIT_IO;
}

void hdf_output_drop(struct hdf_output *output)
{
    drop(output, 1);
}

const char *const file_content_names[CONTENTS] = {
    [CONTENT_FEATURES] = "feature",
    [CONTENT_MODELS] = "model",
    [CONTENT_RESULTS] = "result",
};

int hdf_put_kind(hid_t file, enum file_content content, int64_t schema)
{
    char *kind = text_format("darkforest %s file", file_content_names[content]);
    int bad = hdf_put_text(file, "kind", kind);
    bad |= hdf_put_i64(file, "schema_version", schema);
    free(kind);
    return bad;
}

/* What the file says it is; CONTENTS when it says nothing that is known. */
static enum file_content content_of(hid_t file)
{
    char *kind = hdf_get_text(file, "kind");
    int content = 0;
    while (content < CONTENTS) {
        char *expected = text_format("darkforest %s file", file_content_names[content]);
        int found = kind && strcmp(kind, expected) == 0;
        free(expected);
        if (found)
            break;
        content++;
    }
    free(kind);
    return (enum file_content)content;
}

int file_content_find(const char *path, enum file_content *content, char **why)
{
    int code = EXIT_DONE;
    hid_t file = hdf_open(path, &code, why);
    if (file < 0)
        return code;
    *content = content_of(file);
    hdf_close(file);
    if (*content < CONTENTS)
        return EXIT_DONE;
    *why = text_format("%s is an HDF5 file, but not one of darkforest's", path);
    return hdf_judge(path, EXIT_BAD_DATA, why);
}

int file_has_checksums(const char *path)
{
    int code = EXIT_DONE;
    char *why = NULL;
    H5F_info2_t info;
    hid_t file = hdf_open(path, &code, &why);
    free(why);
    if (file < 0)
        return 0;
    const int has = H5Fget_info2(file, &info) >= 0 && info.super.version >= 2;
    hdf_close(file);
    return has;
}

hid_t hdf_open_kind(const char *path, enum file_content content, int64_t schema, int *code, char **why)
{
    int64_t found = 0;
    hid_t file = hdf_open(path, code, why);
    if (file < 0)
        return -1;
    const char *noun = file_content_names[content];
    if (content_of(file) != content || hdf_get_i64(file, "schema_version", &found) != 0)
        *why = text_format("%s is not a darkforest %s file", path, noun);
    else if (found != schema)
        *why = text_format("%s is a %s file of version %lld; this program reads version %lld", path, noun,
                           (long long)found, (long long)schema);
    else
        return file;
    *code = hdf_judge(path, EXIT_BAD_DATA, why);
    hdf_close(file);
    return -1;
}

int hdf_put_provenance(hid_t file, const struct provenance *made)
{
    hid_t group = hdf_group_create(file, "provenance");
    int bad = hdf_put_text(group, "version", DARKFOREST_VERSION);
    bad |= hdf_put_text(group, "command_line", made->command_line ? made->command_line : "");
    bad |= hdf_put_text(group, "host", made->host ? made->host : "");
    bad |= hdf_put_text(group, "created", made->created ? made->created : "");
    if (made->made_from)
        bad |= hdf_put_text(group, "made_from", made->made_from);
    bad |= hdf_put_i64(group, "n_ranks", made->n_ranks);
    return bad;
}

int hdf_get_provenance(hid_t file, struct provenance *made)
{
    int64_t n_ranks = 0;
    hid_t group = hdf_group_open(file, "provenance");
    made->command_line = hdf_get_text(group, "command_line");
    made->host = hdf_get_text(group, "host");
    made->created = hdf_get_text(group, "created");
    made->made_from = hdf_get_text(group, "made_from");
    const int bad = hdf_get_i64(group, "n_ranks", &n_ranks);
    made->n_ranks = n_ranks > 0 && n_ranks <= INT32_MAX ? (int)n_ranks : 0;
    return bad || !made->command_line || !made->host || !made->created ? -1 : 0;
}

void provenance_clear(struct provenance *made)
{
    free(made->command_line);
    free(made->host);
    free(made->created);
    free(made->made_from);
    *made = (struct provenance){0};
}
