/*
 * pcap_loop - a bare libpcap loop: every packet handed out, its source address read, nothing kept.
 *
 *     pcap_loop FILE      prints records, a checksum of the sources, seconds
 */
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SOURCE_OFFSET (14 + 12) /* Ethernet, then the source in IPv4 */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    char error[PCAP_ERRBUF_SIZE] = "";
    const double start = now();
    uint64_t n = 0, sum = 0;
    pcap_t *capture = argc == 2 ? pcap_open_offline(argv[1], error) : NULL;
    if (!capture) {
        fprintf(stderr, "usage: pcap_loop FILE   %s\n", error);
        return 64;
    }
    struct pcap_pkthdr *header;
    const u_char *data;
    while (pcap_next_ex(capture, &header, &data) == 1) {
        uint32_t source = 0;
        if (header->caplen >= SOURCE_OFFSET + sizeof source)
            memcpy(&source, data + SOURCE_OFFSET, sizeof source);
        sum += source;
        n++;
    }
    printf("%" PRIu64 " records, sources sum to %" PRIu64 ", %.3f s\n", n, sum, now() - start);
    pcap_close(capture);
    return 0;
}
