"""Benchmark the table estimators with AutoGluon's eight-fold bagging, or in TabArena.

    python examples/benchmarks/tabarena/run.py            # three data sets of scikit-learn
    python examples/benchmarks/tabarena/run.py breast_cancer --configs 4 --others GBM XT
    python examples/benchmarks/tabarena/run.py --tabarena anneal QSAR_fish_toxicity --configs 1

The first two need ``pip install autogluon.tabular`` (without PyTorch): one train/test split, eight
models on eight folds, the mean of their predictions. AutoGluon's own models of the names after
``--others`` are trained on the same folds, if what they need is installed.

The third needs TabArena (https://github.com/autogluon/tabarena), which is installed from its
repository, and a connection: it downloads the data sets from OpenML and the results of the other
methods, with which it makes a leaderboard.
"""

import argparse
import tempfile

from autogluon.core.searcher.local_random_searcher import LocalRandomSearcher
from autogluon.tabular import TabularPredictor
from skbackprop_model import SEARCH_SPACE, SkbackpropModel
from sklearn import datasets
from sklearn.model_selection import train_test_split

DATA = {
    "breast_cancer": (datasets.load_breast_cancer, "binary", "roc_auc"),
    "wine": (datasets.load_wine, "multiclass", "log_loss"),
    "diabetes": (datasets.load_diabetes, "regression", "root_mean_squared_error"),
}
FOLDS = 8


def configurations(n_random):
    """The defaults, and configurations drawn from the search space."""
    searcher = LocalRandomSearcher(search_space=SEARCH_SPACE)
    searcher.get_config()  # the first is always the same
    return [{}, *(searcher.get_config() for _ in range(n_random))]


def bagged(name, n_random, others, seconds):
    """AutoGluon's leaderboard of eight-fold bagging on one of scikit-learn's data sets."""
    load, problem_type, metric = DATA[name]
    table = load(as_frame=True).frame
    train, test = train_test_split(table, test_size=0.25, random_state=0)
    models = {SkbackpropModel: configurations(n_random), **{other: {} for other in others}}
    with tempfile.TemporaryDirectory() as folder:
        predictor = TabularPredictor(
            "target", problem_type=problem_type, eval_metric=metric, path=folder, verbosity=1
        )
        predictor.fit(
            train,
            hyperparameters=models,
            num_bag_folds=FOLDS,
            num_bag_sets=1,
            num_stack_levels=0,
            dynamic_stacking=False,
            fit_weighted_ensemble=False,
            time_limit=seconds,
        )
        columns = ["model", "score_test", "score_val", "fit_time", "pred_time_test"]
        return predictor.leaderboard(test)[columns]


def in_tabarena(names, n_random):
    """TabArena's leaderboard, with the estimators on the first split of some of its data sets."""
    from tabarena.benchmark.experiment import TabArenaV0pt1ExperimentBundle
    from tabarena.contexts import TabArenaContext

    models = [(SkbackpropModel.config_generator(), n_random)]
    experiments = TabArenaV0pt1ExperimentBundle(models=models).build_experiments()
    context = TabArenaContext()
    context.build_and_run_jobs(
        experiments,
        expname="tabarena-skbackprop",
        subset="lite",
        build_kwargs={"dataset_names": names},
        new_result_prefix="[New] ",
        debug_mode=True,  # in this process
    )
    return context.compare(output_dir="tabarena-skbackprop")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"data sets: {', '.join(DATA)}; TabArena's names")
    parser.add_argument("--configs", type=int, default=0, help="configurations to draw")
    parser.add_argument("--others", nargs="*", default=[], help="AutoGluon's models beside them")
    parser.add_argument("--seconds", type=float, help="time limit of each data set")
    parser.add_argument("--tabarena", action="store_true")
    given = parser.parse_args()
    if given.tabarena:
        print(in_tabarena(given.names, given.configs))
        return
    for name in given.names or DATA:
        print(f"\n{name}: {DATA[name][2]} (errors are negative)")
        print(bagged(name, given.configs, given.others, given.seconds).to_string(index=False))


if __name__ == "__main__":
    main()
