/*
 * busy_contacts.h - busy sources (busy.h) among the contacts that a rank has read: which they may be, and what
 * is theirs. Local.
 */
#ifndef DARKFOREST_SOURCES_BUSY_CONTACTS_H
#define DARKFOREST_SOURCES_BUSY_CONTACTS_H

#include "darkforest/sources/buckets.h"

/* A source, and about how many contacts it has in a bucket at least. */
struct busy_guess {
    uint64_t source;
    uint64_t n;
};

/*
 * Sources that seem to have a good part of a bucket's contacts, on disk or in memory: of a sample, every one
 * that has more than one in BUSY_GUESSES + 1 is among them (Misra and Gries, "Finding repeated elements",
 * 1982). *n: how many. 0, or EXIT_IO when scratch could not be read, which was said.
 */
#define BUSY_GUESSES 15
int busy_guess_in(const struct buckets *buckets, size_t b, struct busy_guess guesses[BUSY_GUESSES],
                  size_t *n);

struct busy_contacts;

/* The contacts of all sources of `busy` that lie in `buckets`, which stay where they are; both are
 * borrowed. */
struct busy_contacts *busy_contacts_new(const struct buckets *buckets, const struct busy *busy);
/* The next ones, turned, `max` at most. Returns how many; 0 at the end. */
size_t busy_contacts_next(struct busy_contacts *of, struct contact *contacts, size_t max);
/* 0, or EXIT_IO when scratch could not be read, which was said. */
int busy_contacts_free(struct busy_contacts *of);

#endif
