"""A user's program with a mistake in each marked line, and the code of mypy's error for it.

It is not run.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skbackprop import BackpropClassifier, BackpropRegressor, TableEncoder, TabularClassifier
from skbackprop.activations import Activation, LeakyReLU
from skbackprop.inspection import layer_outputs
from skbackprop.losses import Huber, LogLoss

X, y = np.zeros((20, 3)), np.zeros(20)

BackpropClassifier(alhpa=0.1)  # error: call-arg
BackpropClassifier(activation="reluu")  # error: arg-type
BackpropClassifier(solver="nadam")  # error: arg-type
BackpropClassifier(alpha="0.1")  # error: arg-type
BackpropClassifier((5,), "tanh", "adam")  # error: arg-type, call-arg
BackpropClassifier(loss=Huber())  # error: arg-type
BackpropRegressor(loss="log_loss")  # error: arg-type
BackpropRegressor(learning_rate=lambda progress: progress.epochs)  # error: attr-defined
BackpropRegressor(dtype="float16")  # error: arg-type
BackpropRegressor(validation=5)  # error: arg-type
BackpropRegressor(validation="kfold")  # error: arg-type
TabularClassifier(alpha=0.1)  # error: call-arg
TableEncoder(max_categories="many")  # error: arg-type
LeakyReLU("0.2")  # error: arg-type

model = BackpropClassifier()
model.fit(X)  # error: call-arg
model.fit(None, y)  # error: arg-type
model.score(X, y, X_val=X)  # error: call-arg
model.predict(X, return_std=True)  # error: call-arg
text: str = model.predict_proba(X)  # error: assignment
shape = model.coefs_.shape  # error: attr-defined
model.set_callbacks(print)  # error: arg-type
one: NDArray[Any] = BackpropRegressor().predict(X, return_std=True)  # error: assignment
layer_outputs("model", X)  # error: arg-type
smoothing = LogLoss().multiclass().lable_smoothing  # error: attr-defined


class NoDirection(Activation):
    def forward(self, Z: str, out: str) -> None:  # error: override
        pass
