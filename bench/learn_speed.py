#!/usr/bin/python3
"""darkforest's learners beside scikit-learn, XGBoost, LightGBM and ranger: fit only, same rows, same run.

usage: learn_speed.py BUILD FEATURES.h5 [--rows N] [--repeats N] [--threads N] [--only NAME,...] [--boosting-rounds N]

Rows are drawn at random from the feature file: N to fit, the others, 500,000 at most, to judge. Every learner reads the same doubles from
memory; what it does to them before its first tree counts. XGBoost: its forest mode and its histogram boosting. LightGBM is measured where
its Python package can be imported, ranger where Rscript and r-cran-ranger are installed. Names: darkforest, sklearn-forest,
sklearn-boosting, sklearn-adaboost, xgboost, lightgbm, ranger.

scikit-learn's GradientBoostingClassifier is fitted last, in the same run, once, and with all of its 100 rounds: on 1.5 million rows that takes
one thread 5 to 15 minutes. --boosting-rounds gives it fewer, for a quick look: its line then says so, and its time is not one to compare.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time

import numpy as np

FEATURES = ("average_ttl packets unique_destinations packets_per_port packets_per_destination inter_arrival_time "
            "scan_flag_packets udp_packets unique_ports").split()


def read_rows(path):
    import h5py
    with h5py.File(path) as file:
        sources = file["sources"]
        return np.column_stack([sources[name][:].astype(float) for name in FEATURES]), sources["label"][:]


class Bench:
    def __init__(self, options):
        self.options = options
        x, y = read_rows(options.features)
        order = np.random.RandomState(1).permutation(len(y))
        train, test = order[:options.rows], order[options.rows:options.rows + 500000]
        self.train, self.test = (x[train], y[train]), (x[test], y[test])
        print(f"{len(train)} rows to fit, {len(test)} to judge")

    def wanted(self, name):
        return not self.options.only or name in self.options.only.split(",")

    def measure(self, name, make, repeats=None):
        """make() returns a function that fits and returns a function that predicts."""
        from sklearn.metrics import f1_score
        times = []
        for _ in range(repeats or self.options.repeats):
            fit = make()
            start = time.perf_counter()
            predict = fit()
            times.append(time.perf_counter() - start)
        f1 = f1_score(self.test[1], predict(self.test[0]), average="macro")
        print(f"{name:32} {statistics.median(times):9.3f} s   macro F1 {f1:.4f}", flush=True)

    def sklearn(self, name, make, repeats=1):
        def prepare():
            model = make()
            return lambda: model.fit(*self.train).predict
        self.measure(name, prepare, repeats)

    def darkforest(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, (x, y) in (("train", self.train), ("test", self.test)):
                x.tofile(f"{folder}/{name}.f64")
                y.astype(np.uint8).tofile(f"{folder}/{name}.u8")
            files = [f"{folder}/{name}" for name in ("train.f64", "train.u8", "test.f64", "test.u8")]
            for ranks in sorted({1, self.options.threads}):
                run = subprocess.run(["mpirun", "-n", str(ranks), f"{self.options.build}/bench/learn_speed", *files,
                                      str(len(FEATURES)), str(self.options.repeats)],
                                     check=True, capture_output=True, text=True)
                for line in run.stdout.splitlines():
                    name, seconds, f1, *rest = line.split(maxsplit=3)
                    print(f"{f'darkforest {name}, {ranks} ranks':40} {float(seconds):9.3f} s   macro F1 {float(f1):.4f}  "
                          f"{' '.join(rest)}", flush=True)

    def sklearn_forest(self):
        from sklearn.ensemble import RandomForestClassifier
        for depth in (2, 3):
            self.sklearn(f"scikit-learn forest, depth {depth}", lambda: RandomForestClassifier(
                100, max_depth=depth, n_jobs=self.options.threads))

    def sklearn_boosting(self):
        from sklearn.ensemble import GradientBoostingClassifier
        rounds = self.options.boosting_rounds
        self.sklearn(f"scikit-learn boosting, {rounds} rounds", lambda: GradientBoostingClassifier(n_estimators=rounds))

    def sklearn_adaboost(self):
        from sklearn.ensemble import AdaBoostClassifier
        for algorithm in ("SAMME", "SAMME.R"):
            self.sklearn(f"scikit-learn AdaBoost {algorithm}", lambda: AdaBoostClassifier(algorithm=algorithm))

    def xgboost(self):
        import xgboost

        def make(booster):
            model = booster(n_jobs=self.options.threads)
            return lambda: model.fit(*self.train).predict
        self.measure("XGBoost forest", lambda: make(lambda **o: xgboost.XGBRFClassifier(
            n_estimators=100, max_depth=3, tree_method="hist", **o)))
        self.measure("XGBoost boosting", lambda: make(lambda **o: xgboost.XGBClassifier(
            n_estimators=100, max_depth=3, learning_rate=0.1, tree_method="hist", **o)))

    def lightgbm(self):
        import lightgbm

        def make():
            model = lightgbm.LGBMClassifier(n_estimators=100, max_depth=3, num_leaves=8, learning_rate=0.1,
                                            n_jobs=self.options.threads, verbose=-1)
            return lambda: model.fit(*self.train).predict
        self.measure("LightGBM boosting", make)

    def ranger(self):
        if not shutil.which("Rscript"):
            raise ImportError("Rscript is not installed")
        with tempfile.TemporaryDirectory() as folder:
            np.column_stack([*self.train[0].T, self.train[1]]).tofile(f"{folder}/rows")
            n, columns = len(self.train[1]), len(FEATURES) + 1
            script = f"""
                rows <- matrix(readBin("{folder}/rows", "double", {n * columns}), ncol = {columns}, byrow = TRUE)
                x <- as.data.frame(rows[, 1:{columns - 1}]); y <- factor(rows[, {columns}])
                for (i in 1:{self.options.repeats}) cat(system.time(ranger::ranger(x = x, y = y, num.trees = 100,
                    max.depth = 3, num.threads = {self.options.threads}, oob.error = FALSE))[["elapsed"]], "\\n")"""
            run = subprocess.run(["Rscript", "-e", script], check=True, capture_output=True, text=True)
        times = [float(line) for line in run.stdout.split()]
        print(f"{'ranger forest':32} {statistics.median(times):9.3f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("build")
    parser.add_argument("features")
    parser.add_argument("--rows", type=int, default=1500000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="")
    parser.add_argument("--boosting-rounds", type=int, default=100)
    bench = Bench(parser.parse_args())
    for name in ("darkforest", "xgboost", "lightgbm", "ranger", "sklearn-forest", "sklearn-adaboost", "sklearn-boosting"):
        if not bench.wanted(name):
            continue
        try:
            getattr(bench, name.replace("-", "_"))()
        except ImportError as missing:
            print(f"{name}: not measured ({missing})")


if __name__ == "__main__":
    os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT", "1")
    os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
    main()
