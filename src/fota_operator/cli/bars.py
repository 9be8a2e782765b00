"""Bars of rich in an order of ours, no more than fit on the screen: those of a job with many things."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.progress import Progress
from rich.text import Text

_LINES_BESIDE = 2
"""The line that counts the others, and the one of the cursor."""


class OrderedProgress(Progress):
    """Bars by their field `place`, the lowest first; what the screen has no line for is counted."""

    def get_renderables(self) -> Iterable[RenderableType]:
        """See Progress."""
        ordered = sorted(self.tasks, key=lambda task: int(task.fields["place"]))
        # Without bars there is no screen yet.
        room = max(1, self.console.height - _LINES_BESIDE) if ordered else 0
        yield self.make_tasks_table(ordered[:room])
        if len(ordered) > room:
            yield Text(f"and {len(ordered) - room} more")
