#include "joint.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/output.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

struct joint {
    const struct ranks *world;
    const char *path;
    struct output *output; /* rank 0 */
    int fd;
    uint64_t n_bytes, n_inflated; /* of the file so far */
    struct part *parts;           /* rank 0 */
    size_t n_parts;
};

static int say_unwritable(const struct joint *joint)
{
    log_error("%s: cannot be written: %m", joint->path);
    return EXIT_IO;
}

/* The clients of NFS write whole pages: of one that ranks of two nodes write parts of, a part could be lost.
 * They do not where each write is waited for. */
static int open_to_share(const char *path)
{
    struct statfs system;
    const int is_nfs = statfs(path, &system) == 0 && system.f_type == NFS_SUPER_MAGIC;
    return open(path, O_WRONLY | O_CLOEXEC | (is_nfs ? O_DSYNC : 0));
}

/* Rank 0's name for the file on its way, in fresh memory. */
static char *share_partial_name(const struct joint *joint)
{
    const char *own = joint->output ? output_partial(joint->output) : NULL;
    uint64_t n = own ? strlen(own) + 1 : 0;
    ranks_broadcast(joint->world, 0, &n, sizeof n);
    char *name = memory_get((size_t)n);
    if (own)
        memcpy(name, own, (size_t)n);
    ranks_broadcast(joint->world, 0, name, (size_t)n);
    return name;
}

/* Rank 0 makes the file, then all find it. */
static int make_and_open(struct joint *joint)
{
    const int first = ranks_rank(joint->world) == 0;
    int code = first ? output_begin(&joint->output, joint->path) : EXIT_DONE;
    code = ranks_agree(joint->world, code, NULL);
    if (code != EXIT_DONE)
        return code;
    char *partial = share_partial_name(joint);
    joint->fd = open_to_share(partial);
    code = joint->fd < 0 ? say_unwritable(joint) : EXIT_DONE;
    free(partial);
    return ranks_agree(joint->world, code, NULL);
}

static void free_joint(struct joint *joint)
{
    free(joint->parts);
    free(joint);
}

int joint_open(struct joint **joint, const struct ranks *world, const char *path)
{
    struct joint *made = memory_zeroed(1, sizeof *made);
    made->world = world;
    made->path = path;
    made->fd = -1;
    const int code = make_and_open(made);
    if (code == EXIT_DONE)
        *joint = made;
    else
        joint_close(made, code);
    return code;
}

static int write_at(const struct joint *joint, const char *data, size_t n, uint64_t offset)
{
    while (n > 0) {
        const ssize_t done = pwrite(joint->fd, data, n, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return say_unwritable(joint);
        data += done;
        n -= (size_t)done;
        offset += (uint64_t)done;
    }
    return EXIT_DONE;
}

/* The parts of all ranks' pieces, moved to where those lie, to the list of rank 0. */
static void keep_parts(struct joint *joint, const struct joint_piece *piece, uint64_t offset,
                       uint64_t inflated)
{
    const size_t n_bytes = piece->n_parts * sizeof *piece->parts;
    size_t n_all;
    struct part *own = memory_get(n_bytes);
    if (n_bytes)
        memcpy(own, piece->parts, n_bytes);
    parts_shift(own, piece->n_parts, offset, inflated);
    struct part *all = ranks_gather(joint->world, own, n_bytes, &n_all);
    if (n_all) {
        joint->parts = memory_resize(joint->parts, joint->n_parts * sizeof *joint->parts + n_all);
        memcpy(joint->parts + joint->n_parts, all, n_all);
        joint->n_parts += n_all / sizeof *joint->parts;
    }
    free(all);
    free(own);
}

int joint_append(struct joint *joint, const struct joint_piece *piece, int code)
{
    const struct joint_piece nothing = {0}, *brought = code == EXIT_DONE ? piece : &nothing;
    uint64_t sums[2] = {brought->n, brought->n_inflated};
    const uint64_t offset = joint->n_bytes + ranks_sum_before(joint->world, brought->n);
    const uint64_t inflated = joint->n_inflated + ranks_sum_before(joint->world, brought->n_inflated);
    ranks_sum_u64(joint->world, sums, 2);
    joint->n_bytes += sums[0];
    joint->n_inflated += sums[1];
    keep_parts(joint, brought, offset, inflated);
    if (code == EXIT_DONE)
        code = write_at(joint, brought->data, brought->n, offset);
    return ranks_agree(joint->world, code, NULL);
}

/* Rank 0: the index that makes a chain of frames a file to be read from anywhere. */
static int write_trailer(const struct joint *joint)
{
    size_t n = 0;
    uint8_t *trailer = parts_trailer(joint->parts, joint->n_parts, joint->n_bytes, joint->n_inflated, &n);
    const int code = write_at(joint, (const char *)trailer, n, joint->n_bytes);
    free(trailer);
    return code;
}

/* What this rank wrote is on the disk: rank 0's sync is of its own node, and what another could not write is
 * told to nobody else. */
static int close_own(const struct joint *joint, int code)
{
    if (joint->fd < 0)
        return code;
    if (code == EXIT_DONE && output_sync(joint->fd))
        code = say_unwritable(joint);
    return close(joint->fd) && code == EXIT_DONE ? say_unwritable(joint) : code;
}

int joint_close(struct joint *joint, int code)
{
    const int first = ranks_rank(joint->world) == 0;
    if (first && code == EXIT_DONE && joint->n_parts > 0)
        code = write_trailer(joint);
    code = close_own(joint, code);
    code = ranks_agree(joint->world, code, NULL);
    if (joint->output && output_end(joint->output, code != EXIT_DONE) && code == EXIT_DONE)
        code = EXIT_IO;
    code = ranks_agree(joint->world, code, NULL);
    free_joint(joint);
    return code;
}
