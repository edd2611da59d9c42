#include "campaign.h"

#include "call.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/ini.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"
#include "darkforest/learn/folds.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLANKS " \t"

/* Of [slurm], which is the scripts' affair: scripts/campaign.sh has the same list. */
static const char *const slurm_keys[] = {"slice", "tasks-at-once",   "launcher",    "tries",     "nodes",
                                         "time",  "ntasks-per-node", "partition",   "qos",       "account",
                                         "mem",   "constraint",      "reservation", "mail-user", "mail-type"};

struct reading_campaign {
    struct campaign *campaign;
    struct ini ini;
    char *folder; /* that relative paths count from */
    char *wrong;  /* the first thing that is; NULL: nothing so far */
    int line;     /* where it is; 0: nowhere */
};

/* The line of a key, or of its section's heading where the key is NULL or not there; 0: there is no such
 * section. */
static int line_of(const struct ini *ini, const char *section, const char *key)
{
    int line = 0;
    for (size_t i = 0; i < ini->n; i++) {
        const struct ini_entry *e = &ini->entries[i];
        if (strcmp(e->section, section) != 0)
            continue;
        line = e->section_line;
        if (key && strcmp(e->key, key) == 0)
            return e->line;
    }
    return line;
}

/* The first thing that is wrong is kept; the rest is read without effect. */
static void refuse(struct reading_campaign *r, const char *section, const char *key, char *why)
{
    if (r->wrong) {
        free(why);
        return;
    }
    r->wrong = why;
    r->line = line_of(&r->ini, section, key);
}

static const char *get(struct reading_campaign *r, const char *section, const char *key,
                       const char *otherwise)
{
    const char *value = ini_get(&r->ini, section, key);
    return value ? value : otherwise;
}

static char *from_folder(const struct reading_campaign *r, const char *path)
{
    return path[0] == '/' ? memory_text(path) : text_format("%s/%s", r->folder, path);
}

/* The words of a list, each made by `make`. */
static void add_words(struct reading_campaign *r, const char *list, struct strings *words,
                      char *(*make)(const struct reading_campaign *r, const char *word))
{
    char *copy = memory_text(list), *rest = copy;
    for (char *word = strtok_r(copy, BLANKS, &rest); word; word = strtok_r(NULL, BLANKS, &rest))
        strings_add(words, make(r, word));
    free(copy);
}

static int is_one_of(const char *text, const char *const *all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(text, all[i]) == 0)
            return 1;
    return 0;
}

/* Month names become folders, the campaign's name becomes that of jobs. */
static int is_name(const char *text)
{
    const size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    return n > 0 && text[n] == '\0' && text[0] != '.';
}

static int64_t get_time(struct reading_campaign *r, const char *section, const char *key)
{
    const char *text = get(r, section, key, NULL);
    int64_t ns = 0;
    if (!text)
        refuse(r, section, NULL, text_format("[%s] names no %s", section, key));
    else if (parse_time(text, &ns))
        refuse(r, section, key, text_format("[%s] %s is not a time: '%s'", section, key, text));
    return ns;
}

static void check_month(struct reading_campaign *r, const char *section, const struct campaign_month *month)
{
    const int64_t window = r->campaign->window_ns;
    if (!is_name(month->name))
        refuse(r, section, NULL,
               text_format("[%s]: the name of a month is made of letters, digits, . _ -", section));
    else if (month->archive.n == 0)
        refuse(r, section, NULL, text_format("[%s] names no archive", section));
    else if (month->from_ns >= month->to_ns)
        refuse(r, section, "to", text_format("[%s] ends before it begins", section));
    else if (!r->wrong && month->from_ns % window)
        refuse(r, section, "from", text_format("[%s] does not begin where a window begins", section));
}

static void read_month(struct reading_campaign *r, const char *section)
{
    struct campaign *c = r->campaign;
    c->months = memory_resize(c->months, (c->n_months + 1) * sizeof *c->months);
    struct campaign_month *month = &c->months[c->n_months++];
    *month = (struct campaign_month){.name = memory_text(section + strlen("month "))};
    add_words(r, get(r, section, "archive", ""), &month->archive, from_folder);
    month->from_ns = get_time(r, section, "from");
    month->to_ns = get_time(r, section, "to");
    check_month(r, section, month);
}

/* Sections [month NAME] in the order of the file. */
static void read_months(struct reading_campaign *r)
{
    const char *before = "";
    for (size_t i = 0; i < r->ini.n; i++) {
        const char *section = r->ini.entries[i].section;
        if (strncmp(section, "month ", 6) == 0 && strcmp(section, before) != 0)
            read_month(r, section);
        before = section;
    }
    if (r->campaign->n_months == 0)
        refuse(r, "", NULL, memory_text("there is no [month NAME] section"));
}

static int is_path_option(const char *key)
{
    return strcmp(key, "tmpdir") == 0 || strcmp(key, "index-dir") == 0;
}

