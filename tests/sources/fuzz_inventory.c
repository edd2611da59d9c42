/* Any bytes as a device list: refused, or made into a look-up that answers and whose counts hold together. */
#include "darkforest/sources/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void ask(const struct inventory *inventory)
{
    uint32_t addresses[1024];
    uint8_t category[1024];
    for (uint32_t i = 0; i < 1024; i++)
        addresses[i] = i * 4194305U;
    inventory_find(inventory, addresses, 1024, category);
    for (size_t i = 0; i < 1024; i++)
        if (category[i] >= inventory_n_categories(inventory))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static int fd = -1;
    static char path[64];
    if (fd < 0) {
        fd = memfd_create("list", 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    if (ftruncate(fd, 0) || pwrite(fd, data, n, 0) != (ssize_t)n)
        abort();
    const char *paths[] = {path};
    struct inventory_counts counts;
    int code = 0;
    char *why = NULL;
    struct inventory *inventory = inventory_read(paths, 1, &counts, &code, &why);
    if ((inventory == NULL) != (why != NULL) || (inventory == NULL) != (code != 0))
        abort();
    if (counts.bad_lines + counts.ipv6_entries > counts.lines)
        abort();
    if (inventory)
        ask(inventory);
    inventory_free(inventory);
    free(why);
    return 0;
}
