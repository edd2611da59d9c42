#include "scratch.h"

#include "darkforest/core/log.h"
#include "darkforest/core/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file without a name: O_TMPFILE, or where the file system has none, one whose name is taken away at once.
 */
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

struct scratch *scratch_open(const char *folder, size_t n_buckets)
{
    struct scratch *scratch = memory_zeroed(1, sizeof *scratch);
    scratch->fd = open_nameless(folder);
    if (scratch->fd < 0) {
        log_error(
            "%s: no scratch file can be made here (%m); give another folder with --tmpdir, or more --memory",
            folder);
        free(scratch);
        return NULL;
    }
    scratch->folder = memory_text(folder);
    scratch->n_buckets = n_buckets;
    return scratch;
}

void scratch_close(struct scratch *scratch)
{
    if (!scratch)
        return;
    close(scratch->fd);
    free(scratch->folder);
    free(scratch->ends);
    free(scratch);
}

void scratch_begin(struct scratch *scratch)
{
    scratch->n_spills++;
    scratch->ends =
        memory_resize(scratch->ends, scratch->n_spills * scratch->n_buckets * sizeof *scratch->ends);
}

int scratch_write(struct scratch *scratch, size_t bucket, const void *bytes, size_t n)
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
    scratch->ends[(scratch->n_spills - 1) * scratch->n_buckets + bucket] = scratch->n_bytes;
    return 0;
}

uint64_t scratch_run(const struct scratch *scratch, size_t spill, size_t bucket, uint64_t *n_bytes)
{
    const size_t i = spill * scratch->n_buckets + bucket;
    const uint64_t start = i == 0 ? 0 : scratch->ends[i - 1];
    *n_bytes = scratch->ends[i] - start;
    return start;
}
