/* Device lists: every form that is read, and the look-up against a search through the entries one by one. */
#include "darkforest/core/exits.h"
#include "darkforest/core/rng.h"
#include "darkforest/sources/inventory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

/* That a list of 256 MiB of entries may take, all but one of them the same. */
#ifdef __SANITIZE_ADDRESS__
#define MOST_KIB (1L << 20) /* freed memory is kept */
#else
#define MOST_KIB (160L << 10)
#endif

static char folder[] = "/tmp/df-inventory-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

/* A file in the folder; the path is good until it is asked for again with the same name. */
static const char *file_of(const char *name, const void *bytes, size_t n)
{
    static char paths[8][64];
    static int turn;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
    return path;
}

static struct inventory *read_text(const char *text, struct inventory_counts *counts)
{
    const char *path = file_of("list", text, strlen(text));
    int code = -1;
    char *why = NULL;
    struct inventory *inventory = inventory_read(&path, 1, counts, &code, &why);
    if (!inventory)
        fprintf(stderr, "%s\n", why);
    assert_non_null(inventory);
    assert_int_equal(code, 0);
    return inventory;
}

static const char *category_at(const struct inventory *inventory, uint32_t address)
{
    uint8_t code = 77;
    inventory_find(inventory, &address, 1, &code);
    return inventory_category(inventory, code);
}

#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static void reads_a_plain_list(void **state)
{
    (void)state;
    struct inventory_counts counts;
    struct inventory *inventory =
        read_text("# my devices\n192.0.2.1\r\n\n 192.0.2.2 \n192.0.2.1\nnot an address\n"
                  "198.51.100.0/30\n2001:db8::1\n300.1.1.1\n192.0.2.9,Webcam\n10.0.0.1",
                  &counts);
    assert_int_equal(counts.lines, 9);
    assert_int_equal(counts.addresses, 8);
    assert_int_equal(counts.duplicates, 1);
    assert_int_equal(counts.ipv6_entries, 1);
    assert_int_equal(counts.bad_lines, 2);
    assert_int_equal(counts.first_bad_line, 6);
    assert_non_null(strstr(counts.first_bad_file, "/list"));
    assert_string_equal(category_at(inventory, IP(192, 0, 2, 1)), "unknown");
    assert_string_equal(category_at(inventory, IP(192, 0, 2, 9)), "webcam");
    assert_string_equal(category_at(inventory, IP(198, 51, 100, 3)), "unknown");
    assert_string_equal(category_at(inventory, IP(198, 51, 100, 4)), "none");
    assert_string_equal(category_at(inventory, IP(10, 0, 0, 1)), "unknown");
    assert_string_equal(category_at(inventory, 0), "none");
    assert_int_equal(inventory_n_categories(inventory), 3);
    inventory_free(inventory);
}

/* Each text lists 192.0.2.7 as a webcam and nothing else. */
static void reads_every_form(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "192.0.2.7,webcam\n",
        "192.0.2.7;webcam\n",
        "192.0.2.7\twebcam\n",
        "\xef\xbb\xbfip,category\n192.0.2.7,webcam\n",
        "port,IP_Str,banner,DeviceType\n80,192.0.2.7,\"a, \"\"b\"\", c\",Webcam\n",
        "Address;Category\n\"192.0.2.7\";\"webcam\"\n",
        "name\tcategory\tip address\n\"\"\twebcam\t192.0.2.7\n",
        "ip,device type\n3221225991,webcam\n",
        "ip,ip_str,type\n3221225991,,webcam\n",
        "category,ip,x\nwebcam,192.0.2.7\n",
        "{\"ip\": 3221225991, \"ip_str\": \"\", \"devicetype\": \"webcam\", \"port\": 80}\n",
        "{\"ip_str\": \"192.0.2.7\", \"tags\": [\"self-signed\", \"webcam\"]}\n",
        "{\"ip\": 3221225991, \"product\": \"Hikvision IP Camera\"}\n",
        "{\"ip\": \"192.0.2.7\", \"category\": \"webcam\", \"devicetype\": \"router\"}\n",
        "{\"host_identifier\": {\"ipv4\": \"192.0.2.7\"}, \"labels\": [\"camera\"]}\n",
        "{\"ipv4_int\": \"3221225991\", \"type\": \"webcam\"}\n",
        "{\"host\": {\"ip\": \"192.0.2.7\"}, \"tags\": [\"camera\"]}\n",
        "{\"host.ip\": \"192.0.2.7\", \"type\": \"webcam\"}\n",
        "{\"ip\":\"192.0.2.7\",\"type\":\"webcam\"}\n{\"ip\":\"192.0.2.7\",\"type\":\"dvr\"}\n",
        "192.0.2.7, \"webcam\"\n",
        "192.0.2.7 ,\t\"webcam\" # \"hall\"\n",
        "ip, type\n \"192.0.2.7\", \"webcam\"\n",
        "{\"IP-Str\": \"192.0.2.7\", \"Device Type\": \"webcam\"}\n",
        /* As Shodan has them: a banner with zero bytes, a certificate's serial number. */
        "{\"ip\": 3221225991, \"tags\": [\"webcam\"], \"data\": \"\\u00ff\\u0000login\", "
        "\"ssl\": {\"cert\": {\"serial\": 286613329945138320776922889641180720782}}}\n",
        "{\"host_v1\": {\"resource\": {\"ip\": \"192.0.2.7\", \"labels\": [{\"value\": \"CAMERA\"}]}}}\n",
        "{\"host\": {\"ip\": \"192.0.2.7\", \"labels\": [\"x\", \"webcam\"]}, \"tags\": [\"x\"]}\n",
        "{\"ip\": \"192.0.2.7\", \"product\": \"The \\\"Camera\\\"!\"}\n",
    };
    uint64_t checksum = 0;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct inventory_counts counts;
        struct inventory *inventory = read_text(texts[i], &counts);
        assert_int_equal(counts.addresses, 1);
        assert_int_equal(counts.bad_lines, 0);
        assert_string_equal(category_at(inventory, IP(192, 0, 2, 7)), "webcam");
        assert_true(checksum == 0 || checksum == inventory_checksum(inventory));
        checksum = inventory_checksum(inventory);
        inventory_free(inventory);
    }
}

