/*
 * meeting.h - contacts on their way to their owners, in rounds in which all ranks meet. Private to the app.
 *
 *     contact -> owner's lane of the next round, or waiting when the lane is full
 *             -> round -> bucket of the owner
 *
 * Giving a contact is Local and never waits; meeting_round is Collective and is called between blocks. What a
 * contact's slot means (which window) is told ahead of the round by its sender, and so is which sources
 * turned out to be busy (busy.h): one rank finds out, all act on it after the same round.
 */
#ifndef DARKFOREST_MEETING_H
#define DARKFOREST_MEETING_H

#include "pass.h"

#include "darkforest/exchange/alltoall.h"
#include "darkforest/sources/contact.h"

struct meeting *meeting_new(const struct pass_input *input);
void meeting_free(struct meeting *meeting);
/* A new step begins: windows were closed, so slots mean others from here on. */
void meeting_forget_slots(struct meeting *meeting);

/*
 * Deals out n contacts of a window, with the hashes of their sources: those that this rank owns are left in
 * contacts[0..k), the others are on their way. Those of busy sources are turned first. Returns k. Local.
 */
size_t meeting_deal(struct pass *pass, struct window *window, struct contact *contacts, uint32_t *hashes,
                    size_t n);
/* Whether a round would be of use now: a lane has filled, or much was read since the last one. Local. */
int meeting_is_due(const struct meeting *meeting);
/* So many bytes of records were read here. Local. */
void meeting_note_bytes(struct meeting *meeting, uint64_t n_bytes);
/*
 * One round. Collective. `more` is a promise: 1, this rank comes to another round whatever happens; 0, it has
 * read all it has and comes again only if this returns 1. Thus all ranks leave after the same round, also
 * when one fails or is asked to stop.
 */
int meeting_round(struct pass *pass, int more);

/* All contacts of a window have come: the last word on which of its sources are busy. Collective. */
void meeting_settle_busy(struct pass *pass, struct window *window);

/* The exchange of contacts, lent for items of another size while a window is finished;
 * meeting_take_back when done. Local. */
struct alltoall *meeting_lend(struct meeting *meeting, size_t item_size);
void meeting_take_back(struct meeting *meeting);

struct alltoall_traffic meeting_traffic(const struct meeting *meeting);
/* What a round may hold, for the memory that it takes. */
size_t meeting_round_bytes(const struct pass_input *input);

#endif
