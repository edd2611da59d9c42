"""
What lies on a file system that all nodes share is read by one rank for all, or by those that need just that part of it: counted over
several ranks. And when what the one rank reads is absent, damaged or stale, all leave with one sentence, or go on without it.
"""
import collections
import os
import shutil
import subprocess
import sys

import features
from program import ENVIRONMENT, Program

RANKS = 5
PACKETS = 900000  # more inflated bytes than one part of a gzip index holds, and fewer than two
BAD_DATA, NO_INPUT, IO_FAILED = 65, 66, 74


class Seen:
    """Which ranks of a run opened, or looked for, what."""

    def __init__(self, p, library, *words):
        lines = p.file("opened")
        p.do(*words, ranks=RANKS, more={"LD_PRELOAD": library, "COUNT_OPENS": lines})
        self.ranks = collections.defaultdict(list)
        with open(lines) as f:
            for line in f:
                rank, path = line.rstrip("\n").split(" ", 1)
                self.ranks[path].append(int(rank))
        os.remove(lines)

    def times(self, path):
        """How often it was opened; at least once, or the count is none."""
        assert path in self.ranks, (path, sorted(self.ranks))
        return len(self.ranks[path])


def make(p):
    os.mkdir(p.file("packed"))
    for hour in range(7):
        p.do("synth", "-o", p.file("packed", "%d.pcap.zst" % hour), "--start", "2017-01-01T%02d" % hour, "--packets", "50000",
             "--sources", "2000", "--seed", str(hour), "--devices-out", p.file("devices.csv"))
    p.do("synth", "-o", p.file("hour.pcap.gz"), "--packets", str(PACKETS), "--sources", "5000")
    p.do("extract", p.file("hour.pcap.gz"), "-o", p.file("truth"))
    with open(p.file("rules.ini"), "w") as f:
        f.write("[port_scan]\nmore_ports_than = 2\n")
    with open(p.file("study.ini"), "w") as f:
        f.write("[campaign]\noutput = study\n[month 1]\narchive = packed\nfrom = 2017-01-01\nto = 2017-01-01T07\n"
                "[train]\nlearners = bayes\nfolds = 0\n")


def one_rank_reads(p, library):
    os.mkdir(p.file("scratch"))
    seen = Seen(p, library, "extract", p.file("packed"), "-o", p.file("rows"), "--devices", p.file("devices.csv"), "--rules",
                p.file("rules.ini"), "--tmpdir", p.file("scratch"))
    for path in (p.file("devices.csv"), p.file("scratch")):
        assert seen.times(path) == 1, (path, seen.ranks[path])
    assert set(seen.ranks[p.file("rules.ini")]) == {0}
    # Each file for its kind, for its times, for its index and by those who read a part of it: at most as many parts as files and ranks.
    captures = [p.file("packed", name) for name in os.listdir(p.file("packed"))]
    assert sum(seen.times(path) for path in captures) <= 4 * len(captures) + 2 * RANKS, seen.ranks

    seen = Seen(p, library, "extract", p.file("hour.pcap.gz"), "-o", p.file("again"))
    assert seen.times(p.file("hour.pcap.gz.dfx")) == 3, seen.ranks  # how long it lasts; its parts; the restart point of the second

    rows = features.files(p.file("rows"))
    assert len(rows) > RANKS
    seen = Seen(p, library, "label", p.file("rows"), "-o", p.file("labelled"))
    for path in rows:
        assert {len(seen.ranks[path])} == {4}, (path, seen.ranks[path])  # a look whether it is there, and an open, twice each

    seen = Seen(p, library, "train", p.file("rows"), "-o", p.file("model.h5"), "--learner", "bayes")
    assert sum(seen.times(path) for path in rows) <= 2 * (2 * len(rows) + RANKS), seen.ranks

    seen = Seen(p, library, "evaluate", p.file("model.h5"), *rows)
    assert seen.ranks[p.file("model.h5")] == [0, 0], seen.ranks

    study = p.file("study.ini")
    seen = Seen(p, library, "reproduce", study)
    assert set(seen.ranks[study]) == set(seen.ranks[p.file("study", "features", "1", "STOP")]) == {0}, seen.ranks
    shutil.rmtree(p.file("study", "models"))
    seen = Seen(p, library, "reproduce", study)  # which has only models to make, and so looks there first
    assert set(seen.ranks[p.file("study", "STOP")]) == {0}, seen.ranks


