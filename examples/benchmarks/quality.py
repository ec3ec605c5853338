"""Quality on open data: networks for tables, the defaults of others, and boosted trees.

    python examples/benchmarks/quality.py                          # everything that is installed
    python examples/benchmarks/quality.py letter german --sides tabular trees
    python examples/benchmarks/quality.py german --sides tabular "tabular n_members=8 dropout=0.3"
    python examples/benchmarks/quality.py --table --plot quality.png   # only show what was run

Each side is fitted to the same 75 % of at most 10,000 rows, for three seeds, and judged by the
rest. On a busy machine, times of the processor say more than those by the clock. Every result is
a line of ``--json`` as soon as it is there; what is there is not run again. ``open_data.py`` says
how to get the data sets. CatBoost, LightGBM and RealMLP-TD (of pytabkit) take part where they are
installed, with their defaults.
"""

import argparse
import ast
import json
import time
import warnings
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean, geometric_mean

import numpy as np
import pandas as pd
from open_data import DATASETS, is_installed, rows_of
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skbackprop import TableEncoder, TabularClassifier, TabularRegressor

MAX_ROWS = 10_000
SEEDS = (0, 1, 2)
MEASURES = ("accuracy", "log_loss", "r2", "fit", "fit_wall", "predict")


# ---------------------------------------------------------------- sides


def tabular(task, seed, threads):
    cls = TabularRegressor if task == "regression" else TabularClassifier
    return cls(random_state=seed)


class TenTimes:
    """Our estimator with a time budget of ten times the wall time of its fit without one."""

    def __init__(self, model):
        self.model = model

    def fit(self, X, y):
        _, seconds = timed(clone(self.model).fit, X, y)
        self.model.set_params(time_budget=10 * seconds["wall"]).fit(X, y)
        self.classes_ = getattr(self.model, "classes_", None)

    def predict(self, X):
        return self.model.predict(X)

    def predict_proba(self, X):
        return self.model.predict_proba(X)


def tabular10(task, seed, threads):
    return TenTimes(tabular(task, seed, threads))


def mlp(task, seed, threads):
    if task == "regression":
        scaled_target = {"transformer": StandardScaler()}
        network = TransformedTargetRegressor(MLPRegressor(random_state=seed), **scaled_target)
    else:
        network = MLPClassifier(random_state=seed)
    return make_pipeline(TableEncoder(dtype=float), StandardScaler(), network)


def trees(task, seed, threads):
    regression = task == "regression"
    cls = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    return cls(random_state=seed)


def lightgbm(task, seed, threads):
    from lightgbm import LGBMClassifier, LGBMRegressor

    cls = LGBMRegressor if task == "regression" else LGBMClassifier
    return cls(random_state=seed, n_jobs=threads, verbose=-1)


def catboost(task, seed, threads):
    from catboost import CatBoostClassifier, CatBoostRegressor

    cls = CatBoostRegressor if task == "regression" else CatBoostClassifier
    settings = {"random_seed": seed, "thread_count": threads, "verbose": 0}
    return WithTextCategories(cls(**settings, allow_writing_files=False))


class WithTextCategories:
    """CatBoost, which is told its categories and wants them as text without missing values."""

    def __init__(self, model):
        self.model = model

    def fit(self, X, y):
        self.categories = [c for c in X if not pd.api.types.is_numeric_dtype(X[c])]
        self.model.fit(self.as_text(X), y, cat_features=self.categories)
        self.classes_ = getattr(self.model, "classes_", None)

    def as_text(self, X):
        text = {c: X[c].astype(object).fillna("missing").astype(str) for c in self.categories}
        return X.assign(**text)

    def predict(self, X):
        return self.model.predict(self.as_text(X))

    def predict_proba(self, X):
        return self.model.predict_proba(self.as_text(X))


def linear(task, seed, threads):
    if task == "regression":
        model = Ridge()
    else:
        model = LogisticRegression(max_iter=1000)
    return make_pipeline(TableEncoder(dtype=float), StandardScaler(), model)


def realmlp(task, seed, threads):
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    cls = RealMLP_TD_Regressor if task == "regression" else RealMLP_TD_Classifier
    return cls(random_state=seed, device="cpu", n_threads=threads)


SIDES = {
    "tabular": tabular,
    "tabular10": tabular10,
    "mlp": mlp,
    "linear": linear,
    "trees": trees,
    "lightgbm": lightgbm,
    "catboost": catboost,
    "realmlp": realmlp,
}
PACKAGES = {"lightgbm": "lightgbm", "catboost": "catboost", "realmlp": "pytabkit"}
TITLES = {
    "tabular": "skbackprop",
    "tabular10": "skbackprop, ten times the time",
    "mlp": "MLP",
    "linear": "linear",
    "trees": "HistGradientBoosting",
    "lightgbm": "LightGBM",
    "catboost": "CatBoost",
    "realmlp": "RealMLP-TD",
}


