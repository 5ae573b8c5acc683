"""The plug-ins that are installed, and how each stands: nothing is imported unless that is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from slotfill.extractors.catalogue.transport_facts import TRANSPORTS
from slotfill.extractors.documents.readers.kinds import READERS
from slotfill.extractors.record.json_writer import JSONForm
from slotfill.extractors.runs.outputs.named_sinks import SINKS
from slotfill.schemas.entry_points.installed_plugins import (
    SWITCH,
    InstalledPlugin,
    PluginError,
    are_plugins_off,
    installed_plugins,
)
from slotfill.schemas.marks.comparison import COMPARATORS
from slotfill.schemas.sources.schema_names import NAMED_SCHEMAS

__all__ = ["ListedPlugin", "list_plugins"]

_GROUPS = {group.name: group for group in (NAMED_SCHEMAS, READERS, SINKS, TRANSPORTS, COMPARATORS)}

PluginState = Literal["ready", "shadowed", "off", "doubled", "unknown", "loaded", "failed"]


@dataclass(frozen=True, slots=True)
class ListedPlugin(JSONForm):
    """A plug-in that is installed.

    Attributes:
        group: The group of its entry point.
        name: What it is named by.
        distribution: Whose it is.
        version: Of the distribution.
        target: What it loads, `package.module:attribute`.
        state: `ready` to be used; `shadowed` by what is built in; `off`, as all are left out; `doubled`, as another
            distribution has one of its name; of an `unknown` group; and once it was imported `loaded`, or `failed`.
        detail: Why it is not used; "" where it is.
    """

    group: str
    name: str
    distribution: str
    version: str
    target: str
    state: PluginState
    detail: str = ""


def list_plugins(*, load: bool = False) -> Iterator[ListedPlugin]:
    """Yield what is installed, by group and name. load: whether what is ready is imported, to see that it can be."""
    for plugin in installed_plugins():
        state, detail = _state(plugin)
        if load and state == "ready":
            state, detail = _loaded(plugin)
        origin = (plugin.group, plugin.name, plugin.distribution, plugin.version, plugin.target)
        yield ListedPlugin(*origin, state, detail)


def _state(plugin: InstalledPlugin) -> tuple[PluginState, str]:
    group = _GROUPS.get(plugin.group)
    if group is None:
        return "unknown", f"there is no such group: there are {', '.join(_GROUPS)}"
    if group.is_shadowed(plugin):
        return "shadowed", f"{plugin.name!r} is built in"
    if are_plugins_off():
        return "off", f"{SWITCH} leaves plug-ins out"
    try:
        group.find(plugin.name)
    except PluginError as error:
        return "doubled", str(error)
    return "ready", ""


def _loaded(plugin: InstalledPlugin) -> tuple[PluginState, str]:
    try:
        plugin.load()
    except PluginError as error:
        return "failed", str(error)
    return "loaded", ""
