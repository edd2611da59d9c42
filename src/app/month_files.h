/*
 * month_files.h - the files of a campaign's month, found on disk: its archive and its feature files. Private
 * to the app. Local.
 *
 * The folder of a month's features may hold others too, left over from a campaign file whose `from` and `to`
 * were wrong: they count for nothing.
 */
#ifndef DARKFOREST_MONTH_FILES_H
#define DARKFOREST_MONTH_FILES_H

#include "campaign.h"

/* Files whose windows begin in [from, to), by name; free with strings_free_all.
 * 0, or an exit code with *why when there are none. */
int month_files_list(const struct campaign *campaign, size_t month, struct strings *paths, char **why);
/* 0, or with *why EXIT_NO_INPUT when a word of the month's `archive` names nothing that is there, EXIT_IO
 * when that cannot be told. No file is opened. */
int month_files_find_archive(const struct campaign *campaign, size_t month, char **why);
/* One warning if the folder holds others. */
void month_files_warn(const struct campaign *campaign, size_t month);

#endif
