"""Distributions with entry points, as they are installed: a folder of metadata, and modules beside it."""

import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from checkout import ROOT

from slotfill.extractors.catalogue.transport_facts import transport_facts
from slotfill.extractors.documents.readers import isolation

EXAMPLE = ROOT / "tests" / "plugin_example"
MODULES = {f"acme_plugins/{file.stem}": file.read_text() for file in (EXAMPLE / "acme_plugins").glob("*.py")}
PROJECT = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
ENTRY_POINTS = {
    f"{group}: {name}": target for group, points in PROJECT["entry-points"].items() for name, target in points.items()
}


def plant(
    folder: Path, distribution: str, entry_points: dict[str, str], modules: dict[str, str], version="1.0"
) -> None:
    """Write a distribution into a folder that modules come from.

    entry_points: `{"slotfill.schemas: invoice": "acme:Invoice"}`. modules: their code, by name.
    """
    info = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    lines = (
        f"[{key.partition(': ')[0]}]\n{key.partition(': ')[2]} = {target}\n" for key, target in entry_points.items()
    )
    (info / "entry_points.txt").write_text("".join(lines))
    for name, code in modules.items():
        (folder / f"{name}.py").write_text(code)


@contextmanager
def packages_from(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Have modules, and so plug-ins, come from a folder, too, until the end of the block."""
    monkeypatch.syspath_prepend(site)
    isolation._READERS.close()  # it has the import path that there was as it began
    transport_facts.cache_clear()
    yield site
    for name in [name for name in sys.modules if name.partition(".")[0] in {"acme_plugins", "planted"}]:
        del sys.modules[name]
    transport_facts.cache_clear()


def plant_example(site: Path) -> None:
    """Write the package with one plug-in of each kind."""
    (site / "acme_plugins").mkdir()
    plant(site, "acme-plugins", ENTRY_POINTS, MODULES, version="1.2")
