#include "darkforest/core/memory.h"
#include "darkforest/core/output.h"
#include "darkforest/core/text.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/darkforest-output-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char *command = text_format("rm -rf %s", folder);
    const int result = system(command);
    free(command);
    return result;
}

static char *path_in(const char *name)
{
    return text_format("%s/%s", folder, name);
}

static int exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void assert_content(const char *path, const char *content)
{
    char text[64] = "";
    const int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, text, sizeof text - 1), strlen(content));
    assert_string_equal(text, content);
    close(fd);
}

static void write_plainly(const char *path, const char *content)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
}

static struct output *begin(const char *path)
{
    struct output *output;
    assert_int_equal(output_begin(&output, path), EXIT_DONE);
    return output;
}

static void a_finished_file_has_its_name_and_no_partial(void **state)
{
    (void)state;
    char *path = path_in("a"), *partial = output_partial_name(path);
    assert_int_equal(strcmp(partial + strlen(path), ".partial"), 0);
    write_plainly(partial, "what a killed run left");
    write_plainly(path, "old");
    struct output *output = begin(path);
    assert_string_equal(output_partial(output), partial);
    assert_content(partial, "");
    write_plainly(partial, "new");
    assert_content(path, "old");
    assert_int_equal(output_end(output, 0), 0);
    assert_content(path, "new");
    assert_false(exists(partial));
    free(path);
    free(partial);
}

static void assert_said(const char *path)
{
    if (!strstr(log_last_error(), path))
        fail_msg("'%s' does not name %s", log_last_error(), path);
}

static void a_failure_leaves_the_old_file_alone(void **state)
{
    (void)state;
    char *path = path_in("kept"), *partial = output_partial_name(path);
    write_plainly(path, "old");
    assert_int_equal(output_end(begin(path), 1), -1);
    assert_content(path, "old");
    assert_false(exists(partial));
    struct output *output = begin(path);
    assert_int_equal(unlink(partial), 0);
    assert_int_equal(output_end(output, 0), -1);
    assert_said(path);
    assert_content(path, "old");
    free(path);
    free(partial);
}

/* Locks of two descriptors stand against each other in one process as in two. */
static void two_do_not_write_one_file(void **state)
{
    (void)state;
    char *path = path_in("one"), *partial = output_partial_name(path);
    struct output *first = begin(path), *second;
    write_plainly(partial, "first");
    assert_int_equal(output_begin(&second, path), EXIT_STOPPED);
    assert_null(second);
    assert_said(partial);
    assert_int_equal(output_write_file(path, "second", 6), EXIT_STOPPED);
    assert_content(partial, "first");
    assert_int_equal(output_end(first, 0), 0);
    assert_content(path, "first");
    assert_int_equal(output_write_file(path, "second", 6), 0);
    assert_content(path, "second");
    free(path);
    free(partial);
}

/* A folder stands where the file should go: the partial file must not stay. */
static void a_failed_rename_removes_the_partial_file(void **state)
{
    (void)state;
    char *path = path_in("taken"), *partial = output_partial_name(path);
    assert_int_equal(mkdir(path, 0777), 0);
    assert_int_equal(output_end(begin(path), 0), -1);
    assert_false(exists(partial));
    assert_said(path);
    assert_int_equal(output_write_file(path, "x", 1), EXIT_IO);
    assert_false(exists(partial));
    free(path);
    free(partial);
}

static void files_are_written_whole(void **state)
{
    (void)state;
    char *path = path_in("file"), *partial = output_partial_name(path);
    assert_int_equal(output_write_file(path, "hello", 5), 0);
    assert_content(path, "hello");
    assert_int_equal(output_write_file(path, "", 0), 0);
    assert_content(path, "");
    assert_false(exists(partial));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(output_write_file("file", "here", 4), 0); /* a name without a folder */
    assert_content(path, "here");
    free(path);
    free(partial);
}

static char *refusal_of(const char *path, const char *input)
{
    char *why = NULL;
    const struct strings outputs = {&path, 1}, inputs = {&input, 1};
    const int code = output_check(&outputs, &inputs, &why);
    assert_int_equal(code, why ? EXIT_BAD_USAGE : EXIT_DONE);
    return why;
}

