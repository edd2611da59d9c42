"""
reproduce: three synthetic months from packets to the paper's tables. The numbers in the tables are those of the files, and the files
are the same for any number of ranks; what is finished is not done again, what is missing or out of date is; what is wrong is said.
"""
import csv
import glob
import os
import re
import shutil
import sys

import h5py
import numpy as np

import features
from program import Program, run_record

MONTHS = ["2017-01", "2017-02", "2017-03"]
CLASSES = ["scanning", "backscatter", "misconfiguration"]
LEARNERS = ["adaboost", "bayes", "boosting", "forest"]
MODELS = ["forest-depth-2", "forest-depth-3", "boosting", "adaboost-samme", "adaboost-samme-r", "bayes", "bayes-normalised"]


def campaign(p, output, **more):
    """A campaign file; more: text for a section by its name."""
    text = "[campaign]\nname = small\noutput = %s\n" % output
    for month in MONTHS:
        text += "[month %s]\narchive = %s.pcap.gz\nfrom = %s-01T00\nto = %s-01T01\n" % (month, month, month, month)
    text += "[devices]\nfiles = %s\n[slurm]\nslice = 1h\n" % " ".join("devices-%s.csv" % m for m in MONTHS)
    text += "".join("[%s]\n%s\n" % section for section in more.items())
    path = p.file(os.path.basename(output) + ".ini")
    with open(path, "w") as f:
        f.write(text)
    return path


def rewrite(path, old, new):
    with open(path) as f:
        text = f.read()
    with open(path, "w") as f:
        f.write(text.replace(old, new))


def make_hours(p):
    for month in MONTHS:
        p.do("synth", "--profile", month, "--sources", "6000", "--devices", "3000", "--listed", "9000", "--packets", "200000",
             "-o", p.file(month + ".pcap.gz"), "--devices-out", p.file("devices-%s.csv" % month))


def table_rows(text, heading):
    """The rows of the table that follows a heading, as lists of cells."""
    part = text[text.index(heading):].split("\n\n")[1]
    return [[cell.strip().replace("\\", "") for cell in line.strip("|").split("|")] for line in part.splitlines()[2:]]


def scores(confusion):
    """Precision and recall of each class, then macro and weighted, as the definitions have them."""
    c = np.asarray(confusion, float)
    hits = np.diag(c)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.nan_to_num(hits / c.sum(axis=0))
        recall = np.nan_to_num(hits / c.sum(axis=1))
    weight = c.sum(axis=1) / c.sum()
    pairs = list(zip(precision, recall)) + [(precision.mean(), recall.mean()), (precision @ weight, recall @ weight)]
    return np.array(pairs).ravel()


def numbers(cells):
    """What stands before and after the ± of each cell."""
    parts = [cell.rstrip("†").split(" ± ") for cell in cells]
    return [np.array([float(q[i]) for q in parts if len(q) > i]) for i in (0, 1)]


def find_model(folder, month, model):
    """The learner's file and the model's group in it."""
    for path in glob.glob(os.path.join(folder, "models", month, "*.h5")):
        with h5py.File(path, "r") as f:
            if model in f["models"]:
                return path
    raise AssertionError("no file holds %s" % model)


def result_confusion(folder, month, model):
    learner = model.split("-")[0]
    with h5py.File("%s/results/2017-01/%s-on-%s.h5" % (folder, learner, month), "r") as f:
        assert all(features.texts([g.attrs["protocol"]]) == ["cross-month"] for g in f["results"].values())
        found = [g["metrics/confusion"][:] for g in f["results"].values() if features.texts([g.attrs["model"]]) == [model]]
    assert len(found) == 1
    return found[0]


def check_table(folder, text, heading, month):
    rows = {(row[0], row[1]): row[2:] for row in table_rows(text, heading)}
    cross = ["fitted on 2017-01"] if month != "2017-01" else []
    assert sorted(rows) == sorted((m, j) for m in MODELS for j in ["split", "5 folds"] + cross), sorted(rows)
    for model in MODELS:
        with h5py.File(find_model(folder, month, model), "r") as f:
            group = f["models"][model]
            held_out = group["held_out/confusion"][:]
            folds = np.array([scores(g["confusion"][:]) for g in group["folds"].values()])
        assert np.abs(numbers(rows[model, "split"])[0] - scores(held_out)).max() < 6e-5
        marks = ["†" in cell for cell in rows[model, "split"]]
        assert marks[0:6:2] == list(held_out.sum(axis=0) == 0) and marks[1:6:2] == list(held_out.sum(axis=1) == 0)
        mean, deviation = numbers(rows[model, "5 folds"])
        assert len(folds) == 5
        assert np.abs(mean - folds.mean(axis=0)).max() < 6e-5 and np.abs(deviation - folds.std(axis=0)).max() < 6e-5
        for judged in cross:
            wanted = scores(result_confusion(folder, month, model))
            assert np.abs(numbers(rows[model, judged])[0] - wanted).max() < 6e-5


