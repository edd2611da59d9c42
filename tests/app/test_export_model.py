"""
Models exported as JSON, loaded by XGBoost: what it predicts is what darkforest predicts, on rows that lie on thresholds and next to
them, for every learner that has trees, with two classes, three, and a class that was never seen.

usage: test_export_model.py DARKFOREST MAKE_MODELS
"""
import json
import os
import subprocess
import sys

import numpy as np
import xgboost

from program import Program

MODELS = ["forest", "forest-two", "boosting", "boosting-two", "samme", "samme.r", "samme.r-two"]


def shares_of_classes(booster, matrix):
    """XGBoost's prediction with a column a fitted class, and those classes' names."""
    predicted = booster.predict(matrix)
    classes = json.loads(booster.attr("classes"))
    if predicted.ndim == 1:  # binary:logistic says the share of the second class
        predicted = np.column_stack([1 - predicted, predicted])
    return classes, predicted


def compare(p, name, rows, names):
    path = p.file(name + ".json")
    p.do("export", p.file("models.h5"), "-o", path, "--model", name)
    booster = xgboost.Booster()
    booster.load_model(path)
    ours = np.loadtxt(p.file(name + ".csv"), delimiter=",")
    classes, theirs = shares_of_classes(booster, xgboost.DMatrix(rows, feature_names=booster.feature_names))
    columns = [names.index(c) for c in classes]
    assert len(booster.feature_names) == rows.shape[1]
    assert theirs.shape == (len(rows), len(columns)), theirs.shape
    away = np.abs(theirs - ours[:, columns]).max()
    assert away < 2e-6, "%s: shares differ by up to %g" % (name, away)
    assert ours[:, columns].std() > 0.01, "%s says nothing: the comparison would be empty" % name


def check_refusals(p):
    for words, code, names in [
        (["--model", "bayes"], 64, "bayes"),
        (["--model", "nobody"], 64, "samme.r-two"),
        ([], 64, "--model"),
        (["--model", "forest", "--format", "csv"], 64, "--format"),
    ]:
        done = p.run("export", p.file("models.h5"), "-o", p.file("refused.json"), *words)
        assert done.returncode == code and names in done.stderr, (words, done.returncode, done.stderr)
        assert not os.path.exists(p.file("refused.json"))
    done = p.run("export", p.file("models.h5"), "-o", "/dev/full/x.json", "--model", "forest")
    assert done.returncode == 74, done.stderr


def main():
    with Program(sys.argv[1]) as p:
        subprocess.run([sys.argv[2], p.folder], check=True)
        rows = np.loadtxt(p.file("rows.csv"), delimiter=",")
        for name in MODELS:
            compare(p, name, rows, ["scanning", "backscatter", "misconfiguration", "other"])
        check_refusals(p)


main()
