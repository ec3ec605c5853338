"""Predictions, of many rows and of one, and the import of the package."""

import os
import subprocess
import sys
import time
import warnings

from skbackprop import BackpropClassifier

from .fits import classification


class Predictions:
    """Probabilities from a network of two hidden layers."""

    timer = time.process_time
    number = 1
    rounds = 2
    repeat = (5, 20, 5.0)

    def setup(self):
        self.X, y = classification(20_000, 100, 10)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.net = BackpropClassifier((256, 128), max_iter=1, random_state=0).fit(self.X, y)

    def time_predict_proba(self):
        self.net.predict_proba(self.X)

    def time_1000_times_one_row(self):
        for i in range(1000):
            self.net.predict_proba(self.X[i : i + 1])


class Import:
    """A new process that imports the package, scikit-learn and what these need: processor time."""

    unit = "seconds"

    def track_import(self):
        return min(self._seconds() for _ in range(3))

    def _seconds(self):
        before = os.times()
        subprocess.run([sys.executable, "-c", "import skbackprop"], check=True)
        after = os.times()
        return sum(after[2:4]) - sum(before[2:4])  # of child processes: user, system
