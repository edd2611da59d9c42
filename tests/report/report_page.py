"""report, info, verify and export on files of 20,000 made-up sources: their numbers against h5py's and numpy's, and no address anywhere."""
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

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
    return done


def rows_of(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def page_tells_the_counts(folder, columns):
    page = open(folder + "/report.html").read()
    assert not ADDRESS.search(re.sub(r"base64,[^\"]*", "", page)), "an address in the page"
    assert not ADDRESS.search(open(folder + "/report.md").read())
    assert "<script" not in page and "src=\"http" not in page and "href=" not in page
    labels = {r["Class"]: int(r["Sources"]) for r in rows_of(folder + "/tables/labels.csv")}
    for code, name in enumerate(CLASSES):
        n = int((columns["label"] == code).sum())
        assert labels[name] == n and f">{n:,}<" in page
    assert "208,647" in page  # the paper's count for January
    if shutil.which("gnuplot"):
        for name in ["label-mix", "importance", "confusion-1"]:
            assert "</svg>" in open(f"{folder}/figures/{name}.svg").read()
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
    source = "\\documentclass{article}\\usepackage[utf8]{inputenc}\\usepackage{booktabs}\\begin{document}\n" + tables
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
    with h5py.File(out) as f:
        new = {name: f["sources"][name][:] for name in f["sources"]}
        assert f.attrs["filter"] == b"(withheld)" and f["provenance"].attrs["command_line"] == b"(withheld)"
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
    shutil.copy(path, bad)
    with h5py.File(bad, "r+") as f:
        f["tally/arp"][()] += 1
    assert "tally" in run("verify", bad, code=65).stdout
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


def main():
    with tempfile.TemporaryDirectory() as folder:
        hours, out = folder + "/hours", folder + "/report"
        os.mkdir(hours)
        path, model = hours + "/features-20170101T000000.h5", hours + "/model.h5"
        subprocess.run([MAKE, path, str(N_ROWS)], check=True, env=ENVIRONMENT, stderr=subprocess.DEVNULL)
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
        run("report", hours, code=64)
        run("report", folder + "/none", "-o", out, code=66)


main()
