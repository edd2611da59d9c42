#include "darkforest/core/log.h"

#include "darkforest/core/text.h"

#include <stdarg.h>
#include <stdio.h>

static enum log_level log_level = LOG_NORMAL;
static int log_is_talking = 1, log_is_warning;
static char log_error_text[1024];

void log_init(enum log_level level, int talks)
{
    log_level = level;
    log_is_talking = talks;
}

void log_let_warn(int warns)
{
    log_is_warning = warns;
}

enum log_level log_current(void)
{
    return log_level;
}

int log_talks(void)
{
    return log_is_talking;
}

const char *log_last_error(void)
{
    return log_error_text;
}

/* One write a line, so that lines of several programs on one stderr do not mix. */
static void say(const char *kind, const char *format, va_list arguments)
{
    char line[1280];
    const int prefix = snprintf(line, sizeof line, "darkforest: %s", kind);
    const int text = vsnprintf(line + prefix, sizeof line - (size_t)prefix - 1, format, arguments);
    size_t n = (size_t)prefix + (text > 0 ? (size_t)text : 0);
    if (n > sizeof line - 2)
        n = sizeof line - 2;
    /* Names of files and what stands in them come from others: nothing else is told to a terminal. */
    line[n] = '\0';
    text_make_plain(line, "");
    line[n++] = '\n';
    fwrite(line, 1, n, stderr);
}

void log_info(const char *format, ...)
{
    if (!log_is_talking || log_level < LOG_NORMAL)
        return;
    va_list arguments;
    va_start(arguments, format);
    say("", format, arguments);
    va_end(arguments);
}

void log_verbose(const char *format, ...)
{
    if (!log_is_talking || log_level < LOG_VERBOSE)
        return;
    va_list arguments;
    va_start(arguments, format);
    say("", format, arguments);
    va_end(arguments);
}

void log_warn(const char *format, ...)
{
    if (!log_is_talking && !log_is_warning)
        return;
    va_list arguments;
    va_start(arguments, format);
    say("warning: ", format, arguments);
    va_end(arguments);
}

void log_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(log_error_text, sizeof log_error_text, format, arguments);
    va_end(arguments);
    if (!log_is_talking)
        return;
    va_start(arguments, format);
    say("error: ", format, arguments);
    va_end(arguments);
}
