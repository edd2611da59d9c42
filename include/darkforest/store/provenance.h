/*
 * provenance.h - who made a file, when and how: what may differ between two runs whose results are the same.
 * In /provenance of every file. Local.
 */
#ifndef DARKFOREST_STORE_PROVENANCE_H
#define DARKFOREST_STORE_PROVENANCE_H

/* Strings are borrowed on writing, owned by who has read them (provenance_clear); NULL: not told. */
struct provenance {
    char *command_line, *host, *created; /* created: ISO 8601 UTC */
    char *made_from; /* the command line that read the packets, where this one read its files */
    int n_ranks;     /* 0: not told */
};

void provenance_clear(struct provenance *made);

#endif
