"""`label`: the same rows with labels by other rules, equal to labels decided by hand; refusals of what cannot be done."""
import os
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


def refused(p, code, names, *words):
    done = p.run("label", *words)
    assert done.returncode == code and names in done.stderr, "%s: exit %d\n%s" % (words, done.returncode, done.stderr)


def main():
    with Program(sys.argv[1]) as p:
        hour, rules = p.file("hour.pcap"), p.file("strict.ini")
        with open(rules, "w") as f:
            f.write(STRICT)
        before, there, back = p.file("before"), p.file("there"), p.file("back")
        p.do("synth", "-o", hour, "--packets", "50000", "--sources", "3000")
        p.do("extract", hour, "-o", before, ranks=2)
        p.do("label", before, "-o", there, "--rules", rules, ranks=3)
        check_labels(p, before, there)
        p.do("extract", hour, "-o", p.file("at-once"), "--rules", rules)
        for name in features.COLUMNS:
            assert numpy.array_equal(features.columns(there)[name], features.columns(p.file("at-once"))[name]), name
        p.do("label", there, "-o", back)
        assert numpy.array_equal(features.columns(before)["rules_matched"], features.columns(back)["rules_matched"])

        with open(rules, "w") as f:
            f.write("[backscatter]\nplain_ack = yes\n")
        refused(p, 78, "plain_ack", before, "-o", p.file("none"), "--rules", rules)
        refused(p, 64, "is an input", before, "-o", before)
        refused(p, 64, "would both be", before, there, "-o", p.file("none"))
        refused(p, 66, "absent", p.file("absent"), "-o", p.file("none"))
        refused(p, 65, "hour.pcap", hour, "-o", p.file("none"))
        refused(p, 64, "-o DIR", before)
        assert not features.files(p.file("none"))


if __name__ == "__main__":
    main()
