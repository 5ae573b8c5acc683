"""The option `--html`, which the commands have that write a report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from slotfill.commands.options.option_groups import option

__all__ = ["html_option"]


def html_option() -> Any:
    """Describe `--html`."""
    return option(
        "--html",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Write a report to this file, for any browser: tables, plots, the worst documents. It loads nothing.",
    )
