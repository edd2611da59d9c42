#include "darkforest/core/exits.h"

/* A defect of ours or of the environment outranks a stop in good order, which outranks bad data:
 * what is left to do must not pass for done. */
static int severity(int code)
{
    switch (code) {
    case EXIT_DONE:
        return 0;
    case EXIT_BAD_DATA:
        return 1;
    case EXIT_STOPPED:
        return 2;
    case EXIT_NO_INPUT:
        return 3;
    case EXIT_BAD_USAGE:
    case EXIT_BAD_CONFIG:
        return 4;
    case EXIT_IO:
        return 5;
    default:
        return 6;
    }
}

int exit_worse(int a, int b)
{
    return severity(b) > severity(a) ? b : a;
}

int exit_left_results(int code)
{
    return code == EXIT_DONE || code == EXIT_BAD_DATA;
}
