/* exits.h - the exit codes of every command. All ranks leave with the same one. Local. */
#ifndef DARKFOREST_CORE_EXITS_H
#define DARKFOREST_CORE_EXITS_H

enum exit_code {
    EXIT_DONE = 0,
    EXIT_BAD_USAGE = 64,
    EXIT_BAD_DATA = 65, /* an input is damaged; what it held was used, unless an error was said */
    EXIT_NO_INPUT = 66, /* an input does not exist or cannot be opened, or there is nothing in it to read */
    EXIT_BUG = 70,      /* ours */
    EXIT_IO = 74,       /* writing or reading failed: disk full, permission, ... */
    EXIT_STOPPED = 75,  /* work is left: stopped, or another run writes the output; submit again */
    /* a rules file, a device list, a campaign file or the launch is wrong; or what was asked for does not
     * fit: the folder has files of other settings, two inputs are one capture, memory is too small, ... */
    EXIT_BAD_CONFIG = 78,
};

/* The worse of two codes: the one that a user must hear of first. */
int exit_worse(int a, int b);
/* Whether a run with this code left results, so that more can go wrong with them. */
int exit_left_results(int code);

#endif
