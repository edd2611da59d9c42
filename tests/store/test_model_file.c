/* Model and result files: what is written is read back; what is damaged, foreign or of another time is
 * refused with a sentence. */
#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"
#include "darkforest/store/model_file.h"
#include "darkforest/store/result_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hdf5.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const features[] = {"average_ttl", "packets"};
static const char *const classes[] = {"scanning", "back scatter é", "misconfiguration"};
static char folder[] = "/tmp/test_model_file.XXXXXX";

static void *copy(const void *data, size_t n)
{
    return memcpy(memory_get(n), data, n);
}

#define COPY(...) copy((__VA_ARGS__), sizeof(__VA_ARGS__))

/* One stump and one leaf. */
static struct model *made_forest(void)
{
    struct model *m = model_new("forest", 2, features, 3, classes);
    m->name = memory_text("forest-depth-2");
    m->parameters = memory_text("n_estimators=2 max_depth=2");
    m->seed = UINT64_MAX;
    m->n_rows = 100;
    m->n_fitted = 2;
    m->fitted = COPY((uint8_t[]){0, 2});
    m->class_rows = COPY((uint64_t[]){60, 0, 40});
    m->importances = COPY((double[]){0.25, 0.75});
    m->trees.n_trees = 2;
    m->trees.n_nodes = 4;
    m->trees.n_values = 2;
    m->trees.tree_start = COPY((uint64_t[]){0, 3, 4});
    m->trees.tree_weights = COPY((double[]){1, 1});
    m->trees.feature = COPY((int32_t[]){1, -1, -1, -1});
    m->trees.threshold = COPY((double[]){7.5, 0, 0, 0});
    m->trees.left = COPY((uint32_t[]){1, 0, 0, 0});
    m->trees.right = COPY((uint32_t[]){2, 0, 0, 0});
    m->trees.n_rows = COPY((uint64_t[]){100, 60, 40, 100});
    m->trees.gain = COPY((double[]){48, 0, 0, 0});
    m->trees.values = COPY((double[]){0.6, 0.4, 1, 0, 0, 1, 0.6, 0.4});
    metrics_init(&m->held_out, 3);
    memcpy(m->held_out.confusion, (int64_t[]){30, 0, 2, 1, 0, 1, 3, 0, 20}, 9 * sizeof(int64_t));
    m->n_folds = 2;
    m->folds = memory_zeroed(2, sizeof *m->folds);
    metrics_copy(&m->folds[0], &m->held_out);
    metrics_copy(&m->folds[1], &m->held_out);
    m->folds[1].confusion[0] = 31;
    return m;
}

static char *path_of(const char *name)
{
    return text_format("%s/%s", folder, name);
}

static struct training_window two_windows[] = {{1483228800, 3600}, {1483232400, 3600}};

static void write_models_of(const char *path, int64_t window_length, struct training_window *windows)
{
    struct model *m = made_forest();
    struct model_set set = {.models = &m,
                            .n = 1,
                            .training = {.rules = (char[]){"[rules]"},
                                         .inputs = (char[]){"features-20170101T000000.h5"},
                                         .filter = (char[]){"tcp and not port 23"},
                                         .inventory_checksum = 7,
                                         .windows = windows,
                                         .n_windows = 2,
                                         .input_checksum = 42,
                                         .first_window = 1483228800,
                                         .last_window = 1483232400,
                                         .window_length = window_length,
                                         .n_rows = 143,
                                         .test_share = 0.3,
                                         .seed = 5,
                                         .n_folds = 2,
                                         .made = {.n_ranks = 3}}};
    assert_int_equal(model_file_write(path, &set), EXIT_DONE);
    model_free(m);
}

static void write_models(const char *path)
{
    write_models_of(path, 3600, two_windows);
}