static void counts_bad_lines_of_every_form(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"ip\": -1}",    "{\"ip\": 4294967296}",
        "{\"ip\": 1.5}",   "{\"ip\": null}",
        "{\"port\": 80}",  "{\"ip\": 16909060",
        "[1, 2]",          "{\"ip_str\": \"\"}",
        "1.2.3.4/33",      "1.2.3.4/",
        "1.2.3.4/-1",      "1.2.3",
        "1.2.3.4.5",       "01.2.3.4x",
        ",webcam",         "\"1.2.3.4",
        "1.2.3.4 5.6.7.8", "12345",
        "::1::2",          "/24",
        "1.2.3.4/24/24",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[128];
        struct inventory_counts counts;
        snprintf(text, sizeof text, "9.9.9.9\n%s\n", bad[i]);
        struct inventory *inventory = read_text(text, &counts);
        const uint64_t is_open_quote = bad[i][0] == '"'; /* a quote that is never closed ends with its line */
        assert_int_equal(counts.bad_lines, 1 - is_open_quote);
        assert_int_equal(counts.first_bad_line, is_open_quote ? 0 : 2);
        assert_int_equal(counts.lines, 2);
        assert_int_equal(counts.addresses, 1 + is_open_quote);
        inventory_free(inventory);
    }
}

static void knows_its_column_by_every_name(void **state)
{
    (void)state;
    static const char *const names[] = {"ip_str",
                                        "ip",
                                        "ipv4",
                                        "ipv4_int",
                                        "address",
                                        "addr",
                                        "ip_address",
                                        "src_ip",
                                        "host.ip",
                                        "host_identifier.ipv4",
                                        "host_v1.resource.ip"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char text[96];
        struct inventory_counts counts;
        snprintf(text, sizeof text, "id,%s,type\n1,10.0.0.1,camera\n", names[i]);
        struct inventory *inventory = read_text(text, &counts);
        assert_string_equal(category_at(inventory, IP(10, 0, 0, 1)), "camera");
        assert_int_equal(counts.bad_lines, 0);
        inventory_free(inventory);
    }
}

/* Only the first line may name columns, and what does is no entry. */
static void a_header_stands_in_front(void **state)
{
    (void)state;
    struct inventory_counts counts;
    struct inventory *inventory = read_text("ip,type\n10.0.0.1,camera\nip,type\n10.0.0.2,dvr\n", &counts);
    assert_int_equal(counts.lines, 3);
    assert_int_equal(counts.bad_lines, 1);
    assert_int_equal(counts.first_bad_line, 3);
    inventory_free(inventory);
    inventory = read_text("10.0.0.1\nx,ip\ny,10.0.0.2\n", &counts);
    assert_int_equal(counts.bad_lines, 2);
    assert_int_equal(counts.addresses, 1);
    inventory_free(inventory);
    inventory = read_text("ip\n10.0.0.1\n10.0.0.2\n", &counts);
    assert_int_equal(counts.bad_lines, 0);
    assert_int_equal(counts.addresses, 2);
    inventory_free(inventory);
}

