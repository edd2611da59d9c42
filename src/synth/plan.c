#include "darkforest/synth/plan.h"

#include "darkforest/core/parse.h"

#define MAX_SOURCES (UINT64_C(1) << 27) /* senders and silent devices share 2^28 addresses */

struct profile {
    const char *start;
    uint64_t devices[PLAN_CLASSES]; /* that send, by class */
    uint64_t listed;                /* in the device list, silent ones included */
    uint64_t sources;               /* all senders */
    uint64_t packets;
};

/*
 * Devices a class: the counts the paper prints. It gives "over" 1.7 and 1.2 million for the later
 * months, and no count of misconfiguration for March: that one is ours. So are the other senders, sized
 * like a /8 telescope of 2017.
 */
static const struct profile profiles[] = {
    {"2017-01-01", {208647, 10628, 72794}, 3000000, 4000000, 1100000000},
    {"2017-02-01", {1710000, 101000, 7764}, 3000000, 5500000, 1300000000},
    {"2017-03-01", {1200000, 79500, 8200}, 3000000, 5000000, 1200000000},
};

void plan_defaults(struct plan_options *options)
{
    *options =
        (struct plan_options){.scale = 0.01, .seed = 1, .start_ns = -1, .duration_ns = 3600 * NS_PER_S};
}

static uint64_t scaled(uint64_t n, double scale)
{
    const uint64_t result = (uint64_t)((double)n * scale + 0.5);
    return result ? result : 1;
}

/* In the profile's shares, the last class taking what rounding left,
 * so that the sum is what was asked for. */
static void share_devices(struct plan *plan, const struct profile *profile, uint64_t wanted, double scale)
{
    const uint64_t *full = profile->devices;
    const uint64_t all = full[0] + full[1] + full[2];
    plan->n_devices = wanted ? wanted : scaled(all, scale);
    plan->devices[0] = plan->n_devices * full[0] / all;
    plan->devices[1] = plan->n_devices * full[1] / all;
    plan->devices[2] = plan->n_devices - plan->devices[0] - plan->devices[1];
}

static const char *check(const struct plan *plan)
{
    if (plan->n_devices > plan->sources)
        return "--sources counts the devices that send too: it cannot be less than --devices";
    if (plan->listed < plan->n_devices)
        return "--listed counts the devices that send too: it cannot be less than --devices";
    if (plan->sources > MAX_SOURCES || plan->listed > MAX_SOURCES)
        return "at most 134217728 sources and 134217728 listed devices have room in the address block";
    if (plan->packets > UINT64_C(1) << 40)
        return "--packets: at most 2^40";
    if (plan->duration_ns < NS_PER_S || plan->duration_ns > 31 * 24 * 3600 * NS_PER_S)
        return "--duration: from 1 second to 31 days";
    if (plan->start_ns < 2 * NS_PER_S || plan->start_ns > UINT32_MAX * NS_PER_S - plan->duration_ns)
        return "--start: a pcap file holds times from 1970 to 2106";
    return NULL;
}

const char *plan_make(struct plan *plan, const struct plan_options *options)
{
    const struct profile *profile = &profiles[options->profile];
    const double scale =
        options->sources ? (double)options->sources / (double)profile->sources : options->scale;
    struct plan made = {.seed = options->seed,
                        .packets = options->packets ? options->packets : scaled(profile->packets, scale),
                        .sources = options->sources ? options->sources : scaled(profile->sources, scale),
                        .listed = options->listed ? options->listed : scaled(profile->listed, scale),
                        .start_ns = options->start_ns,
                        .duration_ns = options->duration_ns};
    share_devices(&made, profile, options->devices, scale);
    if (!options->listed && made.listed < made.n_devices)
        made.listed = made.n_devices + made.n_devices / 2;
    if (!options->sources && made.sources < made.n_devices)
        made.sources = made.n_devices * 2;
    if (options->start_ns < 0)
        parse_time(profile->start, &made.start_ns);
    const char *wrong = check(&made);
    if (!wrong)
        *plan = made;
    return wrong;
}
