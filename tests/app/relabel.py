"""`label`: the same rows with labels by other rules, equal to labels decided by hand; refusals of what cannot be done."""
import fcntl
import os
import shlex
import shutil
import sys

import h5py
import numpy

import features
import naive
from program import Program

STRICT = """
[port_scan]
more_ports_than = 2
per_destination = any
[stealth_tcp]
fewer_syn_than = 3
[order]
rules = backscatter, stealth_icmp, stealth_tcp, network_scan, port_scan, misconfiguration
"""
FILTER = "tcp or udp or icmp"
ORDER = [4, 3, 2, 1, 0, 5]


def strict_rule(row):
    scans = 2 * int(row["scan_flag_packets"]) > row["packets"]
    holds = [
        row["max_ports_per_destination"] > 2 and scans,
        row["max_destinations_per_port"] > 5 and scans,
        1 <= row["syn_packets"] < 3 and row["unique_destinations"] < 15 and row["unique_ports"] < 5,
        1 <= row["echo_requests"] < 15 and row["unique_destinations"] < 5,
        row["reply_packets"] >= 1,
    ]
    return next((rule for rule in ORDER[:5] if holds[rule]), 5)


def rows_of(folder):
    columns = features.columns(folder)
    return [{name: columns[name][i] for name in columns} for i in range(len(columns["address"]))]


def check_labels(p, before, after):
    assert [os.path.basename(f) for f in features.files(after)] == [os.path.basename(f) for f in features.files(before)]
    old, new = features.columns(before), features.columns(after)
    for name in features.COLUMNS:
        if name not in ("label", "rule", "rules_matched"):
            assert numpy.array_equal(old[name], new[name]), "label changed the column " + name
    wanted = [strict_rule(row) for row in rows_of(before)]
    assert list(new["rule"]) == wanted
    assert list(new["label"]) == [naive.RULE_LABELS[rule] for rule in wanted]
    assert len(set(wanted)) == 6 and list(old["rule"]) != wanted, "these rules decide as the others do"
    for file in features.files(after):
        with h5py.File(file) as f:
            assert "more_ports_than = 2\n" in features.texts([f.attrs["rules"]])[0]
    assert features.tally_of_files(before) == features.tally_of_files(after)


def made(folder):
    """How the first file of a folder says that it was made."""
    with h5py.File(features.files(folder)[0]) as f:
        return {name: features.texts([value])[0] for name, value in f["provenance"].attrs.items() if name in ("command_line", "made_from")}


def check_provenance(p, before, there, back):
    """The line that read the packets is kept, whoever labelled since; a shell reads every line back."""
    extracted = made(before)
    assert list(extracted) == ["command_line"], extracted
    assert shlex.split(extracted["command_line"])[1:] == ["extract", p.file("the hour.pcap"), "-o", before, "--filter", FILTER], extracted
    for folder in (there, back):
        labelled = made(folder)
        assert labelled["made_from"] == extracted["command_line"] and shlex.split(labelled["command_line"])[1] == "label", labelled
    with open(p.file("key"), "wb") as f:
        f.write(bytes(range(32)))
    p.do("export", there, "--format", "hdf5", "--anonymize", p.file("key"), "-o", p.file("anonymous/"))
    assert made(p.file("anonymous")) == {"command_line": "(withheld)"}


def refused(p, code, names, *words):
    done = p.run("label", *words)
    assert done.returncode == code and names in done.stderr, "%s: exit %d\n%s" % (words, done.returncode, done.stderr)


def names(folder):
    return [os.path.basename(f) for f in features.files(folder)]


def stopped(p, code, what, spoiled, to, ranks, n_written):
    """One sentence says what happened; the first files are labelled, and nothing is left half done."""
    done = p.run("label", spoiled, "-o", to, ranks=ranks)
    said = [line for line in done.stderr.splitlines() if "error: " in line]
    assert done.returncode == code and len(said) == 1 and what in said[0], (ranks, done.stderr)
    assert names(to) == names(spoiled)[:n_written] and len(os.listdir(to)) == n_written + 1, (ranks, os.listdir(to), done.stderr)


