"""report, info, verify and export on files of 20,000 made-up sources: their numbers against h5py's and numpy's, and no address anywhere."""
import calendar
import csv
import datetime
import filecmp
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

PROGRAM, MAKE = sys.argv[1:]
N_ROWS = 20000
CLASSES = ["scanning", "backscatter", "misconfiguration"]
ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")
ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")


def run(*words, code=0):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == code, (words, done.returncode, done.stdout[-500:], done.stderr)
    if code != 64 and "--quiet" not in words:
        assert re.search(r"^darkforest: \S+ %s: .*, wall .* in all\n\Z" % words[0], done.stderr, re.M), (words, done.stderr)
    return done


def rows_of(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def gnuplot_has_pdf():
    done = subprocess.run(["gnuplot", "-e", "print GPVAL_TERMINALS"], capture_output=True, text=True)
    return "pdfcairo" in done.stderr.split()


def page_tells_the_counts(folder, columns):
    page = open(folder + "/report.html").read()
    assert not ADDRESS.search(re.sub(r"base64,[^\"]*", "", page)), "an address in the page"
    assert not ADDRESS.search(open(folder + "/report.md").read())
    assert "<script" not in page and "src=\"http" not in page and "href=" not in page
    labels = {r["Class"]: int(r["Sources"]) for r in rows_of(folder + "/tables/labels.csv")}
    for code, name in enumerate(CLASSES):
        n = int((columns["label"] == code).sum())
        assert labels[name] == n and f">{n:,}<" in page
    assert "208,647" not in page  # the paper's count for January is of all packets, and these were filtered
    if shutil.which("gnuplot"):
        for name in ["label-mix", "importance", "confusion-1"]:
            assert "</svg>" in open(f"{folder}/figures/{name}.svg").read()
            assert os.path.exists(f"{folder}/figures/{name}.pdf") == gnuplot_has_pdf()
            if gnuplot_has_pdf():
                pdf = open(f"{folder}/figures/{name}.pdf", "rb").read()
                assert pdf.startswith(b"%PDF") and pdf.rstrip().endswith(b"%%EOF")
        assert page.count("data:image/svg+xml;base64,") >= 3


def summaries_are_numpys(folder, columns):
    for row in rows_of(folder + "/tables/features.csv"):
        name = row["Feature"].split(" ")[0]
        values = columns[name][columns["label"] == CLASSES.index(row["Class"])].astype("f8")
        expected = [*np.quantile(values, [0, 0.25, 0.5, 0.75, 1]), values.mean()]
        shown = [float(row[h]) for h in ["Minimum", "Lower quartile", "Median", "Upper quartile", "Maximum", "Mean"]]
        np.testing.assert_allclose(shown, expected, rtol=1e-9, err_msg=name)


def latex_compiles(folder):
    if not shutil.which("pdflatex"):
        print("pdflatex is not here: the tables were not compiled")
        return
    tables = "".join(f"\\input{{tables/{t}}}\n" for t in sorted(os.listdir(folder + "/tables")) if t.endswith(".tex"))
    packages = "\\usepackage[utf8]{inputenc}\\usepackage{booktabs}\\usepackage{graphicx}\\usepackage{longtable}"
    source = "\\documentclass{article}" + packages + "\\begin{document}\n" + tables
    open(folder + "/all.tex", "w").write(source + "\\end{document}\n")
    subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL)


