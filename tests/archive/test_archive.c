/* Operands to an ordered list of files: names, patterns, folders of all sorts. */
#include "darkforest/archive/archive.h"
#include "darkforest/core/exits.h"

#include "capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/darkforest-archive-XXXXXX";

/* A capture of one record at this second. */
static void save_capture(const char *name, uint32_t second)
{
    const struct capture_form us = {.minor = 4, .snaplen = 65535};
    const struct bytes b = capture_make(&us, 1);
    memcpy(b.data + 24, &second, 4);
    char path[512];
    capture_save(folder, name, b, path, sizeof path);
    free(b.data);
}

static void save_text(const char *name, const char *text)
{
    char path[512];
    capture_save(folder, name, (struct bytes){(uint8_t *)(uintptr_t)text, strlen(text)}, path, sizeof path);
}

static const char *place(const char *name)
{
    static char paths[8][512];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void expect_names(const struct archive *a, const char *const *names, size_t n)
{
    assert_int_equal(a->n, n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(a->files[i].path, place(names[i]));
}

static void a_folder_is_one_capture(void **state)
{
    (void)state;
    const char *operands[] = {folder};
    struct archive a;
    char *why = NULL;
    assert_int_equal(archive_open(&a, operands, 1, &why), EXIT_DONE);
    const char *names[] = {"deep/er/first.pcap", "b.pcap", "c.pcap", "a.pcap"};
    expect_names(&a, names, 4);
    assert_int_equal(a.files[0].kind.first_ts_ns, INT64_C(1000000000));
    assert_int_equal(a.n_skipped, 5); /* the texts, the hidden file, the unfinished one, the index */
    assert_int_equal(a.n_refused, 3);
    archive_free(&a);
}

static void patterns_and_names(void **state)
{
    (void)state;
    const char *operands[] = {place("[ab].pcap"), place("b.pcap"), place("./b.pcap")};
    struct archive a;
    char *why = NULL;
    assert_int_equal(archive_open(&a, operands, 3, &why), EXIT_DONE);
    assert_int_equal(a.n, 2); /* b.pcap once */
    assert_int_equal(a.files[0].kind.first_ts_ns, INT64_C(2000000000));
    assert_int_equal(a.files[1].kind.first_ts_ns, INT64_C(3000000000));
    archive_free(&a);
}

static void expect_refusal(const char *operand, int expected, const char *named)
{
    struct archive a;
    char *why = NULL;
    assert_int_equal(archive_open(&a, &operand, 1, &why), expected);
    assert_non_null(strstr(why, named));
    assert_int_equal(a.n, 0);
    free(why);
}

static void what_cannot_be_an_archive(void **state)
{
    (void)state;
    expect_refusal(place("notes.txt"), EXIT_BAD_DATA, "a text file");
    expect_refusal(place("empty.pcap"), EXIT_BAD_DATA, "an empty file");
    expect_refusal(place("absent.pcap"), EXIT_NO_INPUT, "absent.pcap");
    expect_refusal(place("absent*.pcap"), EXIT_NO_INPUT, "absent*");
    expect_refusal(place("nothing"), EXIT_NO_INPUT, "nothing holds no capture file");
    expect_refusal(place("texts"), EXIT_NO_INPUT, "texts holds no capture file");
    expect_refusal(place("indexes"), EXIT_NO_INPUT, "no capture file was found (1 other");
    expect_refusal(place("damaged"), EXIT_NO_INPUT, "snoop");
}

static void expect_refusal_of_two(const char *first, const char *second, int expected, const char *named)
{
    const char *operands[] = {first, second};
    struct archive a;
    char *why = NULL;
    assert_int_equal(archive_open(&a, operands, 2, &why), expected);
    assert_non_null(strstr(why, named));
    free(why);
}

/* A folder may be given twice, and one inside another; one that is empty is told of, and the others are used. */
static void operands_beside_one_another(void **state)
{
    (void)state;
    expect_refusal_of_two(place("a.pcap"), place("empty.pcap"), EXIT_BAD_DATA, "or give its folder");
    expect_refusal_of_two(place("a.pcap"), place("notes.txt"), EXIT_BAD_DATA, "pcapng: leave it out");
    expect_refusal(place("[ae]*.pcap"), EXIT_BAD_DATA, "or give its folder");
    const char *beside[] = {place("deep/er"), place("nothing"), place("texts"), place("indexes")};
    struct archive of_beside;
    char *ignored = NULL;
    assert_int_equal(archive_open(&of_beside, beside, 4, &ignored), EXIT_DONE);
    assert_int_equal(of_beside.n, 1);
    assert_int_equal(of_beside.n_skipped, 2);
    assert_int_equal(of_beside.n_refused, 2);
    assert_string_equal(of_beside.refused[0].path, place("nothing"));
    archive_free(&of_beside);
    const char *operands[] = {place("deep/er"), place("deep"), folder, place("deep/er")};
    struct archive a;
    char *why = NULL;
    assert_int_equal(archive_open(&a, operands, 4, &why), EXIT_DONE);
    assert_int_equal(a.n, 4);
    archive_free(&a);
}

/* As expect_refusal, by one whom permissions hold. */
static void expect_denial(const char *operand, int expected, const char *named)
{
    const uid_t user = geteuid();
    if (user == 0 && seteuid(65534) != 0)
        skip();
    expect_refusal(operand, expected, named);
    assert_int_equal(seteuid(user), 0);
}

/* What cannot be looked at may hold a good hour: it is never passed over. */
static void what_cannot_be_looked_at(void **state)
{
    (void)state;
    chmod(place("denied/b.pcap"), 0);
    expect_denial(place("denied"), EXIT_NO_INPUT, "denied/b.pcap cannot be opened: Permission denied");
    chmod(place("denied/b.pcap"), 0644);
    chmod(place("denied/deep"), 0);
    expect_denial(place("denied"), EXIT_IO, "denied/deep cannot be read: Permission denied");
    expect_denial(place("denied/*/*.pcap"), EXIT_IO, "denied/deep cannot be read: Permission denied");
    expect_denial(place("denied/*/c.pcap"), EXIT_IO, "denied/deep/c.pcap cannot be read: Permission denied");
    expect_denial(place("denied/links"), EXIT_NO_INPUT,
                  "denied/links/c.pcap cannot be opened: Permission denied");
    chmod(place("denied/deep"), 0755);
}

/* Nor are a hidden link to nothing, and one among the folders of a pattern, in the way. */
static void links_to_nothing(void **state)
{
    (void)state;
    const char *operands[] = {place("denied/*/*.pcap"), place("denied")};
    struct archive a;
    char *why = NULL;
    assert_int_equal(archive_open(&a, operands, 2, &why), EXIT_DONE);
    const char *names[] = {"denied/b.pcap", "denied/deep/c.pcap"};
    expect_names(&a, names, 2);
    assert_int_equal(a.n_skipped, 1);
    assert_int_equal(a.n_refused, 1);
    archive_free(&a);
}

static int make_denied(void **state)
{
    (void)state;
    mkdir(place("denied"), 0755);
    mkdir(place("denied/deep"), 0755);
    mkdir(place("denied/links"), 0755);
    save_capture("denied/b.pcap", 2);
    save_capture("denied/deep/c.pcap", 3);
    if (symlink("../deep/c.pcap", place("denied/links/c.pcap")) != 0 ||
        symlink("gone", place("denied/.#lock")) != 0 || symlink("gone", place("denied/nowhere")) != 0)
        return -1;
    return 0;
}

/* Folders that links lead to in 2^24 ways are gone through once; what is given twice is passed over once. */
static void a_folder_is_gone_through_once(void **state)
{
    (void)state;
    enum { DEPTH = 24 };
    char name[32], to[16];
    mkdir(place("maze"), 0755);
    for (int i = 0; i <= DEPTH; i++) {
        snprintf(name, sizeof name, "maze/%02d", i);
        mkdir(place(name), 0755);
        snprintf(to, sizeof to, "../%02d", i + 1);
        for (char link = 'a'; link <= 'b' && i < DEPTH; link++) {
            snprintf(name, sizeof name, "maze/%02d/%c", i, link);
            assert_int_equal(symlink(to, place(name)), 0);
        }
    }
    save_capture("maze/24/a.pcap", 1);
    save_text("maze/24/notes.txt", "and no capture\n");
    const char *operands[] = {place("maze/00"), place("maze")};
    struct archive a;
    char *why = NULL;
    assert_int_equal(archive_open(&a, operands, 2, &why), EXIT_DONE);
    assert_int_equal(a.n, 1);
    assert_int_equal(a.n_skipped, 1);
    archive_free(&a);
}

static void make_tree(void)
{
    mkdir(place("deep"), 0755);
    mkdir(place("deep/er"), 0755);
    mkdir(place("nothing"), 0755);
    mkdir(place("damaged"), 0755);
    mkdir(place(".hidden"), 0755);
    save_capture("deep/er/first.pcap", 1);
    save_capture("b.pcap", 2);
    save_capture("c.pcap", 2);
    save_capture("a.pcap", 3);
    save_capture(".b.pcap", 2);
    save_capture(".hidden/b.pcap", 2);
    save_capture("half.pcap.partial", 2);
    mkdir(place("texts"), 0755);
    mkdir(place("indexes"), 0755);
    save_text("indexes/a.pcap.gz.dfx", "no index\n");
    save_text("notes.txt", "what we did, and when\n");
    save_text("texts/notes.txt", "the same\n");
    save_text("empty.pcap", "");
    FILE *file = fopen(place("damaged/x"), "wb");
    fwrite("snoop\0\0\0\0\0\0\2", 1, 12, file);
    fclose(file);
    if (symlink("/nonexistent", place("nowhere")) != 0 || symlink("..", place("deep/loop")) != 0)
        exit(1);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || chmod(folder, 0755) != 0)
        return -1;
    make_tree();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[600];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_is_one_capture),
        cmocka_unit_test(patterns_and_names),
        cmocka_unit_test(what_cannot_be_an_archive),
        cmocka_unit_test(operands_beside_one_another),
        cmocka_unit_test_setup(what_cannot_be_looked_at, make_denied),
        cmocka_unit_test(links_to_nothing),
        cmocka_unit_test(a_folder_is_gone_through_once),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
