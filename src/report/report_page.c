#include "darkforest/report/report.h"

#include "arrange.h"
#include "leftovers.h"
#include "sections.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/output.h"
#include "darkforest/core/text.h"
#include "darkforest/core/version.h"

#include <stdlib.h>
#include <string.h>

/* In the order in which they are read. */
static int (*const sections[])(struct document *document, const struct report *report,
                               const char *figures) = {
    section_caveats,  section_settings, section_reading,   section_labels,
    section_features, section_models,   section_confusion, section_runs,
};

static int build(struct document *document, const struct report *report, const char *figures)
{
    document_text(document, BLOCK_TITLE, "Network telescope: sources and classifiers");
    document_text(
        document, BLOCK_TEXT,
        "Made by darkforest " DARKFOREST_VERSION
        ". A source is an IPv4 address seen in a window of time; its class is decided by rules over "
        "its packets, and learned from nine features. No address is shown here.");
    int bad = 0;
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        bad |= sections[i](document, report, figures);
    return bad ? EXIT_IO : EXIT_DONE;
}

/* The folder's name, or, of a campaign's `report`, that of the folder around it, in letters that LaTeX's
 * labels may have: what is not ASCII is written out, so that names in other scripts stay different. */
static char *label_of(const char *folder)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    char *real = realpath(folder, NULL), *label = memory_text(""),
         *around = path_folder(real ? real : folder);
    const char *name = path_name(real ? real : folder), *outer = path_name(around);
    for (const char *at = strcmp(name, "report") == 0 && *outer ? outer : name; *at; at++) {
        const unsigned char byte = (unsigned char)*at;
        if (byte < 0x80)
            text_add(&label, "%c", strchr(letters, byte) ? byte : '-');
        else
            text_add(&label, "%02x", byte);
    }
    free(around);
    free(real);
    return label;
}

/* The folder, and the page in it, held from the start: of two reports side by side the files would be
 * mixed. */
static int hold_page(struct output **page, const char *folder, const char *figures)
{
    if (output_make_directory(figures))
        return EXIT_IO;
    char *path = text_format("%s/report.html", folder);
    const int code = output_begin(page, path);
    if (code == EXIT_DONE)
        leftovers_drop_drawings(figures);
    free(path);
    return code;
}

int report_write(struct report *report, const char *folder)
{
    struct document document = {0};
    struct output *page = NULL;
    char *figures = text_format("%s/figures", folder);
    arrange_report(report);
    int code = hold_page(&page, folder, figures);
    document.label = label_of(folder);
    if (code == EXIT_DONE)
        code = build(&document, report, figures);
    if (code == EXIT_DONE)
        code = document_write(&document, folder, page);
    else if (page)
        output_end(page, 1);
    document_free(&document);
    free(figures);
    return code;
}
