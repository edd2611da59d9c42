#include "anonymise.h"

#include "darkforest/core/memory.h"

#include <openssl/evp.h>

#include <stdlib.h>
#include <string.h>

#define BLOCK 16

struct anonymiser {
    EVP_CIPHER_CTX *cipher;
    uint8_t pad[BLOCK];
};

static int encrypt(struct anonymiser *a, const uint8_t *in, uint8_t *out, int n)
{
    int n_out = 0;
    return EVP_EncryptUpdate(a->cipher, out, &n_out, in, n) == 1 && n_out == n ? 0 : -1;
}

struct anonymiser *anonymiser_new(const uint8_t key[ANONYMISE_KEY_SIZE])
{
    struct anonymiser *a = memory_zeroed(1, sizeof *a);
    a->cipher = EVP_CIPHER_CTX_new();
    if (a->cipher && EVP_EncryptInit_ex(a->cipher, EVP_aes_128_ecb(), NULL, key, NULL) == 1 &&
        EVP_CIPHER_CTX_set_padding(a->cipher, 0) == 1 && encrypt(a, key + BLOCK, a->pad, BLOCK) == 0)
        return a;
    anonymiser_free(a);
    return NULL;
}

void anonymiser_free(struct anonymiser *a)
{
    if (!a)
        return;
    EVP_CIPHER_CTX_free(a->cipher);
    free(a);
}

static void put_word(uint8_t *at, uint32_t word)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(word >> (24 - 8 * i));
}

/* Bit k of the mask is the first bit of the cipher over the address's first k bits, filled up from the pad:
 * all 32 blocks at once. */
static int mask_of(struct anonymiser *a, uint32_t address, uint32_t *mask)
{
    uint8_t in[32 * BLOCK], out[32 * BLOCK];
    const uint32_t pad =
        (uint32_t)a->pad[0] << 24 | (uint32_t)a->pad[1] << 16 | (uint32_t)a->pad[2] << 8 | a->pad[3];
    for (int k = 0; k < 32; k++) {
        const uint32_t kept = k ? UINT32_MAX << (32 - k) : 0;
        memcpy(in + k * BLOCK, a->pad, BLOCK);
        put_word(in + k * BLOCK, (address & kept) | (pad & ~kept));
    }
    if (encrypt(a, in, out, sizeof in) != 0)
        return -1;
    *mask = 0;
    for (int k = 0; k < 32; k++)
        *mask |= (uint32_t)(out[k * BLOCK] >> 7) << (31 - k);
    return 0;
}

int anonymise_addresses(struct anonymiser *a, uint32_t *addresses, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t mask;
        if (mask_of(a, addresses[i], &mask) != 0)
            return -1;
        addresses[i] ^= mask;
    }
    return 0;
}

int anonymise_checksum(struct anonymiser *a, uint64_t *checksum)
{
    uint8_t in[BLOCK] = "checksum", out[BLOCK];
    memcpy(in + BLOCK / 2, checksum, sizeof *checksum);
    if (*checksum == 0)
        return 0;
    if (encrypt(a, in, out, BLOCK) != 0)
        return -1;
    memcpy(checksum, out, sizeof *checksum);
    *checksum += *checksum == 0;
    return 0;
}