def check_tables(folder, text):
    counts = {row[0]: row[1:] for row in table_rows(text, "Sources by label")}
    for month in MONTHS:
        label = features.columns(os.path.join(folder, "features", month))["label"]
        wanted = ["1", "%d" % len(label)] + ["%d" % (label == c).sum() for c in range(3)]
        assert [cell.replace(",", "") for cell in counts[month]] == wanted, (counts[month], wanted)
    assert counts["the paper, 2017-01"][2:] == ["208,647", "10,628", "72,794"]
    assert [row[0] for row in table_rows(text, "Table I:")] == features.FEATURES
    for heading, month in zip(["Table II:", "Table III:", "Table IV:"], MONTHS):
        check_table(folder, text, heading, month)


def contents(folder):
    """Every data set and attribute of the models and results, provenance aside."""
    found = {}

    def keep(path, name, item):
        if not name.startswith("provenance"):
            values = [(k, str(v)) for k, v in sorted(item.attrs.items())]
            found[path, name] = (item[()].tobytes() if isinstance(item, h5py.Dataset) and item.dtype != object else None, values)

    for path in glob.glob(os.path.join(folder, "[mr]*", "*", "*.h5")):
        with h5py.File(path, "r") as f:
            f.visititems(lambda name, item, path=os.path.relpath(path, folder): keep(path, name, item))
    return found


def check_ranks(p, folder, text):
    whole = contents(folder)
    assert len({path for path, _ in whole}) == 3 * 4 + 2 * 4
    # months in two groups; a group a month, of unequal sizes; several groups in a month
    for ranks in (2, 5, 8):
        output = p.file("by-%d" % ranks)
        done = p.do("reproduce", campaign(p, output), ranks=ranks, seconds=200)
        assert done.stdout == text, "the tables differ at %d ranks" % ranks
        assert contents(output) == whole, "models or results differ at %d ranks" % ranks


def written(folder):
    return {os.path.relpath(f, folder): os.stat(f).st_mtime_ns for f in glob.glob(os.path.join(folder, "[mr]*", "*", "*.h5"))}


def check_restart(p, ini, folder, text):
    before = written(folder)
    assert "to do" not in p.do("reproduce", "--dry-run", ini).stdout
    assert p.do("reproduce", ini).stdout == text
    assert written(folder) == before, "finished files were made again"
    os.remove(os.path.join(folder, "models/2017-01/forest.h5"))
    plan = p.do("reproduce", "--dry-run", ini).stdout
    assert re.findall(r"(\S+): (.*) forest: to do", plan) == [
        ("2017-01", "train"), ("2017-02", "judge the first month's"), ("2017-03", "judge the first month's")], plan
    # A result that is damaged is not there.
    os.truncate(os.path.join(folder, "results/2017-01/bayes-on-2017-02.h5"), 2000)
    plan = p.do("reproduce", "--dry-run", ini).stdout
    assert len(re.findall(r"2017-02: judge the first month's bayes: to do", plan)) == 1, plan
    assert p.do("reproduce", ini, ranks=2).stdout == text
    changed = {name for name, at in written(folder).items() if at != before[name]}
    assert changed == {"models/2017-01/forest.h5", "results/2017-01/forest-on-2017-02.h5", "results/2017-01/forest-on-2017-03.h5",
                       "results/2017-01/bayes-on-2017-02.h5"}
    os.utime(features.files(os.path.join(folder, "features/2017-03"))[0])
    p.do("reproduce", ini)
    again = {name for name, at in written(folder).items() if at != before[name]} - changed
    assert len(again) == 3 + 4 and all("2017-03" in name for name in again), again


