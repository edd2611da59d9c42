"""
One hour of four is cut off in its middle: its feature file and the next one's (files overlap a little), run.json, the exit code,
`info` and the report name the file, also when all windows are found finished; the others are as from a whole archive; with the
file mended and its windows taken away, the same command makes all of it whole. A run that was stopped says so whatever is damaged.
"""
import gzip
import json
import os
import shutil
import struct
import subprocess
import sys

import h5py

from program import Program, run_record

BAD_DATA, STOPPED = 65, 75
WINDOWS = ["features-20170101T0%d0000.h5" % hour for hour in range(4)]


def named(folder, bad):
    """What a run into `folder` says of the damaged file."""
    damages = run_record(folder)["damages"]
    assert len(damages) == 1 and damages[0].startswith(bad + ": at byte "), damages
    for name in WINDOWS:
        with h5py.File(os.path.join(folder, name)) as f:
            said = f.attrs["damages"].decode()
        assert (said.strip() == damages[0]) if name in WINDOWS[1:3] else said == "", (name, said)


def same(one, other, names):
    for name in names:
        for group in ("sources", "tally"):
            with h5py.File(os.path.join(one, name)) as a, h5py.File(os.path.join(other, name)) as b:
                assert list(a[group]) == list(b[group])
                assert all((a[group][key][()] == b[group][key][()]).all() for key in a[group]), (name, group)


