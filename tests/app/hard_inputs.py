"""
What users get wrong: each gives one clear sentence that names the thing, the right exit code on every number of ranks, no output
under a final name, and no hang (a run has a minute).
"""
import concurrent.futures
import gzip
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib

import h5py
import numpy as np

import features
import naive
from program import ENVIRONMENT, Program

BAD_USAGE, BAD_DATA, NO_INPUT, IO_FAILED, STOPPED, BAD_CONFIG = 64, 65, 66, 74, 75, 78


def write(path, content):
    with open(path, "wb") as f:
        f.write(content)
    return path


def small_capture():
    """Two packets behind Ethernet: a TCP SYN and a UDP datagram of one source."""
    def frame(protocol, transport):
        ip = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(transport), 1, 0, 60, protocol, 0, 0xF0000001, 0x0A000001)
        return bytes(12) + b"\x08\x00" + ip + transport

    syn = struct.pack(">HHIIBBHHH", 1234, 23, 1, 0, 0x50, 0x02, 100, 0, 0)
    udp = struct.pack(">HHHH", 53, 53, 8, 0)
    capture = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for i, data in enumerate([frame(6, syn), frame(17, udp)]):
        capture += struct.pack("<IIII", 1483228800 + i, 0, len(data), len(data)) + data
    return capture


def fifo(p):
    """Nobody writes to it: opening it would wait for ever."""
    os.mkfifo(p.file("fifo.pcap"))
    return p.file("fifo.pcap")


