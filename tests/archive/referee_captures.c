/*
 * Every capture below a folder, read by us and by libpcap:
 * the same records, or a refusal that names what the file is.
 *
 *     referee_captures FOLDER        exit 77 when there is no such folder
 */
#include "darkforest/archive/reader.h"
#include "darkforest/packet/packet.h"

#include "comparison.h"
#include "oracle.h"

#include <ftw.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int n_read, n_refused, n_failed;

static void fail(const char *path, const char *what)
{
    fprintf(stderr, "FAILED %s: %s\n", path, what);
    n_failed++;
}

struct ending {
    const char *text, *container;
};

/* What a refusal must name, by the file's own name. */
static const struct ending endings[] = {
    {".erf", "ERF"},    {".erf.gz", "ERF"}, {".erf.bz2", "bzip2"}, {".erf.xz", "xz"},
    {".tsh.gz", "TSH"}, {".md", "text"},    {".tsv", "text"},
};

static const char *expected_name(const char *path)
{
    const size_t n = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        const size_t n_ending = strlen(endings[i].text);
        if (n > n_ending && strcmp(path + n - n_ending, endings[i].text) == 0)
            return endings[i].container;
    }
    return NULL;
}

static int decodes_dlt(int dlt)
{
    for (size_t i = 0; i < packet_n_links; i++)
        if (packet_links[i].dlt == (uint32_t)dlt)
            return 1;
    return 0;
}

static void judge_refusal(const char *path, const struct oracle *oracle, const char *why)
{
    n_refused++;
    printf("refused: %s\n", why);
    const char *name = expected_name(path);
    char number[32];
    if (!name && oracle->opened) {
        snprintf(number, sizeof number, "link type %d", oracle->dlt);
        name = pcap_datalink_val_to_name(oracle->dlt);
        name = name ? name : number;
        if (decodes_dlt(oracle->dlt))
            fail(path, "a link type that is decoded was refused");
    }
    if (name && !strstr(why, name))
        fail(path, "the refusal does not name it");
    if (!name && !oracle->opened)
        fail(path, "refused by both, and no name was expected");
}

static void judge(const char *path)
{
    const struct bytes raw = oracle_file(path);
    const struct bytes plain = oracle_inflate(raw.data, raw.n);
    struct oracle oracle;
    oracle_read(&oracle, plain.data, plain.n);
    struct file_kind kind;
    int code = 0;
    char *why = NULL;
    struct reader *reader = reader_open(path, &kind, &code, &why);
    if (!reader) {
        judge_refusal(path, &oracle, why);
        free(why);
    } else {
        int same = 1;
        const size_t n = comparison_read(reader, &kind.format, &oracle, 0, &same);
        const struct packet_link *link = packet_link_find(kind.format.link_type);
        if (!oracle.opened)
            fail(path, "read, while libpcap refuses it");
        else if (!same || n != oracle.n)
            fail(path, "not the same records");
        else if (!link || link->dlt != (uint32_t)oracle.dlt)
            fail(path, "not the same link type");
        else if (oracle.clean != (reader_damage(reader)->what[0] == '\0'))
            fail(path, "one sees damage, the other does not");
        n_read++;
    }
    reader_close(reader);
    oracle_free(&oracle);
    free(plain.data);
    free(raw.data);
}

static int visit(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status, (void)ftw;
    if (type == FTW_F)
        judge(path);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2 || access(argv[1], R_OK) != 0) {
        printf("skipped: there is no folder of captures\n");
        return 77;
    }
    nftw(argv[1], visit, 16, FTW_PHYS);
    printf("%d files read like libpcap does, %d refused, %d failed\n", n_read, n_refused, n_failed);
    return n_failed > 0 || n_read < 40;
}
