"""
=====================================
Predict without Python: an ONNX model
=====================================

:func:`~skbackprop.export.to_onnx` writes a fitted table estimator, with all its preparation, as an
ONNX model. onnxruntime predicts the same as the estimator, to a millionth, also for missing values
and unseen categories. This example needs the extra ``onnx``.
"""

# %%
# Fit
# ---
#
# The table has the age, the sex, and eight measurements of 442 patients with diabetes. The target
# is the progression of the disease after a year. To have missing values, a tenth of some blood
# values is removed.

import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

from skbackprop import TabularRegressor
from skbackprop.export import to_onnx

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
X["age"] = X["age"].astype("int64")
X["sex"] = X["sex"].map({1.0: "one", 2.0: "two"}).astype("category")
rng = np.random.default_rng(0)
for blood_value in ("s1", "s4", "s6"):
    X.loc[rng.random(len(X)) < 0.1, blood_value] = np.nan

X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = TabularRegressor(random_state=0).fit(X_train, y_train)
print(f"R² on the test set: {model.score(X_test, y_test):.2f}")

# %%
# Write
# -----
#
# The ONNX model contains everything from the table to the prediction: the encoding of categories,
# the replacement of missing values, the scaling, the networks and their average. Each column is an
# input. Integer columns without missing values are int64, other numbers are float.

onnx_model = to_onnx(model)
session = onnxruntime.InferenceSession(onnx_model.SerializeToString())
for one in session.get_inputs():
    print(f"{one.name:4} {one.type}")

# %%
# Predict
# -------
#
# Pass NaN for a missing number and an empty string for a missing category. The second output is
# the standard deviation over the networks.

TYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(string)": object}


def inputs_for(session, table):
    """The columns of a table, as arrays of shape (n, 1)."""
    table = table.astype({"sex": object}).fillna({"sex": ""})
    return {one.name: table[[one.name]].to_numpy(TYPES[one.type]) for one in session.get_inputs()}


prediction, std = session.run(["variable", "std"], inputs_for(session, X_test))
expected, expected_std = model.predict(X_test, return_std=True)
difference = np.abs(prediction[:, 0] - expected).max()
print(f"largest difference: {difference:.1e}, of predictions from {expected.min():.0f} on")

# %%
# In the next two rows, one category is missing and one is unseen.

strange = X_test[:2].assign(sex=[np.nan, "three"])
for of_model, of_session in zip(
    model.predict(strange), session.run(["variable"], inputs_for(session, strange))[0][:, 0]
):
    print(f"{of_model:.4f}  {of_session:.4f}")

# %%
# Differences
# -----------
#
# The networks compute in float32, which has 7 digits: differences are about a millionth of the
# predictions.

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
left.errorbar(y_test, prediction[:, 0], yerr=std[:, 0], fmt="o", markersize=4, elinewidth=0.8)
left.axline((y.min(), y.min()), slope=1, color="black", linewidth=0.8)
left.set(xlabel="measured", ylabel="predicted by onnxruntime, ± std")
right.plot(expected, prediction[:, 0] - expected, "o", markersize=4)
right.axhline(0, color="black", linewidth=0.8)
right.set(xlabel="predicted by TabularRegressor", ylabel="onnxruntime minus TabularRegressor")
right.ticklabel_format(axis="y", scilimits=(0, 0))
plt.show()
