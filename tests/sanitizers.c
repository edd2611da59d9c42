/* Linked into every program of a sanitizer build: what the sanitizers are to know of the libraries that our
 * programs use. */
#include <dlfcn.h>

/* Leaks are told after Open MPI has closed its plugins. Whose they are is known only while the plugins are
 * there, and for an address of no library the sanitizer reads the whole map of the process again, which took
 * three quarters of the time of a run of five ranks. */
int dlclose(void *library)
{
    (void)library;
    return 0;
}

const char *__asan_default_options(void);

/* Debian's libraries keep no frame pointers: stacks are unwound by their tables. Up to GCC 13 and LLVM 16 the
 * interceptor of __tls_get_addr takes a thread's block for one of an old glibc when it lies 16 bytes into a
 * page, and the search for leaks then follows garbage. */
const char *__asan_default_options(void)
{
    return "fast_unwind_on_malloc=0:malloc_context_size=10:intercept_tls_get_addr=0";
}

const char *__lsan_default_options(void);

const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}

const char *__lsan_default_suppressions(void);

/* What the MPI libraries keep until the process ends, and the HDF5 library, which is told not to tidy up at
 * exit, where after a full disk it would try to write again. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libmpi\nleak:libopen-rte\nleak:libopen-pal\nleak:libpmix\nleak:libhwloc\nleak:libevent\n"
           "leak:libfabric\nleak:libucp\nleak:libucs\nleak:libpsm\nleak:mca_\nleak:libdbus\n"
           "leak:libibverbs\nleak:libhdf5\n";
}