def half_of_a_list():
    whole = subprocess.run(["gzip", "-c"], input=b"192.0.2.1\n" * 1000, stdout=subprocess.PIPE, check=True).stdout
    return whole[: len(whole) // 2]


def cases(p):
    """(exit code, what the sentence names, words after `extract`, output folder or None)"""
    good = write(p.file("good.pcap"), small_capture())
    os.mkdir(p.file("empty-folder"))
    os.mkdir(p.file("broken-folder"))
    write(p.file("broken-folder", "broken.pcap"), small_capture()[:20])
    in_the_way = write(p.file("in-the-way"), b"x")
    garbage = write(p.file("garbage.csv"), bytes(range(256)) * 64)
    return [
        (BAD_USAGE, "capture", [], None),
        (NO_INPUT, "missing.pcap", [p.file("missing.pcap")], None),
        (NO_INPUT, "no capture file", [p.file("empty-folder")], None),
        (NO_INPUT, "broken.pcap", [p.file("broken-folder")], None),
        (NO_INPUT, "standard input", ["-"], None),
        (NO_INPUT, "not a regular file", [fifo(p)], None),
        (BAD_DATA, "empty.pcap", [write(p.file("empty.pcap"), b"")], None),
        (BAD_DATA, "text.pcap", [write(p.file("text.pcap"), b"It is a truth universally acknowledged\n" * 99)], None),
        (BAD_DATA, "zeros.pcap", [write(p.file("zeros.pcap"), bytes(4096))], None),
        (BAD_DATA, "text.pcap", [good, p.file("text.pcap")], None),
        (BAD_USAGE, "--window", [good, "--window", "0"], None),
        (BAD_CONFIG, "bad.ini:2", [good, "--rules", write(p.file("bad.ini"), b"[order]\nrulez = 5\n")], None),
        (BAD_CONFIG, "twice.ini:4", [good, "--rules", write(p.file("twice.ini"), b"[backscatter]\nreplies_at_least = 1\n\nreplies_at_least = 2\n")], None),
        (NO_INPUT, "none.ini", [good, "--rules", p.file("none.ini")], None),
        (BAD_CONFIG, "garbage.csv", [good, "--devices", garbage], None),
        (NO_INPUT, "none.csv", [good, "--devices", p.file("none.csv")], None),
        (BAD_CONFIG, "half.gz", [good, "--devices", write(p.file("half.gz"), half_of_a_list())], None),
        (BAD_USAGE, "filter", [good, "--filter", "no such thing"], None),
        (IO_FAILED, "in-the-way", [good], in_the_way),
        (IO_FAILED, "in-the-way", [good], os.path.join(in_the_way, "below")),
        (IO_FAILED, "/proc/darkforest", [good], "/proc/darkforest"),
        (IO_FAILED, "no-scratch:", [good, "--tmpdir", p.file("no-scratch")], None),
        (IO_FAILED, "in-the-way:", [good, "--tmpdir", in_the_way], None),
        (IO_FAILED, "/proc:", [good, "--tmpdir", "/proc"], None),
    ]


def refusal(p, ranks, number, code, names, words, output):
    """One run: leaves with `code`, says one error in which `names` stands, leaves no feature file. The complaint, if any."""
    output = output or p.file("out-%d-%d" % (number, ranks))
    try:
        done = p.run("extract", *words, "-o", output, ranks=ranks)
    except subprocess.TimeoutExpired:
        return "%s at %d ranks: hangs" % (words, ranks)
    said = [line for line in done.stderr.splitlines() if "error: " in line]
    left = [name for name in os.listdir(output) if name != "run.json"] if os.path.isdir(output) else []
    if done.returncode == code and len(said) == 1 and names in said[0] and not left:
        return None
    return "%s at %d ranks: exit %d, not %d; %s left\n%s" % (words, ranks, done.returncode, code, left or "nothing", done.stderr)


def every_case(p):
    jobs = [(p, ranks, number, *case) for number, case in enumerate(cases(p)) for ranks in (1, 2, 3)]
    with concurrent.futures.ThreadPoolExecutor(6) as several:  # starting MPI is waiting, most of the time
        complaints = [c for c in several.map(lambda job: refusal(*job), jobs) if c]
    assert not complaints, "\n".join(complaints)


def default_scratch(p):
    """The folder that nobody named must be usable too, and a usable one is left empty."""
    good, folder = p.file("good.pcap"), p.file("node-scratch")
    for ranks in (1, 2):
        done = p.run("extract", good, "-o", p.file("no-default"), ranks=ranks, more={"SLURM_TMPDIR": folder})
        said = [line for line in done.stderr.splitlines() if "error: " in line]
        assert done.returncode == IO_FAILED and len(said) == 1 and folder + ":" in said[0], done.stderr
        assert os.listdir(p.file("no-default")) == ["run.json"]
    os.mkdir(folder)
    p.do("extract", good, "-o", p.file("default"), more={"SLURM_TMPDIR": folder})
    assert os.listdir(folder) == []
    p.do("extract", good, "-o", p.file("both"), "--tmpdir", p.file("both"))


def as_nobody(p, *words):
    """A run by a user whom permissions hold."""
    user = 65534 if os.geteuid() == 0 else None
    session = p.file("nobody")
    environment = dict(ENVIRONMENT, OMPI_MCA_ess_singleton_isolated="1", OMPI_MCA_orte_tmpdir_base=session)
    return subprocess.run([p.path, *words], env=environment, user=user, group=user, extra_groups=None if user is None else [],
                          capture_output=True, text=True, timeout=60)


def folders_that_cannot_be_listed(p):
    """Of an output folder it is not known then what is finished in it, of an input what it holds. Neither is taken for empty."""
    good, kept, inputs = p.file("good.pcap"), p.file("kept"), p.file("months")
    for folder in (p.file("nobody"), kept, inputs):
        os.mkdir(folder)
        if os.geteuid() == 0:
            os.chown(folder, 65534, 65534)
    os.chmod(p.folder, 0o755)
    try:
        done = as_nobody(p, "extract", good, "-o", kept)
    except PermissionError:
        print("not tried: folders that cannot be listed (no other user may run the program here)")
        return
    assert done.returncode == 0, done.stderr
    p.do("extract", good, "-o", p.file("months", "1"))
    p.do("extract", good, "-o", p.file("months", "2"))
    os.chmod(kept, 0o300)
    os.chmod(p.file("months", "2"), 0o300)
    for words, named in [(["extract", good, "-o", kept, "--window", "20m"], kept),
                         (["report", "-o", p.file("page"), p.file("months", "*", "*.h5")], p.file("months", "2")),
                         (["report", "-o", p.file("page"), p.file("months", "1"), p.file("months", "2")], p.file("months", "2"))]:
        done = as_nobody(p, *words)
        assert done.returncode == IO_FAILED and "error: %s cannot be read: Permission denied" % named in done.stderr, done
    for folder in (kept, p.file("months", "2")):
        os.chmod(folder, 0o755)
    assert len(features.files(kept)) == 1


def full_disk(p):
    """A tmpfs with too little room for the feature file of an hour. Needs root."""
    where = p.file("full")
    os.mkdir(where)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", where], stderr=subprocess.DEVNULL).returncode:
        print("not tried: a full disk (a tmpfs cannot be mounted here)")
        return
    try:
        hour = p.file("hour.pcap")
        p.do("synth", "-o", hour, "--packets", "200000", "--sources", "20000", "--duration", "50m")
        for ranks in (1, 2, 3):
            complaint = refusal(p, ranks, 0, IO_FAILED, where, [hour, "--from", "2017-01-01"], where)
            assert not complaint, complaint
            for name in os.listdir(where):
                os.remove(os.path.join(where, name))
    finally:
        subprocess.run(["umount", where], check=True)


def made_once(p):
    """A folder with what commands read: an hour (hour.pcap), its features, a model (model.h5) and a key."""
    made = p.file("made")
    features_of = os.path.join(made, "features")
    os.mkdir(made)
    p.do("synth", "-o", os.path.join(made, "hour.pcap"), "--packets", "20000", "--sources", "2000")
    p.do("extract", os.path.join(made, "hour.pcap"), "--from", "2017-01-01", "-o", features_of)
    p.do("train", features_of, "-o", os.path.join(made, "model.h5"), "--n-estimators", "2", "--max-depth", "2")
    p.do("pack", os.path.join(made, "hour.pcap"), "-o", os.path.join(made, "packed.pcap.zst"))
    shutil.copytree(features_of, os.path.join(made, "more"))
    write(os.path.join(made, "key"), bytes(range(32)))
    return made


def contents(folder):
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(where, name), "rb") as f:
                found[os.path.relpath(os.path.join(where, name), folder)] = f.read()
    return found


