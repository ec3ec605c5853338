"""A callback that records what it is told."""


class Recorder:
    """Records what it is told; asks to stop after a number of tasks."""

    def __init__(self, stop_after=None):
        self.events = []
        self.stop_after = stop_after

    def setup(self, estimator, context):
        self.events.append(("setup", context.task_name, {}))

    def teardown(self, estimator, context):
        self.events.append(("teardown", context.task_name, {}))

    def on_fit_task_begin(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        told = {"X": X, "y": y, "metadata": metadata, "fitted": fitted_estimator}
        self.events.append(("begin", context.task_name, told))

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        told = {"X": X, "y": y, "metadata": metadata, "fitted": fitted_estimator}
        self.events.append(("end", context.task_name, told))
        return len(self.told("end")) == self.stop_after

    def told(self, event, name=None):
        """What came with each event of a kind."""
        return [told for kind, task, told in self.events if kind == event and name in (None, task)]

    def names(self):
        return [(kind, task) for kind, task, _ in self.events]