static void models_come_back(void **state)
{
    (void)state;
    char *path = path_of("model.h5"), *why = NULL;
    int code = -1;
    write_models(path);
    struct model_set *set = model_file_read(path, &code, &why);
    assert_non_null(set);
    assert_int_equal(set->n, 1);
    const struct model *m = set->models[0];
    struct model *made = made_forest();
    assert_string_equal(m->name, made->name);
    assert_string_equal(m->parameters, made->parameters);
    assert_string_equal(m->class_names[1], made->class_names[1]);
    assert_true(m->seed == made->seed);
    assert_memory_equal(m->fitted, made->fitted, 2);
    assert_memory_equal(m->class_rows, made->class_rows, 3 * sizeof(uint64_t));
    assert_memory_equal(m->trees.values, made->trees.values, 8 * sizeof(double));
    assert_memory_equal(m->trees.threshold, made->trees.threshold, 4 * sizeof(double));
    assert_memory_equal(m->held_out.confusion, made->held_out.confusion, 9 * sizeof(int64_t));
    assert_int_equal(m->n_folds, 2);
    assert_int_equal(m->folds[1].confusion[0], 31);
    assert_null(m->priors);
    assert_int_equal(set->training.n_rows, 143);
    assert_int_equal(set->training.input_checksum, 42);
    assert_int_equal(set->training.made.n_ranks, 3);
    assert_string_equal(set->training.rules, "[rules]");
    assert_string_equal(set->training.filter, "tcp and not port 23");
    assert_int_equal(set->training.inventory_checksum, 7);
    assert_int_equal(set->training.window_length, 3600);
    assert_int_equal(set->training.n_windows, 2);
    assert_memory_equal(set->training.windows, two_windows, sizeof two_windows);
    model_free(made);
    model_set_free(set);
    free(path);
}

static void features_are_found_by_name(void **state)
{
    (void)state;
    int columns[2];
    char *why = NULL;
    struct model *m = made_forest();
    assert_int_equal(model_file_columns(m, columns, &why), 0);
    assert_int_equal(columns[0], 0);
    assert_int_equal(columns[1], 1);
    free(m->feature_names[1]);
    m->feature_names[1] = memory_text("phase_of_the_moon");
    assert_int_equal(model_file_columns(m, columns, &why), -1);
    assert_non_null(strstr(why, "phase_of_the_moon"));
    free(why);
    model_free(m);
}

static uint8_t *read_bytes(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = memory_get(1 << 20);
    *n = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

static int refused(const char *path, const uint8_t *bytes, size_t n)
{
    int code = EXIT_DONE;
    char *why = NULL;
    FILE *file = fopen(path, "wb");
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    fclose(file);
    struct model_set *set = model_file_read(path, &code, &why);
    const int is_refused = !set;
    if (is_refused) {
        assert_int_equal(code, EXIT_BAD_DATA);
        assert_non_null(strstr(why, path));
    }
    model_set_free(set);
    free(why);
    return is_refused;
}

static void damage_is_refused(void **state)
{
    (void)state;
    char *path = path_of("model.h5"), *bad = path_of("bad.h5");
    size_t n, n_refused = 0;
    write_models(path);
    uint8_t *bytes = read_bytes(path, &n);
    for (size_t cut = 0; cut < n; cut += n / 60)
        assert_true(refused(bad, bytes, cut));
    for (size_t i = 0; i < n; i += 61) {
        bytes[i] ^= 0x41;
        n_refused += (size_t)refused(bad, bytes, n);
        bytes[i] ^= 0x41;
    }
    assert_true(n_refused > 20); /* the rest is room that nothing lies in */
    free(bytes);
    free(bad);
    free(path);
}

static void attributes_are_missed(const char *path)
{
    int code = EXIT_DONE;
    char *why = NULL;
    assert_null(model_file_read(path, &code, &why));
    assert_int_equal(code, EXIT_BAD_DATA);
    assert_non_null(strstr(why, "its attributes are incomplete"));
    free(why);
}

static void odd_windows_are_refused(void **state)
{
    (void)state;
    char *path = path_of("model.h5");
    static const struct training_window odd[] = {
        {INT64_MAX, 3600}, {INT64_MIN, 3600}, {0, 0}, {0, -1}, {0, INT64_MAX}};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        write_models_of(path, 3600, (struct training_window[]){two_windows[0], odd[i]});
        attributes_are_missed(path);
    }
    write_models_of(path, 0, two_windows);
    attributes_are_missed(path);
    free(path);
}

/* A file whose metrics are most of it: of a model of 60 classes. */
static void write_wide_model(const char *path)
{
    enum { CLASSES = 60 };
    const char *names[CLASSES];
    for (int c = 0; c < CLASSES; c++)
        names[c] = "class";
    struct model *m = model_new("bayes", 2, features, CLASSES, names);
    struct model_set set = {.models = &m,
                            .n = 1,
                            .training = {.filter = (char[]){""},
                                         .windows = two_windows,
                                         .n_windows = 2,
                                         .window_length = 3600,
                                         .made = {.n_ranks = 1}}};
    m->name = memory_text("bayes");
    m->n_fitted = 1;
    m->fitted = COPY((uint8_t[]){7});
    m->class_rows = memory_zeroed(CLASSES, sizeof *m->class_rows);
    m->priors = COPY((double[]){1});
    m->means = COPY((double[]){0, 0});
    m->variances = COPY((double[]){1, 1});
    m->n_folds = 1;
    m->folds = memory_zeroed(1, sizeof *m->folds);
    metrics_init(&m->folds[0], CLASSES);
    assert_int_equal(model_file_write(path, &set), EXIT_DONE);
    model_free(m);
}

