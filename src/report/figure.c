#include "figure.h"

#include "leftovers.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

void figure_begin(struct figure *figure, const char *folder, const char *name, int width, int height)
{
    *figure = (struct figure){.stem = text_format("%s/%s", folder, name), .width = width, .height = height};
    figure->script = memory_stream(&figure->text, &figure->n_text);
    fprintf(figure->script,
            "if (!exists('ending')) ending = ''\n"
            "set encoding utf8\n"
            "set terminal svg size %d,%d font 'Helvetica,13' noenhanced background rgb 'white'\n"
            "set output '%s.svg'.ending\n"
            "set border 3 lc rgb '#555555'\nset tics nomirror out scale 0.5\n"
            "set linetype 1 lc rgb '#2f6f9f'\nset linetype 2 lc rgb '#d98032'\nset linetype 3 lc rgb "
            "'#7a9a3d'\n"
            "set linetype 4 lc rgb '#8c5a9e'\nset linetype 5 lc rgb '#b5484a'\nset linetype 6 lc rgb "
            "'#5b6b7a'\n",
            width, height, name);
}

void figure_text(struct figure *figure, const char *text)
{
    putc('\'', figure->script);
    for (; *text; text++) {
        if (*text == '\'') /* a doubled one would do, but not at the beginning */
            fputs("’", figure->script);
        else
            putc(*text == '\n' ? ' ' : *text, figure->script);
    }
    putc('\'', figure->script);
}

static int wait_for(pid_t child)
{
    int status;
    pid_t ended;
    while ((ended = waitpid(child, &status, 0)) < 0 && errno == EINTR)
        ;
    return ended == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* gnuplot in the script's folder, for pictures under partial names. They follow from the script alone: -d
 * keeps the user's and the machine's settings out. Its exit status, or -1 when it cannot be started. */
static int draw(const char *stem)
{
    char *folder = path_folder(stem), *script = text_format("%s.gp", path_name(stem));
    char *ending = text_format("ending = '.%ld.partial'", (long)getpid());
    char *const arguments[] = {(char[]){"gnuplot"}, (char[]){"-d"}, (char[]){"-e"}, ending, script, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t blocked;
    pid_t child;
    int status = -1;
    /* A wish to stop, which a whole job hears, is for the program: a picture is drawn in a moment. */
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigaddset(&blocked, SIGTERM);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &blocked);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, folder);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    if (posix_spawnp(&child, "gnuplot", &actions, &attributes, arguments, environ) == 0)
        status = wait_for(child);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free(ending);
    free(script);
    free(folder);
    return status;
}

/* Whether all of a picture is there: on a full disk gnuplot ends as if it were. -1 after one sentence. */
static int is_whole(const char *path, const char *end)
{
    char last[17] = "";
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return 0;
    const off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
    const ssize_t n = size < 0 ? -1 : pread(fd, last, sizeof last - 1, size > 16 ? size - 16 : 0);
    if (n < 0)
        log_error("%s cannot be read: %m", path);
    if (fd >= 0)
        close(fd);
    return n < 0 ? -1 : strstr(last, end) != NULL;
}

/* Gives a picture its name, or takes away what there is of it. 1 when it was drawn; 0; -1 after one
 * sentence. */
static int finish(const char *stem, const char *ending, const char *end, int failed)
{
    char *path = text_format("%s%s", stem, ending),
         *partial = text_format("%s.%ld.partial", path, (long)getpid());
    int drawn = failed ? 0 : is_whole(partial, end);
    if (drawn > 0 && leftovers_rename(partial, path) != EXIT_DONE)
        drawn = -1;
    if (drawn <= 0)
        unlink(partial);
    free(partial);
    free(path);
    return drawn;
}

/* The same picture once more, for pdflatex, which cannot include SVG: where gnuplot was built with cairo. */
static void print_pdf(const struct figure *figure)
{
    fprintf(figure->script,
            "set output\n"
            "if (strstrt(GPVAL_TERMINALS, ' pdfcairo ') > 0) {\n"
            "    set terminal pdfcairo size %.2fin,%.2fin font 'Helvetica,13' fontscale 0.5 noenhanced "
            "background rgb 'white'\n"
            "    set output '%s.pdf'.ending\n    replot\n    set output\n}\n",
            figure->width / 100.0, figure->height / 100.0, path_name(figure->stem));
}

/* FIGURE_SVG and FIGURE_PDF; -1 after one sentence. */
static int make_pictures(const char *stem)
{
    const int failed = draw(stem) != 0;
    const int pdf = finish(stem, ".pdf", "%%EOF", failed), svg = finish(stem, ".svg", "</svg>", failed);
    return pdf < 0 || svg < 0 ? -1 : (svg ? FIGURE_SVG : 0) | (pdf ? FIGURE_PDF : 0);
}

/* 0; -1 after one sentence. */
static int write_script(struct figure *figure)
{
    char *path = text_format("%s.gp", figure->stem);
    print_pdf(figure);
    memory_stream_end(figure->script);
    const int code = leftovers_write(path, figure->text, figure->n_text);
    free(figure->text);
    free(path);
    return code == EXIT_DONE ? 0 : -1;
}

int figure_end(struct figure *figure)
{
    static int told;
    const int drawn = write_script(figure) == 0 ? make_pictures(figure->stem) : -1;
    if (drawn >= 0 && !(drawn & FIGURE_SVG) && !told++)
        log_warn("no picture of %s: gnuplot is not there or failed; the script lies beside the report",
                 figure->stem);
    free(figure->stem);
    return drawn;
}
