"""A line below a notebook's cell that says how far something is; what it said last stays there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from slotfill.extractors.displaying.progress_display import progress_display
from slotfill.extractors.terminal.standing_line import redrawn

if TYPE_CHECKING:
    from slotfill.extractors.terminal.progress import Progress

__all__ = ["is_notebook", "notebook_line"]


def is_notebook() -> bool:
    """Whether this process is what runs a notebook's cells: an IPython with a kernel, not one in a terminal."""
    ipython = sys.modules.get("IPython")  # where it is not loaded, nothing runs in it
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


@contextmanager
def notebook_line(progress: Callable[[], Progress]) -> Iterator[None]:
    """Show in a notebook how far something is.

    Args:
        progress: Says how far it is; is called from another thread, as often as the line is drawn.
    """
    display: Any = import_module("IPython.display").display  # it has no types
    handle = display(_bundle(progress()), raw=True, display_id=True)

    def draw() -> None:
        handle.update(_bundle(progress()), raw=True)

    try:
        with redrawn(draw):  # in a copy of this context, by which a kernel knows the cell that the line belongs to
            yield
    finally:
        draw()


def _bundle(progress: Progress) -> dict[str, str]:
    """Write it for frontends that show markup, and for those that do not."""
    line = progress.line()
    return {"text/html": progress_display(progress.share, line), "text/plain": line}
