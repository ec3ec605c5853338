"""The order of the gallery: its sections, and the examples in each."""

from pathlib import Path

SECTIONS = {
    "examples": ("plot_compare_with_mlpclassifier.py", "plot_grid_search.py"),
    "tables": (
        "plot_table_with_categories.py",
        "plot_table_intervals.py",
        "plot_table_effects.py",
        "plot_table_new_rows.py",
        "plot_table_time_budget.py",
    ),
    "noise": (
        "plot_quantile_bands.py",
        "plot_gaussian_band.py",
        "plot_huber_outliers.py",
        "plot_imbalance.py",
        "plot_dropout.py",
    ),
    "inside": (
        "plot_by_hand.py",
        "plot_gradient_checking.py",
        "plot_digits_weights.py",
        "plot_hidden_features.py",
        "plot_move_the_input.py",
    ),
    "textbook": (
        "plot_iris_regions.py",
        "plot_mcycle.py",
        "plot_relu_100_50_10.py",
        "plot_softmax_csv.py",
        "plot_piecewise_regression.py",
        "plot_piecewise_classification.py",
    ),
    "practice": (
        "plot_text_sparse.py",
        "plot_validation_by_group.py",
        "plot_dask.py",
        "plot_onnx.py",
    ),
}


def section_position(folder):
    """Return the position of a folder in the gallery; those without examples come last."""
    name = Path(folder).name
    return list(SECTIONS).index(name) if name in SECTIONS else len(SECTIONS)


class ExampleOrder:
    """Sort key of the examples in one folder."""

    def __init__(self, src_dir):
        self.order = SECTIONS.get(Path(src_dir).name, ())

    def __call__(self, filename):
        # Sphinx-Gallery also sorts folders without examples.
        return self.order.index(filename) if filename in self.order else len(self.order)

    def __repr__(self):
        return f"ExampleOrder({self.order})"
