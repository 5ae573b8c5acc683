"""A group of things that are found by name: slotfill's own, and those of plug-ins, by the same mechanism."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Generic, TypeVar, cast

from slotfill.schemas.entry_points.installed_plugins import (
    SWITCH,
    InstalledPlugin,
    PluginError,
    are_plugins_off,
    installed_plugins,
)

__all__ = ["Named", "PluginGroup"]

_logger = logging.getLogger("slotfill")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Named(Generic[T]):
    """What has a name, imported.

    Attributes:
        value: The thing itself.
        plugin: Whose it is; None for slotfill's own.
    """

    value: T
    plugin: InstalledPlugin | None = None

    def named(self, doing: str) -> AbstractContextManager[None]:
        """Have whatever a plug-in's code raises name it, as `InstalledPlugin.named` does; our own needs no naming."""
        return self.plugin.named(doing) if self.plugin else nullcontext()


class PluginGroup(Generic[T]):
    """What one kind of thing is found by, by name: nothing is imported until it is loaded.

    Args:
        name: The group of its entry points, such as `slotfill.readers`.
        built_ins: What slotfill itself has, by name: `package.module:attribute`. No plug-in takes the place of one.
    """

    def __init__(self, name: str, built_ins: Mapping[str, str]) -> None:
        self.name, self.built_ins = name, built_ins

    @property
    def plugins(self) -> tuple[InstalledPlugin, ...]:
        """All that is installed, what is shadowed included."""
        return installed_plugins(self.name)

    def is_shadowed(self, plugin: InstalledPlugin) -> bool:
        """Whether a plug-in has the name of something built in, which is used instead."""
        return plugin.name in self.built_ins

    def names(self) -> Iterator[str]:
        """Yield the names that can be loaded."""
        yield from self.built_ins
        yield from () if are_plugins_off() else sorted({one.name for one in self._usable()})

    def has_plugin(self, name: str) -> bool:
        """Whether a name is that of a plug-in, or of several, of which none is then used."""
        return not (name in self.built_ins or are_plugins_off()) and any(one.name == name for one in self._usable())

    def find(self, name: str) -> InstalledPlugin | None:
        """Find a plug-in; None for what is built in, unknown, or left out.

        Raises PluginError where several distributions have one of this name.
        """
        if name in self.built_ins or are_plugins_off():
            return None
        named = [one for one in self._usable() if one.name == name]
        if len(named) > 1:
            owners = " and ".join(f"{one.distribution} {one.version}" for one in named)
            raise PluginError(
                f"{owners} both have a plug-in {name!r} ({self.name}): uninstall one of them, or leave all plug-ins "
                f"out with {SWITCH}=0"
            )
        return named[0] if named else None

    def has(self, name: str) -> bool:
        """Whether something has a name: slotfill itself, or a plug-in."""
        return name in self.built_ins or self.has_plugin(name)

    def load(self, name: str) -> Named[T]:
        """Import what has a name. Raises PluginError where nothing has it, or a plug-in cannot be loaded."""
        if name in self.built_ins:
            module, _, attribute = self.built_ins[name].partition(":")
            return Named(getattr(import_module(module), attribute))
        if plugin := self.find(name):
            return Named(cast("T", plugin.load()), plugin)
        raise PluginError(f"no {name!r} ({self.name}) is installed: {self.hint(name) or 'install what has it'}")

    def hint(self, name: str) -> str:
        """Say that an unknown name is a plug-in's which is left out; "" where it is none."""
        left_out = next((one for one in self._usable() if one.name == name), None) if are_plugins_off() else None
        return f"the {left_out} is left out by {SWITCH}: unset it" if left_out else ""

    def _usable(self) -> Iterator[InstalledPlugin]:
        for plugin in self.plugins:
            if self.is_shadowed(plugin):
                _warn(
                    f"the {plugin} is not used: {plugin.name!r} is built in; `slotfill plugins` lists what is installed"
                )
            else:
                yield plugin


@cache
def _warn(message: str) -> None:
    """Warn, once a process."""
    _logger.warning("%s", message)