/* What the line before had in its columns is not what a line without them has. */
static void a_line_may_have_too_few_columns(void **state)
{
    (void)state;
    struct inventory_counts counts;
    struct inventory *inventory =
        read_text("id,ip,type\n1,10.0.0.1,camera\n2\n3,10.0.0.2\n4,10.0.0.3,dvr\n", &counts);
    assert_int_equal(counts.bad_lines, 1);
    assert_int_equal(counts.first_bad_line, 3);
    assert_int_equal(counts.duplicates, 0);
    assert_string_equal(category_at(inventory, IP(10, 0, 0, 1)), "camera");
    assert_string_equal(category_at(inventory, IP(10, 0, 0, 2)), "unknown");
    assert_string_equal(category_at(inventory, IP(10, 0, 0, 3)), "dvr");
    inventory_free(inventory);
}

/* A last line without an end lies in front of what was there before: here of a quote of the first line. */
static void nothing_lies_behind_the_last_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *category;
    } lists[] = {{"1.1.1.1,15.60\" tablet\n1.1.1.2,\"dvr\"", "dvr"},
                 {"1.1.1.1,\"dvr\"\n1.1.1.2,", "unknown"}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct inventory_counts counts;
        const char *last = strchr(lists[i].text, '\n') + 1;
        assert_int_equal(lists[i].text[strlen(last)], '"');
        struct inventory *inventory = read_text(lists[i].text, &counts);
        assert_int_equal(counts.bad_lines, 0);
        assert_string_equal(category_at(inventory, IP(1, 1, 1, 2)), lists[i].category);
        inventory_free(inventory);
    }
}

/* The first column that is not empty counts. */
static void a_header_may_name_addresses_often(void **state)
{
    (void)state;
    struct inventory_counts counts;
    struct inventory *inventory =
        read_text("ip,ip,ip,ip,ip,ip,type,type,type,type,type,type\n,,,10.0.0.1,,,,,,camera,,\n"
                  ",,,,10.0.0.2,,,,,,dvr,\n",
                  &counts);
    assert_int_equal(counts.addresses, 2);
    assert_int_equal(counts.bad_lines, 0);
    assert_string_equal(category_at(inventory, IP(10, 0, 0, 1)), "camera");
    assert_string_equal(category_at(inventory, IP(10, 0, 0, 2)), "dvr");
    inventory_free(inventory);
}

/* A long category with quotes in it is looked at as far as one without. */
static void quotes_in_a_category_of_any_length(void **state)
{
    (void)state;
    static const size_t lengths[] = {255, 256, 257, 258, 599};
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
        char text[1300] = "ip,category\n10.0.0.1,\"";
        struct inventory_counts counts;
        for (size_t i = 0; i < lengths[l]; i++)
            strcat(text, i % 2 ? "\"\"" : "a");
        strcat(text, "\"\n");
        struct inventory *inventory = read_text(text, &counts);
        assert_int_equal(counts.bad_lines, 0);
        assert_memory_equal(category_at(inventory, IP(10, 0, 0, 1)), "a\"a\"a\"a\"a\"", 10);
        inventory_free(inventory);
    }
}

