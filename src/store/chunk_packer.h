/*
 * chunk_packer.h - a chunk of a column to the bytes that HDF5's filter pipeline (shuffle, then deflate) would
 * make of it, and back. Pure, Local. Private to the store room.
 *
 *     items  A0 A1 A2 A3 | B0 B1 B2 B3 | ...   ->   A0 B0 ... A1 B1 ... A2 B2 ... A3 B3 ...
 *                                              ->   a zlib stream (RFC 1950)
 *
 * Chunks are packed here and not by HDF5, because here every
 * rank packs its own at several times zlib's speed.
 */
#ifndef DARKFOREST_CHUNK_PACKER_H
#define DARKFOREST_CHUNK_PACKER_H

#include <stddef.h>
#include <stdint.h>

struct chunk_packer;

/* For chunks of up to max_bytes. */
struct chunk_packer *chunk_packer_new(size_t max_bytes);
void chunk_packer_free(struct chunk_packer *packer);

/* Packs n items of `size` bytes (1, 4 or 8) into `out`, which has room for deflate_bound(n * size) bytes;
 * returns the number of bytes written. */
size_t chunk_packer_pack(struct chunk_packer *packer, const void *items, size_t n, size_t size, uint8_t *out);
/* 0 with n items in `items`; -1 when the packed bytes are damaged or do not hold exactly n items. */
int chunk_packer_unpack(struct chunk_packer *packer, const uint8_t *packed, size_t n_packed, size_t n,
                        size_t size, void *items);

#endif
