"""The entry points of installed distributions: their names are read once, and nothing is imported."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from slotfill.schemas.errors import SlotfillError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["SWITCH", "InstalledPlugin", "PluginError", "are_plugins_off", "installed_plugins"]

SWITCH = "SLOTFILL_PLUGINS"
"""The variable that leaves plug-ins out: `0`, `false`, `no` or `off`."""

_logger = logging.getLogger("slotfill")

_GROUPS = "slotfill."
"""How the names of the groups begin."""

_OFF = frozenset({"0", "false", "no", "off"})


class PluginError(SlotfillError):
    """A plug-in that cannot be loaded, or that raises what it is not meant to; the message names its distribution."""


@dataclass(frozen=True, slots=True)
class InstalledPlugin:
    """An entry point of a distribution.

    Attributes:
        group: Its group, such as `slotfill.readers`.
        name: What it is named by.
        distribution: Whose it is.
        version: Of the distribution.
        target: What it loads, `package.module:attribute`.
    """

    group: str
    name: str
    distribution: str
    version: str
    target: str
    _entry_point: EntryPoint = field(repr=False, compare=False)

    def __str__(self) -> str:
        return f"plug-in {self.name!r} ({self.group}) of {self.distribution} {self.version}"

    def load(self) -> object:
        """Import it. Raises PluginError where that fails."""
        with self.named("was loaded"):
            return self._entry_point.load()

    @contextmanager
    def named(
        self, doing: str, *, itself: type[SlotfillError] = PluginError, besides: type[Exception] = SlotfillError
    ) -> Iterator[None]:
        """Have whatever its code raises name it; what slotfill raises on purpose says enough.

        doing: what was done with it, in the past: "was loaded". itself: an error of slotfill's that is about it, too.
        besides: errors that say enough, too.
        """
        try:
            yield
        except PluginError:
            raise
        except itself as error:
            raise self.error(error, doing) from error
        except (SlotfillError, besides):
            raise
        except (Exception, SystemExit) as error:
            raise self.error(error, doing) from error

    def error(self, error: BaseException, doing: str) -> PluginError:
        """Say what its code raised."""
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return PluginError(f"{self} raised an error as it {doing}, {reason!r}: {self.way_out}")

    @property
    def way_out(self) -> str:
        """What to do where it fails."""
        return f"mend, upgrade or uninstall {self.distribution}, or leave all plug-ins out with {SWITCH}=0"


def are_plugins_off() -> bool:
    """Whether the environment leaves plug-ins out."""
    return os.environ.get(SWITCH, "").strip().lower() in _OFF


def installed_plugins(group: str | None = None) -> tuple[InstalledPlugin, ...]:
    """Return what is installed of a group, or of all, by name, whether it is used or not."""
    found = _read(tuple(sys.path))
    return found if group is None else tuple(plugin for plugin in found if plugin.group == group)


@lru_cache(maxsize=1)
def _read(_path: tuple[str, ...]) -> tuple[InstalledPlugin, ...]:
    """Read all groups at once; again only where modules come from elsewhere now."""
    return tuple(sorted(_plugins(), key=lambda plugin: (plugin.group, plugin.name, plugin.distribution)))


def _plugins() -> Iterator[InstalledPlugin]:
    from importlib.metadata import distribution

    for name in dict.fromkeys(_names()):
        first = distribution(name)  # of several copies on the path, the one that Python imports
        try:
            entry_points = [*first.entry_points]
        except TypeError:  # a line with no "=": Python's own way to say it
            _logger.warning("the entry points of %s %s cannot be read: install it again", name, first.version)
            continue
        for one in entry_points:
            if one.group.startswith(_GROUPS):
                yield InstalledPlugin(one.group, one.name, name, first.version, one.value, one)


def _names() -> Iterator[str]:
    """Yield the distributions that may have plug-ins: the others' metadata, which takes longer, is not read."""
    from importlib.metadata import distributions

    for one in distributions():
        # What an interrupted uninstall leaves behind has no name.
        if f"[{_GROUPS}" in (one.read_text("entry_points.txt") or "") and "Name" in one.metadata:
            yield one.metadata["Name"]
