/* Any text as a rules file: refused, or read to rules that hold
 * together and that are read again as they were written. */
#include "darkforest/core/log.h"
#include "darkforest/label/rules.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = malloc(n + 1);
    memcpy(text, data, n);
    text[n] = '\0';
    log_init(LOG_QUIET, 0);
    struct rules rules, again;
    char *why = rules_read_text(&rules, "fuzz", text);
    if (!why) {
        char *first = rules_text(&rules);
        if (rules_check(&rules) || rules_read_text(&again, "again", first))
            abort();
        char *second = rules_text(&again);
        if (strcmp(first, second) != 0)
            abort();
        free(first);
        free(second);
    }
    free(why);
    free(text);
    return 0;
}
