"""Distributions with entry points, as they are installed: a folder of metadata, and modules beside it."""

from pathlib import Path


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
