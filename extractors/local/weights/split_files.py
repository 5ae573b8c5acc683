"""Models in several files, which llama.cpp loads by the first: `NAME-00001-of-00003.gguf` and so on."""

from __future__ import annotations

import re

__all__ = ["split_file_names"]

PART = re.compile(r"(?P<stem>.*)-(?P<part>\d{5})-of-(?P<parts>\d{5})\.gguf\Z", re.DOTALL)


def split_file_names(name: str) -> tuple[str, ...]:
    """Return the names of all files of a model, in their order, by the name of any; of most models it is the one."""
    found = PART.fullmatch(name)
    if found is None:
        return (name,)
    parts = int(found["parts"])
    names = tuple(f"{found['stem']}-{part:05}-of-{parts:05}.gguf" for part in range(1, parts + 1))
    return names if name in names else (name,)
