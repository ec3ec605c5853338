"""The order of the examples in the gallery: first steps, the textbook's systems, at work."""

FIRST = (
    "plot_compare_with_mlpclassifier.py",
    "plot_grid_search.py",
    "plot_softmax_csv.py",
    "plot_mcycle.py",
    "plot_iris_regions.py",
    "plot_relu_100_50_10.py",
    "plot_by_hand.py",
    "plot_gradient_checking.py",
    "plot_piecewise_regression.py",
    "plot_piecewise_classification.py",
    "plot_move_the_input.py",
    "plot_digits_weights.py",
    "plot_hidden_features.py",
    "plot_text_sparse.py",
    "plot_dask.py",
    "plot_onnx.py",
)


class GalleryOrder:
    """Key to sort examples by: those of ``FIRST``, in its order, then the others by name."""

    def __init__(self, src_dir):
        pass

    def __call__(self, filename):
        position = FIRST.index(filename) if filename in FIRST else len(FIRST)
        return position, filename

    def __repr__(self):
        return "GalleryOrder()"
