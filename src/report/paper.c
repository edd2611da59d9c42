#include "darkforest/report/paper.h"

#include <string.h>

static const struct paper_month paper_months[] = {
    {"2017-01", {208647, 10628, 72794}, {"208,647", "10,628", "72,794"}},
    {"2017-02", {1700000, 100000, 7764}, {"over 1.7 million", "over 100,000", "7,764"}},
    {"2017-03", {1200000, 80000, 0}, {"1.2 million", "almost 80,000", ""}},
};

const struct paper_month *paper_find(const char *month, int64_t window_length, const char *filter)
{
    if (window_length != 3600 || filter[0])
        return NULL;
    for (size_t i = 0; i < sizeof paper_months / sizeof paper_months[0]; i++)
        if (strcmp(paper_months[i].month, month) == 0)
            return &paper_months[i];
    return NULL;
}
