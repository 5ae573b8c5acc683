"""The commands, a file each, and what several of them take."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Iterator
from importlib import import_module

import click

__all__ = ["SUMMARIES", "LazyCommands"]

SUMMARIES = {
    "batches": "List the message batches of runs, look at one, or cancel some.",
    "check": "Property-test SCHEMA: say what is wrong with it, with the smallest counterexample.",
    "compare": "Say whether the records B are better than A; without gold, what has moved.",
    "convert": "Read GOLD, check it, and write it in another form.",
    "costs": "Say what runs have cost, from their ledgers.",
    "doctor": "Say what works here, and what to do about the rest.",
    "evaluate": "Say how true results are: hold RECORDS against GOLD.",
    "extract": "Extract SCHEMA from each INPUT, as JSON.",
    "init": "Write a starting folder: a schema, samples, tests that pass, a CI file.",
    "keys": "Make the service's keys, list them, revoke them, give them new secrets.",
    "mcp": "Serve tools to a client of the Model Context Protocol (MCP), on standard input and output.",
    "models": "List models and their prices, in USD a million tokens.",
    "plugins": "List what other packages add: schemas, readers, sinks, transports, comparators.",
    "purge": "Delete what runs have kept that is old, and prove it.",
    "refine": "Correct an extraction: ask again, with CORRECTION.",
    "review": "Accept, correct and reject what was extracted, on a page.",
    "schemas": "List the built-in schemas, or show SCHEMA as JSON Schema.",
    "serve": "Serve extraction by HTTP, for those who have a key.",
    "simulate": "Serve a simulated Claude on a loopback port, for any Anthropic client.",
    "suggest": "Propose a schema from each SAMPLE, check it, and try it on them.",
    "text": "Print what would be sent of each INPUT.",
    "tune": "Find better instructions and examples for SCHEMA, by GOLD.",
    "view": "Show RECORDS as a page: texts with marks, values, where each stands.",
}
"""The commands by name, each with the first sentence of its help: `slotfill --help` imports none of them."""

_ROOMS = {
    "batches": "batches",
    "compare": "gold",
    "convert": "gold",
    "doctor": "installation",
    "evaluate": "gold",
    "keys": "serving",
    "mcp": "serving",
    "models": "installation",
    "plugins": "installation",
    "purge": "serving",
    "review": "looking",
    "serve": "serving",
    "text": "looking",
    "view": "looking",
    "tune": "gold",
}
"""The room of a command that stands in one; the others stand in this."""


class LazyCommands(UserDict[str, click.Command]):
    """The commands by name. The module of one is imported when it is looked up; there it is called `NAME_command`."""

    def __missing__(self, name: str) -> click.Command:
        """Import a command. Raises KeyError where there is none of the name."""
        if name not in SUMMARIES:
            raise KeyError(name)
        room = f"{__name__}.{_ROOMS[name]}" if name in _ROOMS else __name__
        command: click.Command = getattr(import_module(f"{room}.{name}"), f"{name}_command")
        return self.data.setdefault(name, command)

    def __contains__(self, name: object) -> bool:
        return name in SUMMARIES

    def __iter__(self) -> Iterator[str]:
        return iter(SUMMARIES)

    def __len__(self) -> int:
        return len(SUMMARIES)
