/* A check that ends every rank at once, so that no rank waits for one that failed. */
#ifndef DARKFOREST_TESTS_REQUIRE_H
#define DARKFOREST_TESTS_REQUIRE_H

#include "darkforest/exchange/ranks.h"

#include <stdio.h>

#define REQUIRE(holds)                                                                                       \
    do {                                                                                                     \
        if (!(holds)) {                                                                                      \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #holds);                       \
            ranks_abort(1);                                                                                  \
        }                                                                                                    \
    } while (0)

#endif
