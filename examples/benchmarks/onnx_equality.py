"""ONNX: are predictions of open tables those of the estimator, and how long does a row take?

    python examples/benchmarks/onnx_equality.py                  # every table that is installed
    python examples/benchmarks/onnx_equality.py german letter --json onnx_equality.json

Each estimator for tables is fitted to 75 % of at most 4,000 rows. Among the other rows, one cell
in twenty becomes missing, and one category in twenty one that the fit has not seen. The largest
difference is that of probabilities, or of predicted numbers as a share of their standard
deviation: over all rows in a batch and over 100 of them one by one, and, "in float64", beside
predictions of the table before its numbers are rounded to float32. ``open_data.py`` says how to
get the data sets. Both sides have one thread.
"""

import argparse
import json
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import onnxruntime
import pandas as pd
from open_data import DATASETS, is_installed
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from skbackprop import TabularClassifier, TabularRegressor
from skbackprop.export import to_onnx

MAX_ROWS = 4_000
N_SINGLE = 100
N_REPEATS = 7
TYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64}


def damaged(frame, integers, rng):
    """Rows with missing cells and unseen categories; integers cannot be missing."""
    frame = frame.copy()
    for name in frame.columns:
        is_category = frame[name].dtype == "category"
        if is_category and frame[name].cat.categories.dtype == object:
            frame[name] = frame[name].cat.add_categories("never seen")
            frame.loc[rng.random(len(frame)) < 0.05, name] = "never seen"
        if name not in integers:
            frame.loc[rng.random(len(frame)) < 0.05, name] = None if is_category else np.nan
    return frame


def rounded(frame):
    """Numbers in float64 as float32 has them."""
    floats = frame.columns[frame.dtypes == np.float64]
    return frame.astype(dict.fromkeys(floats, np.float32))


def session_inputs(session, frame):
    """A frame as a session takes it."""
    inputs = {}
    for one in session.get_inputs():
        column = frame[[one.name]].astype(object)
        missing = column.isna().to_numpy()
        if one.type == "tensor(string)":
            inputs[one.name] = np.where(missing, "", column.astype(str)).astype(object)
        else:
            inputs[one.name] = column.to_numpy().astype(TYPES[one.type])
    return inputs


def one_by_one(session, inputs, n_rows):
    """The output of each row alone."""
    output = session.get_outputs()[-1 if is_classifier(session) else 0].name
    rows = [{name: values[[i]] for name, values in inputs.items()} for i in range(n_rows)]
    return np.concatenate([session.run([output], row)[0] for row in rows])


def is_classifier(session):
    return session.get_outputs()[0].name == "label"


def prediction(net, frame):
    if isinstance(net, TabularClassifier):
        return net.predict_proba(frame)
    return net.predict(frame)[:, np.newaxis]


def milliseconds(work):
    """Median time of a call."""
    times = []
    for _ in range(N_REPEATS):
        begin = perf_counter()
        work()
        times.append(perf_counter() - begin)
    return 1e3 * median(times)


def times(net, session, frame, inputs):
    """Milliseconds for a row alone, and for a row in a batch, of both sides."""
    output = [session.get_outputs()[-1 if is_classifier(session) else 0].name]
    row, row_inputs = frame[:1], {name: values[:1] for name, values in inputs.items()}
    return {
        "row here": milliseconds(lambda: prediction(net, row)),
        "row in ONNX": milliseconds(lambda: session.run(output, row_inputs)),
        "batch here": milliseconds(lambda: prediction(net, frame)) / len(frame),
        "batch in ONNX": milliseconds(lambda: session.run(output, inputs)) / len(frame),
    }


def single_threaded(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def compare(name):
    """Return the comparison for one table."""
    load, task = DATASETS[name]
    X, y = load()
    rows = np.random.default_rng(0).permutation(len(X))[:MAX_ROWS]
    train, test, y_train, _ = train_test_split(X.iloc[rows], y[rows], random_state=0)
    cls = TabularRegressor if task == "regression" else TabularClassifier
    net = cls(random_state=0, max_iter=12, min_steps=300).fit(train, y_train)
    session = single_threaded(to_onnx(net))
    integers = {one.name for one in session.get_inputs() if one.type == "tensor(int64)"}
    given = damaged(test, integers, np.random.default_rng(1))
    table, inputs = rounded(given), session_inputs(session, given)
    outputs = dict(zip([o.name for o in session.get_outputs()], session.run(None, inputs)))
    found = outputs["probabilities" if is_classifier(session) else "variable"]
    expected = prediction(net, table)
    scale = 1.0 if is_classifier(session) else float(np.std(expected))
    result = {"table": name, "columns": X.shape[1], "categories": int(categories(X))}
    result["batch"] = float(np.abs(found - expected).max()) / scale
    alone = one_by_one(session, inputs, N_SINGLE)
    result["alone"] = float(np.abs(alone - expected[:N_SINGLE]).max()) / scale
    result["in float64"] = float(np.abs(found - prediction(net, given)).max()) / scale
    if is_classifier(session):
        result["same labels"] = float(np.mean(outputs["label"] == net.predict(table)))
    return result | times(net, session, table, inputs)


def categories(frame):
    return sum(isinstance(dtype, pd.CategoricalDtype) for dtype in frame.dtypes)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", choices=[[], *DATASETS], default=[])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    for name in options.tables or filter(is_installed, DATASETS):
        with threadpool_limits(1):
            result = compare(name)
        shown = {key: f"{v:.2g}" if isinstance(v, float) else v for key, v in result.items()}
        print(", ".join(f"{key} {value}" for key, value in shown.items()), flush=True)
        if options.json:
            with options.json.open("a", encoding="utf-8") as file:
                file.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