def stops_at_what_is_not_whole(p, windows):
    """The windows before a file that is not whole are labelled, by any number of ranks; of several such files the first is named."""
    for place, all_ranks in [(0, (3,)), (4, (1, 3, 5)), (-1, (3,))]:
        spoiled = p.file("spoiled-%d" % place)
        shutil.copytree(windows, spoiled)
        files = features.files(spoiled)
        assert len(files) > 6
        with h5py.File(files[place], "r+") as f:
            f["sources/packets"][0] += 1
        if place >= 0:
            os.truncate(files[place + 1], 1000)
        for ranks in all_ranks:
            stopped(p, 65, files[place] + " is not whole", spoiled, p.file("to-%d-%d" % (place, ranks)), ranks, place % len(files))


def stops_where_another_run_writes(p, windows):
    """A group of ranks that cannot write its file: those beside it write theirs, and all leave."""
    taken = names(windows)[1]
    for ranks in (1, 3):
        to = p.file("taken-%d" % ranks)
        os.mkdir(to)
        partial = os.path.join(to, taken + ".partial")
        with open(partial, "w") as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            done = p.run("label", windows, "-o", to, ranks=ranks)
        said = [line for line in done.stderr.splitlines() if "error: " in line]
        assert done.returncode == 75 and len(said) == 1 and partial in said[0], (ranks, done.stderr)
        os.remove(partial)
        assert names(to) == [name for name in names(windows)[:ranks] if name != taken], (ranks, os.listdir(to))
        p.do("label", windows, "-o", to, ranks=ranks)
        assert names(to) == names(windows)


def main():
    with Program(sys.argv[1]) as p:
        hour, rules = p.file("the hour.pcap"), p.file("strict.ini")
        with open(rules, "w") as f:
            f.write(STRICT)
        before, there, back = p.file("before"), p.file("there"), p.file("back")
        p.do("synth", "-o", hour, "--packets", "50000", "--sources", "3000")
        p.do("extract", hour, "-o", before, "--filter", FILTER, ranks=2)
        done = p.do("label", before, "-o", there, "--rules", rules, ranks=3)
        assert "replaced" not in done.stderr, done.stderr
        check_labels(p, before, there)
        p.do("extract", hour, "-o", p.file("at-once"), "--filter", FILTER, "--rules", rules)
        for name in features.COLUMNS:
            assert numpy.array_equal(features.columns(there)[name], features.columns(p.file("at-once"))[name]), name
        p.do("label", before, "-o", back)
        done = p.do("label", there, "-o", back)
        n = len(features.files(back))
        assert "%d of %d files lie in %s already, and will be replaced" % (n, n, back) in done.stderr, done.stderr
        assert numpy.array_equal(features.columns(before)["rules_matched"], features.columns(back)["rules_matched"])
        check_provenance(p, before, there, back)
        p.do("extract", hour, "-o", p.file("windows"), "--window", "10m")
        stops_at_what_is_not_whole(p, p.file("windows"))
        stops_where_another_run_writes(p, p.file("windows"))

        with open(rules, "w") as f:
            f.write("[backscatter]\nplain_ack = yes\n")
        refused(p, 78, "plain_ack", before, "-o", p.file("none"), "--rules", rules)
        refused(p, 64, "is an input", before, "-o", before)
        first = names(before)[0]
        both = "%s and %s would both be %s: give each set" % tuple(p.file(folder, first) for folder in ("before", "there", "none"))
        refused(p, 64, both, before, there, "-o", p.file("none"))
        refused(p, 66, "absent", p.file("absent"), "-o", p.file("none"))
        refused(p, 65, "hour.pcap", hour, "-o", p.file("none"))
        refused(p, 64, "-o DIR", before)
        assert not features.files(p.file("none"))


if __name__ == "__main__":
    main()
