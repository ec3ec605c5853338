"""
=====================================
Predict without Python: an ONNX model
=====================================

A table with a category and missing values is fitted, written as an ONNX model, and predicted by
onnxruntime. You learn what the inputs of the model are, what it does with a missing value and
with a category that it has not seen, and how near its predictions are to those of the estimator.
It needs ``pip install "skbackprop[onnx]"``.
"""

# %%
# Fit
# ---
#
# The table has the age, the sex, and eight measurements of 442 patients with diabetes. The target
# is how far the disease has come a year later. Here, some blood values are missing, as in
# practice.

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
print(f"R^2 on the test set: {model.score(X_test, y_test):.2f}")

# %%
# Write
# -----
#
# The ONNX model has everything from the table to the prediction: the encoding of the category,
# what a missing value is replaced by, the scaling, and the networks, whose predictions are
# averaged.
# Each column is an input. Integers without missing values are int64, other numbers are float.

onnx_model = to_onnx(model)
session = onnxruntime.InferenceSession(onnx_model.SerializeToString())
for one in session.get_inputs():
    print(f"{one.name:4} {one.type}")

# %%
# Predict
# -------
#
# A missing number is NaN, a missing category the empty string. The second output is the standard
# deviation over the networks.

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
# Rows that are unlike those of the fit pass, too: here, one category is missing, and one is new.

strange = X_test[:2].assign(sex=[np.nan, "three"])
for of_model, of_session in zip(
    model.predict(strange), session.run(["variable"], inputs_for(session, strange))[0][:, 0]
):
    print(f"{of_model:.4f}  {of_session:.4f}")

# %%
# How near they are
# -----------------
#
# The networks are computed in float32, which has 7 digits: differences are about a millionth of
# the predictions.

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
left.errorbar(y_test, prediction[:, 0], yerr=std[:, 0], fmt="o", markersize=4, elinewidth=0.8)
left.axline((y.min(), y.min()), slope=1, color="black", linewidth=0.8)
left.set(xlabel="measured", ylabel="predicted by onnxruntime, with its spread")
right.plot(expected, prediction[:, 0] - expected, "o", markersize=4)
right.axhline(0, color="black", linewidth=0.8)
right.set(xlabel="predicted by TabularRegressor", ylabel="difference of onnxruntime")
right.ticklabel_format(axis="y", scilimits=(0, 0))
plt.show()