def report_tables(folder):
    """What the report says of the features."""
    texts = {}
    for path in glob.glob(os.path.join(folder, "report/tables/*.csv")):
        if not os.path.basename(path).startswith("runs"):
            with open(path) as f:
                texts[os.path.basename(path)] = f.read()
    return texts


def check_strays(p, ini, folder, text):
    """Windows outside a month's from and to, and what only looks like a feature file, count for nothing."""
    models, tables, before = contents(folder), report_tables(folder), written(folder)
    assert models and "windows" in "".join(tables), tables.keys()
    january = os.path.join(folder, "features/2017-01")
    inside = features.files(january)[0]
    strays = [os.path.join(january, os.path.basename(features.files(os.path.join(folder, "features/2017-03"))[0])),
              inside.replace("features-2017", "features-2016"), inside.replace(".h5", "-copy.h5")]
    shutil.copy(features.files(os.path.join(folder, "features/2017-03"))[0], strays[0])
    shutil.copy(inside, strays[1])
    shutil.copy(inside, strays[2])
    done = p.do("reproduce", ini)
    assert done.stdout == text and written(folder) == before, "files were made again for a stray"
    for ranks in (1, 2):
        os.remove(os.path.join(folder, "models/2017-01/bayes.h5"))
        os.remove(os.path.join(folder, "results/2017-01/bayes-on-2017-02.h5"))
        done = p.do("reproduce", ini, ranks=ranks)
        warnings = [line for line in done.stderr.splitlines() if "lies outside" in line]
        assert len(warnings) == 1 and strays[1] in warnings[0], done.stderr
        assert done.stdout == text and contents(folder) == models and report_tables(folder) == tables
    for stray in strays:
        os.remove(stray)


def check_stop(p):
    """
    A file STOP stops it before the next learner, and 75 says so although a file of the archive was refused; without the file it goes
    on and says the same. The file that is named is the one to remove, not the link to it in a month's folder.
    """
    output = p.file("stopped")
    stop = os.path.join(output, "STOP")
    ini = campaign(p, output, train="learners = bayes\nfolds = 0")
    os.mkdir(p.file("hours"))
    os.link(p.file("2017-01.pcap.gz"), p.file("hours", "good.pcap.gz"))
    open(p.file("hours", "empty.pcap"), "w").close()
    rewrite(ini, "archive = 2017-01.pcap.gz", "archive = hours")
    os.makedirs(output)
    open(stop, "w").close()
    assert "%s exists" % stop in p.do("reproduce", "--dry-run", ini).stdout
    for ranks in (1, 3):
        done = p.run("reproduce", ini, ranks=ranks)
        assert done.returncode == 75 and ": %s exists" % stop in done.stderr, done.stderr
    assert not written(output)
    os.remove(stop)
    assert "STOP" not in p.do("reproduce", "--dry-run", ini).stdout
    os.remove(p.file("hours", "empty.pcap"))
    done = p.do("reproduce", ini)
    assert "folds |" not in done.stdout and "fitted on 2017-01" in done.stdout
    assert os.path.exists(os.path.join(output, "report/report.html"))


def check_changed_months(p):
    """A month that is given other windows is learned and judged anew, whatever the times of the files say; the report is of the learners that
    the campaign names now."""
    output, start = p.file("changed"), "2017-01-01T00:00"
    p.do("synth", "--sources", "3000", "--packets", "60000", "--start", start, "--duration", "2h", "-o", p.file("long.pcap"))

    def run(hours, learners="bayes"):
        path = p.file("changed.ini")
        with open(path, "w") as f:
            f.write("[campaign]\noutput = changed\n[train]\nlearners = %s\nfolds = 0\n[month short]\narchive = 2017-03.pcap.gz\n"
                    "from = 2017-03-01\nto = 2017-03-01T01\n[month long]\narchive = long.pcap\nfrom = %s\nto = 2017-01-01T0%d\n"
                    % (learners, start, hours))
        done = p.do("reproduce", path)
        windows, rows = [int(cell.replace(",", "")) for cell in table_rows(done.stdout, "Sources by label")[-1][1:3]]
        results = glob.glob(os.path.join(output, "results/short/bayes-*.h5"))
        assert len(results) == 1
        with open(os.path.join(output, "report/tables/results.csv"), newline="") as f:
            rows_told = list(csv.DictReader(f))
        assert {row["Model"].split("-")[0] for row in rows_told} == set(learners.split()), rows_told
        told = {(row["Protocol"], row["Trained on"], row["Judged on"]) for row in rows_told}
        # A month has one name under every protocol, by its time and not by what the campaign calls it.
        assert told == {("split", "2017-03", "2017-03"), ("split", "2017-01", "2017-01"), ("cross-month", "2017-03", "2017-01")}, told
        return windows, rows, os.stat(results[0]).st_mtime_ns

    run(1, "adaboost bayes")
    once, twice, back = run(1), run(2), run(1)
    assert (once[0], twice[0], back[0]) == (1, 2, 1) and once[1] == back[1] < twice[1], (once, twice, back)
    assert once[2] < twice[2] < back[2], "judged anew"