/* Letters of all languages are kept; what is no text is not; a letter is not cut in two. */
static void categories_keep_their_letters(void **state)
{
    (void)state;
    static const char text[] =
        "ip,category\n192.0.2.1,Cam\xc3\xa9ra\n192.0.2.2,cam\xc3\xa8ra\n192.0.2.3,cam\xe9ra\n"
        "192.0.2.4,a\tb\n192.0.2.6,None\n192.0.2.5,"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa9\n";
    static const char *const names[] = {"cam\xc3\xa9ra", "cam\xc3\xa8ra", "cam?ra", "a?b",
                                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    const char *path = file_of("letters", text, sizeof text - 1);
    struct inventory_counts counts;
    int code = 0;
    char *why = NULL;
    struct inventory *inventory = inventory_read(&path, 1, &counts, &code, &why);
    assert_non_null(inventory);
    for (uint32_t i = 0; i < 5; i++)
        assert_string_equal(category_at(inventory, IP(192, 0, 2, 0) + 1 + i), names[i]);
    assert_string_equal(category_at(inventory, IP(192, 0, 2, 6)), "unknown"); /* "none" is what others have */
    inventory_free(inventory);
}

/* Told what to do about it, whether it is one line or many. */
static void refuses_an_array_of_objects(void **state)
{
    (void)state;
    static const char *const texts[] = {"[\n{\"ip\": \"192.0.2.1\"},\n{\"ip\": \"192.0.2.2\"}\n]\n",
                                        "# all\n[ {\"ip\": \"192.0.2.1\"}]\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *path = file_of("list", texts[i], strlen(texts[i]));
        struct inventory_counts counts;
        int code = 0;
        char *why = NULL;
        assert_null(inventory_read(&path, 1, &counts, &code, &why));
        assert_int_equal(code, EXIT_BAD_DATA);
        assert_non_null(strstr(why, "/list: a JSON array"));
        assert_non_null(strstr(why, "jq"));
        free(why);
    }
}

static void refuses_what_is_no_list(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "\n\n# nothing\n",
                                        "ip,category\n",
                                        "2001:db8::1\n",
                                        "# ours\nlorem ipsum\ndolor\n",
                                        "id,sender,type\n1,1.2.3.4,camera\n",
                                        "192.0.2.1 camera\n"};
    static const char *const said[] = {
        "/list holds no entry", "/list holds no entry", "/list holds no entry",   "/list holds IPv6",
        "/list:2: this is no",  "/list:1: this is no",  "comma, semicolon or tab"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *paths[] = {file_of("good", "1.2.3.4\n", 8), file_of("list", texts[i], strlen(texts[i]))};
        struct inventory_counts counts;
        int code = 0;
        char *why = NULL;
        assert_null(inventory_read(paths, 2, &counts, &code, &why));
        assert_int_equal(code, EXIT_BAD_DATA);
        assert_non_null(strstr(why, said[i]));
        assert_true(i < 4 || (strstr(why, "ip_str, ip, ") && strstr(why, "src_ip")));
        free(why);
    }
    const char *paths[] = {"/nonexistent/list", "/tmp"};
    const int codes[] = {EXIT_NO_INPUT, EXIT_IO};
    for (int i = 0; i < 2; i++) {
        struct inventory_counts counts;
        int code = 0;
        char *why = NULL;
        assert_null(inventory_read(&paths[i], 1, &counts, &code, &why));
        assert_int_equal(code, codes[i]);
        assert_non_null(strstr(why, paths[i]));
        free(why);
    }
}

static void refuses_too_many_categories(void **state)
{
    (void)state;
    char text[300 * 32];
    for (int n = 255; n <= 256; n++) {
        size_t at = 0;
        for (int i = 0; i < n; i++)
            at += (size_t)snprintf(text + at, sizeof text - at, "10.0.%d.1,kind %d\n", i, i);
        const char *path = file_of("list", text, at);
        struct inventory_counts counts;
        int code = 0;
        char *why = NULL;
        struct inventory *inventory = inventory_read(&path, 1, &counts, &code, &why);
        assert_int_equal(code, n == 255 ? 0 : EXIT_BAD_DATA);
        if (inventory)
            assert_int_equal(inventory_n_categories(inventory), 256);
        else
            assert_non_null(strstr(why, "list:256: more than 255"));
        inventory_free(inventory);
        free(why);
    }
}

static void first_file_wins_and_codes_follow_names(void **state)
{
    (void)state;
    const char *paths[] = {file_of("a", "1.1.1.1,zebra\n2.2.2.0/24,yak\n", 29),
                           file_of("b", "1.1.1.1,ant\n2.2.2.2,ant\n3.3.3.3,bee\n", 36)};
    struct inventory_counts counts;
    int code;
    char *why;
    struct inventory *inventory = inventory_read(paths, 2, &counts, &code, &why);
    assert_non_null(inventory);
    assert_int_equal(counts.duplicates, 2);
    assert_int_equal(counts.addresses, 258);
    assert_int_equal(inventory_n_categories(inventory), 4); /* nothing is left of the ants */
    assert_string_equal(inventory_category(inventory, 0), "none");
    assert_string_equal(inventory_category(inventory, 1), "bee");
    assert_string_equal(inventory_category(inventory, 2), "yak");
    assert_string_equal(inventory_category(inventory, 3), "zebra");
    assert_string_equal(inventory_category(inventory, 4), "none");
    assert_string_equal(category_at(inventory, IP(2, 2, 2, 2)), "yak");
    inventory_free(inventory);
}

static void an_entry_with_a_category_goes_before_one_without(void **state)
{
    (void)state;
    struct inventory_counts counts;
    struct inventory *inventory = read_text(
        "1.1.1.1\n1.1.1.1,webcam\n1.1.1.1,dvr\n2.2.2.0/24\n2.2.2.0/24,dvr\n2.2.2.7\n3.3.3.3\n3.3.3.3\n",
        &counts);
    assert_int_equal(counts.addresses, 258);
    assert_int_equal(counts.duplicates, 5);
    assert_string_equal(category_at(inventory, IP(1, 1, 1, 1)), "webcam");
    assert_string_equal(category_at(inventory, IP(2, 2, 2, 7)), "dvr");
    assert_string_equal(category_at(inventory, IP(3, 3, 3, 3)), "unknown");
    inventory_free(inventory);
}

