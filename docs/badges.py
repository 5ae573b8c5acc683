"""Writes docs/badges/: what the README says at a glance, of pyproject.toml. `--check` only says if it is so."""

import sys
import tomllib
from pathlib import Path
from xml.sax.saxutils import escape

import slotfill

ROOT = Path(__file__).parent.parent
FOLDER = Path(__file__).with_name("badges")
CHARACTER = 6.6
"""How wide a letter is, about: the font is the reader's."""


def badges() -> dict[str, str]:
    """Give the pictures by their names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pythons = [
        one.rpartition(" ")[2]
        for one in project["classifiers"]
        if one.startswith("Programming Language :: Python :: 3.")
    ]
    facts = {
        "version": ("version", slotfill.__version__),
        "python": ("Python", " | ".join(pythons)),
        "licence": ("licence", project["license"]),
        "types": ("types", "mypy --strict"),
    }
    return {f"{name}.svg": _picture(*fact) for name, fact in facts.items()}


def _picture(label: str, text: str) -> str:
    left, right = (round(len(part) * CHARACTER) + 12 for part in (label, text))
    said = escape(f"{label}: {text}")
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{said}">
  <rect width="{left + right}" height="20" rx="3" fill="#24292f"/>
  <rect x="{left}" width="{right}" height="20" rx="3" fill="#1f5fa8"/>
  <g fill="#fff" font-family="Verdana, DejaVu Sans, sans-serif" font-size="11" text-anchor="middle">
    <text x="{left / 2}" y="14">{escape(label)}</text>
    <text x="{left + right / 2}" y="14">{escape(text)}</text>
  </g>
</svg>
"""


if __name__ == "__main__":
    if "--check" in sys.argv:
        there = {file.name: file.read_text("utf-8") for file in FOLDER.glob("*.svg")}
        sys.exit(0 if there == badges() else f"{FOLDER.name}/ says something else than pyproject.toml: run {__file__}")
    FOLDER.mkdir(exist_ok=True)
    for name, picture in badges().items():
        FOLDER.joinpath(name).write_text(picture, "utf-8")