def untouched(p, made, ranks, number, names, words):
    """One run in a copy of what was made, MADE in the words: a refusal that leaves everything as it was. The complaint, if any."""
    mine = p.file("mine-%d-%d" % (number, ranks))
    shutil.copytree(made, mine)
    os.link(os.path.join(mine, "hour.pcap"), os.path.join(mine, "other-name.pcap.zst"))
    os.mkdir(os.path.join(mine, "folder"))
    os.symlink("folder/linked.csv", os.path.join(mine, "link.csv"))
    write(os.path.join(mine, "folder", "linked.csv"), b"")
    before = contents(mine)
    done = p.run(*[word.replace("MADE", mine) for word in words], ranks=ranks)
    said = [line for line in done.stderr.splitlines() if "error: " in line]
    same = contents(mine) == before
    shutil.rmtree(mine)
    if done.returncode == BAD_USAGE and len(said) == 1 and names.replace("MADE", mine) in said[0] and same:
        return None
    return "%s at %d ranks: exit %d, %s\n%s" % (words, ranks, done.returncode, "untouched" if same else "CHANGED", done.stderr)


def refused_outputs(p, cases):
    made = made_once(p)
    jobs = [(p, made, ranks, number, *case) for number, case in enumerate(cases) for ranks in (1, 2)]
    with concurrent.futures.ThreadPoolExecutor(6) as several:
        complaints = [c for c in several.map(lambda job: untouched(*job), jobs) if c]
    shutil.rmtree(made)
    assert not complaints, "\n".join(complaints)


