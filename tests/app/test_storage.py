"""
Disks that are full, folders that cannot be written, inputs that change under the reader: one sentence that names the thing, the exit
code, nothing under a final name, no scratch left, no hang; and once the cause is gone, the same command gives what an undisturbed run
gives. Needs root for its small file systems.
"""
import contextlib
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time

from program import Program, run_record, skip

NO_INPUT, IO_FAILED, STOPPED = 66, 74, 75
LEAST_MEMORY = "32MiB"  # at which the hour below must be spilled
FROM = ["--from", "2017-01-01"]  # the few packets before make no window


def mount(where, *options):
    return subprocess.run(["mount", *options, "tmpfs", where], stderr=subprocess.DEVNULL).returncode == 0


@contextlib.contextmanager
def small_disk(p, name, options):
    where = p.file(name)
    os.makedirs(where)
    if not mount(where, "-t", "tmpfs", "-o", options):
        skip("a tmpfs cannot be mounted here: it needs root")
    try:
        yield where
    finally:
        subprocess.run(["umount", where], check=True)


def features(folder):
    return sorted(name for name in os.listdir(folder) if name.startswith("features-"))


def refused(done, output, code, *names):
    """One error, in which the names stand, with this code; no feature file and nothing half done."""
    said = [line for line in done.stderr.splitlines() if "error: " in line]
    assert done.returncode == code, "exit %d, not %d\n%s" % (done.returncode, code, done.stderr)
    assert len(said) == 1 and all(name in said[0] for name in names), done.stderr
    assert [name for name in os.listdir(output) if name != "run.json"] == [], os.listdir(output)


def same(p, output, truth):
    assert features(output) == features(truth), features(output)
    for name in features(truth):
        for group in ("/sources", "/tally"):
            subprocess.run(["h5diff", "-q", os.path.join(truth, name), os.path.join(output, name), group], check=True)


def full_scratch(p, hours, truth, ranks):
    output = p.file("scratch-out-%d" % ranks)
    with small_disk(p, "scratch-%d" % ranks, "size=2m") as scratch:
        words = ["extract", *hours, *FROM, "--memory", LEAST_MEMORY, "--tmpdir", scratch, "-o", output]
        refused(p.run(*words, ranks=ranks), output, IO_FAILED, scratch, "No space left", "--tmpdir")
        assert run_record(output)["exit_code"] == IO_FAILED and scratch in run_record(output)["error"]
        assert mount(scratch, "-o", "remount,size=400m")
        p.do(*words, ranks=ranks)
        assert run_record(output)["spilled_bytes"] > 2 << 20 and os.listdir(scratch) == []
    same(p, output, truth)


def lost_scratch(p, hours, truth, ranks):
    """What was set aside cannot be read back: by rank 0 and others alike, sums as well as contacts."""
    output, scratch = p.file("lost-out-%d" % ranks), p.file("lost-%d" % ranks)
    os.mkdir(scratch)

    def empty_files(pid):
        for fd in os.listdir("/proc/%d/fd" % pid):
            fd = "/proc/%d/fd/%s" % (pid, fd)
            if os.readlink(fd).startswith(scratch):
                os.truncate(fd, 0)

    def lose():
        late, seen = time.monotonic() + 60, False
        while time.monotonic() < late and not (seen and not p.ranks_of(output)):
            for pid in p.ranks_of(output)[:1]:
                seen = True
                with contextlib.suppress(OSError):  # it ends
                    empty_files(pid)
            time.sleep(0.005)

    words = ["extract", *hours, *FROM, "--memory", LEAST_MEMORY, "--tmpdir", scratch, "-o", output]
    refused(p.run(*words, ranks=ranks, meanwhile=lose), output, IO_FAILED, scratch)
    p.do(*words, ranks=ranks)
    same(p, output, truth)


def full_output(p, hours, truth, ranks):
    with small_disk(p, "output-%d" % ranks, "size=512k") as output:
        words = ["extract", *hours, *FROM, "-o", output]
        refused(p.run(*words, ranks=ranks), output, IO_FAILED, output, "No space left")
        assert mount(output, "-o", "remount,size=400m")
        p.do(*words, ranks=ranks)
        same(p, output, truth)


