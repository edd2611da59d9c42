/*
 * container.h - what the first (inflated) bytes of a file are: pcap, pcapng, or something that is refused by
 * name. Pure, Local. Private to the archive room.
 */
#ifndef DARKFOREST_ARCHIVE_CONTAINER_H
#define DARKFOREST_ARCHIVE_CONTAINER_H

#include "darkforest/archive/reader.h"

enum { PCAP_HEADER_SIZE = 24 };

/* The global header of a classic pcap, as it lies in the file. */
struct pcap_header {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t zone, accuracy;
    uint32_t snaplen;
    uint32_t link_type;
};

_Static_assert(sizeof(struct pcap_header) == PCAP_HEADER_SIZE, "the header of a pcap file");

struct container_verdict {
    enum container container;
    const char *name; /* "an ERF file", "a text file": what to say of it */
};

struct container_verdict container_sniff(const uint8_t *head, size_t n);

/* Of a file that we write: the version of today, in this machine's byte order. */
struct pcap_header container_pcap_header(uint32_t link_type, int nanoseconds);
/* What a global header says. NULL with *format filled,
 * or a clause that says why it cannot be read (free() it). */
char *container_pcap_format(const uint8_t header[PCAP_HEADER_SIZE], struct record_format *format);
/* A clause that refuses a link type by name (free() it), or NULL when we decode it. */
char *container_refuse_link(uint32_t link_type);

#endif