def own_inputs(p):
    """No output replaces what the command reads, by whatever name the two go."""
    hour, model, key = "MADE/features/features-20170101T000000.h5", "MADE/model.h5", "MADE/key"
    refused_outputs(p, [
        (hour + " is an input", ["train", hour, "-o", hour]),
        (hour + " is an input", ["train", "MADE/features", "-o", "MADE/folder/../features/features-20170101T000000.h5"]),
        (hour + " is an input", ["train", "MADE/feat*/features-*.h5", "-o", hour]),
        (model + " is an input", ["evaluate", model, "MADE/features", "-o", model]),
        (hour + " is an input", ["evaluate", model, "MADE/features", "-o", hour]),
        (hour + " is an input", ["export", "MADE/features", "-o", hour]),
        (hour + " is an input", ["export", "MADE/features", "--format", "hdf5", "--anonymize", key, "-o", "MADE/features"]),
        (hour + " is an input", ["export", hour, "--format", "hdf5", "--anonymize", key, "-o", hour]),
        (key + " is an input", ["export", "MADE/features", "--anonymize", key, "-o", key]),
        (key + " is an input", ["export", hour, "--format", "hdf5", "--anonymize", key, "-o", key]),
        (model + " is an input", ["export", model, "-o", model]),
        ("MADE/packed.pcap.zst is an input", ["pack", "MADE/packed.pcap.zst", "-o", "MADE/packed.pcap.zst"]),
        ("MADE/hour.pcap is an input", ["pack", "MADE/hour.pcap", "-o", "MADE/other-name.pcap.zst"]),
        ("MADE/packed.pcap.zst is an input", ["pack", "MADE", "-o", "MADE/packed.pcap.zst"]),
        ("MADE/packed.pcap.zst is an input", ["pack", "MADE/*.pcap*", "-o", "MADE/packed.pcap.zst"]),
        ("features-20170101T000000.h5", ["export", hour, "MADE/more", "--format", "hdf5", "--anonymize", key, "-o", "MADE/folder"]),
        ("new.pcap", ["synth", "-o", "MADE/new.pcap", "--devices-out", "MADE/folder/../new.pcap"]),
        ("--output", ["train", "MADE/features", "-o", ""]),
        ("--output", ["label", "MADE/features", "-o", ""]),
        ("goes up from", ["label", "MADE/features", "-o", "MADE/none/../features"]),
        ("goes up from", ["evaluate", model, "MADE/features", "-o", "MADE/none/../model.h5"]),
        ("no regular file", ["export", hour, "-o", "/dev/null"]),
        ("is a link", ["export", hour, "-o", "MADE/link.csv"]),
        ("--model", ["export", hour, "--model", "forest"]),
        ("--anonymize", ["export", model, "--anonymize", key, "-o", "MADE/new.json"]),
    ])


def folder_for_a_file(p):
    """A file cannot take a folder's name; that is said before hours of work."""
    features, model = "MADE/features", "MADE/model.h5"
    refused_outputs(p, [
        ("MADE/folder is a folder", ["train", features, "-o", "MADE/folder"]),
        ("MADE/none/ is a folder", ["train", features, "-o", "MADE/none/"]),
        ("MADE/folder is a folder", ["evaluate", model, features, "-o", "MADE/folder"]),
        ("MADE/folder is a folder", ["export", features, "-o", "MADE/folder"]),
        ("MADE/folder is a folder", ["export", model, "-o", "MADE/folder"]),
    ])


