#include "darkforest/archive/filter.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"
#include "darkforest/packet/packet.h"

#include <pcap/pcap.h>
#include <stdlib.h>

struct filter {
    struct bpf_program program;
};

struct filter *filter_new(const char *expression, uint32_t link_type, char **why)
{
    struct filter *filter = memory_zeroed(1, sizeof *filter);
    const struct packet_link *link = packet_link_find(link_type);
    pcap_t *dead = pcap_open_dead((int)(link ? link->dlt : link_type), RECORD_MAX_CAPTURED);
    if (!dead || pcap_compile(dead, &filter->program, expression, 1, PCAP_NETMASK_UNKNOWN)) {
        *why = text_format("--filter '%s': %s", expression, dead ? pcap_geterr(dead) : "out of memory");
        free(filter);
        filter = NULL;
    }
    if (dead)
        pcap_close(dead);
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
