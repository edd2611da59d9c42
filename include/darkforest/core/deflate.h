/*
 * deflate.h - bytes to a gzip member (RFC 1952) or a zlib stream (RFC 1950), and back, at several times
 * zlib's speed. The same bytes give the same stream, whatever was pressed before and wherever memory lies; on
 * another architecture, whose part of isa-l is another, they may give another. Local.
 */
#ifndef DARKFOREST_CORE_DEFLATE_H
#define DARKFOREST_CORE_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

enum deflate_form { DEFLATE_GZIP, DEFLATE_ZLIB };

/* The state of the compressor, some 300 KiB. */
struct deflater;

struct deflater *deflater_new(void);
void deflater_free(struct deflater *deflater);

/* The most bytes that n bytes become. */
size_t deflate_bound(size_t n);

/* Presses from[0..n), n below 2^31, into `to`, which has room for deflate_bound(n) bytes. Returns the number
 * of bytes written, 0 when it failed. */
size_t deflater_press(struct deflater *deflater, enum deflate_form form, const uint8_t *from, size_t n,
                      uint8_t *to);

/* Whether from[0..n), n below 2^31, is a zlib stream of just n_to bytes; they are in `to` then. */
int deflate_undo(const uint8_t *from, size_t n, uint8_t *to, size_t n_to);

#endif
