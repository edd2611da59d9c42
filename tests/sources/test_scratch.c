/* A system that writes and reads less than was asked for, or is interrupted, as network file systems and
 * signals have it: the calls below stand in for those of the C library. */
#include "darkforest/sources/scratch.h"

#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

static unsigned n_calls;

static int is_interrupted(void)
{
    errno = EINTR;
    return ++n_calls % 3 == 0;
}

static size_t some_of(size_t n)
{
    return n > 1000 ? 1000 : n;
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    return is_interrupted() ? -1 : syscall(SYS_pwrite64, fd, bytes, some_of(n), at);
}

ssize_t pread(int fd, void *bytes, size_t n, off_t at)
{
    return is_interrupted() ? -1 : syscall(SYS_pread64, fd, bytes, some_of(n), at);
}

static uint8_t byte_of(size_t i)
{
    return (uint8_t)(i * 2654435761U >> 11);
}

static void all_is_written_and_read(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 999, 1000, 1001, 0, 2500, 100000};
    struct scratch *scratch = scratch_open("/tmp");
    uint8_t *bytes = memory_get(200000);
    size_t n = 0;
    for (size_t i = 0; i < 200000; i++)
        bytes[i] = byte_of(i);
    for (size_t p = 0; p < sizeof pieces / sizeof *pieces; n += pieces[p++])
        assert_int_equal(scratch_append(scratch, bytes + n, pieces[p]), 0);
    assert_int_equal(scratch->n_bytes, n);
    for (size_t at = 0; at < n; at += 3333) {
        uint8_t read[5000];
        const size_t m = n - at < sizeof read ? n - at : sizeof read;
        assert_int_equal(scratch_read(scratch, at, read, m), 0);
        assert_memory_equal(read, bytes + at, m);
    }
    assert_int_equal(scratch_read(scratch, n - 10, bytes, 11), -1); /* it ends there */
    free(bytes);
    scratch_close(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_is_written_and_read)};
    log_init(LOG_QUIET, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