static void a_comment_behind_an_entry_is_none_of_it(void **state)
{
    (void)state;
    struct inventory_counts counts;
    struct inventory *inventory =
        read_text("1.1.1.1 # the door\n1.1.1.2,webcam\t# again\n1.1.1.3,hp#3\n1.1.1.4,\"cam #2\" # "
                  "x\n1.1.1.5,7\" tablet # y\n\"1.1.1.6\",hub # z\n\"1.1.1.7 #2\",hub\n",
                  &counts);
    assert_int_equal(counts.bad_lines, 1);
    assert_int_equal(counts.first_bad_line, 7);
    assert_string_equal(category_at(inventory, IP(1, 1, 1, 6)), "hub");
    assert_string_equal(category_at(inventory, IP(1, 1, 1, 1)), "unknown");
    assert_string_equal(category_at(inventory, IP(1, 1, 1, 2)), "webcam");
    assert_string_equal(category_at(inventory, IP(1, 1, 1, 3)), "hp#3");
    assert_string_equal(category_at(inventory, IP(1, 1, 1, 4)), "cam #2");
    assert_string_equal(category_at(inventory, IP(1, 1, 1, 5)), "7\" tablet");
    inventory_free(inventory);
    inventory = read_text(
        "1.1.1.1,\"a 7\"\" tablet\"\n1.1.1.2;\"\"\"x\"\"\"\n1.1.1.3,x\"\"y\n1.1.1.4,\"a 7\"\"\n", &counts);
    assert_string_equal(category_at(inventory, IP(1, 1, 1, 1)), "a 7\" tablet");
    assert_string_equal(category_at(inventory, IP(1, 1, 1, 2)), "\"x\"");
    assert_string_equal(category_at(inventory, IP(1, 1, 1, 3)), "x\"\"y");
    assert_string_equal(category_at(inventory, IP(1, 1, 1, 4)), "a 7\"");
    inventory_free(inventory);
    inventory = read_text("ip,category\n1.1.1.1,hp #3\n", &counts);
    assert_string_equal(category_at(inventory, IP(1, 1, 1, 1)), "hp #3");
    inventory_free(inventory);
}

/* Lists are put together from others, and begin with an address alone, or with a comment on one. */
static void each_line_has_its_own_delimiter(void **state)
{
    (void)state;
    static const char *const firsts[] = {"1.1.1.1\n", "1.1.1.1 # hall; cellar\n", "1.1.1.1\t# hall\n"};
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "%s1.1.1.2,dvr\n1.1.1.3;nas\n1.1.1.4\trouter\n1.1.1.5\n", firsts[i]);
        struct inventory_counts counts;
        struct inventory *inventory = read_text(text, &counts);
        assert_int_equal(counts.bad_lines, 0);
        assert_int_equal(counts.addresses, 5);
        assert_string_equal(category_at(inventory, IP(1, 1, 1, 1)), "unknown");
        assert_string_equal(category_at(inventory, IP(1, 1, 1, 2)), "dvr");
        assert_string_equal(category_at(inventory, IP(1, 1, 1, 3)), "nas");
        assert_string_equal(category_at(inventory, IP(1, 1, 1, 4)), "router");
        inventory_free(inventory);
    }
}

/* Random entries, many inside one another, in a space small enough to ask for each address of it. */
#define SPACE 65536
#define BASE IP(203, 0, 0, 0)

struct naive_entry {
    uint32_t start, end;
    int category; /* UNNAMED: it has none */
};

#define UNNAMED 3

/* Whether entry k of the list wins over entry i. */
static int goes_before(const struct naive_entry *entries, size_t k, size_t i)
{
    const int named = entries[k].category != UNNAMED, other = entries[i].category != UNNAMED;
    return named != other ? named : k < i;
}

static int naive_find(const struct naive_entry *entries, size_t n, uint32_t address)
{
    size_t best = n;
    for (size_t i = 0; i < n; i++)
        if (entries[i].start <= address && address <= entries[i].end &&
            (best == n || goes_before(entries, i, best)))
            best = i;
    return best == n ? -1 : entries[best].category;
}

static uint64_t naive_duplicates(const struct naive_entry *entries, size_t n)
{
    uint64_t duplicates = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            if (k != i && goes_before(entries, k, i) && entries[k].start <= entries[i].start &&
                entries[i].end <= entries[k].end) {
                duplicates++;
                break;
            }
    return duplicates;
}