static void an_output_spares_the_inputs(void **state)
{
    (void)state;
    char *input = path_in("input"), *link_to = path_in("link"), *around = path_in("./input");
    char *other = path_in("other"), *half = path_in("other.partial");
    write_plainly(input, "x");
    write_plainly(half, "x");
    assert_int_equal(symlink(input, link_to), 0);
    const char *const pairs[][2] = {{input, input}, {link_to, input}, {around, input}, {other, half}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char *why = refusal_of(pairs[i][0], pairs[i][1]);
        assert_non_null(why);
        assert_non_null(strstr(why, pairs[i][1]));
        free(why);
    }
    assert_null(refusal_of(other, input));
    assert_null(refusal_of(other, other)); /* neither is there */
    free(input);
    free(link_to);
    free(around);
    free(other);
    free(half);
}

static void outputs_spare_one_another(void **state)
{
    (void)state;
    char *one = path_in("one.csv"), *again = path_in(".//one.csv"), *other = path_in("two.csv");
    const char *const lists[][2] = {
        {one, other},
        {one, again},
        {"one.csv", "./one.csv"},
        {"a.csv", "b.csv"},
        {"new/one.csv", ".//new/./one.csv"},
        {"new/one.csv", "one.csv"},
    };
    const int same[] = {0, 1, 1, 0, 1, 0};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const struct strings outputs = {(const char **)(uintptr_t)lists[i], 2}, none = {0};
        char *why = NULL;
        assert_int_equal(output_check(&outputs, &none, &why), same[i] ? EXIT_BAD_USAGE : EXIT_DONE);
        assert_int_equal(why && strstr(why, "one.csv"), same[i]);
        free(why);
    }
    free(one);
    free(again);
    free(other);
}