def full_stdout(p):
    """Results that went to a full disk are lost: no command may end as if they were not."""
    made = made_once(p)
    features_of, model = os.path.join(made, "features"), os.path.join(made, "model.h5")
    damaged = write(os.path.join(made, "damaged.h5"), b"x")
    for words in (["--help"], ["-h"], ["--version"], ["--man"], ["train", "--help"], ["info", model], ["info", "--json", features_of],
                  ["verify", model], ["verify", *[model] * 100, damaged],
                  ["train", features_of, "-o", p.file("full-model.h5"), "--n-estimators", "2"],
                  ["evaluate", model, features_of], ["export", features_of], ["export", features_of, "--with-addresses"]):
        with open("/dev/full", "w") as full:
            done = p.run(*words, stdout=full)
        said = [line for line in done.stderr.splitlines() if "error: " in line]
        assert done.returncode == IO_FAILED and len(said) == 1, "%s: exit %d\n%s" % (words, done.returncode, done.stderr)
        assert "standard output" in said[0] and "No space left" in said[0], done.stderr
    shutil.rmtree(made)


def change(path, where, key, value):
    """One attribute (value None: taken away) or one value of a dataset, its checksum left as it was."""
    with h5py.File(path, "r+", libver="latest") as f:
        at = f[where]
        if isinstance(at, h5py.Dataset):
            at[key] = value
        elif value is None:
            del at.attrs[key]
        else:
            at.attrs.modify(key, value)


def changed_files(p):
    """Files of ours that somebody else has changed: refused by name, by every command that reads them, and no crash."""
    made = made_once(p)
    folder, model = os.path.join(made, "features"), os.path.join(made, "model.h5")
    hour = features.files(folder)[0]
    p.do("evaluate", model, folder, "-o", os.path.join(made, "result.h5"))
    readers = [["train", "MADE/features", "-o", "MADE/new.h5"], ["evaluate", "MADE/model.h5", "MADE/features"],
               ["report", "MADE/features", "-o", "MADE/report"], ["label", "MADE/features", "-o", "MADE/labelled"],
               ["extract", "MADE/hour.pcap", "-o", "MADE/features"], ["info", "MADE/features"], ["verify", "MADE/features"]]
    users = [["evaluate", "MADE/model.h5", "MADE/features"], ["classify", "MADE/model.h5", "MADE/hour.pcap", "--model", "forest-depth-2"],
             ["info", "MADE/model.h5"], ["verify", "MADE/model.h5"]]
    verifiers = [["verify", "MADE/features"]]
    writers = verifiers + [["label", "MADE/features", "-o", "MADE/labelled"],
                           ["export", "MADE/features", "--format", "hdf5", "--anonymize", "MADE/key", "-o", "MADE/shared/"]]
    forest = "/models/" + sorted(h5py.File(model)["models"])[0]
    for path, where, key, value, commands in [
        (hour, "/", "filter", None, readers), (hour, "/", "damages", None, readers), (hour, "/", "begun_by", None, readers), (hour, "/", "rules", None, readers),
        (hour, "/", "window_start", np.int64(2**62), readers), (hour, "/", "window_length", np.int64(0), readers),
        (hour, "/tally/arp", (), 1, readers), (hour, "/provenance", "host", None, readers), (model, "/provenance", "n_ranks", None, users),
        (hour, "/", "covered_from_ns", np.float64(0), readers), (hour, "/sources/packets", 0, 77, writers), (hour, "/tally/records", (), 1, writers),
        (model, "/", "inputs", None, users), (model, "/", "rules", None, users),
        (model, "/", "window_length", np.int64(2**62), users), (model, "/", "window_length", np.int64(-1), users),
        (model, forest + "/values", (0, 0), 1e308, users),
    ]:
        mine = p.file("changed")
        shutil.copytree(made, mine)
        change(path.replace(made, mine), where, key, value)
        with concurrent.futures.ThreadPoolExecutor(6) as several:
            runs = several.map(lambda words: p.run(*[word.replace("MADE", mine) for word in words]), commands)
            for words, done in zip(commands, runs):
                code = IO_FAILED if words[0] == "extract" else BAD_DATA  # 65 would be told of the archive
                assert done.returncode == code, (where, key, value, words, done.returncode, done.stderr)
                assert os.path.basename(path) in done.stderr + done.stdout, (words, done.stderr)
        shutil.rmtree(mine)
    with h5py.File(hour, "r+", libver="latest") as f:
        f.attrs.create("damages", b"\x1b]0;x\x07.pcap: at byte 3: cut\n", dtype=h5py.string_dtype("utf-8", 40))
    for words in (["info", folder], ["extract", os.path.join(made, "hour.pcap"), "--from", "2017-01-01", "-o", folder]):
        done = p.run(*words)
        assert "?]0;x?.pcap: at byte 3" in done.stdout + done.stderr and "\x1b" not in done.stdout + done.stderr, done
    with h5py.File(os.path.join(made, "result.h5"), "r+", libver="latest") as f:
        f["results"][sorted(f["results"])[0]]["metrics/recall"][0] = 0.5
    done = p.run("verify", os.path.join(made, "result.h5"), p.file("none.h5"), model)
    assert done.returncode == NO_INPUT and "result.h5: NOT whole" in done.stdout and "model.h5: whole" in done.stdout, done.stdout
    shutil.rmtree(made)