def bad_models(p):
    """What rank 0 cannot read, nobody waits for."""
    model, rows = p.file("model.h5"), p.file("rows")
    cut, other = shutil.copy(model, p.file("cut.h5")), features.files(rows)[0]
    os.truncate(cut, 5000)
    os.symlink("/proc/self/mem", p.file("unreadable.h5"))
    for path, code, why in [(p.file("absent.h5"), NO_INPUT, "does not exist"), (cut, BAD_DATA, "not an HDF5 file, or a damaged one"),
                            (rows, NO_INPUT, "is a folder"), (other, BAD_DATA, "is not a darkforest model file"),
                            (p.file("unreadable.h5"), IO_FAILED, "Input/output error")]:
        for ranks in (1, 3):
            done = p.run("evaluate", path, rows, "-o", p.file("none.h5"), ranks=ranks)
            said = [line for line in done.stderr.splitlines() if "error: " in line]
            assert done.returncode == code and len(said) == 1 and path in said[0] and why in said[0], (path, ranks, done.stderr)
            assert not os.path.exists(p.file("none.h5"))


def model_stands_first(p):
    """Where the model file is another operand than the first, the sentence says where it belongs."""
    model, rows = p.file("model.h5"), p.file("rows")
    for words in (["classify", p.file("hour.pcap.gz"), model], ["classify", rows, model], ["evaluate", rows, model],
                  ["evaluate", features.files(rows)[0], model]):
        done = p.run(*words)
        said = [line for line in done.stderr.splitlines() if "error: " in line]
        assert done.returncode in (BAD_DATA, NO_INPUT) and len(said) == 1 and words[1] in said[0], (words, done.stderr)
        assert model + " is a model file: it stands first" in said[0], (words, done.stderr)


def model_of_another(p):
    """One that this user may not read."""
    model = shutil.copy(p.file("model.h5"), p.file("not-mine.h5"))
    os.chmod(model, 0)
    os.chmod(p.folder, 0o755)
    words = ["mpirun", "-n", "3", "--oversubscribe", p.path, "evaluate", model, p.file("rows")]
    user = 65534 if os.geteuid() == 0 else None
    try:
        done = subprocess.run(words, env=dict(ENVIRONMENT, HOME=p.folder), user=user, group=user, extra_groups=None if user is None else [],
                              cwd="/", capture_output=True, text=True, timeout=60)
    except PermissionError:
        print("not tried: a model that may not be read (no other user may run the program here)")
        return
    said = [line for line in done.stderr.splitlines() if "error: " in line]
    assert done.returncode == NO_INPUT and len(said) == 1 and model + " cannot be read: Permission denied" in said[0], done.stderr


def same(p, output):
    assert len(features.files(p.file(output))) == len(features.files(p.file("truth"))) > 0
    for file in features.files(p.file("truth")):
        subprocess.run(["h5diff", "-q", file, os.path.join(p.file(output), os.path.basename(file)), "/sources"], check=True)


def bad_indexes(p):
    """An index that is not the file's, or is none, is said once and not used; a missing one is not missed."""
    archive, index = p.file("hour.pcap.gz"), p.file("hour.pcap.gz.dfx")

    def extract(output, *said):
        done = p.do("extract", archive, "-o", p.file(output), ranks=3)
        warnings = [line for line in done.stderr.splitlines() if "warning: " in line]
        assert len(warnings) == len(said) and all(words in line for words, line in zip(said, warnings)), done.stderr
        same(p, output)

    os.utime(archive)
    extract("stale", index + " of " + archive + " does not belong to it as it is now and is not used")
    extract("renewed")
    os.truncate(index, 100)
    extract("short", "is damaged and is not used")
    os.remove(index)
    extract("missing")
    assert os.path.exists(index)


def main():
    with Program(sys.argv[1]) as p:
        make(p)
        one_rank_reads(p, sys.argv[2])
        bad_models(p)
        model_stands_first(p)
        model_of_another(p)
        bad_indexes(p)


if __name__ == "__main__":
    main()
