"""
============================================
Fit rows that are spread over a Dask cluster
============================================

:class:`~skbackprop.dask.DaskBackpropClassifier` fits a Dask array whose partitions are on the
workers of a cluster. The result is that of a fit in memory, whatever the number of partitions.
This example needs the extra ``dask``.
"""

# %%
# A cluster
# ---------
#
# Here, the two workers are threads of this process. ``Client()`` starts processes, and
# ``Client(address)`` connects to a cluster of several machines. The worker that holds a partition
# also creates or reads it, and ``persist`` keeps it there. The data are two arms of a spiral, in
# eight partitions.

import dask
import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
from distributed import Client

from skbackprop import BackpropClassifier
from skbackprop.dask import DaskBackpropClassifier

N_PARTITIONS, N_ROWS = 8, 1500  # partitions, rows of each


def make_partition(number):
    """Radius along the arm, angle and label: columns x, y, label."""
    rng = np.random.default_rng(number)
    label = rng.integers(0, 2, N_ROWS)
    along = rng.uniform(0.3, 2.0, N_ROWS)
    angle = 3 * along + np.pi * label
    points = along * np.array([np.cos(angle), np.sin(angle)])
    return np.column_stack([points.T + rng.normal(scale=0.12, size=(N_ROWS, 2)), label])


client = Client(processes=False, n_workers=2, threads_per_worker=1, dashboard_address=":0")
numbers = da.arange(N_PARTITIONS, chunks=1)
table = numbers.map_blocks(
    lambda block: make_partition(int(block[0])),
    chunks=((N_ROWS,) * N_PARTITIONS, (3,)),
    new_axis=1,
    meta=np.empty((0, 3)),
)
X, y = dask.persist(table[:, :2], table[:, 2].astype(int))
print(f"{X.npartitions} partitions, {len(X):,} rows, {X.shape[1]} features")

# %%
# The fit
# -------
#
# Parameters go to the workers, sums of losses and gradients come back. The rows stay where they
# are.

params = {"hidden_layer_sizes": (20, 20), "solver": "lbfgs", "max_iter": 60, "tol": 1e-3}
model = DaskBackpropClassifier(**params, random_state=0).fit(X, y)
predicted = model.predict(X)  # not computed yet
accuracy = float((predicted == y).mean().compute())
print(f"accuracy {accuracy:.3f} after {model.n_iter_} iterations")

# %%
# The same fit in memory
# ----------------------
#
# The loss curves agree up to rounding error, also for another number of partitions. L-BFGS
# amplifies rounding errors, so the first ten iterations are compared.

X_here, y_here = np.asarray(X), np.asarray(y)
local = BackpropClassifier(**params, random_state=0).fit(X_here, y_here)
fewer = DaskBackpropClassifier(**params, random_state=0)
fewer.fit(X.rechunk((4000, 2)), y.rechunk(4000))
differences = {}
for name, other in {f"{N_PARTITIONS} partitions": model, "3 partitions": fewer}.items():
    n = min(10, other.n_iter_, local.n_iter_)
    curve, reference = np.array(other.loss_curve_[:n]), np.array(local.loss_curve_[:n])
    differences[name] = np.abs(curve / reference - 1).max()
    print(f"{name}: relative difference of {n} iterations {differences[name]:.0e}")
client.close()

# %%
# ``to_local`` returns a plain estimator, which needs no cluster.

plain = model.to_local()
grid = np.linspace(-2.4, 2.4, 200)
points = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
probability = plain.predict_proba(points)[:, 1].reshape(len(grid), len(grid))

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")
shades = left.contourf(
    grid, grid, probability, levels=np.linspace(0, 1, 11), cmap="coolwarm", alpha=0.5
)
figure.colorbar(shades, ax=left, label="probability of arm 1")
for label, color in enumerate(["navy", "darkred"]):
    arm = X_here[y_here == label][:300]
    left.scatter(*arm.T, s=4, color=color, label=f"arm {label}")
left.legend(loc="upper right")
left.set(aspect="equal", title="300 rows of each arm, fit to 12,000")
right.semilogy(local.loss_curve_, lw=5, color="lightgray", label="in memory")
right.semilogy(model.loss_curve_, lw=2, label=f"{N_PARTITIONS} partitions")
right.semilogy(fewer.loss_curve_, lw=1, ls="--", color="black", label="3 partitions")
right.set(xlabel="iteration", ylabel="objective", title="Loss curves")
right.legend()
plt.show()