/* An option of the command, but for what the months and the other sections say. */
static int is_extract_option(const char *key)
{
    static const char *const others[] = {"output", "devices", "from", "to", "rules", "deadline"};
    if (is_one_of(key, others, sizeof others / sizeof *others))
        return 0;
    for (size_t i = 0; i < command_extract.n_options; i++)
        if (strcmp(key, command_extract.options[i].name) == 0)
            return 1;
    return 0;
}

static void read_window(struct reading_campaign *r)
{
    const char *text = get(r, "extract", "window", "1h");
    int64_t *window = &r->campaign->window_ns;
    if (parse_duration(text, window) || *window < NS_PER_S || *window % NS_PER_S) {
        refuse(r, "extract", "window",
               text_format("[extract] window is not a duration of whole seconds: '%s'", text));
        *window = NS_PER_S;
    }
}

/* As extract itself reads its words: behind a capture and an output, which are the months' affair. */
static char *find_wrong_option(const struct strings *options)
{
    struct strings words = {0};
    struct call call;
    strings_add(&words, "extract");
    strings_add(&words, "--output=FOLDER");
    strings_add(&words, "ARCHIVE");
    for (size_t i = 0; i < options->n; i++)
        strings_add(&words, options->items[i]);
    char *why = call_read(&call, &command_extract, &words);
    const char *wrong = why ? NULL : command_extract.check(call.values, &call.operands);
    if (wrong)
        why = memory_text(wrong);
    call_free(&call);
    strings_free(&words);
    return why;
}

/* Options of extract by their names. */
static void read_extract(struct reading_campaign *r)
{
    read_window(r);
    for (size_t i = 0; i < r->ini.n; i++) {
        struct ini_entry *e = &r->ini.entries[i];
        if (strcmp(e->section, "extract") != 0 || !is_extract_option(e->key))
            continue;
        char *value = is_path_option(e->key) ? from_folder(r, e->value) : memory_text(e->value);
        strings_add(&r->campaign->extract, text_format("--%s=%s", e->key, value));
        free(value);
        e->used = 1;
        char *why = find_wrong_option(&r->campaign->extract);
        if (why)
            refuse(r, "extract", e->key, text_format("[extract] %s", why));
        free(why);
    }
}

static char *copy_word(const struct reading_campaign *r, const char *word)
{
    (void)r;
    return memory_text(word);
}

static void read_learners(struct reading_campaign *r)
{
    struct strings *names = &r->campaign->learners;
    const char *list = get(r, "train", "learners", "all");
    if (strcmp(list, "all") != 0)
        add_words(r, list, names, copy_word);
    for (size_t i = 0; i < n_learners && strcmp(list, "all") == 0; i++)
        strings_add(names, memory_text(learners[i].name));
    for (size_t i = 0; i < names->n; i++)
        if (!learner_find(names->items[i]))
            refuse(r, "train", "learners",
                   text_format(
                       "[train] learners: there is no learner '%s'; names are separated by blanks, and 'all' "
                       "stands alone",
                       names->items[i]));
    for (size_t i = 0; i < names->n; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(names->items[k], names->items[i]) == 0)
                refuse(r, "train", "learners",
                       text_format("[train] learners names '%s' twice", names->items[i]));
    if (names->n == 0)
        refuse(r, "train", "learners", memory_text("[train] learners names none"));
}

static uint64_t get_count(struct reading_campaign *r, const char *key, const char *otherwise, uint64_t min,
                          uint64_t max)
{
    const char *text = get(r, "train", key, otherwise);
    uint64_t n = min;
    if (parse_u64(text, min, max, &n))
        refuse(r, "train", key,
               text_format("[train] %s is not a number from %llu to %llu: '%s'", key, (unsigned long long)min,
                           (unsigned long long)max, text));
    return n;
}

static void read_training(struct reading_campaign *r)
{
    struct training_plan *plan = &r->campaign->plan;
    const char *share = get(r, "train", "test-share", "0.3");
    read_learners(r);
    plan->seed = get_count(r, "seed", "1", 0, TRAINING_SEED_MOST);
    if (get(r, "train", "bins", NULL))
        plan->n_bins = (uint32_t)get_count(r, "bins", "255", 2, BINS_MOST);
    plan->n_folds = get_count(r, "folds", "5", 0, FOLDS_MOST);
    if (plan->n_folds == 1)
        refuse(r, "train", "folds", memory_text("[train] folds must be 0 or at least 2"));
    if (parse_double(share, 0, 0.99, &plan->test_share))
        refuse(r, "train", "test-share",
               text_format("[train] test-share is not a number from 0 to 0.99: '%s'", share));
}

/* A campaign that gives itself no name has its file's, without .ini. */
static char *name_of_file(const char *path)
{
    const char *file = path_name(path);
    const size_t n = strlen(file);
    return text_format("%.*s", (int)(n > 4 && text_ends_in(file, ".ini") ? n - 4 : n), file);
}

