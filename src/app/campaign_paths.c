/* Where things lie under a campaign's output folder. */
#include "campaign.h"

char *campaign_features(const struct campaign *c, size_t month)
{
    return text_format("%s/features/%s", c->output, c->months[month].name);
}

char *campaign_model(const struct campaign *c, size_t month, size_t learner)
{
    return text_format("%s/models/%s/%s.h5", c->output, c->months[month].name, c->learners.items[learner]);
}

char *campaign_result(const struct campaign *c, size_t month, size_t learner)
{
    return text_format("%s/results/%s/%s-on-%s.h5", c->output, c->months[0].name, c->learners.items[learner],
                       c->months[month].name);
}
