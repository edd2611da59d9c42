/*
 * walk - the floor: how fast one thread can walk the records of a plain pcap at all. Large preads, next
 * header found, source read.
 *
 *     walk FILE      prints records, seconds, and a checksum of the sources,
 *                    so that reading them cannot be left out
 *
 * Only little-endian classic pcap over Ethernet without tags is walked right; that is enough for a floor.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BLOCK ((size_t)4 << 20)
#define FILE_HEADER 24
#define RECORD_HEADER 16
#define SOURCE_OFFSET (14 + 12) /* Ethernet, then the source in IPv4 */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct walk {
    uint64_t n, sum;
};

/* Walks whole records in block[0..n); returns the bytes they take. */
static size_t walk_block(struct walk *w, const unsigned char *block, size_t n)
{
    size_t at = 0;
    while (n - at >= RECORD_HEADER) {
        uint32_t captured, source;
        memcpy(&captured, block + at + 8, sizeof captured);
        if (n - at - RECORD_HEADER < captured)
            break;
        if (captured >= SOURCE_OFFSET + sizeof source) {
            memcpy(&source, block + at + RECORD_HEADER + SOURCE_OFFSET, sizeof source);
            w->sum += source;
        }
        w->n++;
        at += RECORD_HEADER + captured;
    }
    return at;
}

int main(int argc, char **argv)
{
    struct walk w = {0, 0};
    const double start = now();
    const int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
    unsigned char *block = malloc(2 * BLOCK);
    if (fd < 0 || !block) {
        fprintf(stderr, "usage: walk FILE.pcap\n");
        return 64;
    }
    size_t kept = 0;
    off_t at = FILE_HEADER;
    for (ssize_t got; (got = pread(fd, block + kept, BLOCK, at)) > 0; at += got) {
        const size_t n = kept + (size_t)got, used = walk_block(&w, block, n);
        kept = n - used;
        memmove(block, block + used, kept);
    }
    printf("%" PRIu64 " records, sources sum to %" PRIu64 ", %.3f s\n", w.n, w.sum, now() - start);
    close(fd);
    free(block);
    return 0;
}
