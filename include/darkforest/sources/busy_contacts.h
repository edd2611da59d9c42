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

/* The contacts of all sources of `busy` that lie in `buckets`. Those in memory leave it; those on disk stay, and
 * are to be passed over later. Both are borrowed. */
struct busy_contacts *busy_contacts_new(struct buckets *buckets, const struct busy *busy);
/* The next ones, turned; room for BUSY_CONTACTS. Returns how many; 0 at the end. */
#define BUSY_CONTACTS 256
size_t busy_contacts_next(struct busy_contacts *of, struct contact *contacts);
/* 0, or EXIT_IO when scratch could not be read, which was said. */
int busy_contacts_free(struct busy_contacts *of);

#endif