static size_t random_list(uint64_t seed, struct naive_entry *entries, size_t n, char *text, size_t size)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t w[4];
        rng_words(seed, 1001, i, 0, w);
        const uint32_t prefix = w[0] % 3 ? 32 : 17 + w[0] / 3 % 16,
                       span = prefix == 32 ? 1 : 1U << (32 - prefix);
        const uint32_t address = BASE + w[1] % SPACE;
        entries[i] =
            (struct naive_entry){address / span * span, address / span * span + span - 1, (int)(w[2] % 4)};
        at += (size_t)snprintf(text + at, size - at, "%u.%u.%u.%u/%u", address >> 24, address >> 16 & 255,
                               address >> 8 & 255, address & 255, prefix);
        at += (size_t)snprintf(text + at, size - at, w[2] % 4 == UNNAMED ? "\n" : ",c%u\n", w[2] % 4);
    }
    return at;
}

#define MOST_ENTRIES 400

static void check_against_search(const struct inventory *inventory, const struct inventory_counts *counts,
                                 const struct naive_entry *entries, size_t n)
{
    static uint32_t addresses[SPACE + 2];
    static uint8_t found[SPACE + 2];
    for (uint32_t i = 0; i < SPACE + 2; i++)
        addresses[i] = BASE + i - 1;
    inventory_find(inventory, addresses, SPACE + 2, found);
    uint64_t n_listed = 0;
    for (uint32_t i = 0; i < SPACE + 2; i++) {
        const int category = naive_find(entries, n, addresses[i]);
        char name[16] = "none";
        if (category == UNNAMED)
            strcpy(name, "unknown");
        else if (category >= 0)
            snprintf(name, sizeof name, "c%d", category);
        assert_string_equal(inventory_category(inventory, found[i]), name);
        n_listed += category >= 0;
    }
    assert_int_equal(counts->addresses, n_listed);
    assert_int_equal(counts->duplicates, naive_duplicates(entries, n));
}

static void equals_a_search_one_by_one(void **state)
{
    (void)state;
    static struct naive_entry entries[MOST_ENTRIES];
    static char text[MOST_ENTRIES * 32];
    for (uint64_t seed = 0; seed < 40; seed++) {
        const size_t n = 1 + seed * 10;
        random_list(seed, entries, n, text, sizeof text);
        struct inventory_counts counts;
        struct inventory *inventory = read_text(text, &counts);
        check_against_search(inventory, &counts, entries, n);
        inventory_free(inventory);
    }
}

static void finds_singles_spread_over_all_addresses(void **state)
{
    (void)state;
    enum { N = 20000 };
    static char text[N * 20];
    static uint32_t addresses[2 * N];
    static uint8_t found[2 * N];
    size_t at = 0;
    for (uint32_t i = 0; i < 2 * N; i++)
        addresses[i] = i * 2654435761U + 12345;
    for (uint32_t i = 0; i < N; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%u.%u.%u.%u\n", addresses[i] >> 24,
                               addresses[i] >> 16 & 255, addresses[i] >> 8 & 255, addresses[i] & 255);
    struct inventory_counts counts;
    struct inventory *inventory = read_text(text, &counts);
    assert_int_equal(counts.addresses, N);
    inventory_find(inventory, addresses, 2 * N, found);
    for (uint32_t i = 0; i < 2 * N; i++)
        assert_int_equal(found[i], i < N);
    inventory_free(inventory);
}

static void the_ends_of_the_address_space(void **state)
{
    (void)state;
    struct inventory_counts counts;
    struct inventory *inventory = read_text("0.0.0.0\n255.255.255.255\n", &counts);
    assert_string_equal(category_at(inventory, 0), "unknown");
    assert_string_equal(category_at(inventory, 1), "none");
    assert_string_equal(category_at(inventory, UINT32_MAX), "unknown");
    inventory_free(inventory);
    inventory = read_text("7.7.7.7,seven\n0.0.0.0/0,all\n", &counts);
    assert_int_equal(counts.addresses, 1ULL << 32);
    assert_string_equal(category_at(inventory, 0), "all");
    assert_string_equal(category_at(inventory, IP(7, 7, 7, 7)), "seven");
    assert_string_equal(category_at(inventory, IP(7, 7, 7, 8)), "all");
    assert_string_equal(category_at(inventory, UINT32_MAX), "all");
    inventory_free(inventory);
}