static void a_way_up_leads_from_what_is_there(void **state)
{
    (void)state;
    char *there = path_in("way"), *from_there = path_in("way/../new/file"),
         *from_nothing = path_in("no way/../file");
    assert_int_equal(mkdir(there, 0777), 0);
    assert_int_equal(chdir(there), 0);
    const char *const good[] = {from_there, "../file", "../new/file", "../../new/deep/file", "new../file"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_null(refusal_of(good[i], there));
    const char *const bad[] = {from_nothing, "new/../file", "../new/../file"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *why = refusal_of(bad[i], there);
        assert_non_null(why);
        assert_non_null(strstr(why, "goes up"));
        free(why);
    }
    free(there);
    free(from_there);
    free(from_nothing);
}

static void a_file_takes_no_folders_name(void **state)
{
    (void)state;
    char *there = path_in("there"), *absent = path_in("absent/"), *file = path_in("absent");
    assert_int_equal(mkdir(there, 0777), 0);
    char *of_there = refusal_of(there, file), *of_absent = refusal_of(absent, file);
    assert_non_null(of_there);
    assert_non_null(of_absent);
    assert_null(refusal_of(file, there));
    free(of_there);
    free(of_absent);
    free(there);
    free(absent);
    free(file);
}

static void a_missing_folder_is_made(void **state)
{
    (void)state;
    char *path = path_in("none/nor this/file");
    assert_int_equal(output_write_file(path, "x", 1), 0);
    assert_content(path, "x");
    free(path);
}

static void what_is_no_folder_is_named(void **state)
{
    (void)state;
    const char *const paths[] = {"/dev/null/file", "/dev/null/none/file"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(output_write_file(paths[i], "x", 1), EXIT_IO);
        assert_said(paths[i]);
        assert_non_null(strstr(log_last_error(), strerror(ENOTDIR)));
    }
}

/* Root may write anywhere, so a read-only mount stands in for a read-only folder; skipped without root. */
static void nothing_is_left_where_nothing_may_be_written(void **state)
{
    (void)state;
    char *mount_point = path_in("locked"), *path = path_in("locked/file");
    assert_int_equal(mkdir(mount_point, 0777), 0);
    if (geteuid() != 0)
        chmod(mount_point, 0555);
    else if (mount("tmpfs", mount_point, "tmpfs", MS_RDONLY, NULL)) {
        free(mount_point);
        free(path);
        print_message("not shown: no tmpfs can be mounted here\n");
        skip();
    }
    assert_int_equal(output_write_file(path, "x", 1), EXIT_IO);
    assert_said(path);
    assert_false(exists(path));
    if (geteuid() == 0)
        umount(mount_point);
    free(mount_point);
    free(path);
}

static void a_full_disk_leaves_no_file(void **state)
{
    (void)state;
    char *mount_point = path_in("small"), *path = path_in("small/file"), *partial = output_partial_name(path);
    static char large[1 << 20];
    assert_int_equal(mkdir(mount_point, 0777), 0);
    if (geteuid() != 0 || mount("tmpfs", mount_point, "tmpfs", 0, "size=64k")) {
        free(mount_point);
        free(path);
        free(partial);
        print_message("not shown: no small file system can be mounted here\n");
        skip();
    }
    assert_int_equal(output_write_file(path, "old", 3), 0);
    assert_int_equal(output_write_file(path, large, sizeof large), EXIT_IO);
    assert_said(path);
    assert_non_null(strstr(log_last_error(), strerror(ENOSPC)));
    assert_false(exists(partial));
    assert_content(path, "old");
    umount(mount_point);
    free(mount_point);
    free(path);
    free(partial);
}

static int give_up(FILE *file, const void *code)
{
    fputs("half of it", file);
    return *(const int *)code;
}

static void what_is_given_up_is_not_there(void **state)
{
    (void)state;
    char *path = path_in("given-up"), *partial = output_partial_name(path);
    int code = EXIT_BAD_DATA;
    assert_int_equal(output_write(path, give_up, &code), EXIT_BAD_DATA);
    assert_false(exists(path) || exists(partial));
    code = EXIT_DONE;
    assert_int_equal(output_write(path, give_up, &code), EXIT_DONE);
    assert_content(path, "half of it");
    free(path);
    free(partial);
}

static int is_folder(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static void folders_are_made_with_their_parents(void **state)
{
    (void)state;
    static const char *const names[] = {"d", "d", "e/f/g", "e/f/g/", "e//h///", "./i/../j"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = path_in(names[i]);
        assert_int_equal(output_make_directory(path), 0);
        assert_true(is_folder(path));
        free(path);
    }
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(output_make_directory("k/l"), 0);
    assert_true(is_folder("k/l"));
    assert_int_equal(output_make_directory("k"), 0);
    assert_int_equal(output_make_directory("."), 0);
    assert_int_equal(output_make_directory("/"), 0);
    assert_int_equal(output_make_directory("//tmp"), 0);
}

static void paths_have_two_parts(void **state)
{
    (void)state;
    static const char *const parts[][3] = {{"a/b.h5", "a", "b.h5"}, {"b.h5", ".", "b.h5"}, {"/b", "/", "b"},
                                           {"/a/b", "/a", "b"},     {"a/", "a", ""},       {"", ".", ""}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *before = path_folder(parts[i][0]);
        assert_string_equal(before, parts[i][1]);
        assert_string_equal(path_name(parts[i][0]), parts[i][2]);
        free(before);
    }
}

static void folders_that_cannot_be_are_named(void **state)
{
    (void)state;
    char *file = path_in("plain"), *below = path_in("plain/x/y");
    write_plainly(file, "x");
    assert_int_equal(output_make_directory(file), -1);
    assert_said(file);
    assert_int_equal(output_make_directory(below), -1);
    assert_said(below);
    assert_int_equal(output_make_directory(""), -1);
    assert_content(file, "x");
    free(file);
    free(below);
}

static void texts_are_copied_and_formatted(void **state)
{
    (void)state;
    char *text = text_format("%s-%d", "a", 5), *copy = memory_text(text);
    assert_string_equal(copy, "a-5");
    assert_ptr_not_equal(copy, text);
    copy = memory_resize(copy, 1000);
    assert_string_equal(copy, "a-5");
    unsigned char *zeroed = memory_zeroed(3, 5);
    for (int i = 0; i < 15; i++)
        assert_int_equal(zeroed[i], 0);
    void *nothing = memory_get(0);
    assert_non_null(nothing);
    free(nothing);
    free(zeroed);
    free(text);
    free(copy);
}

static void texts_are_printed(void **state)
{
    (void)state;
    char *text;
    size_t n;
    memory_stream_end(memory_stream(&text, &n));
    assert_string_equal(text, "");
    free(text);
    FILE *stream = memory_stream(&text, &n);
    for (int i = 0; i < 100000; i++)
        fprintf(stream, "%d\n", i % 10);
    memory_stream_end(stream);
    assert_int_equal(n, 200000);
    assert_string_equal(text + n - 4, "8\n9\n");
    free(text);
}

static void texts_grow_and_end(void **state)
{
    (void)state;
    char *text = NULL;
    text_add(&text, "%s", "");
    assert_string_equal(text, "");
    for (int i = 0; i < 3; i++)
        text_add(&text, "%s%d", *text ? ", " : "", i);
    text_add(&text, " (%s)", text); /* what it holds may go into what is added */
    assert_string_equal(text, "0, 1, 2 (0, 1, 2)");
    assert_true(text_ends_in(text, ")") && text_ends_in(text, "") && text_ends_in(text, text));
    assert_false(text_ends_in(text, "2") || text_ends_in(")", text) || text_ends_in("", "x"));
    free(text);
}

static void words_are_quoted_where_a_shell_needs_it(void **state)
{
    (void)state;
    static const char *const words[][2] = {
        {"hours/2017-01-01.pcap.gz", "hours/2017-01-01.pcap.gz"},
        {"--from=2017-01-01T00:00:00", "--from=2017-01-01T00:00:00"},
        {"", "''"},
        {"tcp and not port 23", "'tcp and not port 23'"},
        {"my runs/m.h5", "'my runs/m.h5'"},
        {"a*b", "'a*b'"},
        {"~", "'~'"},
        {"it's", "'it'\\''s'"},
        {"'", "''\\'''"},
        {"$(x)\n\"y\"", "'$(x)\n\"y\"'"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char *word = text_shell_word(words[i][0]);
        assert_string_equal(word, words[i][1]);
        free(word);
    }
}

static int has_no_locks;

/* In place of the C library's: as on a file system that has none. */
int flock(int fd, int operation)
{
    if (!has_no_locks)
        return (int)syscall(SYS_flock, fd, operation);
    errno = ENOSYS;
    return -1;
}

/* Another process writes the same file meanwhile, from beginning to end. */
static void write_beside(const char *path, const char *text)
{
    const pid_t other = fork();
    if (other == 0)
        _exit(output_write_file(path, text, strlen(text)));
    int status = -1;
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(status, 0);
}

static void without_locks_each_run_writes_a_file_of_its_own(void **state)
{
    (void)state;
    char *path = path_in("unlocked"), *partial = output_partial_name(path);
    has_no_locks = 1;
    struct output *output = begin(path);
    write_plainly(output_partial(output), "first");
    write_beside(path, "second, and longer");
    assert_content(path, "second, and longer");
    assert_content(output_partial(output), "first");
    assert_false(exists(partial));
    char *own = strdup(output_partial(output));
    assert_int_equal(output_end(output, 0), 0);
    has_no_locks = 0;
    assert_content(path, "first");
    assert_false(exists(own));
    free(own);
    free(path);
    free(partial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finished_file_has_its_name_and_no_partial),
        cmocka_unit_test(a_failure_leaves_the_old_file_alone),
        cmocka_unit_test(two_do_not_write_one_file),
        cmocka_unit_test(without_locks_each_run_writes_a_file_of_its_own),
        cmocka_unit_test(a_failed_rename_removes_the_partial_file),
        cmocka_unit_test(files_are_written_whole),
        cmocka_unit_test(an_output_spares_the_inputs),
        cmocka_unit_test(outputs_spare_one_another),
        cmocka_unit_test(a_way_up_leads_from_what_is_there),
        cmocka_unit_test(a_file_takes_no_folders_name),
        cmocka_unit_test(a_missing_folder_is_made),
        cmocka_unit_test(what_is_no_folder_is_named),
        cmocka_unit_test(nothing_is_left_where_nothing_may_be_written),
        cmocka_unit_test(a_full_disk_leaves_no_file),
        cmocka_unit_test(what_is_given_up_is_not_there),
        cmocka_unit_test(folders_are_made_with_their_parents),
        cmocka_unit_test(paths_have_two_parts),
        cmocka_unit_test(folders_that_cannot_be_are_named),
        cmocka_unit_test(texts_are_copied_and_formatted),
        cmocka_unit_test(texts_are_printed),
        cmocka_unit_test(texts_grow_and_end),
        cmocka_unit_test(words_are_quoted_where_a_shell_needs_it),
    };
    log_init(LOG_QUIET, 0);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
