#include "darkforest/sources/scratch.h"

#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

/* A file without a name: O_TMPFILE, or where the file system has none,
 * one whose name is taken away at once. */
static int open_nameless(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        char *name = text_format("%s/darkforest-XXXXXX", folder);
        fd = mkostemp(name, O_CLOEXEC);
        if (fd >= 0)
            unlink(name);
        free(name);
    }
    return fd;
}

/* Nodes without disks hold their /tmp in memory: what is spilled there is not out of the way. */
static void warn_of_memory_disk(const char *folder)
{
    static int was_said;
    struct statfs system;
    const unsigned long type = statfs(folder, &system) == 0 ? (unsigned long)system.f_type : 0;
    const int is_memory = type == TMPFS_MAGIC || type == RAMFS_MAGIC;
    if (is_memory && !was_said++)
        log_warn("%s lies in memory, and so does what is spilled there: --tmpdir DIR names a disk", folder);
}

/* Every open window has scratch files of its own: as many files as the system lets this process have. */
static int may_have_more_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max)
        return 0;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

struct scratch *scratch_open(const char *folder)
{
    struct scratch *scratch = memory_zeroed(1, sizeof *scratch);
    scratch->fd = open_nameless(folder);
    if (scratch->fd < 0 && errno == EMFILE && may_have_more_files())
        scratch->fd = open_nameless(folder);
    if (scratch->fd < 0) {
        log_error("%s: no scratch file can be made here (%m); give another folder with --tmpdir (without it: "
                  "$SLURM_TMPDIR, else $TMPDIR, else /tmp)",
                  folder);
        free(scratch);
        return NULL;
    }
    warn_of_memory_disk(folder);
    scratch->folder = memory_text(folder);
    return scratch;
}

void scratch_close(struct scratch *scratch)
{
    if (!scratch)
        return;
    close(scratch->fd);
    free(scratch->folder);
    free(scratch);
}

int scratch_append(struct scratch *scratch, const void *bytes, size_t n)
{
    for (size_t done = 0; done < n;) {
        const ssize_t got =
            pwrite(scratch->fd, (const char *)bytes + done, n - done, (off_t)(scratch->n_bytes + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            log_error("%s: scratch cannot be written after %llu bytes (%s); make room, give another folder "
                      "with --tmpdir, or "
                      "more --memory",
                      scratch->folder, (unsigned long long)(scratch->n_bytes + done), strerror(errno));
            return -1;
        }
        done += (size_t)got;
    }
    scratch->n_bytes += n;
    return 0;
}

int scratch_read(const struct scratch *scratch, uint64_t at, void *bytes, size_t n)
{
    for (size_t done = 0; done < n;) {
        const ssize_t got = pread(scratch->fd, (char *)bytes + done, n - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            log_error("%s: scratch cannot be read back at byte %llu: %s", scratch->folder,
                      (unsigned long long)(at + done), got < 0 ? strerror(errno) : "it ends there");
            return -1;
        }
        done += (size_t)got;
    }
    return 0;
}