static void the_checksum_is_of_the_content(void **state)
{
    (void)state;
    static const char *const same[] = {"1.0.0.0/31,a\n1.0.0.2,b\n",
                                       "1.0.0.2,b\n1.0.0.1,A\n1.0.0.0,a\n1.0.0.0,c\n",
                                       "1.0.0.2,b\n1.0.0.0/30,a\n"};
    struct inventory_counts counts;
    struct inventory *x = read_text(same[0], &counts), *y = read_text(same[1], &counts),
                     *z = read_text(same[2], &counts);
    assert_true(inventory_checksum(x) == inventory_checksum(y));
    assert_true(inventory_checksum(x) != inventory_checksum(z)); /* that one lists 1.0.0.3 as well */
    inventory_free(x);
    inventory_free(y);
    inventory_free(z);
}

static void moves_as_bytes(void **state)
{
    (void)state;
    struct inventory_counts counts;
    struct inventory *inventory = read_text("1.2.3.4,a\n5.0.0.0/8,b\n", &counts);
    size_t n;
    const void *bytes = inventory_bytes(inventory, &n);
    void *copy = aligned_alloc(64, n);
    memcpy(copy, bytes, n);
    inventory_free(inventory);
    const struct inventory *view = inventory_view(copy);
    assert_string_equal(category_at(view, IP(1, 2, 3, 4)), "a");
    assert_string_equal(category_at(view, IP(5, 2, 3, 4)), "b");
    assert_string_equal(category_at(view, IP(6, 0, 0, 0)), "none");
    free(copy);
}

static void a_line_too_long_is_one_bad_line(void **state)
{
    (void)state;
    const size_t n = (size_t)17 << 20;
    char *text = malloc(n + 32);
    memset(text, 'x', n);
    memcpy(text, "1.1.1.1\n", 8);
    memcpy(text + n, "\n2.2.2.2\n", 9);
    const char *path = file_of("list", text, n + 9);
    struct inventory_counts counts;
    int code;
    char *why;
    struct inventory *inventory = inventory_read(&path, 1, &counts, &code, &why);
    assert_non_null(inventory);
    assert_int_equal(counts.lines, 3);
    assert_int_equal(counts.bad_lines, 1);
    assert_int_equal(counts.first_bad_line, 2);
    assert_string_equal(category_at(inventory, IP(2, 2, 2, 2)), "unknown");
    inventory_free(inventory);
    free(text);
}

/* jansson takes many times what an object does: one that no host has is not read. */
static void an_object_too_long_is_one_bad_line(void **state)
{
    (void)state;
    enum { MOST = 2 << 20 };
    static const char before[] = "{\"ip\":\"3.3.3.3\",\"x\":\"", after[] = "\"}\n1.1.1.1\n";
    char *text = malloc(MOST + 64);
    for (size_t n = MOST; n <= MOST + 1; n++) { /* with the two bytes that close it */
        memset(text, 'x', n);
        memcpy(text, before, sizeof before - 1);
        memcpy(text + n - 2, after, sizeof after);
        struct inventory_counts counts;
        struct inventory *inventory = read_text(text, &counts);
        assert_int_equal(counts.lines, 2);
        assert_int_equal(counts.bad_lines, n > MOST);
        assert_int_equal(counts.addresses, n > MOST ? 1 : 2);
        inventory_free(inventory);
    }
    free(text);
}

static size_t gzip_member(const char *text, size_t n, uint8_t *out, size_t room)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (uint8_t *)(uintptr_t)text;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return room - z.avail_out;
}

static size_t zstd_frame(const char *text, size_t n, uint8_t *out, size_t room)
{
    const size_t size = ZSTD_compress(out, room, text, n, 3);
    assert_false(ZSTD_isError(size));
    return size;
}

static long peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* Entries before and after some million times the same one: what is dropped between them changes neither what
 * wins nor what is counted, and the memory is not that of all. */
static void a_list_may_repeat_itself_endlessly(void **state)
{
    (void)state;
    enum { LINE = 8, LINES = 1 << 20, TIMES = 16, ROOM = 1 << 20 };
    static struct naive_entry entries[MOST_ENTRIES];
    static char text[MOST_ENTRIES * 32];
    char *same = malloc(LINES * LINE);
    uint8_t *packed = malloc(ROOM);
    const size_t n_text = random_list(77, entries, MOST_ENTRIES, text, sizeof text), half = n_text / 2;
    const size_t cut = half + (size_t)(strchr(text + half, '\n') - (text + half)) + 1;
    for (size_t i = 0; i < LINES; i++)
        memcpy(same + i * LINE, "9.9.9.9\n", LINE);
    size_t n = zstd_frame(text, cut, packed, ROOM);
    for (int i = 0; i < TIMES; i++)
        n += zstd_frame(same, LINES * LINE, packed + n, ROOM - n);
    n += zstd_frame(text + cut, n_text - cut, packed + n, ROOM - n);
    const char *path = file_of("list", packed, n);
    struct inventory_counts counts;
    int code;
    char *why;
    const long before = peak_kib();
    struct inventory *inventory = inventory_read(&path, 1, &counts, &code, &why);
    assert_non_null(inventory);
    assert_true(peak_kib() - before < MOST_KIB);
    assert_int_equal(counts.lines, MOST_ENTRIES + LINES * TIMES);
    counts.addresses -= 1;
    counts.duplicates -= LINES * TIMES - 1;
    check_against_search(inventory, &counts, entries, MOST_ENTRIES);
    inventory_free(inventory);
    free(packed);
    free(same);
}

