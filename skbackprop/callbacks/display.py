"""The bars of ``LossProgressBar``, drawn by rich."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from rich.console import RenderableType

_SECONDS_BETWEEN_UPDATES = 0.1  # rich draws ten times a second


class Bar:
    """A bar with the number of subtasks that have ended, and the losses of the last one.

    ``path`` holds the numbers of the task and of the tasks around it, the outermost first.
    ``is_fit`` says whether the task is a fit, and not a part of one, such as a member.
    """

    def __init__(
        self,
        drawing: Drawing,
        path: tuple[Any, ...],
        text: str,
        total: int | None,
        is_fit: bool,
    ):
        self.is_fit = is_fit
        self.has_ended = False
        self._drawing = drawing
        self._total = total
        self._n_ended = 0
        self._losses: tuple[float, float | None] | None = None
        self._next_update = 0.0
        self._id = drawing.add_task(text, total=total, path=path, count="", losses="")

    def advance(self, losses: tuple[float, float | None] | None) -> None:
        """Count a subtask that has ended, unless it is an iteration that was not completed."""
        if losses is None and self._losses is not None:
            return
        self._n_ended += 1
        self._losses = losses
        if perf_counter() >= self._next_update:
            self.update()
            self._next_update = perf_counter() + _SECONDS_BETWEEN_UPDATES

    def update(self) -> None:
        """Pass the current numbers to rich."""
        count = str(self._n_ended) if self._total is None else f"{self._n_ended}/{self._total}"
        losses = ""
        if self._losses is not None:
            loss, validation_loss = self._losses
            losses = f"loss {loss:.3g}"
            if validation_loss is not None:
                losses += f", validation {validation_loss:.3g}"
        self._drawing.update(self._id, completed=self._n_ended, count=count, losses=losses)

    def end(self) -> None:
        """Fill the bar, also if the task has ended before its last subtask."""
        self.update()
        length = max(self._n_ended, 1)
        self._drawing.update(self._id, total=length, completed=length)
        self.has_ended = True  # from now on, another thread may remove it

    def remove(self) -> None:
        """Remove the bar from the screen."""
        self._drawing.remove_task(self._id)


class Drawing(Progress):
    """All bars: those of subtasks are below the bar of their task, in the order of their numbers.

    Tasks on threads do not start in this order.
    """

    def __init__(self) -> None:
        super().__init__(
            TextColumn("{task.description}", markup=False),
            # A narrow terminal shortens the bar, not the text.
            BarColumn(bar_width=None, table_column=Column(max_width=40)),
            TextColumn("{task.fields[count]}", justify="right"),
            TextColumn("{task.fields[losses]}"),
            TimeElapsedColumn(),
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        """Return what rich draws."""
        yield self.make_tasks_table(sorted(self.tasks, key=lambda task: task.fields["path"]))
