#!/usr/bin/python3
"""Metrics against scikit-learn's classification_report and confusion_matrix, undefined cases included.

usage: metrics_referee.py SCORE_CSV
"""
import subprocess
import sys
import unittest

import numpy as np
from sklearn import metrics

SCORE_CSV = sys.argv.pop(1)


class Metrics(unittest.TestCase):
    def compare(self, truth, predicted, n_classes):
        pairs = "".join(f"{t} {p}\n" for t, p in zip(truth, predicted))
        run = subprocess.run([SCORE_CSV, str(n_classes)], input=pairs, capture_output=True, text=True, check=True)
        ours = {line.split()[0]: np.array(line.split()[1:], float) for line in run.stdout.splitlines()}
        theirs = metrics.classification_report(truth, predicted, output_dict=True, zero_division=0)
        names = {"macro avg": "macro", "weighted avg": "weighted"}
        for name, values in theirs.items():
            if name == "accuracy":
                self.assertAlmostEqual(ours["accuracy"][0], values, places=14)
                continue
            wanted = [values[key] for key in ("precision", "recall", "f1-score", "support")]
            np.testing.assert_allclose(ours[names.get(name, name)][:4], wanted, rtol=1e-13, atol=0)
        self.assertAlmostEqual(ours["accuracy"][0], metrics.accuracy_score(truth, predicted), places=14)
        wanted = metrics.confusion_matrix(truth, predicted, labels=range(n_classes)).ravel()
        np.testing.assert_array_equal(ours["confusion"], wanted)

    def test_random(self):
        random = np.random.RandomState(1)
        for n_classes in (2, 3, 7):
            for n in (5, 50, 500):
                truth = random.randint(n_classes, size=n)
                predicted = np.where(random.rand(n) < 0.7, truth, random.randint(n_classes, size=n))
                self.compare(truth, predicted, n_classes)

    def test_undefined(self):
        self.compare([0, 0, 1, 1], [0, 0, 0, 0], 3)  # 1 is never predicted, 2 does not occur
        self.compare([0, 0, 0], [0, 1, 2], 3)  # 1 and 2 are never true
        self.compare([0], [1], 3)
        self.compare([2], [2], 3)


if __name__ == "__main__":
    unittest.main()
