/*
 * bench_inventory.c - how long a device list takes to read, and an address to look up.
 *
 *     bench_inventory [ADDRESSES [FILE.csv]]      3,000,000 random addresses by default,
 *                                                 written as CSV to FILE
 */
#include "darkforest/core/clock.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/rng.h"
#include "darkforest/sources/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 512
#define LOOK_UPS ((size_t)1 << 23)

static uint32_t listed(uint64_t i)
{
    return (uint32_t)rng_u64(1, 2000, i, 0);
}

static int write_list(const char *path, uint64_t n)
{
    static const char *const kinds[] = {"webcam", "router", "dvr", "scada", "printer", "thermostat"};
    FILE *f = fopen(path, "w");
    if (!f)
        return -1;
    fputs("ip,port,category\n", f);
    for (uint64_t i = 0; i < n; i++) {
        const uint32_t a = listed(i);
        fprintf(f, "%u.%u.%u.%u,80,%s\n", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255, kinds[a % 6]);
    }
    return fclose(f);
}

/* One in ten look-ups asks for a listed address, the others for random ones. */
static void time_look_ups(const struct inventory *inventory, uint64_t n)
{
    uint32_t *addresses = malloc(LOOK_UPS * sizeof *addresses);
    uint8_t *category = malloc(LOOK_UPS);
    for (size_t i = 0; i < LOOK_UPS; i++) {
        const uint64_t word = rng_u64(2, 2000, i, 0);
        addresses[i] = word % 10 == 0 ? listed((word >> 8) % n) : (uint32_t)(word >> 16);
    }
    double best = 1e9;
    size_t n_found = 0;
    for (int round = 0; round < 7; round++) {
        const double start = clock_seconds();
        for (size_t i = 0; i < LOOK_UPS; i += BATCH)
            inventory_find(inventory, addresses + i, BATCH, category + i);
        const double took = clock_seconds() - start;
        best = took < best ? took : best;
    }
    for (size_t i = 0; i < LOOK_UPS; i++)
        n_found += category[i] != 0;
    printf("look-up: %.2f ns an address, %.1f %% of them listed\n", best * 1e9 / (double)LOOK_UPS,
           100.0 * (double)n_found / (double)LOOK_UPS);
    free(addresses);
    free(category);
}

int main(int argc, char **argv)
{
    uint64_t n = 3000000;
    const char *path = argc > 2 ? argv[2] : "bench_inventory.csv";
    if ((argc > 1 && parse_u64(argv[1], 1, UINT32_MAX, &n)) || write_list(path, n)) {
        fprintf(stderr, "usage: bench_inventory [ADDRESSES [FILE.csv]]\n");
        return 64;
    }
    struct inventory_counts counts;
    int code;
    char *why;
    const double start = clock_seconds();
    struct inventory *inventory = inventory_read(&path, 1, &counts, &code, &why);
    if (!inventory) {
        fprintf(stderr, "%s\n", why);
        return code;
    }
    size_t n_bytes;
    inventory_bytes(inventory, &n_bytes);
    printf("read: %llu lines, %llu addresses in %.2f s, %.1f MiB\n", (unsigned long long)counts.lines,
           (unsigned long long)counts.addresses, clock_seconds() - start, (double)n_bytes / 1048576);
    time_look_ups(inventory, n);
    inventory_free(inventory);
    return remove(path) ? 74 : 0;
}
