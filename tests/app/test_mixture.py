"""Feature files that do not fit together: train, evaluate and report say so, once for each way, and go on."""
import os
import shutil
import sys

import features
from program import Program

LENGTH, INVENTORY, FILTER, RULES = ("different " + what for what in ("window lengths", "device inventories", "filters", "rules"))
TWICE = "the same window"
VERY_ROWS = "the very rows that the models learned from"  # which is what evaluate is given below


def make_folders(p):
    """A folder for each way in which files differ from those in `plain`, whose windows are 30 minutes."""
    hour, rules = p.file("hour.pcap"), p.file("rules.ini")
    with open(rules, "w") as f:
        f.write("[port_scan]\nmore_ports_than = 2\n")
    p.do("synth", "-o", hour, "--packets", "50000", "--sources", "3000", "--devices-out", p.file("devices.csv"))
    for name, words in [("plain", []), ("length", ["--window", "10m"]), ("inventory", ["--devices", p.file("devices.csv")]),
                        ("filter", ["--filter", "tcp"]), ("rules", ["--rules", rules])]:
        p.do("extract", hour, "-o", p.file(name), *([] if name == "length" else ["--window", "30m"]), *words)
    os.mkdir(p.file("copy"))
    shutil.copy(features.files(p.file("plain"))[1], p.file("copy"))


def check(p, command, operands, wanted, ranks=1):
    done = p.do(*command, *operands, ranks=ranks)
    warnings = [line for line in done.stderr.splitlines() if "warning: " in line and VERY_ROWS not in line]
    assert len(warnings) == len(wanted), "%s %s: %s" % (command, operands, done.stderr)
    for words in wanted:
        named = [line for line in warnings if words in line]
        assert len(named) == 1, (words, warnings)
        assert all(operand in named[0] for operand in operands), (operands, named)
        assert named[0].count("features-20") == 2, named


def check_other_than_learned(p, model):
    """Rows that fit together, but not to those which the models learned from."""
    for name, wanted in [("plain", [VERY_ROWS]), ("filter", []), ("length", ["windows of 1800 s, these are of 600 s"]),
                         ("rules", ["by other rules", VERY_ROWS])]:
        done = p.do("evaluate", model, p.file(name))
        warnings = [line for line in done.stderr.splitlines() if "warning: " in line]
        assert len(warnings) == len(wanted) and all(w in line for w, line in zip(wanted, warnings)), done.stderr


def main():
    with Program(sys.argv[1]) as p:
        make_folders(p)
        model, train = p.file("model.h5"), ["train", "-o", p.file("model.h5"), "--learner", "bayes"]
        check(p, train, [p.file("plain")], [])
        for name, wanted in [("length", [LENGTH]), ("inventory", [INVENTORY, TWICE]), ("filter", [FILTER, TWICE]),
                             ("rules", [RULES, TWICE]), ("copy", [TWICE])]:
            both = [p.file("plain"), p.file(name)]
            check(p, train, both, wanted)
            check(p, train, both, wanted, ranks=2)
            check(p, ["evaluate", model], both, wanted)
            check(p, ["report", "-o", p.file("report"), model], both, wanted)
        check(p, train, [p.file("plain")], [])
        check_other_than_learned(p, model)
        check(p, ["report", "-o", p.file("report"), model], [p.file("plain")], [])


main()