def csv_is_the_file(path, columns):
    rows = list(csv.DictReader(run("export", path).stdout.splitlines()))
    assert len(rows) == N_ROWS and "address" not in rows[0]
    with_addresses = list(csv.DictReader(run("export", path, "--with-addresses").stdout.splitlines()))
    for i in [0, 1, N_ROWS // 2, N_ROWS - 1]:
        dotted = ".".join(str(b) for b in int(columns["address"][i]).to_bytes(4, "big"))
        assert with_addresses[i]["address"] == dotted
        assert rows[i]["label"] == CLASSES[columns["label"][i]]
        for name in ["packets", "ttl_sum", "first_seen", "rules_matched"]:
            assert int(rows[i][name]) == columns[name][i]
        assert float(rows[i]["average_ttl"]) == columns["average_ttl"][i]


def shared_prefix(a, b):
    return 32 - int(a ^ b).bit_length()


def anonymised_keeps_all_but_addresses(path, folder, columns):
    key = folder + "/key"
    open(key, "w").write("32-char-str-for-AES-key-and-pad.")
    out = folder + "/anonymous.h5"
    run("export", path, "--format", "hdf5", "--anonymize", key, "-o", out)
    run("verify", out)
    for to in ["shared/", "shared", "deep/er/"]:  # made, there, made
        run("export", path, "--format", "hdf5", "--anonymize", key, "-o", f"{folder}/{to}")
        new = f"{folder}/{to}/{os.path.basename(path)}"
        subprocess.run(["h5diff", "-q", "--exclude-path=/provenance", out, new], check=True)
        os.remove(new)
    with h5py.File(out) as f:
        new = {name: f["sources"][name][:] for name in f["sources"]}
        assert f.attrs["begun_by"] == f.attrs["filter"] == b"(withheld)" and f["provenance"].attrs["command_line"] == b"(withheld)"
    assert (np.diff(new["address"].astype("i8")) > 0).all()
    for name in ["packets", "ttl_sum", "first_seen"]:
        np.testing.assert_array_equal(np.sort(new[name]), np.sort(columns[name]))
    before, after = np.sort(columns["address"]), {}
    for ours, first, ttl in zip(new["address"], new["first_seen"], new["ttl_sum"]):
        after[(first, ttl)] = int(ours)
    pairs = [(int(a), after[(f, t)]) for a, f, t in zip(columns["address"], columns["first_seen"], columns["ttl_sum"])]
    for (a, x), (b, y) in zip(pairs[:300], pairs[1:301]):
        assert shared_prefix(a, b) == shared_prefix(x, y)
    assert len(set(x for _, x in pairs)) == len(before)
    open(key, "w").write("too short")
    run("export", path, "--anonymize", key, code=78)
    run("export", path, "--anonymize", folder + "/none", code=66)
    run("export", path, "--format", "hdf5", "-o", out, code=64)


def verify_finds_what_is_wrong(path, folder):
    assert "whole" in run("verify", path).stdout
    bad = folder + "/bad.h5"
    shutil.copy(path, bad)
    with h5py.File(bad, "r+") as f:
        f["sources/packets"][7] += 1
    assert "packets" in run("verify", bad, code=65).stdout
    for change in (lambda tally: tally["arp"].write_direct(np.array(7, "u8")), lambda tally: tally.pop("arp")):
        shutil.copy(path, bad)
        with h5py.File(bad, "r+") as f:
            change(f["tally"])
        assert "tally" in run("verify", bad, code=65).stdout
        assert "tally" in run("info", bad, code=65).stderr
        assert "tally" in run("export", bad, code=65).stderr
    with open(bad, "w") as f:
        f.write("not a file of ours")
    assert "NOT whole" in run("verify", bad, path, code=65).stdout
    run("verify", folder + "/no-such-file.h5", code=66)
    os.remove(bad)


def info_tells(path, model):
    told = json.loads(run("info", "--json", path).stdout)
    assert told["sources"] == N_ROWS and told["tally"]["records"] > 0 and "port_scan" in told["rules"]
    assert not ADDRESS.search(run("info", path).stdout)
    assert set(json.loads(run("info", "--json", model).stdout)["models"]) == {"forest-depth-2", "forest-depth-3"}


def info_sums_up(folder):
    """Which part of a window was computed, and a last line over all feature files; neither of a whole window alone."""
    hours = sorted(glob.glob(folder + "/features-*.h5")) + sorted(glob.glob(folder + "/caveats/features-*.h5"))
    with_part, *_ = [path for path in hours if "T010000" in path]
    told = json.loads(run("info", "--json", with_part).stdout)
    assert (told["covered_from"], told["covered_to"]) == ("2017-01-01T01:10:00", "2017-01-01T01:30:00.500000000")
    assert re.search(r"^covered_from +2017-01-01T01:10:00$", run("info", with_part).stdout, re.M)
    alone = run("info", hours[0]).stdout
    assert "covered_" not in alone and "feature files" not in alone
    n_packets = sum(json.loads(line)["tally"]["counted"] for line in run("info", "--json", *hours).stdout.splitlines())
    last = run("info", folder + "/other.h5", *hours).stdout.splitlines()[-1]
    windows = "windows from 2017-01-01T00:00:00 to 2017-01-01T02:00:00"
    assert last == f"4 feature files: 2400 sources, {n_packets} packets counted, {windows}", last


def at(path, to, time, labels=None):
    """The same rows in a window that begins at another time, by its file's name "20170101T000000", and with other labels."""
    os.makedirs(to, exist_ok=True)
    new = f"{to}/features-{time}.h5"
    shutil.copy(path, new)
    with h5py.File(new, "r+") as f:
        f.attrs["window_start"] = np.int64(calendar.timegm(datetime.datetime.strptime(time, "%Y%m%dT%H%M%S").timetuple()))
        set_text(f, "filter", "")
        if labels is not None:
            f["sources/label"][:] = labels
    return new


def made_study(folder):
    """
    Feature files whose paths are not in the order of time: two sets in January, one in February and one without misconfiguration in March;
    a model file of two forests for each, and January's judged on March.
    """
    path = folder + "/features-20170101T000000.h5"
    subprocess.run([MAKE, path, "600"], check=True, env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    words = []
    for name, times in [("a-march", ["20170301T000000"]), ("b-february", ["20170201T000000", "20170201T010000"]),
                        ("c/after", ["20170120T000000", "20170121T000000"]), ("c/before", ["20170101T000000"])]:
        for time in times:
            at(path, f"{folder}/{name}", time, (np.arange(600) % 2).astype("u1") if name == "a-march" else None)
        run("train", f"{folder}/{name}", "-o", f"{folder}/{name}/model.h5", "--quiet", "--folds", "3")
        words.append(f"{folder}/{name}")
    run("evaluate", folder + "/c/before/model.h5", folder + "/a-march", "-o", folder + "/result.h5", "--quiet")
    run("report", *words, folder + "/result.h5", "-o", folder + "/study")
    run("report", folder + "/result.h5", *reversed(words), "-o", folder + "/reversed")
    for table in ["features", "labels", "rules", "results"]:
        assert filecmp.cmp(f"{folder}/study/tables/{table}.csv", f"{folder}/reversed/tables/{table}.csv", shallow=False), table
    return folder + "/study"


def column(folder, table, head):
    values = [row[head] for row in rows_of(f"{folder}/tables/{table}.csv")]
    return list(dict.fromkeys(values))


def months_are_told_apart_and_in_order(study):
    sets = ["2017-01 (before)", "2017-01 (after)", "2017-02", "2017-03"]
    assert column(study, "labels", "Month") == sets, column(study, "labels", "Month")
    assert column(study, "windows", "Month") == sets
    windows = column(study, "windows", "Window")
    assert windows == sorted(windows) and len(windows) == 6
    stretches = ["2017-01-01", "2017-01-20 to 2017-01-21", "2017-02", "2017-03"]
    assert column(study, "models", "Trained on") == stretches, column(study, "models", "Trained on")
    assert column(study, "results", "Trained on") == stretches
    assert column(study, "folds", "Rows of") == stretches
    for row in rows_of(study + "/tables/labels.csv"):
        assert row["Month"] == "2017-02" or not row["Paper"] or row["Month"] == "2017-03"
        if row["Month"] == "2017-02":
            assert row["Paper"] == {"scanning": "1700000", "backscatter": "100000", "misconfiguration": "7764"}[row["Class"]]
    assert "208,647" not in open(study + "/report.html").read()


def a_result_of_another_model_is_told(folder):
    """A model that was fitted anew since it was judged."""
    path, model, result = (folder + name for name in ["/features-20170101T000000.h5", "/anew.h5", "/of-anew.h5"])
    for trees, stale in [("3", False), ("4", True)]:
        run("train", path, "-o", model, "--learner", "forest", "--n-estimators", trees, "--quiet")
        if not stale:
            run("evaluate", model, path, "-o", result, "--quiet")
        said = run("report", model, result, "-o", folder + "/anew").stderr
        assert ("evaluate it again" in said) == stale, said


def given_order_is_kept(folder):
    """Of models that were trained on the same rows, the first named stands first, whatever its file's name."""
    path = folder + "/features-20170101T000000.h5"
    for name, depth in [("z", "4"), ("a", "5")]:
        run("train", path, "-o", f"{folder}/{name}.h5", "--quiet", "--max-depth", depth)
    for names, depths in [("za", "45"), ("az", "54")]:
        run("report", *[f"{folder}/{name}.h5" for name in names], path, folder + "/a.h5", "-o", folder + "/given")
        for table in ["models", "results"]:
            assert column(folder + "/given", table, "Model") == ["forest-depth-" + depth for depth in depths], (names, table)


def alike_models_bear_their_files(folder, study):
    """Where models of several files have one name and were trained on the same rows, all that is said of them says the file."""
    path, names = folder + "/features-20170101T000000.h5", ["one/m.h5", "two/m.h5", "other.h5"]
    os.mkdir(folder + "/one")
    os.mkdir(folder + "/two")
    for seed, name in enumerate(names):
        run("train", path, "-o", f"{folder}/{name}", "--quiet", "--seed", str(seed), "--folds", "3")
    for name in ["r1.h5", "r2.h5"]:
        run("evaluate", folder + "/one/m.h5", folder + "/b-february", "-o", f"{folder}/{name}", "--quiet")
    out = folder + "/alike"
    run("report", *[f"{folder}/{name}" for name in [*names, "r1.h5", "r2.h5"]], "-o", out)
    for table, files in [("models", names), ("importances", names), ("folds", names), ("folds-classes", names),
                         ("results", [*names, "r1.h5", "r2.h5"]), ("averages", [*names, "r1.h5", "r2.h5"])]:
        assert column(out, table, "File") == files, (table, column(out, table, "File"))
        assert all(name in open(f"{out}/tables/{table}.tex").read() for name in files), table
    page = open(out + "/report.html").read()
    assert "<th>File</th>" in page and "<th>File</th>" not in open(study + "/report.html").read()
    assert column(study, "models", "File") == ["before/model.h5", "after/model.h5", "b-february/model.h5", "a-march/model.h5"]
    if shutil.which("gnuplot"):
        for name in names:
            assert f"<figcaption>forest-depth-2 ({name}), trained on 2017-01, judged" in page, name
            assert f"forest-depth-2 ({name}), 2017-01'" in open(out + "/figures/importance.gp").read(), name


def set_text(file, name, text):
    file.attrs.create(name, text, dtype=h5py.string_dtype("utf-8", len(text) + 1))


def mixed_folder(folder):
    """One window of 600 sources in a folder, the same by other rules and once more through a filter, and models of the first two."""
    path, mixed = folder + "/features-20170101T000000.h5", folder + "/mixed"
    rules = folder + "/strict.ini"
    with open(rules, "w") as f:
        f.write("[port_scan]\nmore_ports_than = 2\n[backscatter]\nreplies_at_least = 3\n")
    run("label", path, "-o", mixed, "--rules", rules, "--quiet")
    os.rename(mixed + "/features-20170101T000000.h5", mixed + "/b.h5")
    os.remove(mixed + "/run.json")
    for name in ["a.h5", "c.h5"]:
        shutil.copy(path, f"{mixed}/{name}")
    with h5py.File(mixed + "/c.h5", "r+") as f:
        set_text(f, "filter", "not src host 10.9.8.7")
        set_text(f, "inventory_checksum", "0" * 16)
    for name in "ab":
        run("train", f"{mixed}/{name}.h5", "-o", f"{mixed}/model-{name}.h5", "--quiet", "--seed", "7")
    return mixed


def settings_are_told(mixed, study):
    """Every set of settings has a row and its own counts, rules are told by what they change, and a filter names nobody."""
    out = mixed + "-report"
    run("report", mixed, "-o", out)
    sets = [f"2017-01 (settings {i})" for i in (1, 2, 3)]
    assert column(out, "labels", "Month") == sets and column(out, "windows", "Month") == sets
    rows = rows_of(out + "/tables/settings.csv")
    assert [r["Feature files of"] for r in rows] == sets and {r["Windows"] for r in rows} == {"1"}
    assert [r["Device inventory"] for r in rows] == ["0123456789abcdef"] * 2 + ["0" * 16]
    assert [r["Filter"] for r in rows] == ["tcp or udp"] * 2 + ["withheld: it may name addresses"]
    assert "replies_at_least = 3\n" in rows[1]["Label rules"] and "more_destinations_than = 5\n" in rows[1]["Label rules"]
    page = open(out + "/report.html").read()
    changed = "port_scan: more_ports_than = 2; backscatter: replies_at_least = 3<"
    assert page.count(changed) == 1 + 2 and page.count("the paper&#39;s<") == 2 + 2 and "every source kept<" in page
    assert not any(ADDRESS.search(open(f"{out}/{name}").read()) for name in ["report.md", "tables/settings.csv", "tables/settings.tex"])
    twice, *others = rows_of(out + "/tables/caveats.csv")
    assert "more than once" in twice["Caveat"] and twice["Windows"] == "1"
    assert [r["Windows"] for r in others] == ["1"] * 3 and all(w in r["Caveat"] for r, w in zip(others, ["inventory", "filter", "rules"]))
    assert column(out, "models", "Seed") == ["7"]
    assert column(out, "labels", "Paper") == [""]  # packets were filtered
    [one] = rows_of(study + "/tables/settings.csv")
    assert one["Feature files of"] == "2017-01 (before), 2017-01 (after), 2017-02, 2017-03" and one["Windows"] == "6"


def filters_name_nobody(folder):
    """Shown is a filter of words that are all known, with numbers where only ports and lengths stand; all others are withheld."""
    shown = ["tcp", "tcp or udp", "not (arp or igmp)", "src port 80", "tcp dst port 23 || udp port 53", "!icmp && ip", "portrange 1-1024", "port 80-90",
             "ip6\tor(vlan and mpls)", "less 128 and not greater 60"]
    withheld = ["src 167772161", "src 10", "ip[12] = 10", "ip[15] == 3 and ip[14] = 0", "net 10", "host x", "src port 80 or 10", "port 80 81",
                "dst telescope", "port 0x0a000001", "port 10.1", "src port (10)", "ether host 0:1:2:3:4:5", "TCP", "port 1-", "port -1", "port 1-2-3",
                "tcp & udp", "src \\tcp", "src less10"]
    os.mkdir(folder + "/filters")
    for i, text in enumerate(shown + withheld):
        path = f"{folder}/filters/{i:02}.h5"
        shutil.copy(folder + "/small.h5", path)
        with h5py.File(path, "r+") as f:
            f.attrs.create("filter", text, dtype=h5py.string_dtype("utf-8", len(text.encode()) + 1))
    run("report", folder + "/filters", "-o", folder + "/filters-report")
    told = [r["Filter"] for r in rows_of(folder + "/filters-report/tables/settings.csv")]
    assert told == shown + ["withheld: it may name addresses"] * len(withheld), list(zip(shown + withheld, told))


def caveats_are_told(folder, study):
    """A window that is there twice, one of which 20 minutes and a half second were computed, and a damaged one; none in a study without."""
    hours, out = folder + "/caveats", folder + "/caveats-report"
    first, part, damaged = (at(folder + "/features-20170101T000000.h5", hours, f"20170101T0{hour}0000") for hour in range(3))
    shutil.copy(first, hours + "/twin.h5")
    with h5py.File(part, "r+") as f:
        start = int(f.attrs["window_start"])
        f.attrs["covered_from_ns"] = np.int64((start + 600) * 10**9)
        f.attrs["covered_to_ns"] = np.int64((start + 1800) * 10**9 + 5 * 10**8)
    with h5py.File(damaged, "r+") as f:
        set_text(f, "damages", "archive/2.pcap: at byte 77, the capture ends")
    run("report", hours, "-o", out)
    told = [(r["Windows"], r["First window"][11:]) for r in rows_of(out + "/tables/caveats.csv")]
    assert told == [("1", f"0{hour}:00:00") for hour in range(3)], told
    rows = rows_of(out + "/tables/windows.csv")
    assert [r["Covered (seconds)"] for r in rows] == ["3600", "3600", "1200.5", "3600"]
    assert [r["File"] for r in rows][:2] == [os.path.basename(first), "twin.h5"]
    page = open(out + "/report.html").read()
    assert "<h2>Caveats</h2>" in page and ">1200.5 s<" in page and ">twin.h5<" in page
    whole = open(study + "/report.html").read()
    assert "Caveats" not in whole and ">Covered<" not in whole and not os.path.exists(study + "/tables/caveats.csv")


def files(of):
    return {os.path.relpath(os.path.join(at, name), of) for at, _, names in os.walk(of) for name in names}


def what_a_former_report_left_goes(folder, study):
    """Of a report on all, then on models alone: what only the first had is gone; what the user laid beside it or changed stays."""
    out, fresh = shutil.copytree(study, folder + "/again"), folder + "/fresh"
    own = ["tables/mine.csv", "figures/Mine.svg", "notes.txt", "tables/other.tex", "tables/rules.tex", "tables/labels.csv"]
    for name in [*own[:4], "../keep.csv"]:
        open(f"{out}/{name}", "w").close()
    with open(out + "/report-files.txt", "a") as f:
        f.write("../keep.csv\ntables/../../keep.csv\nnotes.txt\nfigures/Mine.svg\n/etc/passwd\ntables/\n")
    for name in own[3:5]:
        with open(f"{out}/{name}", "a") as f:
            f.write("% by hand\n")
        os.utime(f"{out}/{name}", (0, 0))  # times tell nothing
    os.remove(out + "/tables/labels.csv")
    os.symlink(study + "/tables/labels.csv", out + "/tables/labels.csv")
    run("report", folder + "/other.h5", "-o", fresh)
    for _ in range(2):  # what was left once is not forgotten
        done = run("report", folder + "/other.h5", "-o", out)
        assert done.stderr.count("is left there") == 2 and "rules.tex" in done.stderr and "labels.csv" in done.stderr, done.stderr
        assert files(out) == files(fresh) | set(own), files(out) ^ files(fresh)
    assert os.path.exists(folder + "/keep.csv") and "tables/labels.csv" in files(study)
    listed = open(out + "/report-files.txt").read().split()
    assert files(out) - set(own) - set(listed) == {"report.html", "report.md", "report-files.txt"}
    shutil.copy(study + "/tables/rules.tex", out + "/tables")  # the change is undone
    os.remove(out + "/tables/labels.csv")
    done = run("report", folder + "/other.h5", "-o", out)
    assert "is left there" not in done.stderr and files(out) == files(fresh) | set(own[:4]), done.stderr


def gnuplot_that_kills(folder, at):
    """A folder with a gnuplot that kills the report at this picture, and draws the others where there is a true one."""
    bin, count = folder + "/kills", folder + "/kills/count"
    shutil.rmtree(bin, ignore_errors=True)
    os.mkdir(bin)
    with open(bin + "/gnuplot", "w") as f:
        f.write(f"#!/bin/sh\necho >>{count}\n[ $(wc -l <{count}) -eq {at} ] && kill -9 $PPID && exit 1\nexec {shutil.which('gnuplot') or 'false'} \"$@\"\n")
    os.chmod(bin + "/gnuplot", 0o755)
    return dict(ENVIRONMENT, PATH=bin + ":" + os.environ["PATH"])


def what_a_cut_short_report_left_goes(folder, study):
    """A report that is killed, in an empty folder or over a whole one, or copied with new times: the next one knows what is of it."""
    page = [folder + "/other.h5", folder + "/features-20170101T000000.h5"]
    run("report", page[1], "-o", folder + "/fresh-features")
    for whole_first, at in [(0, 3), (1, 3), (1, 2)]:
        out = f"{folder}/cut-{whole_first}-{at}"
        if whole_first:
            run("report", *page, "-o", out)
        before = files(out)
        time.sleep(0.02)  # clocks of file systems are coarse
        cut = subprocess.run([PROGRAM, "report", *page, "-o", out], capture_output=True, env=gnuplot_that_kills(folder, at))
        assert cut.returncode == -9 and files(out) >= before | {"figures/importance.gp"}, (cut, files(out))
        done = run("report", page[1], "-o", out)
        assert "is left there" not in done.stderr and files(out) == files(folder + "/fresh-features"), (done.stderr, files(out))
    copy = shutil.copytree(study, folder + "/copy", copy_function=shutil.copyfile)
    for at, _, names in os.walk(copy):
        for name in names:
            os.utime(os.path.join(at, name), (time.time() + (name != "report-files.txt"),) * 2)
    done = run("report", folder + "/other.h5", "-o", copy)
    assert "is left there" not in done.stderr and files(copy) == files(folder + "/fresh"), (done.stderr, files(copy))


def captions_stand_alone(*folders):
    """In a paper a table has nothing around it, and may stand beside those of another report: no reference to others, no label twice."""
    labels = []
    for folder in folders:
        captions = []
        for path in sorted(glob.glob(folder + "/tables/*.tex")):
            text = open(path).read()
            [caption], [label] = re.findall(r"\\caption\{(.*)\}", text), re.findall(r"\\label\{tab:([A-Za-z0-9-]+)\}", text)
            assert len(caption) > 40 and not re.search(r"[Tt]he same[,:]|below|above|this report|these files|stands? in", caption), (path, caption)
            captions.append(caption)
            labels.append(label)
        assert len(set(captions)) == len(captions) >= 9, captions
    assert len(set(labels)) == len(labels), labels


def undefined_is_marked(study):
    [march] = [r for r in rows_of(study + "/tables/results.csv") if r["Protocol"] == "cross-month" and r["Model"] == "forest-depth-2"]
    assert float(march["misconfiguration: recall"]) == 0 and float(march["backscatter: recall"]) > 0
    page, markdown = open(study + "/report.html").read(), open(study + "/report.md").read()
    assert "0.0000†" in page and "0.0000†" in markdown and "†: undefined" in page
    for name in ["results", "averages", "folds", "folds-classes"]:
        assert "$\\dagger$" in open(f"{study}/tables/{name}.tex").read(), name
        assert "†" not in open(f"{study}/tables/{name}.csv").read()


def deeper_files_are_found(folder):
    """A folder whose files lie two folders deeper, as a campaign's: which of them holds some is said."""
    month = folder + "/deep/c/before"
    at(folder + "/features-20170101T000000.h5", month, "20170101T000000")
    for command in (["report", "-o", folder + "/deeper"], ["info"], ["verify"], ["train", "-o", folder + "/deeper.h5"]):
        for above in ("/deep/c", "/deep"):
            done = run(command[0], folder + above, *command[1:], code=66)
            assert f"{folder}{above} holds no file" in done.stderr and f"but {month} does" in done.stderr, done.stderr


def overlap_is_told(folder):
    """Rows that were learned from, beside others: no cross-month result."""
    result, out = folder + "/both.h5", folder + "/overlap"
    run("evaluate", folder + "/c/before/model.h5", folder + "/c/before", folder + "/a-march", "-o", result, "--quiet")
    run("report", result, "-o", out)
    assert column(out, "results", "Protocol") == ["overlap"] and "protocol overlap: there some or all" in open(out + "/report.md").read()
    assert "overlap: some or all" not in open(folder + "/study/report.md").read()


def folds_are_numpys(study, model):
    """The tables of folds against the model file's confusion matrices; the pooled ones say that they are."""
    with h5py.File(model) as f:
        folds = np.array([f[f"models/forest-depth-2/folds/{k}/confusion"][:] for k in f["models/forest-depth-2/folds"]], "f8")
    right, truth, taken = folds.diagonal(axis1=1, axis2=2), folds.sum(axis=2), folds.sum(axis=1)
    with np.errstate(invalid="ignore"):
        measures = {"Precision": np.nan_to_num(right / taken), "Recall": right / truth, "F1": 2 * right / (truth + taken)}
    shown = [r for r in rows_of(study + "/tables/folds-classes.csv") if (r["Model"], r["Rows of"]) == ("forest-depth-2", "2017-01-01")]
    assert [r["Class"] for r in shown] == CLASSES
    [all_classes] = [r for r in rows_of(study + "/tables/folds.csv") if (r["Model"], r["Rows of"]) == ("forest-depth-2", "2017-01-01")]
    for name, values in measures.items():
        np.testing.assert_allclose([float(r[name]) for r in shown], values.mean(axis=0))
        np.testing.assert_allclose([float(r[name + " deviation"]) for r in shown], values.std(axis=0), atol=1e-12)
        macro = "Macro F1" if name == "F1" else "Macro " + name.lower()
        np.testing.assert_allclose(float(all_classes[macro]), values.mean())
        np.testing.assert_allclose(float(all_classes[macro + " deviation"]), values.mean(axis=1).std(), atol=1e-12)
    [pooled] = [r for r in rows_of(study + "/tables/results.csv") if r["Protocol"] == "cross-validation, pooled" and
                (r["Model"], r["Judged on"]) == ("forest-depth-2", "2017-01-01")]
    together = folds.sum(axis=0)
    np.testing.assert_allclose(float(pooled["scanning: precision"]), together[0, 0] / together[:, 0].sum())
    assert ">cross-validation<" not in open(study + "/report.html").read()


def numbers_are_numbers(folder):
    texts = {"Month", "Window", "Class", "Category", "Rule", "Meaning", "Reason", "Feature", "Model", "Learner", "Trained on", "Judged on",
             "Protocol", "Parameters", "Rows of", "True class", "Command", "Version", "Started", "Damaged input",
             "File", "Feature files of", "Device inventory", "Filter", "Label rules",
             "Caveat", "First window"}
    for path in sorted(glob.glob(folder + "/tables/*.csv")):
        rows = rows_of(path)
        assert rows and len(rows[0]) == len(open(path).readline().split(",")), (path, "a head that is there twice")
        for row in rows:
            for head in set(row) - texts:
                assert row[head] == "" or float(row[head]) >= 0, (path, head, row[head])
    if os.path.exists(folder + "/tables/runs.csv"):
        [*_, wall, cpu, memory] = rows_of(folder + "/tables/runs.csv")[0]
        assert (wall, cpu, memory) == ("Wall time (seconds)", "CPU time (seconds)", "Peak memory of a rank (bytes)")
    assert set(column(folder, "windows", "Length (seconds)")) == {"3600"}


def latex_says_what_it_needs(folder):
    for path in glob.glob(folder + "/tables/*.tex"):
        text = open(path).read()
        first = text.splitlines()[0]
        is_long = text.count(" \\\\\n") > 45
        assert first.startswith("%") and "booktabs" in first and ("longtable" if is_long else "graphicx") in first, (path, first)
        assert "\\endfirsthead" in text if is_long else "\\resizebox{" in text and "\\linewidth" in text, path
    results = open(folder + "/tables/results.tex").read()
    assert "\\multicolumn{3}{c}{scanning} & \\multicolumn" in results
    assert "& precision & recall & F1 & precision" in results


def what_is_cut_says_so(study):
    page = open(study + "/report.html").read()
    n_results = len(rows_of(study + "/tables/averages.csv"))
    assert n_results == 4 * 2 * 2 + 2
    if not shutil.which("gnuplot"):
        return
    assert f"first 12 of {n_results} matrices" in page and "the first 6 of 8" in page
    bars = open(study + "/figures/importance.gp").read()
    assert all(month in bars for month in ["2017-01-01", "2017-01-20", "2017-02", "2017-03"])
    drawn = re.findall(r"<figcaption>forest-depth-2, trained on ([^,]*), judged", page)
    assert len(drawn) == 9 and drawn[-1] == "2017-03"


def what_holds_no_rows_is_not_exported(folder):
    """Not a line is printed, not even of the files before it."""
    result = folder + "/result.h5"
    for words in ([result], [folder + "/b-february", result], [result, folder + "/b-february"]):
        done = run("export", *words, code=65)
        assert done.stdout == "" and result in done.stderr, (words, done.stdout[:200], done.stderr)


def all_windows_are_in_the_csv(folder):
    path = folder + "/small.h5"
    subprocess.run([MAKE, path, "3"], check=True, env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    for hour in range(120):
        at(path, folder + "/many", f"201702{1 + hour // 24:02}T{hour % 24:02}0000")
    run("report", folder + "/many", "-o", folder + "/long")
    assert len(rows_of(folder + "/long/tables/windows.csv")) == 120
    page, table = open(folder + "/long/report.html").read(), open(folder + "/long/tables/windows.tex").read()
    assert "The first 100 of 120 windows" in page and "first 100 of 120" in table
    assert len(re.findall(r"<td>2017-02-\d\dT", page)) == 100 and table.count("3600 s") == 100


def all_runs_are_in_the_csv(folder):
    """Of a folder that a program works on every hour, the run record grows for ever; the page does not."""
    hours, out = folder + "/years", folder + "/years-report"
    at(folder + "/small.h5", hours, "20170201T000000")
    def run_of(second):
        return {"command": f"extract {second}", "program": "0.1.0", "started": f"2017-02-01T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}",
                "exit_code": 0, "wall_seconds": 1.5, "cpu_seconds": 1, "peak_memory_bytes_largest_rank": 1 << 20, "ranks": 1}
    latest, *earlier = [run_of(second) for second in range(5000, -1, -1)]
    with open(hours + "/run.json", "w") as f:
        json.dump(dict(latest, earlier=earlier), f)
    run("report", hours, "-o", out)
    rows = rows_of(out + "/tables/runs.csv")
    assert [r["Command"] for r in rows] == [f"extract {second}" for second in range(5001)]
    page, table = open(out + "/report.html").read(), open(out + "/tables/runs.tex").read()
    assert all("The first 100 of 5001 runs" in text for text in (page, table, open(out + "/report.md").read()))
    assert len(re.findall(r">extract \d+<", page)) == 100 and ">extract 99<" in page and table.count("extract ") == 100


def study_is_told():
    with tempfile.TemporaryDirectory() as folder:
        study = made_study(folder)
        months_are_told_apart_and_in_order(study)
        given_order_is_kept(folder)
        a_result_of_another_model_is_told(folder)
        alike_models_bear_their_files(folder, study)
        settings_are_told(mixed_folder(folder), study)
        caveats_are_told(folder, study)
        info_sums_up(folder)
        what_a_former_report_left_goes(folder, study)
        what_a_cut_short_report_left_goes(folder, study)
        captions_stand_alone(study, folder + "/mixed-report", folder + "/caveats-report/")
        undefined_is_marked(study)
        folds_are_numpys(study, folder + "/c/before/model.h5")
        numbers_are_numbers(study)
        latex_says_what_it_needs(study)
        latex_compiles(study)
        what_is_cut_says_so(study)
        overlap_is_told(folder)
        deeper_files_are_found(folder)
        what_holds_no_rows_is_not_exported(folder)
        all_windows_are_in_the_csv(folder)
        all_runs_are_in_the_csv(folder)
        filters_name_nobody(folder)


def what_is_not_drawn_is_not_shown(hours, folder):
    """A gnuplot that draws nothing, or a part of it as on a full disk, without a complaint; and a picture that cannot be read."""
    draw = "ending=${3#*\\'}; sed -n \"s/^set output '\\(.*.svg\\)'.*/\\1${ending%%%%\\'}/p\" $4 | while read name; do %s; done\n"
    for code, does in [(0, ""), (0, draw % "echo '<svg><path' >$name"), (0, draw % "echo '<svg></svg>' >$name" + "exit 1\n"),
                       (74, draw % "mkdir $name")]:
        bin, out = folder + "/bin", folder + "/undrawn"
        os.mkdir(bin)
        with open(bin + "/gnuplot", "w") as f:
            f.write("#!/bin/sh\n" + does)
        os.chmod(bin + "/gnuplot", 0o755)
        done = subprocess.run([PROGRAM, "report", hours, "-o", out], capture_output=True, text=True,
                              env=dict(ENVIRONMENT, PATH=bin + ":" + os.environ["PATH"]))
        assert done.returncode == code, (does, done.returncode, done.stderr)
        assert code or done.stderr.count("no picture of") == 1, (does, done.stderr)
        assert not code or re.search(r"label-mix\.svg\.\d+\.partial cannot be read", done.stderr), done.stderr
        assert not glob.glob(out + "/figures/*.svg"), (does, os.listdir(out + "/figures"))
        for page in ["report.html", "report.md"] if code == 0 else []:
            assert not re.search(r"<img|figures/", open(f"{out}/{page}").read()), (does, page)
        shutil.rmtree(bin)
        shutil.rmtree(out)


def pictures_are_not_the_users(hours, out, folder):
    """What somebody has set in a .gnuplot is not in the pictures."""
    home, mine = folder + "/home", folder + "/mine"
    os.mkdir(home)
    with open(home + "/.gnuplot", "w") as f:
        f.write("set grid\nset key outside\nset format '%.3e'\n")
    subprocess.run([PROGRAM, "report", hours, "-o", mine, "--quiet"], check=True, env=dict(ENVIRONMENT, HOME=home))
    for picture in glob.glob(out + "/figures/*.svg"):
        with open(picture) as f, open(picture.replace(out, mine)) as g:
            assert f.read() == g.read(), picture


def main():
    study_is_told()
    with tempfile.TemporaryDirectory() as folder:
        hours, out = folder + "/hours", folder + "/report"
        os.mkdir(hours)
        path, model = hours + "/features-20170101T000000.h5", hours + "/model.h5"
        made = subprocess.run([MAKE, path, str(N_ROWS)], env=ENVIRONMENT, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        run("train", path, "-o", model, "--quiet")
        with h5py.File(path) as f:
            columns = {name: f["sources"][name][:] for name in f["sources"]}
        run("report", hours, "-o", out)
        page_tells_the_counts(out, columns)
        summaries_are_numpys(out, columns)
        latex_compiles(out)
        csv_is_the_file(path, columns)
        anonymised_keeps_all_but_addresses(path, folder, columns)
        verify_finds_what_is_wrong(path, folder)
        info_tells(path, model)
        what_is_not_drawn_is_not_shown(hours, folder)
        pictures_are_not_the_users(hours, out, folder)
        run("report", hours, code=64)
        run("report", folder + "/none", "-o", out, code=66)


main()
