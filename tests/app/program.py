"""Runs the program under test: `Program(path).run("extract", ..., ranks=3)`. A run that hangs fails its test."""
import concurrent.futures
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

READ_FIRST = 16 << 20  # bytes that a run has read before it is disturbed
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

    def run(self, *words, ranks=1, seconds=60, meanwhile=None, stdout=subprocess.PIPE, more=None, before=()):
        """
        The finished process: returncode, stdout, stderr. One rank runs without mpirun. `meanwhile` is called while it runs; `more` is
        its environment beside the usual, `before` are words of a command that runs it.
        """
        command, environment = [self.path, *words], ENVIRONMENT
        if ranks > 1:
            command = ["mpirun", "-n", str(ranks), "--oversubscribe", *command]
        else:  # without a daemon beside it; each in a session folder of its own
            session = tempfile.mkdtemp(prefix="session-", dir=self.folder)
            environment = dict(ENVIRONMENT, OMPI_MCA_ess_singleton_isolated="1", OMPI_MCA_orte_tmpdir_base=session)
        environment = dict(environment, **(more or {}))
        with concurrent.futures.ThreadPoolExecutor(1) as aside:
            waiting = aside.submit(meanwhile) if meanwhile else None
            done = subprocess.run([*before, *command], env=environment, timeout=seconds, text=True, stdout=stdout, stderr=subprocess.PIPE)
            if waiting:
                waiting.result(timeout=seconds)
        return done

    def disturbed(self, words, output, ranks, what):
        """A run into `output`; `what` is called while all its ranks stand still in the middle of reading."""
        def disturb():
            late = time.monotonic() + 30
            while not any(n_read(pid) > READ_FIRST for pid in self.ranks_of(output)):
                assert time.monotonic() < late, "the run has not come to its middle"
                time.sleep(0.002)
            stopped = self.ranks_of(output)
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            what()
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)

        return self.run(*words, ranks=ranks, meanwhile=disturb)

    def ranks_of(self, output):
        """The processes of a run into `output`."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as f:
                    words = f.read().decode(errors="replace").split("\0")
            except OSError:
                continue
            if words[0] == self.path and output in words:
                found.append(int(pid))
        return found

    def do(self, *words, **how):
        """A run that must succeed."""
        done = self.run(*words, **how)
        assert done.returncode == 0, "%s: exit %d\n%s" % (" ".join(words), done.returncode, done.stderr)
        return done


def n_read(pid):
    """Bytes that a process has read so far."""
    try:
        with open("/proc/%d/io" % pid) as f:
            return int(f.readline().split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def run_record(folder):
    with open(os.path.join(folder, "run.json")) as f:
        return json.load(f)


def captures():
    """The folder of real captures beside the checkout; the test is skipped where it is not."""
    if not os.path.isdir(CAPTURES):
        skip("no folder of captures at %s" % os.path.normpath(CAPTURES))
    return CAPTURES