static int read_bytes(const void *bytes, size_t n, struct inventory_counts *counts)
{
    const char *path = file_of("list", bytes, n);
    int code = 0;
    char *why = NULL;
    struct inventory *inventory = inventory_read(&path, 1, counts, &code, &why);
    assert_true((inventory == NULL) == (code != 0) && (why == NULL) == (code == 0));
    inventory_free(inventory);
    free(why);
    return code;
}

/* Two members or frames of 3 MiB of text each, and the small one cut at every byte:
 * a part must not pass for the whole. */
static void reads_compressed_lists(size_t (*compress_to)(const char *, size_t, uint8_t *, size_t))
{
    enum { LINES = 200000, LINE = 16 };
    char *text = malloc(LINES * LINE + 1);
    for (uint32_t i = 0; i < LINES; i++) /* every part has three digits */
        snprintf(text + (size_t)i * LINE, LINE + 1, "111.%u.%u.%u\n", 100 + i / 22500, 100 + i / 150 % 150,
                 100 + i % 150);
    const size_t room = LINES * LINE;
    uint8_t *packed = malloc(2 * room);
    struct inventory_counts plain, counts;
    assert_int_equal(read_bytes(text, LINES * LINE, &plain), 0);
    assert_int_equal(plain.lines, LINES);
    size_t n = compress_to(text, LINES * LINE / 2 + 5, packed, room); /* cut in the middle of a line */
    n += compress_to(text + LINES * LINE / 2 + 5, LINES * LINE / 2 - 5, packed + n, room);
    assert_int_equal(read_bytes(packed, n, &counts), 0);
    assert_memory_equal(&plain, &counts, sizeof plain);
    n = compress_to(text, 20 * LINE, packed, room);
    for (size_t cut = 1; cut <= n; cut++)
        assert_int_equal(read_bytes(packed, cut, &counts), cut == n ? 0 : EXIT_BAD_DATA);
    packed[n / 2] ^= 0x55;
    assert_int_equal(read_bytes(packed, n, &counts), EXIT_BAD_DATA);
    free(text);
    free(packed);
}

static void reads_gzip(void **state)
{
    (void)state;
    reads_compressed_lists(gzip_member);
}

static void reads_zstd(void **state)
{
    (void)state;
    reads_compressed_lists(zstd_frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_plain_list),
        cmocka_unit_test(reads_every_form),
        cmocka_unit_test(counts_bad_lines_of_every_form),
        cmocka_unit_test(knows_its_column_by_every_name),
        cmocka_unit_test(a_header_stands_in_front),
        cmocka_unit_test(a_line_may_have_too_few_columns),
        cmocka_unit_test(nothing_lies_behind_the_last_line),
        cmocka_unit_test(a_header_may_name_addresses_often),
        cmocka_unit_test(quotes_in_a_category_of_any_length),
        cmocka_unit_test(categories_keep_their_letters),
        cmocka_unit_test(refuses_an_array_of_objects),
        cmocka_unit_test(refuses_what_is_no_list),
        cmocka_unit_test(refuses_too_many_categories),
        cmocka_unit_test(first_file_wins_and_codes_follow_names),
        cmocka_unit_test(an_entry_with_a_category_goes_before_one_without),
        cmocka_unit_test(a_comment_behind_an_entry_is_none_of_it),
        cmocka_unit_test(each_line_has_its_own_delimiter),
        cmocka_unit_test(equals_a_search_one_by_one),
        cmocka_unit_test(finds_singles_spread_over_all_addresses),
        cmocka_unit_test(the_ends_of_the_address_space),
        cmocka_unit_test(the_checksum_is_of_the_content),
        cmocka_unit_test(moves_as_bytes),
        cmocka_unit_test(a_line_too_long_is_one_bad_line),
        cmocka_unit_test(an_object_too_long_is_one_bad_line),
        cmocka_unit_test(a_list_may_repeat_itself_endlessly),
        cmocka_unit_test(reads_gzip),
        cmocka_unit_test(reads_zstd),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