static void read_names(struct reading_campaign *r)
{
    struct campaign *c = r->campaign;
    const char *output = get(r, "campaign", "output", ""), *rules = get(r, "label", "rules", NULL),
               *name = get(r, "campaign", "name", NULL);
    c->name = name ? memory_text(name) : name_of_file(r->ini.path);
    c->output = from_folder(r, output);
    c->rules = rules ? from_folder(r, rules) : NULL;
    const char *devices = get(r, "devices", "files", NULL);
    add_words(r, devices ? devices : "", &c->devices, from_folder);
    if (devices && c->devices.n == 0)
        refuse(r, "devices", "files",
               memory_text("[devices] files names none: without the key every source is kept"));
    if (rules && !*rules)
        refuse(r, "label", "rules",
               memory_text("[label] rules names no file: without the key they are the paper's"));
    if (!is_name(c->name))
        refuse(r, "campaign", "name",
               text_format("[campaign] name (absent: the file's) is made of letters, digits, . _ -: '%s'",
                           c->name));
    if (!*output)
        refuse(r, "campaign", "output", memory_text("[campaign] names no output"));
}

static void pass_over_slurm(struct reading_campaign *r)
{
    for (size_t i = 0; i < r->ini.n; i++) {
        struct ini_entry *e = &r->ini.entries[i];
        if (strcmp(e->section, "slurm") == 0 &&
            is_one_of(e->key, slurm_keys, sizeof slurm_keys / sizeof *slurm_keys))
            e->used = 1;
    }
}

static int is_section(const char *name)
{
    static const char *const all[] = {"campaign", "devices", "extract", "label", "train", "slurm"};
    return strncmp(name, "month ", 6) == 0 || is_one_of(name, all, sizeof all / sizeof *all);
}

/* What nobody asked for; NULL: there is no such thing. */
static char *find_misspelling(const struct ini *ini)
{
    const struct ini_entry *e = ini_unused(ini);
    if (!e)
        return NULL;
    if (!*e->section)
        return text_format("%s:%d: '%s' stands in no section", ini->path, e->line, e->key);
    if (!is_section(e->section))
        return text_format("%s:%d: there is no section [%s]", ini->path, e->section_line, e->section);
    return text_format("%s:%d: [%s] has no key '%s'", ini->path, e->line, e->section, e->key);
}

/* A misspelling goes first: what else is wrong may follow from it. */
static int tell_wrong(struct reading_campaign *r)
{
    char *misspelling = find_misspelling(&r->ini);
    const int code = misspelling || r->wrong ? EXIT_BAD_CONFIG : EXIT_DONE;
    if (misspelling)
        log_error("%s", misspelling);
    else if (r->line)
        log_error("%s:%d: %s", r->ini.path, r->line, r->wrong);
    else if (r->wrong)
        log_error("%s: %s", r->ini.path, r->wrong);
    free(misspelling);
    free(r->wrong);
    return code;
}

int campaign_load(const char *path, char **text, size_t *n)
{
    const int absent = access(path, R_OK) != 0;
    *text = ini_load(path, n);
    return *text ? EXIT_DONE : absent ? EXIT_NO_INPUT : EXIT_BAD_CONFIG;
}

int campaign_read(struct campaign *campaign, const char *path, const char *text, size_t n)
{
    *campaign = (struct campaign){0};
    struct reading_campaign r = {.campaign = campaign};
    int code = EXIT_BAD_CONFIG;
    r.folder = path_folder(path);
    char *why = ini_read_text(&r.ini, path, text, n);
    if (why) {
        log_error("%s", why);
    } else {
        read_names(&r);
        read_extract(&r);
        read_months(&r);
        read_training(&r);
        pass_over_slurm(&r);
        code = tell_wrong(&r);
    }
    ini_free(&r.ini);
    free(r.folder);
    free(why);
    return code;
}

void campaign_free(struct campaign *c)
{
    for (size_t m = 0; m < c->n_months; m++) {
        free(c->months[m].name);
        strings_free_all(&c->months[m].archive);
    }
    free(c->months);
    strings_free_all(&c->devices);
    strings_free_all(&c->extract);
    strings_free_all(&c->learners);
    free(c->name);
    free(c->output);
    free(c->rules);
    *c = (struct campaign){0};
}

char *campaign_training_text(const struct campaign *c)
{
    const struct training_plan *p = &c->plan;
    char *bins = p->n_bins ? text_format("%u", p->n_bins) : memory_text("by learner"),
         share[FORMAT_TIME_SIZE];
    char *text =
        text_format("seed = %llu\nbins = %s\ntest-share = %s\nfolds = %llu\n", (unsigned long long)p->seed,
                    bins, format_real(p->test_share, share), (unsigned long long)p->n_folds);
    free(bins);
    return text;
}
