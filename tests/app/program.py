"""Runs the program under test: `Program(path).run("extract", ..., ranks=3)`. A run that hangs fails its test."""
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77  # ctest's SKIP_RETURN_CODE
CAPTURES = os.path.join(os.path.dirname(__file__), "..", "..", "..", "shared", "captures")

ENVIRONMENT = dict(
    os.environ,
    OMPI_ALLOW_RUN_AS_ROOT="1",
    OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
    OMPI_MCA_btl_vader_single_copy_mechanism="none",
    OMPI_MCA_mpi_yield_when_idle="1",
    OMPI_MCA_rmaps_base_oversubscribe="1",
    # Open MPI looks for fabrics for half a second at each start; there is none in a test.
    OMPI_MCA_pml="ob1",
    OMPI_MCA_btl="self,vader",
    ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "detect_leaks=0"),
)


def skip(why):
    print("skipped:", why)
    sys.exit(SKIPPED)


class Program:
    def __init__(self, path):
        self.path = path
        self.folder = tempfile.mkdtemp(prefix="darkforest-test-")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def file(self, *parts):
        """A path in the test's own folder."""
        return os.path.join(self.folder, *parts)

    def run(self, *words, ranks=1, seconds=60, meanwhile=None):
        """The finished process: returncode, stdout, stderr. One rank runs without mpirun. `meanwhile` is called while it runs."""
        command, environment = [self.path, *words], ENVIRONMENT
        if ranks > 1:
            command = ["mpirun", "-n", str(ranks), "--oversubscribe", *command]
        else:  # without a daemon beside it; each in a session folder of its own
            session = tempfile.mkdtemp(prefix="session-", dir=self.folder)
            environment = dict(ENVIRONMENT, OMPI_MCA_ess_singleton_isolated="1", OMPI_MCA_orte_tmpdir_base=session)
        with concurrent.futures.ThreadPoolExecutor(1) as aside:
            waiting = aside.submit(meanwhile) if meanwhile else None
            done = subprocess.run(command, env=environment, timeout=seconds, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            if waiting:
                waiting.result(timeout=seconds)
        return done

    def do(self, *words, **how):
        """A run that must succeed."""
        done = self.run(*words, **how)
        assert done.returncode == 0, "%s: exit %d\n%s" % (" ".join(words), done.returncode, done.stderr)
        return done


def run_record(folder):
    with open(os.path.join(folder, "run.json")) as f:
        return json.load(f)


def captures():
    """The folder of real captures beside the checkout; the test is skipped where it is not."""
    if not os.path.isdir(CAPTURES):
        skip("no folder of captures at %s" % os.path.normpath(CAPTURES))
    return CAPTURES
