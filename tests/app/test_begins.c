/* What a feature file says of the input files that began in its window. */
#include "begins.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define START ((int64_t)1519948800000000000)
#define HOUR ((int64_t)3600000000000)

static struct archive_file file(const char *path, int64_t first_ns, uint64_t n_bytes)
{
    return (struct archive_file){.path = (char *)(uintptr_t)path,
                                 .kind = {.first_ts_ns = first_ns, .n_bytes = n_bytes}};
}

static void a_file_is_known_by_its_time(void **state)
{
    (void)state;
    struct archive_file files[] = {file("before.pcap", START - 1, 1), file("h/a.pcap", START, 100),
                                   file("h/b.pcap", START, 200), file("h/c.pcap.gz", START + HOUR - 1, 300),
                                   file("after.pcap", START + HOUR, 1)};
    const struct archive archive = {.files = files, .n = 5};
    char *text = begins_text(&archive, START, START + HOUR);
    const struct {
        struct archive_file file;
        enum begins_answer answer;
    } cases[] = {
        {file("h/a.pcap", START, 100), BEGINS_THERE},
        {file("elsewhere/a.pcap", START, 100), BEGINS_THERE},
        {file("h/a.pcap", START, 101), BEGINS_CHANGED}, /* though b begins at the same time */
        {file("h/b.pcap", START, 199), BEGINS_CHANGED},
        {file("h/a.pcap.zst", START, 50), BEGINS_THERE},
        {file("day.pcap.zst", START, 50), BEGINS_THERE},
        {file("h/c.pcap", START + HOUR - 1, 900), BEGINS_THERE},
        {file("h/c.pcap.gz", START + HOUR - 1, 900), BEGINS_CHANGED},
        {file("h/c.pcap.gz", START + HOUR - 999, 300), BEGINS_THERE}, /* the same microsecond */
        {file("h/c.pcap.gz", START + HOUR - 1001, 300), BEGINS_LACKING},
        {file("before.pcap", START - 1, 1), BEGINS_LACKING},
        {file("after.pcap", START + HOUR, 1), BEGINS_LACKING},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(begins_ask(text, &cases[i].file), cases[i].answer);
    free(text);
}

static void any_text_is_borne(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "\n",
                                        "1519948800000000",
                                        "1519948800000000 \n",
                                        "x\n\n1519948800000000 1 2",
                                        "1519948800000000 99999999999999999999999 zz .gzipped-and-more\n"};
    const struct archive_file one = file("a.pcap", START, 1);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(begins_ask(texts[i], &one), BEGINS_LACKING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_known_by_its_time),
        cmocka_unit_test(any_text_is_borne),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
