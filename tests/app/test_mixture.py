"""Feature files that do not fit together: train, evaluate and report say so, once for each way, and go on."""
import os
import shutil
import sys

import h5py

import features
from program import Program

LENGTH, INVENTORY, FILTER, RULES = ("different " + what for what in ("window lengths", "device inventories", "filters", "rules"))
TWICE = "the same window"
VERY_ROWS = "the very rows that the models learned from"  # which is what evaluate is given below
OVERLAP = "%d of the %d windows lie in times that the models learned from"
OTHER_FILTER, OTHER_DEVICES = "with another --filter", "with other --devices than these"


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


def n_rows(path):
    with h5py.File(path) as f:
        return len(f["sources/address"])


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
    for name, wanted in [("plain", [VERY_ROWS]), ("filter", [OTHER_FILTER, OVERLAP]), ("inventory", [OTHER_DEVICES, OVERLAP]),
                         ("length", ["windows of 1800 s, these are of 600 s", OVERLAP]), ("rules", ["by other rules", VERY_ROWS])]:
        n = sum(n_rows(path) > 0 for path in features.files(p.file(name)))
        wanted = [words.replace("%d", str(n)) for words in wanted]
        for ranks in (1, 2):
            done = p.do("evaluate", model, p.file(name), ranks=ranks)
            warnings = [line for line in done.stderr.splitlines() if "warning: " in line]
            assert len(warnings) == len(wanted) and all(w in line for w, line in zip(wanted, warnings)), done.stderr


def check_empty_windows(p):
    """A window of which no file has a row: nothing was learned from it, and nothing counts twice."""
    p.do("extract", p.file("hour.pcap"), "-o", p.file("long"), "--window", "30m", "--from", "2017-01-01", "--to", "2017-01-01T03:00")
    windows = features.files(p.file("long"))
    rows = [n_rows(window) for window in windows]
    assert len(windows) == 6 and min(rows[:2]) > 0 and max(rows[3:]) == 0, rows
    os.mkdir(p.file("twin"))
    shutil.copy(windows[5], p.file("twin"))
    p.do("train", windows[0], windows[5], p.file("twin"), "-o", p.file("gaps.h5"), "--learner", "bayes")
    with h5py.File(p.file("gaps.h5")) as f:
        assert f.attrs["first_window"] == f.attrs["last_window"] == f["windows"][0][0] and len(f["windows"]) == 1
    done = p.do("evaluate", p.file("gaps.h5"), windows[1], windows[5], p.file("twin"), "-o", p.file("gaps-result.h5"))
    assert "warning" not in done.stderr, done.stderr
    with h5py.File(p.file("gaps-result.h5")) as f:
        for said in f["results"].values():
            assert (said.attrs["n_windows"], said.attrs["n_windows_learned"]) == (1, 0)
            assert features.texts([said.attrs["protocol"]]) == ["cross-month"]
    p.do("report", *windows, p.file("twin"), "-o", p.file("gaps-report"))
    with open(p.file("gaps-report/report.md")) as f:
        assert "held by several files" not in f.read()


def check_learned_windows(p):
    """Judged on windows of which some were learned from, on those and on the others alone."""
    model, result, windows = p.file("half.h5"), p.file("result.h5"), [path for path in features.files(p.file("plain")) if n_rows(path)]
    half = len(windows) // 2
    p.do("train", *windows[:half], "-o", model, "--learner", "bayes")
    for rows, learned in [(windows, half), (windows[:half], half), (windows[half:], 0)]:
        done = p.do("evaluate", model, *rows, "-o", result)
        assert (OVERLAP % (learned, len(rows)) in done.stderr) == (0 < learned < len(rows)), done.stderr
        with h5py.File(result) as f:
            for said in f["results"].values():
                assert (said.attrs["n_windows"], said.attrs["n_windows_learned"]) == (len(rows), learned)
                assert features.texts([said.attrs["protocol"]]) == ["overlap" if learned else "cross-month"]
    for spoil in (lambda f: f.pop("windows"), lambda f: f.attrs.pop("inventory_checksum"),
                  lambda f: f.attrs.pop("filter"), lambda f: f.attrs.pop("window_length"),
                  lambda f: f["windows"].write_direct(f["windows"][:] + 1)):
        shutil.copy(model, p.file("spoiled.h5"))
        with h5py.File(p.file("spoiled.h5"), "r+") as f:
            spoil(f)
        done = p.run("evaluate", p.file("spoiled.h5"), *windows)
        assert done.returncode == 65 and "its attributes are incomplete" in done.stderr, done.stderr
    for name in ("n_windows", "trained_first_window", "judged_last_window"):
        shutil.copy(result, p.file("spoiled.h5"))
        with h5py.File(p.file("spoiled.h5"), "r+") as f:
            f["results/0000"].attrs.pop(name)
        done = p.run("info", p.file("spoiled.h5"))
        assert done.returncode == 65 and "incomplete" in done.stderr, done.stderr


def check_classify(p, model):
    """Only the filter is compared: captures of an operator's own have no inventory."""
    hour, filtered = p.file("hour.pcap"), p.file("filtered.h5")
    p.do("train", p.file("filter"), "-o", filtered, "--learner", "bayes")
    for with_model, words, differs in [(model, [], False), (model, ["--filter", "tcp"], True), (filtered, [], True),
                                       (filtered, ["--filter", "udp"], True), (filtered, ["--filter", "tcp"], False),
                                       (filtered, ["--filter", "tcp", "--devices", p.file("devices.csv")], False)]:
        done = p.do("classify", with_model, hour, "--model", "bayes", *words)
        warnings = [line for line in done.stderr.splitlines() if "warning: " in line]
        assert len(warnings) == differs and all(OTHER_FILTER in line for line in warnings), (words, done.stderr)


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
            check(p, ["export", "-o", p.file("rows.csv")], both, wanted)
        check(p, train, [p.file("plain")], [])
        check_other_than_learned(p, model)
        check_learned_windows(p)
        check_empty_windows(p)
        check_classify(p, model)
        check(p, ["report", "-o", p.file("report"), model], [p.file("plain")], [])


main()
