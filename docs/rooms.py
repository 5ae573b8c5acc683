"""Writes the list of rooms in docs/architecture.md, of what they say of themselves. `--check` only says if it is so."""

import ast
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = Path(__file__).with_name("architecture.md")
MARKS = re.compile(r"(<!-- rooms -->\n).*(<!-- end of rooms -->\n)", re.DOTALL)
WIDTH = 26


def page() -> str:
    """Give the page with the list as it has to be."""
    listed = "".join(f"    {line}".rstrip() + "\n" for folder in _folders() for line in _room(folder))
    return MARKS.sub(lambda marks: f"{marks[1]}\n{listed}\n{marks[2]}", PAGE.read_text("utf-8"))


def _folders() -> list[Path]:
    """Give the rooms from the top down, as the import contract lists them."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    layers = tool["importlinter"]["contracts"][0]["layers"]
    names = [name.strip() for layer in layers for name in re.split("[|:]", layer)]
    paths = [ROOT.joinpath(*name.split(".")[1:]) for name in names]
    rooms = [path if path.is_dir() else path.parent for path in paths]
    inner = [folder for room in rooms if room != ROOT for folder in (room, *_below(room, rooms))]
    return [*dict.fromkeys([ROOT, *inner])]


def _below(room: Path, rooms: list[Path]) -> list[Path]:
    """Give the folders in a room that the contract does not list by themselves."""
    below = sorted(path.parent for path in room.rglob("__init__.py") if path.parent != room)
    return [path for path in below if path not in rooms and not {*path.parents} & {*rooms} - {room, *room.parents}]


def _room(folder: Path) -> list[str]:
    """List a room's modules, each with the first line of its docstring."""
    name = folder.relative_to(ROOT).as_posix()
    title = [] if folder == ROOT else ["", f"{name + '/':{WIDTH}}  {_says(folder / '__init__.py')}"]
    modules = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
    return [*title, *(f"  {path.name:{WIDTH - 2}}  {_says(path)}" for path in modules)]


def _says(module: Path) -> str:
    return (ast.get_docstring(ast.parse(module.read_text("utf-8"))) or "").partition("\n")[0]


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text("utf-8") == page() else f"{PAGE.name} lists other modules: run {__file__}")
    PAGE.write_text(page(), "utf-8")
