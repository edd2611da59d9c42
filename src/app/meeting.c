#include "meeting.h"

#include "keeping.h"
#include "stop.h"

#include "darkforest/core/clock.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/progress.h"

#include <stdlib.h>

#define BETWEEN_MEETINGS_S 0.25

/* What a rank says. */
struct note {
    uint64_t n_bytes, n_records; /* read so far, for progress */
    int32_t code, more;
    int64_t is_short; /* of memory for contacts */
};

int meeting_is_due(const struct pass *pass)
{
    return pass->is_short || clock_seconds() - pass->met_s >= BETWEEN_MEETINGS_S;
}

int meeting_hold(struct pass *pass, int more)
{
    const char *before = run_record_phase(pass->input->record, "meet");
    const struct note mine = {.n_bytes = pass->n_bytes_read,
                              .n_records = pass->n_records,
                              .code = stop_wanted() ? exit_worse(pass->code, EXIT_STOPPED) : pass->code,
                              .more = more,
                              .is_short = pass->is_short};
    struct note *notes = ranks_gather_all(pass->input->ranks, &mine, sizeof mine, NULL);
    uint64_t n_bytes = 0, n_records = 0;
    int is_short = 0;
    more = 0;
    for (int r = 0; r < ranks_size(pass->input->ranks); r++) {
        n_bytes += notes[r].n_bytes;
        n_records += notes[r].n_records;
        more |= notes[r].more;
        is_short |= notes[r].is_short != 0;
        pass->code = exit_worse(pass->code, notes[r].code);
    }
    free(notes);
    pass_name_window(pass);
    progress_update(&pass->progress, n_bytes, n_records);
    if (is_short && pass->code == 0)
        keeping_together(pass);
    pass->met_s = clock_seconds();
    run_record_phase(pass->input->record, before);
    return more;
}
