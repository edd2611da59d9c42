/*
 * anonymise.h - IPv4 addresses to others, prefix-preserving: two addresses that share their first k bits
 * share them afterwards. CryptoPAn, after Fan, Xu, Ammar, Moon, "Prefix-preserving IP address anonymization"
 * (Computer Networks 46, 2004), with AES-128. Private to the app. Local.
 */
#ifndef DARKFOREST_ANONYMISE_H
#define DARKFOREST_ANONYMISE_H

#include <stddef.h>
#include <stdint.h>

#define ANONYMISE_KEY_SIZE 32 /* bytes: the first half is the cipher's key, the second makes the pad */

struct anonymiser;

/* NULL when the cipher cannot be had. */
struct anonymiser *anonymiser_new(const uint8_t key[ANONYMISE_KEY_SIZE]);
void anonymiser_free(struct anonymiser *anonymiser);
/* Each address in place, host order. 0 or -1. */
int anonymise_addresses(struct anonymiser *anonymiser, uint32_t *addresses, size_t n);
/* A checksum, in place, of what could be guessed by it: to another number, the same for the same key. 0 stays.
 * 0 or -1. */
int anonymise_checksum(struct anonymiser *anonymiser, uint64_t *checksum);

#endif
