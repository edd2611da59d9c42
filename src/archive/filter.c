#include "darkforest/archive/filter.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"
#include "darkforest/packet/packet.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

struct filter {
    struct bpf_program program;
};

/* libpcap's handle of a capture file of this link type, without a packet: as what it reads, so that it refuses
 * what no file can tell (a packet's direction). NULL with the reason in `why`. */
static pcap_t *open_file_of(uint32_t link_type, char why[PCAP_ERRBUF_SIZE])
{
    const struct packet_link *link = packet_link_find(link_type);
    struct pcap_file_header header = {.magic = 0xa1b2c3d4,
                                      .version_major = PCAP_VERSION_MAJOR,
                                      .version_minor = PCAP_VERSION_MINOR,
                                      .snaplen = RECORD_MAX_CAPTURED,
                                      .linktype = link ? link->dlt : link_type};
    FILE *file = fmemopen(&header, sizeof header, "r");
    pcap_t *handle = file ? pcap_fopen_offline(file, why) : NULL; /* has it then */
    if (!file)
        snprintf(why, PCAP_ERRBUF_SIZE, "out of memory");
    else if (!handle)
        fclose(file);
    return handle;
}

struct filter *filter_new(const char *expression, uint32_t link_type, char **why)
{
    struct filter *filter = memory_zeroed(1, sizeof *filter);
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *handle = open_file_of(link_type, error);
    if (!handle || pcap_compile(handle, &filter->program, expression, 1, PCAP_NETMASK_UNKNOWN)) {
        *why = text_format("--filter '%s': %s", expression, handle ? pcap_geterr(handle) : error);
        free(filter);
        filter = NULL;
    }
    if (handle)
        pcap_close(handle);
    return filter;
}

void filter_free(struct filter *filter)
{
    if (!filter)
        return;
    pcap_freecode(&filter->program);
    free(filter);
}

int filter_matches(const struct filter *filter, const struct record *record)
{
    const struct pcap_pkthdr header = {.caplen = record->n_captured, .len = record->n_wire};
    return pcap_offline_filter(&filter->program, &header, record->data) != 0;
}
