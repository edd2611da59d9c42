/* Any bytes as a settings file: refused, or every entry is found again, once, by its section and key. */
#include "darkforest/core/ini.h"
#include "darkforest/core/log.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ini ini;
    log_init(LOG_QUIET, 0);
    char *why = ini_read_text(&ini, "fuzz", (const char *)data, n);
    if (!why) {
        for (size_t i = 0; i < ini.n; i++)
            if (ini_get(&ini, ini.entries[i].section, ini.entries[i].key) != ini.entries[i].value)
                abort();
        if (ini_unused(&ini))
            abort();
    }
    ini_free(&ini);
    free(why);
    return 0;
}