def file_too_large(p, hours, truth):
    """A limit of the shell on the size of files; with more ranks MPI's own files would reach it before."""
    output = p.file("limited-out")
    os.mkdir(output)
    words = ["extract", *hours, *FROM, "-o", output]
    refused(p.run(*words, before=["sh", "-c", 'ulimit -f 1000 && exec "$@"', "sh"]), output, IO_FAILED, output, "File too large")
    p.do(*words)
    same(p, output, truth)


def read_only_output(p, hours, truth, ranks):
    with small_disk(p, "read-only-%d" % ranks, "ro") as output:
        words = ["extract", *hours, *FROM, "-o", output]
        refused(p.run(*words, ranks=ranks), output, IO_FAILED, output, "Read-only")
        assert mount(output, "-o", "remount,rw")
        p.do(*words, ranks=ranks)
        same(p, output, truth)


@contextlib.contextmanager
def at_work(path):
    """As if another run were writing the file."""
    with open(path + ".partial", "w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def two_runs_in_one_place(p, hours, truth, ranks):
    output, model = p.file("shared-out-%d" % ranks), p.file("model-%d.h5" % ranks)
    os.mkdir(output)
    words, fit = ["extract", *hours, *FROM, "-o", output], ["train", truth, "-o", model]
    with at_work(os.path.join(output, "run.json")), at_work(model + ".run.json"):
        for refused, place in ((p.run(*words, ranks=ranks), output), (p.run(*fit, ranks=ranks), model)):
            assert refused.returncode == STOPPED and place in refused.stderr and "another run" in refused.stderr, refused.stderr
    assert features(output) == [] and not os.path.exists(model)
    p.do(*words, ranks=ranks)
    p.do(*fit, ranks=ranks)
    same(p, output, truth)
    # Where only the file is taken, the record says so.
    os.remove(model)
    with at_work(model):
        assert p.run(*fit, ranks=ranks).returncode == STOPPED
    with open(model + ".run.json") as f:
        assert "another run" in json.load(f)["error"] and not os.path.exists(model)
    p.do(*fit, ranks=ranks)
    with open(p.file("key"), "wb") as f:
        f.write(bytes(32))
    anonymous = ["--format", "hdf5", "--anonymize", p.file("key")]
    for taken, command in [("hour.pcap", ["synth", "--packets", "1000", "--sources", "100"]), ("hour.pcap.zst", ["pack", hours[0]]),
                           ("rows.csv", ["export", truth]), ("model.json", ["export", model, "--model", "forest-depth-2"]),
                           ("anonymous.h5", ["export", os.path.join(truth, features(truth)[0]), *anonymous])]:
        taken = p.file("taken-" + taken)
        with at_work(taken):
            refused = p.run(*command, "-o", taken, ranks=ranks)
            said = [line for line in refused.stderr.splitlines() if "error: " in line]
            assert refused.returncode == STOPPED and len(said) == 1 and "another run" in said[0], (command, refused.stderr)
        p.do(*command, "-o", taken, ranks=ranks)
    report_in_one_place(p, truth)


def report_in_one_place(p, truth):
    """The page's place is held from the start: the tables of two reports side by side would be mixed."""
    report = p.file("taken-report")
    os.makedirs(report, exist_ok=True)
    with at_work(os.path.join(report, "report.html")):
        refused = p.run("report", truth, "-o", report)
        said = [line for line in refused.stderr.splitlines() if "error: " in line]
        assert refused.returncode == STOPPED and len(said) == 1 and "another run" in said[0], refused.stderr
    assert not os.path.exists(os.path.join(report, "tables")), os.listdir(report)
    figures = os.path.join(report, "figures")  # where a killed report was drawing
    os.makedirs(figures, exist_ok=True)
    for name in ("label-mix.svg.123.partial", "label-mix.pdf.123.partial", "mine.partial"):
        open(os.path.join(figures, name), "w").close()
    p.do("report", truth, "-o", report)
    assert [name for name in os.listdir(figures) if name.endswith(".partial")] == ["mine.partial"], os.listdir(figures)
    shutil.rmtree(report)


def lost_record(p, hours, truth, ranks):
    """What run.json says of earlier runs is kept, or the run says that it is not."""
    output = p.file("record-out-%d" % ranks)
    record = os.path.join(output, "run.json")
    words = ["extract", *hours, *FROM, "-o", output]
    os.makedirs(record)  # which opens, and cannot be read
    done = p.run(*words, ranks=ranks)
    said = [line for line in done.stderr.splitlines() if "error: " in line]
    assert done.returncode == IO_FAILED and len(said) == 1 and record + " cannot be read" in said[0], done.stderr
    assert os.listdir(output) == ["run.json"], os.listdir(output)
    os.rmdir(record)
    with open(record, "w") as f:
        f.write('{"command": "ext')
    assert record + " is not a run record" in p.do(*words, ranks=ranks).stderr
    p.do(*words, ranks=ranks)
    assert len(run_record(output)["earlier"]) == 1
    same(p, output, truth)


def full_standard_output(p, hours, truth, ranks):
    model = p.file("told-%d.h5" % ranks)
    with open("/dev/full", "w") as full:
        done = p.run("train", truth, "-o", model, ranks=ranks, stdout=full)
    with open(model + ".run.json") as f:
        told = json.load(f)
    # mpirun takes what ranks print, so that they write to its pipe.
    assert ranks > 1 or (done.returncode == told["exit_code"] == IO_FAILED and "standard output" in told["error"]), told


def cut_while_read(p, hours, truth, ranks):
    output, mine = p.file("cut-out-%d" % ranks), p.file("cut-%d" % ranks)
    os.mkdir(mine)
    copies = [shutil.copy(hour, mine) for hour in hours]
    words = ["extract", *copies, *FROM, "-o", output]
    done = p.disturbed(words, output, ranks, lambda: os.truncate(copies[1], 1 << 20))
    refused_or_first_hour(done, output, "has changed", os.path.basename(copies[1]))
    shutil.copy(hours[1], mine)
    p.do(*words, ranks=ranks)
    same(p, output, truth)


def refused_or_first_hour(done, output, *names):
    """The hour before the changed one may be finished; the changed one may not."""
    said = [line for line in done.stderr.splitlines() if "error: " in line]
    assert done.returncode == IO_FAILED, "exit %d\n%s" % (done.returncode, done.stderr)
    assert len(said) == 1 and all(name in said[0] for name in names), done.stderr
    assert len(features(output)) < 2 and not [name for name in os.listdir(output) if name.endswith(".partial")]


def replaced_before_read(p, hours, truth, ranks):
    """A rank that has opened the old file may read it to its end: then the result is the old file's, else there is none."""
    output, mine = p.file("replaced-out-%d" % ranks), p.file("replaced-%d" % ranks)
    os.mkdir(mine)
    copies = [shutil.copy(hour, mine) for hour in hours]
    words = ["extract", *copies, *FROM, "-o", output]

    def replace():
        other = p.file("other-%d" % ranks)
        shutil.copy(hours[0], other)
        os.utime(other, ns=(0, os.stat(copies[1]).st_mtime_ns))
        os.rename(other, copies[1])

    done = p.disturbed(words, output, ranks, replace)
    if done.returncode:
        refused_or_first_hour(done, output, "has changed", os.path.basename(copies[1]))
        shutil.copy(hours[1], mine)
        p.do(*words, ranks=ranks)
    assert ranks > 1 or done.returncode, "the one rank read another file than it had planned"
    same(p, output, truth)


def gone_before_read(p, hours, truth, ranks):
    output, mine = p.file("gone-out-%d" % ranks), p.file("gone-%d" % ranks)
    os.mkdir(mine)
    copies = [shutil.copy(hour, mine) for hour in hours]
    words = ["extract", *copies, *FROM, "-o", output]
    done = p.disturbed(words, output, ranks, lambda: os.rename(copies[1], copies[1] + ".away"))
    if done.returncode:
        assert done.returncode == NO_INPUT and copies[1] in done.stderr, done.stderr
        os.rename(copies[1] + ".away", copies[1])
        p.do(*words, ranks=ranks)
    assert ranks > 1 or done.returncode, "the one rank read a file that was not there"
    same(p, output, truth)


def features_replaced_while_read(p, hours, truth, ranks):
    """`label` and `extract` replace feature files: a model of rows of the old and labels of the new is none."""
    many, model = p.file("many-%d" % ranks), p.file("of-many-%d.h5" % ranks)
    os.mkdir(many)
    source = os.path.join(truth, features(truth)[0])
    copies = [shutil.copy(source, os.path.join(many, "features-%02d.h5" % i)) for i in range(16)]
    words = ["train", many, "-o", model, "--learner", "bayes"]

    def replace():
        other = shutil.copy(source, p.file("other-features"))
        os.rename(other, copies[-1])

    done = p.disturbed(words, model, ranks, replace)
    said = [line for line in done.stderr.splitlines() if "error: " in line]
    assert done.returncode == IO_FAILED and len(said) == 1 and "%s has changed" % copies[-1] in said[0], done.stderr
    assert not os.path.exists(model)
    shutil.rmtree(many)


def in_small_shared_memory(n_bytes):
    """What a command must stand behind to find a /dev/shm of that size."""
    return ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=%d tmpfs /dev/shm && exec "$@"' % n_bytes, "sh"]


def without_shared_memory(p, hours, truth):
    """As on several nodes, contacts and sums go by messages; with memory short, too."""
    for number, more_words in enumerate([[], ["--memory", LEAST_MEMORY]]):
        output = p.file("messages-%d" % number)
        p.do("extract", *hours, *FROM, *more_words, "-o", output, ranks=2, more={"OMPI_MCA_btl": "self,tcp"}, before=in_small_shared_memory(1 << 16))
        assert (run_record(output)["spilled_bytes"] > 0) == bool(more_words)
        same(p, output, truth)


def tight_shared_memory(p, hours):
    """Months side by side, two ranks each, ask for shared memory at the same time: what is there goes to some, and models are the same."""
    ini, models = p.file("tight.ini"), p.file("tight", "models")
    with open(ini, "w") as f:
        f.write("[campaign]\noutput = tight\n[train]\nlearners = bayes\nfolds = 2\n")
        for m, hour in enumerate(hours):
            f.write("[month %d]\narchive = %s\nfrom = 2017-01-01T%02d\nto = 2017-01-01T%02d\n" % (m, hour, m, m + 1))
    p.do("reproduce", ini)
    shutil.copytree(models, p.file("ample"))

    def train(n_bytes):
        shutil.rmtree(models)
        done = p.do("reproduce", ini, ranks=4, more={"OMPI_MCA_btl": "self,tcp"}, before=in_small_shared_memory(n_bytes))
        for m in range(len(hours)):
            pair = [os.path.join(of, str(m), "bayes.h5") for of in (p.file("ample"), models)]
            subprocess.run(["h5diff", "-q", "--exclude-path=/provenance", *pair], check=True)
        return [int(n) for n in re.findall(r"no room for (\d+) bytes", done.stderr)]

    wanted = train(1 << 16)
    assert wanted, "no word of sets that do not fit"
    for times in (1.2, 1.5, 1.75, 2):
        train(int(times * max(wanted)))
    assert not train(1 << 28)


def main():
    with Program(sys.argv[1]) as p:
        hours, truth = [], p.file("truth")
        for hour in range(2):
            start = "2017-01-01T%02d" % hour
            hours.append(p.file(start + ".pcap"))
            p.do("synth", "-o", hours[-1], "--start", start, "--packets", "2500000", "--sources", "200000", "--seed", str(hour))
        p.do("extract", *hours, *FROM, "-o", truth)
        for case in (full_scratch, lost_scratch, full_output, read_only_output, two_runs_in_one_place, lost_record, full_standard_output,
                     cut_while_read, replaced_before_read, gone_before_read, features_replaced_while_read):
            for ranks in (1, 2):
                print(case.__name__, ranks, flush=True)
                case(p, hours, truth, ranks)
        file_too_large(p, hours, truth)
        without_shared_memory(p, hours, truth)
        tight_shared_memory(p, hours)


if __name__ == "__main__":
    main()