def repack(path, name, values, how, chunk=None):
    """The column anew, laid out in another way; `chunk`: packed bytes in place of its one chunk's."""
    with h5py.File(path, "r+", libver="latest") as f:
        checksum = f[name].attrs["checksum"]
        del f[name]
        column = f.create_dataset(name, data=values, **how)
        column.attrs.create("checksum", checksum, dtype=h5py.string_dtype("utf-8", len(checksum)))
        if chunk is not None:
            column.id.write_direct_chunk((0,), *chunk)


def repacked_files(p):
    """A column that others have packed anew is read as it was. One whose chunk holds less than it should is refused: HDF5 would take the
    rest from behind the chunk's memory, and rows would be of what lay there."""
    made = made_once(p)
    path, name = features.files(os.path.join(made, "features"))[0], "sources/packets"
    with h5py.File(path) as f:
        values = f[name][:]
    n, deflated, ours = len(values), {"compression": "gzip"}, {"compression": "gzip", "shuffle": True}
    rows = ["export", path, "--with-addresses"]
    wanted = p.do(*rows).stdout
    for how, kind in [({}, "<u8"), ({"chunks": (7,)}, "<u8"), ({"chunks": (n,), **deflated}, "<u8"), ({"chunks": (65536,), "maxshape": (None,), **ours}, "<u8"),
                      ({"chunks": (n,), **ours}, ">u8")]:
        repack(path, name, values.astype(kind), how)
        assert p.do(*rows).stdout == wanted, (how, kind)
        assert "whole" in p.do("verify", path).stdout, (how, kind)
        if "compression" not in how:  # nothing but the columns' own checksums would show damage: they are compared
            spoiled = values.astype(kind)
            spoiled[n // 2] += np.uint64(1 << 40)
            repack(path, name, spoiled, how)
            for words in (rows, ["train", path, "-o", p.file("spoiled.h5")], ["info", path], ["report", path, "-o", p.file("spoiled")]):
                assert p.run(*words).returncode in (BAD_DATA, NO_INPUT), words
    repack(path, name, values, {"chunks": (n,), "fletcher32": True})
    for words in (rows, ["verify", path], ["train", path, "-o", p.file("fletcher.h5")]):
        done = p.run(*words)
        assert done.returncode == BAD_DATA and "h5repack -L -f SHUF -f GZIP=1" in done.stdout + done.stderr, (words, done)
    short = zlib.compress(values.tobytes()[:40])
    for how, chunk in [(deflated, (short, 0)), (ours, (short, 0)), (ours, (short, 3)), ({}, (bytes(40), 0)), (deflated, (zlib.compress(bytes(9 * n)), 0))]:
        repack(path, name, values, {"chunks": (n,), **how}, chunk)
        for words in (rows, ["verify", path], ["info", path], ["train", path, "-o", p.file("short.h5")], ["label", path, "-o", p.file("short")]):
            done = p.run(*words)
            assert done.returncode == BAD_DATA and path in done.stdout + done.stderr, (how, chunk, words, done)
    shutil.rmtree(made)


def odd_files(p):
    """Pipes where files are looked for are not waited for; names are not sent to a terminal as they are; texts in ASCII are texts."""
    made = made_once(p)
    folder, packed = os.path.join(made, "features"), write(os.path.join(made, "hour.pcap.gz"), gzip.compress(small_capture()))
    os.mkfifo(packed + ".dfx")
    p.do("extract", packed, "-o", os.path.join(made, "new"))
    hour = features.files(folder)[0]
    with h5py.File(hour, "r+", libver="latest") as f:
        f["sources/category"].attrs.create("categories", np.array([b"none", b"caf\xe9"], dtype="S8"))
    info = json.loads(p.do("info", hour, "--json").stdout)
    assert info["sources"] > 0, info
    odd = os.path.join(folder, "features-\x1b]0;x\x07\n.h5")
    shutil.copy(hour, odd)
    for words in (["info", odd], ["verify", odd]):
        done = p.run(*words)
        assert done.returncode == 0 and "features-?]0;x??.h5" in done.stdout and "\x1b" not in done.stdout, done
    os.remove(odd)
    os.mkfifo(odd)
    for words in (["info", folder], ["train", folder, "-o", os.path.join(made, "new.h5")], ["verify", odd]):
        done = p.run(*words)
        assert done.returncode == NO_INPUT and "is a pipe or a device" in done.stdout + done.stderr, (words, done)
    shutil.rmtree(made)


def unreadable_files(p):
    """Files that open and whose reading fails, as of a bad disk: that is said, not that they are damaged, and nothing is to be removed."""
    made, unreadable = made_once(p), "/proc/self/mem"
    folder, key = os.path.join(made, "features"), os.path.join(made, "key")
    hour = features.files(folder)[0]
    for path, commands in [
        (hour, [["extract", os.path.join(made, "hour.pcap"), "-o", folder], ["verify", folder], ["info", folder], ["export", folder],
                ["report", folder, "-o", os.path.join(made, "report")], ["evaluate", os.path.join(made, "model.h5"), folder]]),
        (os.path.join(made, "model.h5"), [["evaluate", os.path.join(made, "model.h5"), folder], ["verify", os.path.join(made, "model.h5")]]),
        (key, [["export", folder, "--anonymize", key, "-o", os.path.join(made, "new.csv")]]),
    ]:
        os.rename(path, path + ".aside")
        os.symlink(unreadable, path)
        for words in commands:
            done = p.run(*words)
            said = done.stdout + done.stderr
            assert done.returncode == IO_FAILED and path + " cannot be read: Input/output error" in said, (words, done.returncode, said)
            assert "remove it" not in said and "NOT whole" not in said, (words, said)
        os.rename(path + ".aside", path)
    shutil.rmtree(made)


def one_task_works(p):
    """A serial command does its work once, whatever launcher started how many tasks of it."""
    made = made_once(p)
    for name in ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"):
        for number in "01":
            done = p.run("verify", os.path.join(made, "features"), more={name: number})
            assert done.returncode == 0 and ("whole" in done.stdout) == (number == "0"), (name, number, done.stdout)
    shutil.rmtree(made)


def each_file_once(p):
    """By whatever names a file goes; a pattern may match folders."""
    made = made_once(p)
    rows = {}
    for words in (["MADE/features"], ["MADE/features", "MADE/features/"], ["MADE/feat*"], ["MADE/features/", "MADE/features/features-*.h5"]):
        p.do("train", *[word.replace("MADE", made) for word in words], "-o", p.file("once.h5"), "--n-estimators", "2", ranks=2)
        with h5py.File(p.file("once.h5")) as f:
            rows["".join(words)] = f.attrs["n_rows"]
    assert len(set(rows.values())) == 1, rows
    done = p.run("evaluate", os.path.join(made, "features"), os.path.join(made, "model.h5"))
    assert done.returncode == NO_INPUT and "is a folder" in done.stderr, done.stderr
    shutil.rmtree(made)


def other_locks(p):
    """What the user has told HDF5 of locks does not stand in the way of ours."""
    made = made_once(p)
    for value in ("TRUE", "BEST_EFFORT"):
        p.do("train", os.path.join(made, "features"), "-o", p.file(value + ".h5"), "--n-estimators", "2", more={"HDF5_USE_FILE_LOCKING": value})
    os.symlink(os.path.join(made, "model.h5"), p.file("linked.csv.partial"))
    before = contents(made)
    assert p.run("export", os.path.join(made, "features"), "-o", p.file("linked.csv")).returncode == IO_FAILED
    assert contents(made) == before, "a partial file's link was followed"
    shutil.rmtree(made)


def heeds(pid, number):
    """Whether a process has a handler for a signal."""
    with open("/proc/%d/status" % pid) as f:
        caught = [line for line in f if line.startswith("SigCgt")][0]
    return int(caught.split()[1], 16) >> (number - 1) & 1


def stops(p):
    """Jobs are signalled before their time is up: what takes long leaves in good order, between two fits."""
    made = made_once(p)
    words = [p.path, "train", os.path.join(made, "features"), "-o", p.file("stopped.h5"), "--learner", "forest", "--n-estimators", "4000",
             "--folds", "20"]
    run = subprocess.Popen(words, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while run.poll() is None and not heeds(run.pid, signal.SIGUSR1):
        time.sleep(0.01)
    run.send_signal(signal.SIGUSR1)
    _, said = run.communicate(timeout=60)
    assert run.returncode == STOPPED and "asked to stop (signal USR1 came)" in said, (run.returncode, said)
    assert not os.path.exists(p.file("stopped.h5")) and os.path.exists(p.file("stopped.h5.run.json"))
    shutil.rmtree(made)


def check_cut(p, whole, n, ranks):
    """The first n bytes of a capture: what they hold is used, and the exit code says whether that is all of it."""
    path = write(p.file("cut-%d-%d.pcap" % (n, ranks)), whole[:n])
    output = path + ".out"
    done = p.run("extract", path, "-o", output, ranks=ranks)
    if n < 24:
        assert done.returncode == BAD_DATA and not features.files(output), "cut at %d: exit %d" % (n, done.returncode)
        assert os.path.basename(path) in done.stderr, done.stderr
        return
    wanted = BAD_DATA if naive.is_damaged(path) else 0
    assert done.returncode == wanted, "cut at %d, %d ranks: exit %d\n%s" % (n, ranks, done.returncode, done.stderr)
    assert (os.path.basename(path) in done.stderr) == (wanted == BAD_DATA), done.stderr
    features.assert_equal_to_naive(output, *naive.extract([path]))


def every_cut(p):
    whole = small_capture()
    cuts = [(n, 1) for n in range(len(whole) + 1)] + [(n, 2 + n // 16 % 2) for n in range(0, len(whole), 16)]
    with concurrent.futures.ThreadPoolExecutor(6) as several:
        for _ in several.map(lambda cut: check_cut(p, whole, *cut), cuts):
            pass


def main():
    with Program(sys.argv[1]) as p:
        for group in (every_case, default_scratch, folders_that_cannot_be_listed, full_disk, own_inputs, folder_for_a_file, full_stdout,
                      changed_files, repacked_files, odd_files, unreadable_files, each_file_once, one_task_works, other_locks, stops, every_cut):
            group(p)


if __name__ == "__main__":
    main()
