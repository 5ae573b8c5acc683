"""The files of a starting folder: those that all have, and those of one template, which come before them.

A file's name ends in `-tpl` here, and `dot-` stands for a dot that it begins with: what looks like code is no part of
this package, and git and pytest see nothing of theirs. `{{name}}` in it becomes the folder's name; no more changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

__all__ = ["STARTING_TEMPLATES", "starting_files"]

STARTING_TEMPLATES = ("plain", "api", "batch", "notebook")
"""The templates by name, the default first."""

_COMMON = "common"
_SUFFIX = "-tpl"
_NAME = "{{name}}"


def starting_files(template: str, name: str) -> dict[str, str]:
    """Return the files of a template, by their paths below the folder, with `/` between the parts.

    Args:
        template: One of `STARTING_TEMPLATES`.
        name: What the folder is called.
    """
    room = files(__package__)
    plain = re.sub(r"[^\w .-]+", "-", name).strip(" -") or "extraction"
    return {
        path: text.replace(_NAME, plain) for source in (_COMMON, template) for path, text in _walk(room / source, "")
    }


def _walk(folder: Traversable, above: str) -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        path = above + re.sub("^dot-", ".", entry.name)
        if entry.is_dir():
            yield from _walk(entry, f"{path}/")
        elif path.endswith(_SUFFIX):
            yield path.removesuffix(_SUFFIX), entry.read_text(encoding="utf-8")