def make(side, task, seed, threads):
    """The estimator of a side, which is a name and, after it, parameters."""
    kind, *settings = side.split()
    parameters = dict(setting.split("=") for setting in settings)
    values = {name: ast.literal_eval(value) for name, value in parameters.items()}
    model = SIDES[kind](task, seed, threads)
    return model.set_params(**values) if values else model


def title(side):
    """What a side is called in tables and figures."""
    kind, *settings = side.split()
    return ", ".join([TITLES[kind], *settings])


# ---------------------------------------------------------------- running


def split(name, seed):
    """Training and test rows of a data set."""
    load, task = DATASETS[name]
    X, y = load()
    if task == "classification":
        y = pd.factorize(y, sort=True)[0]
    X, y = rows_of(X, y, MAX_ROWS)
    by_class = None if task == "regression" else y
    return train_test_split(X, y, test_size=0.25, random_state=seed, stratify=by_class)


def timed(function, *arguments):
    """A result, and the seconds it took by the wall and of the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    result = function(*arguments)
    elapsed = time.perf_counter() - wall
    return result, {"wall": elapsed, "processor": time.process_time() - processor}


def judge(model, task, X, y):
    """Measures of quality, and the seconds of a prediction."""
    if task == "regression":
        predicted, seconds = timed(model.predict, X)
        return {"r2": r2_score(y, predicted), "predict": seconds["processor"]}
    predicted, seconds = timed(model.predict_proba, X)
    predicted = np.asarray(predicted, dtype=float)
    predicted /= predicted.sum(axis=1, keepdims=True)
    return {
        "accuracy": accuracy_score(y, model.classes_[predicted.argmax(axis=1)]),
        "log_loss": log_loss(y, predicted, labels=model.classes_),
        "predict": seconds["processor"],
    }


def run(name, side, seed, threads):
    """One fit and its measures."""
    task = DATASETS[name][1]
    X, X_test, y, y_test = split(name, seed)
    model = make(side, task, seed, threads)
    with threadpool_limits(threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, seconds = timed(model.fit, X, y)
        times = {"fit": seconds["processor"], "fit_wall": seconds["wall"]}
        return {**times, **judge(model, task, X_test, y_test)}


def read(path):
    """Results so far, by data set, side, seed and threads."""
    lines = path.read_text().splitlines() if path.exists() else []
    results = map(json.loads, lines)
    return {(r["set"], r["side"], r["seed"], r["threads"]): r for r in results}


def run_all(path, wanted):
    """Run what is wanted and not there yet, and write it down at once."""
    done = read(path)
    missing = [key for key in wanted if key not in done]
    for number, key in enumerate(missing, 1):
        name, side, seed, threads = key
        print(f"[{number}/{len(missing)}] {name}, {side}, seed {seed}", end=": ", flush=True)
        result = run(*key)
        print(", ".join(f"{measure} {value:.4g}" for measure, value in result.items()))
        line = {"set": name, "side": side, "seed": seed, "threads": threads, **result}
        with path.open("a") as file:
            file.write(json.dumps(line) + "\n")


# ---------------------------------------------------------------- reporting


def means(results, threads, sides):
    """Means by data set and side, over the seeds that all of the sides have; and their number."""
    gathered = {}
    for (name, side, seed, n_threads), result in results.items():
        if n_threads == threads and side in sides:
            gathered.setdefault(name, {}).setdefault(side, {})[seed] = result
    found = {}
    for name, of_sides in gathered.items():
        seeds = set.intersection(*map(set, of_sides.values()))
        for side, by_seed in of_sides.items():
            group = [by_seed[seed] for seed in seeds]
            if group:
                found[name, side] = {
                    m: fmean(r[m] for r in group) for m in MEASURES if m in group[0]
                }
                found[name, side]["seeds"] = len(group)
    return found


def error(measures):
    """What is missing to perfection: 1 - R2 or 1 - accuracy."""
    return 1 - measures.get("r2", measures.get("accuracy"))


def quality(measures):
    """R2, or accuracy and log loss, in one line."""
    if "r2" in measures:
        return f"{measures['r2']:.4f}"
    return f"{measures['accuracy']:.4f}\u00a0/\u00a0{measures['log_loss']:.3f}"


def seconds(measures):
    """Of a fit, by the processor and by the clock, and of a prediction."""
    times = f"{measures['fit']:.1f}", f"{measures['fit_wall']:.1f}", f"{measures['predict']:.2f}"
    return "\u00a0/\u00a0".join(times)


def show_table(found, sides, cell):
    """A table in Markdown, of what ``cell`` makes of the measures; return the sets."""
    print("\n| data set (splits) |", " | ".join(map(title, sides)), "|")
    print("|" + "---|" * (len(sides) + 1))
    names = [name for name in DATASETS if any((name, side) in found for side in sides)]
    for name in names:
        of_sides = [found.get((name, side)) for side in sides]
        n_seeds = max(measures["seeds"] for measures in of_sides if measures)
        cells = [cell(measures) if measures else "" for measures in of_sides]
        print(f"| {name}\u00a0({n_seeds}) |", " | ".join(cells), "|")
    return names


def show_tables(found, sides):
    """Quality and, below, times."""
    names = show_table(found, sides, quality)
    common = [name for name in names if all((name, side) in found for side in sides)]
    if common:
        cells = [f"{geometric_mean(error(found[n, s]) for n in common):.4f}" for s in sides]
        print(f"| errors, geometric mean of {len(common)} |", " | ".join(cells), "|")
    print("\nSeconds: a fit, of the processor / by the clock / a prediction, of the processor:")
    show_table(found, sides, seconds)
    show_ratios(found, sides)


def loss(measures):
    """1 - R2 or log loss."""
    return measures["log_loss"] if "log_loss" in measures else 1 - measures["r2"]


def show_ratios(found, sides):
    """Our losses, errors and times of fits, divided by those of each other side."""
    ours, *others = sides
    print(f"\n{title(ours)} / other: geometric means, and how often the loss is smaller")
    print("\n| other | data sets | loss | smaller on | largest | 1 - accuracy | fits, seconds |")
    print("|---|---|---|---|---|---|---|")
    for side in others:
        names = [name for name in DATASETS if {(name, ours), (name, side)} <= found.keys()]
        pairs = [(found[name, ours], found[name, side]) for name in names]
        losses = [loss(own) / loss(other) for own, other in pairs]
        errors = [error(own) / error(other) for own, other in pairs if "accuracy" in own]
        seconds = [sum(pair[i]["fit"] for pair in pairs) for i in (0, 1)]
        largest = f"{max(losses):.2f} ({names[int(np.argmax(losses))]})"
        cells = [title(side), len(names), f"{geometric_mean(losses):.3f}"]
        cells += [sum(ratio < 1 for ratio in losses), largest, f"{geometric_mean(errors):.3f}"]
        print("|", " | ".join(map(str, cells)), f"| {seconds[0]:.0f} / {seconds[1]:.0f} |")


def plot(found, sides, path):
    """Losses divided by those of HistGradientBoosting."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogLocator

    def ratio(name, side):
        return loss(found[name, side]) / loss(found[name, "trees"])

    names = [name for name in DATASETS if all((name, side) in found for side in sides)]
    names.sort(key=lambda name: -ratio(name, sides[0]))
    figure, axes = plt.subplots(figsize=(7, 0.24 * len(names) + 1.3), layout="constrained")
    axes.axvline(1, color="0.4", label=title("trees"))
    styles = zip("odvs^", ("#0173b2", "#949494", "#de8f05", "#029e73", "#cc78bc"), strict=True)
    for side, (marker, color) in zip([s for s in sides if s != "trees"], styles, strict=False):
        ratios = [ratio(name, side) for name in names]
        axes.plot(ratios, range(len(names)), marker, color=color, label=title(side), alpha=0.85)
    axes.set(xscale="log", xlabel="loss (log loss or 1 − R²) / that of HistGradientBoosting")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5, 7)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.7, len(names) - 0.3)
    axes.grid(alpha=0.3, which="both")
    figure.legend(loc="outside upper center", ncols=3)
    figure.savefig(path, dpi=120)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sets", nargs="*", default=None, help=", ".join(DATASETS))
    parser.add_argument("--sides", nargs="+", default=None, help=", ".join(SIDES))
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, default=Path("quality.jsonl"))
    parser.add_argument("--table", action="store_true", help="run nothing")
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    for side in arguments.sides or ():
        if side.split()[0] not in SIDES:
            parser.error(
                f"--sides: {side!r} is none of {', '.join(SIDES)}, with parameters or not"
            )
    return arguments


def main():
    arguments = parse_arguments()
    names = arguments.sets or [name for name in DATASETS if is_installed(name)]
    installed = [side for side in SIDES if find_spec(PACKAGES.get(side, "skbackprop"))]
    sides = arguments.sides or installed
    if not arguments.table:
        wanted = [
            (name, side, seed, arguments.threads)
            for seed in arguments.seeds
            for name in names
            for side in sides
        ]
        run_all(arguments.json, wanted)
    results = read(arguments.json)
    known = {side for _, side, _, n_threads in results if n_threads == arguments.threads}
    sides = arguments.sides or [side for side in SIDES if side in known]
    found = means(results, arguments.threads, sides)
    show_tables(found, sides)
    if arguments.plot:
        plot(found, sides, arguments.plot)


if __name__ == "__main__":
    main()