/* Adds names for what is in a group of the file until there are 50. */
static void link_often(const char *path, const char *in, const char *name)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), group = H5Gopen2(file, in, H5P_DEFAULT);
    for (int i = 1; i < 50; i++) {
        char link[16];
        snprintf(link, sizeof link, "%04d", i + 100);
        assert_true(H5Lcreate_hard(group, name, group, link, H5P_DEFAULT, H5P_DEFAULT) >= 0);
    }
    H5Gclose(group);
    assert_true(H5Fclose(file) >= 0);
}

/* A small file in which all names of a group are one object is not read until memory is full. */
static void names_for_one_object_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *group, *name;
    } links[] = {{"models", "bayes"}, {"models/bayes/folds", "0000"}};
    char *path = path_of("model.h5");
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        int code = EXIT_DONE;
        char *why = NULL;
        write_wide_model(path);
        struct model_set *set = model_file_read(path, &code, &why);
        assert_non_null(set);
        model_set_free(set);
        link_often(path, links[i].group, links[i].name);
        assert_null(model_file_read(path, &code, &why));
        assert_int_equal(code, EXIT_BAD_DATA);
        assert_non_null(strstr(why, i == 0 ? "larger than itself" : "is damaged"));
        free(why);
    }
    free(path);
}

static void results_come_back(void **state)
{
    (void)state;
    char *path = path_of("result.h5"), *why = NULL;
    int code = -1;
    struct model *m = made_forest();
    struct results results = {0};
    struct result result = {.model = m->name,
                            .learner = m->learner,
                            .parameters = m->parameters,
                            .protocol = PROTOCOL_OTHER_ROWS,
                            .trained_on = (char[]){"2017-01"},
                            .judged_on = (char[]){"2017-02"},
                            .n_windows = 744,
                            .n_windows_learned = 24,
                            .trained_first = 3600,
                            .trained_last = 7200,
                            .judged_first = 10800,
                            .judged_last = 10800,
                            .n_classes = 3,
                            .class_names = m->class_names,
                            .metrics = m->held_out};
    results_add(&results, &result);
    results_add(&results, &result);
    assert_int_equal(results_write(path, &results), EXIT_DONE);
    struct results *read = results_read(path, &code, &why);
    assert_non_null(read);
    assert_int_equal(read->n, 2);
    assert_int_equal(read->items[1].protocol, PROTOCOL_OTHER_ROWS);
    assert_string_equal(read->items[1].judged_on, "2017-02");
    assert_int_equal(read->items[1].n_windows, 744);
    assert_int_equal(read->items[1].n_windows_learned, 24);
    assert_true(read->items[1].trained_last == 7200);
    assert_int_equal(read->items[1].judged_first, 10800);
    assert_memory_equal(read->items[1].metrics.confusion, m->held_out.confusion, 9 * sizeof(int64_t));
    results_free(read);
    results_clear(&results);
    model_free(m);
    /* One kind of file is not taken for another. */
    assert_null(model_file_read(path, &code, &why));
    assert_int_equal(code, EXIT_BAD_DATA);
    assert_non_null(strstr(why, "not a darkforest model file"));
    free(why);
    free(path);
}

static void failures_leave_nothing(void **state)
{
    (void)state;
    const char *path = "/dev/null/no/folder.h5";
    struct model_set set = {0};
    assert_int_equal(model_file_write(path, &set), EXIT_IO);
    int code = -1;
    char *why = NULL;
    assert_null(model_file_read(path, &code, &why));
    assert_int_equal(code, EXIT_NO_INPUT);
    free(why);
}

static int make_folder(void **state)
{
    (void)state;
    log_init(LOG_QUIET, 0);
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"model.h5", "bad.h5", "result.h5"};
    for (size_t i = 0; i < 3; i++) {
        char *path = path_of(names[i]);
        unlink(path);
        free(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_come_back),
        cmocka_unit_test(features_are_found_by_name),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(results_come_back),
        cmocka_unit_test(failures_leave_nothing),
        cmocka_unit_test(odd_windows_are_refused),
        cmocka_unit_test(names_for_one_object_are_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
