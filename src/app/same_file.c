#include "same_file.h"

#include "darkforest/core/clock.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/text.h"

#include <stdlib.h>
#include <sys/stat.h>

struct same_file same_file_note(const char *path)
{
    struct stat status;
    if (stat(path, &status))
        return (struct same_file){0};
    return (struct same_file){(uint64_t)status.st_size, status.st_ino, clock_modified_ns(&status)};
}

int same_file_check(const char *path, const struct same_file *noted, char **why)
{
    const struct same_file now = same_file_note(path);
    if (now.n_bytes == noted->n_bytes && now.inode == noted->inode && now.modified_ns == noted->modified_ns)
        return EXIT_DONE;
    free(*why);
    *why = text_format("%s has changed since it was first looked at", path);
    return EXIT_IO;
}