def check(p, suffix, ranks):
    archive, output, truth = (p.file("%s-%s-%d" % (what, suffix, ranks)) for what in ("archive", "out", "truth"))
    os.mkdir(archive)
    for hour in range(4):
        p.do("synth", "-o", os.path.join(archive, "%d.pcap%s" % (hour, suffix)), "--start", "2017-01-01T0%d" % hour, "--packets",
             "20000", "--sources", "2000", "--seed", str(hour))
    words = ["extract", archive, "--from", "2017-01-01", "--to", "2017-01-01T04", "-o"]
    p.do(*words, truth)
    bad, good = os.path.join(archive, "1.pcap" + suffix), p.file("good")
    shutil.copy(bad, good)
    os.truncate(bad, os.path.getsize(bad) // 2)
    for attempt in range(2):  # the second finds all windows finished
        done = p.run(*words, output, ranks=ranks)
        assert done.returncode == BAD_DATA and done.stderr.count(bad) == 1, done.stderr
        named(output, bad)
    same(output, truth, [WINDOWS[0], WINDOWS[3]])
    info = json.loads(p.do("info", "--json", os.path.join(output, WINDOWS[1])).stdout)
    assert bad in json.dumps(info)
    p.do("report", output, "-o", output + "-report")
    with open(os.path.join(output + "-report", "report.md")) as page:
        assert "2017-01-01T01:00:00" in page.read()
    with open(os.path.join(output + "-report", "tables", "damages.csv")) as table:
        assert bad in table.read()
    if suffix == "" and ranks == 1:
        learned_all_the_same(p, output)
    shutil.copy(good, bad)
    for name in WINDOWS[1:3]:
        os.remove(os.path.join(output, name))
    p.do(*words, output, ranks=ranks)
    assert run_record(output)["damages"] == []
    same(output, truth, WINDOWS)


def learned_all_the_same(p, folder):
    """Rows of windows that are damaged or covered in part are used, and it is said how many such windows there are."""
    model, part = p.file("model.h5"), p.file("part")
    for command in (["train", folder, "-o", model, "--learner", "bayes"], ["evaluate", model, folder]):
        done = p.do(*command)
        assert done.stderr.count("of 4 windows 2 are from damaged input and 0 were extracted only in part") == 1, done.stderr
    p.do("synth", "-o", p.file("part.pcap"), "--packets", "20000", "--sources", "2000")
    for word, time in [("--from", "2017-01-01T00:20"), ("--to", "2017-01-01T00:40")]:
        p.do("extract", p.file("part.pcap"), word, time, "-o", part)
        done = p.do("evaluate", model, part)
        assert "0 are from damaged input and 1 were extracted only in part" in done.stderr, done.stderr
        shutil.rmtree(part)
    p.do("extract", p.file("part.pcap"), "-o", part)
    assert "extracted only in part" not in p.do("evaluate", model, part).stderr


def stopped(p, ranks):
    """Work is left: that is what the code must say, of a damaged file and of one that was passed over."""
    hours, output = p.file("hours-%d" % ranks), p.file("stopped-%d" % ranks)
    os.mkdir(hours)
    p.do("synth", "-o", os.path.join(hours, "good.pcap"), "--packets", "20000", "--sources", "2000")
    open(os.path.join(hours, "empty.pcap"), "w").close()
    done = p.run("extract", hours, "-o", output, "--deadline", "1", ranks=ranks)
    assert done.returncode == STOPPED and "empty.pcap" in done.stderr and "stopping: the deadline" in done.stderr, done.stderr
    assert run_record(output)["exit_code"] == STOPPED


def damage_record(path, share):
    """Makes nonsense of the length in a record's header, that share of the way into a plain capture."""
    with open(path, "rb") as f:
        data = bytearray(f.read())
    at = 24
    while at < len(data) * share:
        at += 16 + struct.unpack_from("<I", data, at + 8)[0]
    data[at + 8 : at + 12] = b"\xff" * 4
    with open(path, "wb") as f:
        f.write(data)


def beside_one_another(p, suffix):
    """Two captures of the same three hours: all that the damaged one may have held more of say so, and also a range behind the damage."""
    both, output = p.file("both" + suffix), p.file("both-out" + suffix)
    os.mkdir(both)
    for i in range(2):
        p.do("synth", "-o", os.path.join(both, "if%d.pcap" % i), "--start", "2017-01-01T00:00:0%d" % i, "--duration", "3h", "--packets", "60000",
             "--sources", "2000", "--seed", str(1 + i))
    bad = os.path.join(both, "if0.pcap")
    damage_record(bad, 0.05)
    if suffix:
        for name in os.listdir(both):
            subprocess.run(["gzip", "-1", os.path.join(both, name)], check=True)
    for words, n in [(["--from", "2017-01-01", "--to", "2017-01-01T03"], 3), (["--from", "2017-01-01T02", "--to", "2017-01-01T03"], 1)]:
        if suffix and n == 1:  # when if0.pcap.gz ends is not known
            continue
        done = p.run("extract", both, *words, "-o", output)
        assert done.returncode == BAD_DATA and len(run_record(output)["damages"]) == 1, done.stderr
        names = sorted(name for name in os.listdir(output) if name.startswith("features-"))
        assert len(names) == n, names
        for name in names:
            with h5py.File(os.path.join(output, name)) as f:
                assert "if0.pcap" in f.attrs["damages"].decode(), name
        shutil.rmtree(output)


def larger_hour(p):
    """An hour of more packets than the others lasts no longer: when it is damaged, its window and the next one's say so."""
    hours, output = p.file("larger"), p.file("larger-out")
    os.mkdir(hours)
    for hour in range(5):
        path = os.path.join(hours, "%d.pcap" % hour)
        p.do("synth", "-o", path, "--start", "2017-01-01T0%d" % hour, "--packets", "60000" if hour == 1 else "15000", "--sources", "2000")
        if hour == 1:
            damage_record(path, 0.5)
        subprocess.run(["gzip", "-1", path], check=True)
    done = p.run("extract", hours, "--from", "2017-01-01", "--to", "2017-01-01T05", "-o", output)
    assert done.returncode == BAD_DATA, done.stderr
    for hour in range(5):
        with h5py.File(os.path.join(output, "features-20170101T0%d0000.h5" % hour)) as f:
            assert ("1.pcap.gz" in f.attrs["damages"].decode()) == (hour in (1, 2)), hour


def others_stay_cut(p):
    """A plain file damaged in its middle is read again without cuts, and what is wanted of a packed one still lies behind its own damage:
    rows do not depend on how many ranks cut the files."""
    folder, outputs = p.file("cut"), [p.file("cut-%d" % ranks) for ranks in (1, 2, 3)]
    os.mkdir(folder)
    for hour in range(2):
        p.do("synth", "-o", p.file("%d.pcap" % hour), "--start", "2017-01-01T0%d" % hour, "--packets", "60000", "--sources", "2000")
    packed = os.path.join(folder, "0.pcap.zst")
    p.do("pack", p.file("0.pcap"), "-o", packed)
    with open(packed, "r+b") as f:
        f.seek(os.path.getsize(packed) // 4)
        byte = f.read(1)
        f.seek(-1, os.SEEK_CUR)
        f.write(bytes([byte[0] ^ 1]))
    shutil.copy(p.file("1.pcap"), folder)
    damage_record(os.path.join(folder, "1.pcap"), 0.2)
    for ranks, output in zip((1, 2, 3), outputs):
        done = p.run("extract", folder, "--from", "2017-01-01T00:50", "--to", "2017-01-01T02", "-o", output, ranks=ranks)
        assert done.returncode == BAD_DATA and ("reading again" in done.stderr) == (ranks > 1), done.stderr
        same(outputs[0], output, WINDOWS[:2])
    with h5py.File(os.path.join(outputs[0], WINDOWS[0])) as f:
        assert f["sources/packets"][:].sum() > 5000


def spoil(path, at, n):
    """Turns over a bit of n bytes each from `at` on; the file looks as old as before."""
    status = os.stat(path)
    with open(path, "r+b") as f:
        f.seek(at)
        spoiled = bytes(byte ^ 1 for byte in f.read(n))
        f.seek(at)
        f.write(spoiled)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def stored_gzip(capture):
    """Not deflated, so that a wrong byte shows only in checksums; with the place of a record's last one."""
    with open(capture, "rb") as f:
        data = f.read()
    at = 24
    while at < len(data) // 6:
        record = data[at : at + 16 + struct.unpack_from("<I", data, at + 8)[0]]
        at += len(record)
    stored = gzip.compress(data, 0)
    with open(capture + ".gz", "wb") as f:
        f.write(stored)
    return stored.index(record) + len(record) - 1


def behind_the_damage(p, kind, n_packets):
    """A file that has parts goes on behind its damage, whichever rank or group began where: only the window whose part is damaged has
    less, and says so."""
    capture, truth = p.file("parts.pcap"), p.file("parts-truth")
    archive = capture + (".zst" if kind == "packed" else ".gz")
    p.do("synth", "-o", capture, "--duration", "4h", "--packets", str(n_packets), "--sources", "20000")
    if kind == "stored":
        place, n = stored_gzip(capture), 1
    elif kind == "packed":
        p.do("pack", capture, "-o", archive, ranks=2)
        place, n = os.path.getsize(archive) // 6, 100
    else:
        subprocess.run(["gzip", "-1", "-k", capture], check=True)
        place, n = os.path.getsize(archive) // 6, 100
    words = ["extract", archive, "--from", "2017-01-01", "--to", "2017-01-01T04", "--window", "2h"]
    p.do(*words, "-o", truth)  # and of gzip, the index
    spoil(archive, place, n)
    outputs = [p.file("parts-%d" % i) for i in range(3)]
    for output, ranks, per_window in zip(outputs, (1, 2, 3), (1, 1, 3)):
        done = p.run(*words, "--ranks-per-window", str(per_window), "-o", output, ranks=ranks)
        damages = run_record(output)["damages"]
        assert done.returncode == BAD_DATA and damages == run_record(outputs[0])["damages"] and len(damages) == 1, done.stderr
        assert ("does not fit its index" in damages[0]) == (kind == "stored"), damages
        same(output, truth, WINDOWS[2:3])
        same(output, outputs[0], WINDOWS[:3:2])
        with h5py.File(os.path.join(output, WINDOWS[0])) as f, h5py.File(os.path.join(truth, WINDOWS[0])) as t:
            lost = int(t["tally/counted"][()]) - int(f["tally/counted"][()])
            assert f.attrs["damages"].decode() == damages[0] + "\n", damages
            assert lost == 0 if kind == "stored" else 0 < lost < n_packets // 3, lost
        with h5py.File(os.path.join(output, WINDOWS[2])) as f:
            assert f.attrs["damages"] == b""
    for folder in (truth, *outputs):
        shutil.rmtree(folder)


def one_more_of_a_beginning(p):
    """A capture that begins when one does of which a window was made is not taken for that one."""
    folder, output = p.file("twins"), p.file("twins-out")
    os.mkdir(folder)
    p.do("synth", "-o", os.path.join(folder, "a.pcap"), "--packets", "20000", "--sources", "2000")
    with open(os.path.join(folder, "a.pcap"), "rb") as f:
        data = f.read()
    p.do("extract", folder, "-o", output)
    n_first = 16 + struct.unpack_from("<I", data, 24 + 8)[0]
    with open(os.path.join(folder, "b.pcap"), "wb") as f:  # but its first record as often
        f.write(data[:24] + 100 * data[24 : 24 + n_first])
    done = p.run("extract", folder, "-o", output)
    assert done.returncode == 78 and "was made with 1 of the 2 files that begin when" in done.stderr, done.stderr


def main():
    with Program(sys.argv[1]) as p:
        for suffix in ("", ".gz"):
            beside_one_another(p, suffix)
        larger_hour(p)
        others_stay_cut(p)
        for kind, n_packets in [("packed", 400000), ("deflated", 2600000), ("stored", 2600000)]:
            behind_the_damage(p, kind, n_packets)
        one_more_of_a_beginning(p)
        for ranks in (1, 2):
            stopped(p, ranks)
        for suffix in ("", ".gz", ".zst"):
            for ranks in (1, 2):
                check(p, suffix, ranks)


if __name__ == "__main__":
    main()
