"""What importing costs, that each module stands on its own, and that the public names are whole."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from checkout import ROOT

import slotfill
import slotfill.schemas

PACKAGES = ("commands", "extractors", "schemas")
FILES = sorted([*ROOT.glob("*.py"), *(file for package in PACKAGES for file in ROOT.glob(f"{package}/**/*.py"))])
HEAVY = {"anthropic", "httpx2", "instructor", "jsonschema", "pydantic", "rich"}
PUBLIC = (slotfill, slotfill.schemas)

# Public only from their own module: for code that wraps an extractor, what a pacer tells its middleware, parts of an
# evaluation.
OWN_MODULE_ONLY = {"DocumentScore", "LabelledDocument", "PartialValue", "Reservation", "Wait"}

EACH = """
import importlib, json, sys, traceback

failed = {}
for name in json.load(sys.stdin):
    try:
        importlib.import_module(name)
    except Exception:
        failed[name] = traceback.format_exc()
print(json.dumps(failed))
"""

WITHOUT_XLLAMACPP = """
import sys

class Missing:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "xllamacpp":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing)
from slotfill.cli import main
main(prog_name="slotfill")
"""


def python(*arguments: str, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], input=stdin, cwd=cwd, capture_output=True, text=True, check=False
    )


def module_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(("slotfill", *(part for part in parts if part != "__init__")))


def homes_of(package: ModuleType) -> dict[str, ModuleType]:
    """Give the modules that a type checker loads the public names from: the imports of the stub."""
    stub = Path(package.__file__ or "").with_suffix(".pyi")
    return {
        name.name: importlib.import_module(node.module or "")
        for node in ast.parse(stub.read_bytes()).body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ("-c", "import slotfill"),
        ("-c", "import slotfill.schemas"),
        ("-c", "import slotfill.cli"),
        ("-m", "slotfill", "--help"),
        ("-m", "slotfill", "--version"),
        ("-m", "slotfill", "extract", "--help"),
        ("-m", "slotfill", "schemas"),
    ],
    ids=" ".join,
)
def test_what_needs_no_model_loads_nothing_heavy(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = python("-X", "importtime", *arguments, cwd=tmp_path)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert done.returncode == 0, done.stderr
    assert "slotfill" in loaded, "the interpreter did not say what it loaded"
    assert not loaded & HEAVY


def test_the_help_loads_no_errors(tmp_path: Path) -> None:
    """Their dataclasses take a twentieth of the whole time."""
    done = python("-X", "importtime", "-m", "slotfill", "--help", cwd=tmp_path)
    assert "slotfill.cli" in done.stderr
    assert "slotfill.extractors.errors" not in done.stderr


def test_the_check_above_sees_what_is_loaded(tmp_path: Path) -> None:
    done = python("-X", "importtime", "-m", "slotfill", "schemas", "sentiment", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"\| +pydantic$", done.stderr, re.MULTILINE)


def test_every_module_can_be_imported(tmp_path: Path) -> None:
    """One process is enough: as no file is in a circle (`test_house`), it does not matter which comes first."""
    modules = [module_of(file) for file in FILES if file.name != "__main__.py"]  # which runs the command line
    done = python("-W", "error", "-c", EACH, stdin=json.dumps(modules), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {}


def test_imports_are_absolute() -> None:
    ours = {*PACKAGES, "cli"}
    wrong = []
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_bytes())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [name.name for name in node.names] if isinstance(node, ast.Import) else []
            relative = isinstance(node, ast.ImportFrom) and node.level
            if relative or {name.partition(".")[0] for name in names} & ours:
                wrong.append(f"{file.relative_to(ROOT)}:{node.lineno}: `slotfill.` is missing")
    assert wrong == []


@pytest.mark.parametrize("package", PUBLIC, ids=lambda package: package.__name__)
def test_public_names_are_sorted_and_resolve(package: ModuleType) -> None:
    assert package.__all__ == sorted(set(package.__all__))
    assert dir(package) == package.__all__
    for name in package.__all__:
        assert getattr(package, name) is not None


@pytest.mark.parametrize("package", PUBLIC, ids=lambda package: package.__name__)
def test_type_checkers_see_the_same_names(package: ModuleType) -> None:
    homes = homes_of(package)
    assert sorted(homes) == [name for name in package.__all__ if name != "__version__"]
    for name, home in homes.items():
        assert getattr(home, name) is getattr(package, name)


@pytest.mark.parametrize("package", PUBLIC, ids=lambda package: package.__name__)
def test_every_class_beside_a_public_one_is_public(package: ModuleType) -> None:
    homes = set(homes_of(package).values())
    classes = {name for home in homes for name in home.__all__ if isinstance(getattr(home, name), type)}
    assert classes - OWN_MODULE_ONLY <= {name for public in PUBLIC for name in public.__all__}


@pytest.mark.parametrize("package", PUBLIC, ids=lambda package: package.__name__)
def test_an_unknown_name_is_an_attribute_error(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match=rf"^module '{package.__name__}' has no attribute 'Extractr'$"):
        _ = package.Extractr
    with pytest.raises(ImportError, match="Extractr"):
        exec(f"from {package.__name__} import Extractr")


def test_without_the_local_extra_the_error_says_how_to_install_it(tmp_path: Path) -> None:
    weights = tmp_path / "weights.gguf"
    weights.write_bytes(b"GGUF" + bytes(64))
    done = python(
        "-c", WITHOUT_XLLAMACPP, "extract", "sentiment", "-", "-m", f"local:{weights}", stdin="Good.", cwd=tmp_path
    )
    assert "pip install 'slotfill[local]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert done.returncode == 4
