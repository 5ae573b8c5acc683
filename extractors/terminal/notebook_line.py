"""A line below a notebook's cell that says how far something is; what it said last stays there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from importlib import import_module
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from slotfill.extractors.displaying.progress_display import progress_display

if TYPE_CHECKING:
    from slotfill.extractors.terminal.progress import Progress

__all__ = ["is_notebook", "notebook_line"]

REDRAWN_AFTER = 0.25
"""In seconds."""


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
    ended = Event()
    # In a copy of this context, by which a kernel knows the cell that the line belongs to.
    thread = Thread(
        target=copy_context().run, args=(_draw_until, ended, handle, progress), name="slotfill-progress", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        handle.update(_bundle(progress()), raw=True)


def _draw_until(ended: Event, handle: Any, progress: Callable[[], Progress]) -> None:
    while not ended.wait(REDRAWN_AFTER):
        handle.update(_bundle(progress()), raw=True)


def _bundle(progress: Progress) -> dict[str, str]:
    """Write it for frontends that show markup, and for those that do not."""
    line = progress.line()
    return {"text/html": progress_display(progress.share, line), "text/plain": line}
