"""
==================================
Let an ensemble grow with its time
==================================

By default, a :class:`~skbackprop.TabularClassifier` trains four networks. With ``time_budget``,
it goes on training networks of different sizes, learning rates and views of the table, and keeps
those that make the ensemble better. Here, ten seconds lower the log loss of handwritten digits by
about a fifth.
"""

# %%
# Two fits
# --------
#
# Half of 1,797 pictures of 8 by 8 pixels are for training. The default takes one to four seconds.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skbackprop import TabularClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.5, random_state=0, stratify=y
)
models = {
    "default": TabularClassifier(random_state=0),
    "ten seconds": TabularClassifier(random_state=0, time_budget=10),
}
losses = {}
for name, model in models.items():
    model.fit(X_train, y_train)
    losses[name] = log_loss(y_test, model.predict_proba(X_test))
    print(f"{name}: log loss {losses[name]:.3f}, accuracy {model.score(X_test, y_test):.3f}")

# %%
# What was trained, and what was selected
# ---------------------------------------
#
# ``ensemble_loss_curve_`` has an entry for each network that was trained. ``members_`` are those
# that were selected, with their ``member_weights_`` and ``member_recipes_``.

grown = models["ten seconds"]
print(f"{len(grown.ensemble_loss_curve_)} networks trained, {len(grown.members_)} selected")
order = np.argsort(grown.member_weights_)[::-1]
for k in order[:3]:
    recipe = grown.member_recipes_[k]
    print(f"weight {grown.member_weights_[k]:.2f}: {recipe}")

# %%
# The figure
# ----------
#
# The first eight networks have the default recipe and hold out one of eight folds each; from the
# eighth on, every row counts. On the right, the weights are summed by the view of the numbers.

figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
n_trained = np.arange(1, len(grown.ensemble_loss_curve_) + 1)
left.plot(n_trained[7:], grown.ensemble_loss_curve_[7:], "o-", markersize=3)
left.set(xlabel="networks trained", ylabel="validation loss of the ensemble", ylim=(0, None))
views = [str(recipe["embedding"]) for recipe in grown.member_recipes_]
names = sorted(set(views))
totals = [sum(grown.member_weights_[np.array(views) == name]) for name in names]
right.barh(names, totals)
right.set(xlabel="sum of the weights", title="embedding")
plt.show()
