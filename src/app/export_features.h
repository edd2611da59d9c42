/*
 * export_features.h - feature files to CSV, or to feature files whose addresses are anonymised. Private to the
 * app.
 */
#ifndef DARKFOREST_EXPORT_FEATURES_H
#define DARKFOREST_EXPORT_FEATURES_H

#include "darkforest/core/text.h"
#include "darkforest/exchange/ranks.h"

#include <stdbool.h>

enum export_format { FORMAT_NOT_GIVEN = -1 /* CSV of feature files */, FORMAT_CSV, FORMAT_HDF5 };

struct export_options {
    const char *output;
    int format;
    const char *anonymize; /* path of the key */
    const char *model;     /* which of a model file */
    bool with_addresses;
};

/*
 * Writes the rows of all feature files that the operands name, files or folders, as the options say; CSV
 * without an output goes to standard output. Collective: every rank gets the same exit code, one sentence said.
 */
int export_features(const struct ranks *ranks, const struct strings *operands,
                    const struct export_options *options);

#endif
