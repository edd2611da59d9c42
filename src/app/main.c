#include "call.h"
#include "command.h"
#include "run_record.h"

#include "darkforest/core/clock.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/options.h"
#include "darkforest/core/output.h"
#include "darkforest/core/text.h"
#include "darkforest/core/version.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

int command_argc;
char **command_argv;

/* In the order in which a user meets them. */
static const struct command *const commands[] = {
    &command_synth,    &command_extract,  &command_label,     &command_train,
    &command_evaluate, &command_classify, &command_reproduce, &command_report,
    &command_pack,     &command_export,   &command_info,      &command_verify,
};

#define N_COMMANDS (sizeof commands / sizeof *commands)

static void print_usage(FILE *out)
{
    fputs("usage: darkforest COMMAND [options] ...\n\n"
          "Turns the packet archives of a network telescope into labelled sources, and classifies "
          "them.\n\ncommands:\n",
          out);
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-10s  %s\n", commands[i]->text.name, commands[i]->text.summary);
    fputs("\n`darkforest COMMAND --help` says more. Under Slurm: srun --mpi=pmix darkforest COMMAND ...; "
          "elsewhere\n"
          "mpirun -n 2 darkforest COMMAND ..., or just darkforest COMMAND ... as one process.\n",
          out);
}

static void print_man(FILE *out)
{
    fputs(".TH DARKFOREST 1 \"\" \"darkforest " DARKFOREST_VERSION
          "\"\n.SH NAME\ndarkforest \\- network\\-telescope archives to "
          "labelled sources and classifiers\n.SH SYNOPSIS\n.B darkforest\n.I COMMAND\n[options] ...\n.SH "
          "COMMANDS\n",
          out);
    for (size_t i = 0; i < N_COMMANDS; i++)
        options_man(out, &commands[i]->text, commands[i]->options, commands[i]->n_options);
    options_man_common(out);
    fputs(".SH EXIT STATUS\n0 done; 64 usage; 65 an input is damaged; 66 no input; 70 our bug; 74 input or "
          "output failed; 75 stopped in good order with work left, or another run is writing the same "
          "output: submit again; 78 bad configuration.\n",
          out);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i]->text.name, name) == 0)
            return commands[i];
    return NULL;
}

/* What needs neither a command nor MPI. Returns whether it was that. */
static int answer_at_once(int argc, char **argv, int *code)
{
    const char *word = argc > 1 ? argv[1] : "";
    *code = EXIT_DONE;
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)
        print_usage(stdout);
    else if (strcmp(word, "--version") == 0)
        puts("darkforest " DARKFOREST_VERSION);
    else if (strcmp(word, "--man") == 0)
        print_man(stdout);
    else if (argc < 2) {
        print_usage(stderr);
        *code = EXIT_BAD_USAGE;
    } else
        return 0;
    return 1;
}

static int run_under_mpi(const struct command *command, int *argc, char ***argv, int level,
                         const void *values, const struct strings *operands)
{
    struct ranks *world = ranks_start(argc, argv);
    log_init((enum log_level)level, ranks_rank(world) == 0);
    const int is_first = ranks_rank(world) == 0;
    int code = command->run(world, values, operands);
    if (exit_left_results(code))
        code = ranks_agree(world, is_first && output_flush_stdout() ? EXIT_IO : code, NULL);
    ranks_finish(world);
    if (!command->after || !exit_left_results(code))
        return code;
    /* Launchers end a job when one rank leaves with a failure:
     * the first, which has work left, says it for all, and the others leave with 0. */
    return is_first ? exit_worse(code, command->after(values, operands)) : EXIT_DONE;
}

static int is_first_task(void)
{
    const char *number = ranks_task_number();
    return !number || strcmp(number, "0") == 0;
}

/* The work of one task, however many were started: the others leave with 0, and say so, since each may have
 * been meant to do work of its own. */
static int run_alone(const struct command *command, int level, const void *values,
                     const struct strings *operands)
{
    const double started = clock_seconds();
    log_init((enum log_level)level, 1);
    if (!is_first_task()) {
        log_warn(
            "task %s does nothing: `%s` is the work of one task (for work of its own, start it by `env -u "
            "SLURM_PROCID -u PMIX_RANK -u PMI_RANK -u OMPI_COMM_WORLD_RANK darkforest ...`)",
            ranks_task_number(), command->text.name);
        return EXIT_DONE;
    }
    return run_record_finish_alone(command->text.name, started, command->run(NULL, values, operands));
}

/* After one sentence. A launcher ends all tasks when one has left with a failure:
 * they leave together, so that the one that talks has spoken. */
static int refuse_together(int argc, char **argv)
{
    if (ranks_task_number())
        ranks_finish(ranks_start(&argc, &argv));
    return EXIT_BAD_USAGE;
}

/* What is wrong with the words of a command is said; whether anything is. */
static int is_wrong(const struct command *command, const void *values, const struct strings *operands)
{
    const char *wrong = command->check ? command->check(values, operands) : NULL;
    if (wrong)
        log_error("%s; `darkforest %s --help` says more", wrong, command->text.name);
    return wrong != NULL;
}

/* Parses the command's own words and runs it. */
static int run_command(const struct command *command, int argc, char **argv)
{
    const struct strings words = {(const char **)(uintptr_t)(argv + 1), (size_t)argc - 1};
    struct call call;
    int code = EXIT_DONE;
    char *why = call_read(&call, command, &words);
    if (why) {
        log_error("%s", why);
        code = refuse_together(argc, argv);
    } else if (call.common.help)
        options_help(stdout, &command->text, command->options, command->n_options);
    else if (call.common.version)
        puts("darkforest " DARKFOREST_VERSION);
    else if (is_wrong(command, call.values, &call.operands))
        code = refuse_together(argc, argv);
    else if (command->serial)
        code = run_alone(command, call.common.level, call.values, &call.operands);
    else
        code = run_under_mpi(command, &argc, &argv, call.common.level, call.values, &call.operands);
    call_free(&call);
    free(why);
    return code;
}

static int answer(int argc, char **argv)
{
    int code;
    if (answer_at_once(argc, argv, &code))
        return code;
    const struct command *command = find_command(argv[1]);
    if (!command) {
        log_error("no command '%s'; `darkforest --help` lists them", argv[1]);
        return refuse_together(argc, argv);
    }
    return run_command(command, argc, argv);
}

/* A standard stream that was closed is opened the wrong way round: its use fails, and neither MPI nor a file
 * gets its number. */
static void fill_standard_streams(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
    fill_standard_streams();
    log_init(LOG_NORMAL, is_first_task());
    signal(SIGXFSZ, SIG_IGN); /* a file beyond `ulimit -f` is an error that is told */
    command_argc = argc;
    command_argv = argv;
    const int code = answer(argc, argv);
    return exit_left_results(code) && output_flush_stdout() ? EXIT_IO : code;
}