def check_empty_month(p):
    """A month in which nothing came is said once, and no report of the rest is made."""
    ini = campaign(p, p.file("empty"), train="learners = bayes\nfolds = 0")
    rewrite(ini, "from = 2017-03-01T00", "from = 2017-03-09T00")
    rewrite(ini, "to = 2017-03-01T01", "to = 2017-03-09T01")
    done = p.run("reproduce", ini)
    said = [line for line in done.stderr.splitlines() if "error: " in line]
    assert done.returncode == 65 and len(said) == 1 and "2017-03 holds no sources" in said[0], done.stderr
    assert not os.path.exists(p.file("empty", "report"))


def check_damage(p):
    """An archive that is cut off: what it holds is used, and the code says so at the end."""
    with open(p.file("2017-02.pcap.gz"), "r+b") as f:
        f.truncate(os.path.getsize(p.file("2017-02.pcap.gz")) * 3 // 4)
    output = p.file("damaged")
    done = p.run("reproduce", campaign(p, output, train="learners = bayes"))
    assert done.returncode == 65 and "Table IV" in done.stdout, done.stderr
    assert run_record(output)["exit_code"] == 65


def check_refused_archive(p):
    """A file that is named and is no capture: nothing was extracted, and what an earlier run extracted does not stand for it."""
    output = p.file("refused")
    ini = campaign(p, output, train="learners = bayes\nfolds = 0")
    p.do("reproduce", ini)
    os.remove(os.path.join(output, "tables.md"))
    open(p.file("notes.txt"), "w").close()
    rewrite(ini, "archive = 2017-01.pcap.gz", "archive = 2017-01.pcap.gz notes.txt")
    for ranks in (1, 2):
        done = p.run("reproduce", ini, ranks=ranks)
        said = [line for line in done.stderr.splitlines() if "error: " in line]
        assert done.returncode == 65 and len(said) == 1 and "notes.txt" in said[0] and not done.stdout, done.stderr
        assert "notes.txt" in run_record(output)["error"] and not os.path.exists(os.path.join(output, "tables.md"))


def check_no_archive(p, ini):
    """It is missed before anything is made."""
    for words in (["--dry-run"], []):
        done = p.run("reproduce", ini, *words, ranks=1 if words else 2)
        assert done.returncode == 66 and "none-*.gz" in done.stderr and "2017-02" in done.stderr, done.stderr
        assert not os.path.exists(p.file("none"))


def check_refusals(p, ini, folder):
    def write(text):
        with open(p.file("bad.ini"), "w") as f:
            f.write(text)
        return p.file("bad.ini")

    with open(ini) as f:
        good = f.read()
    for text, names in [
        ("", "output"),
        ("[campaign]\noutput = x\n", "month"),
        ("garbage\n", "bad.ini:1"),
        (good + "[train]\nsede = 1\n", "sede"),
        (good + "[train]\nseed = x\n", "bad.ini:%d: [train] seed" % (good.count("\n") + 2)),
        (good + "[train]\nfolds = 1\n", "folds"),
        (good + "[train]\nlearners = bayes forest bayes\n", "'bayes' twice"),
        (re.sub("files = .*", "files =", good), "[devices] files names none"),
        (good.replace("[month 2017-02]", "[month %s]" % ("a" * 60)), "longer than"),
        (good + "[train]\ntest-share = 1.5\n", "test-share"),
        (good + "[train]\nlearners = forest oracle\n", "oracle"),
        (good + "[extract]\nwindow = soon\n", "window"),
        (good + "[extract]\nto = 2017-01-01\n", "'to'"),
        (good + "[extract]\nwidow = 1h\n", "widow"),
        (good + "[extract]\nmemory = much\n", "bad.ini:%d: [extract] --memory takes a size" % (good.count("\n") + 2)),
        (good + "[extract]\nmemory = 1KiB\n", "--memory is at least"),
        (good + "[month 2017-01]\narchive = x\nfrom = 2017-01-01\nto = 2017-01-02\n", "two sections"),
        (good.replace("[month 2017-02]", "[month 2017-01]"), "two sections [month 2017-01]"),
        (good + "[train]\nseed = 1\nseed = 3\n", '"seed" is given twice'),
        (good.replace("from = 2017-02-01T00", "from = 2017-02-01T00:30"), "window"),
        (good.replace("from = 2017-02-01T00\n", ""), "[month 2017-02] names no from"),
        (good.replace("to = 2017-02-01T01\n", ""), "[month 2017-02] names no to"),
        (good.replace("from = 2017-02-01T00", "from = soon"), "from is not a time: 'soon'"),
        (good.replace("from = 2017-02-01T00", "from = 2017-02-03"), "before it begins"),
        (good.replace("[month 2017-02]", "[month ../../etc]"), "letters"),
        (good.replace("output = ", "outputs = "), "output"),
        (good + "[train]\nseed = 2\n", "other settings"),
        (good + "[extract]\nwindow = 30m\n", "other settings (--window)"),
        (good + "[extract]\nfilter = no such thing\n", "no such thing"),
        (good + "[label]\nrules = bad.ini\n", "bad.ini"),
        (re.sub(r"\[devices\]\nfiles = .*\n", "", good), "other settings (the device inventory)"),
    ]:
        for ranks in (1, 2) if text == "" or "seed = 2" in text or "such" in text or "30m" in text else (1,):
            done = p.run("reproduce", write(text), ranks=ranks)
            assert done.returncode == 78 and names in done.stderr, (text[-60:], done.returncode, done.stderr)
            plan = p.run("reproduce", "--dry-run", write(text), ranks=ranks)
            assert (plan.returncode, plan.stdout, names in plan.stderr) == (78, "", True), (text[-60:], plan.stderr)
    check_no_archive(p, write(good.replace("archive = 2017-02.pcap.gz", "archive = none-*.gz").replace(folder, p.file("none"))))
    assert p.run("reproduce", p.file("none.ini")).returncode == 66
    for text in (re.sub("files = .*", "files = none", good), good + "[label]\nrules = none\n"):
        for words in ([], ["--dry-run"]):
            done = p.run("reproduce", write(text), *words)
            assert done.returncode == 66 and "none" in done.stderr, done.stderr
    nowhere = write(good + "[extract]\ntmpdir = nowhere\n")
    assert p.run("reproduce", nowhere).returncode == 74
    assert "nowhere: no scratch" in p.do("reproduce", "--dry-run", nowhere).stderr
    os.rename(os.path.join(folder, "training.ini"), p.file("aside.ini"))
    done = p.run("reproduce", ini)
    assert done.returncode == 78 and "is not known, since %s" % os.path.join(folder, "training.ini") in done.stderr, done.stderr
    os.symlink("/proc/self/mem", os.path.join(folder, "training.ini"))
    done = p.run("reproduce", ini)
    assert done.returncode == 74 and "training.ini cannot be read: Input/output error" in done.stderr, done.stderr
    os.rename(p.file("aside.ini"), os.path.join(folder, "training.ini"))
    assert p.run("reproduce").returncode == 64
    for month in MONTHS:
        assert features.files(os.path.join(folder, "features", month)), "a refusal took something away"


def main():
    with Program(sys.argv[1]) as p:
        make_hours(p)
        folder = p.file("results")
        ini = campaign(p, folder)
        plan = p.do("reproduce", "--dry-run", ini)
        assert plan.stdout.count("to do") == 12 + 8 and not os.path.exists(folder)
        done = p.do("reproduce", ini, seconds=200)
        with open(os.path.join(folder, "tables.md")) as f:
            assert f.read() == done.stdout
        assert os.path.exists(os.path.join(folder, "report/report.html"))
        check_tables(folder, done.stdout)
        check_ranks(p, folder, done.stdout)
        check_restart(p, ini, folder, done.stdout)
        check_strays(p, ini, folder, done.stdout)
        check_refusals(p, ini, folder)
        check_stop(p)
        check_changed_months(p)
        check_refused_archive(p)
        check_empty_month(p)
        check_damage(p)


main()
