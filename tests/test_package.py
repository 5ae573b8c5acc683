"""What is built from a checkout, whatever its folder is called: the package and nothing else."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from checkout import ROOT
from packaging.requirements import Requirement
from packaging.version import Version

import slotfill

ROOT_MODULES = {"__init__.py", "__main__.py", "cli.py"}
DIST_INFO = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE", "top_level.txt"}

# The packages that the build needs are installed: nothing is fetched.
OFFLINE = ("--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check", "--quiet")


def run(*command: object, cwd: Path, **variables: str) -> str:
    """Run a command that has to succeed, and give what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def tracked() -> list[str]:
    """The files that are, or would be, in the repository."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not in a clone: what belongs to the project cannot be told from what lies around")
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    return sorted(name for name in listed.split("\0") if (ROOT / name).is_file())


@pytest.fixture(scope="session")
def shipped(tracked: list[str]) -> set[str]:
    """The package's files: modules in the root and its three packages, what its page is made of, the mark of types."""
    modules = re.compile(
        r"(?:(?:schemas|extractors|commands|distributed|integrations|passages|plugins)/(?:\w+/)*)?\w+\.pyi?"
    )
    assets = re.compile(
        r"extractors/(?:local/candidates/(?:\w+_words\.txt|word_lists\.LICENSE)|local/by_field/fitted_biases\.json|(?:review/serving|serving/playground|viewing)/\w+\.(?:css|html|js)|templates/(?:[\w.-]+/)+[\w.-]+-tpl)"
    )
    return {name for name in tracked if modules.fullmatch(name) or assets.fullmatch(name)} | {"py.typed"}


@pytest.fixture(scope="session")
def checkout(tracked: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh copy of the repository, under a name that is not the package's."""
    folder = tmp_path_factory.mktemp("package") / "some checkout"
    for name in tracked:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    return folder


@pytest.fixture(scope="session")
def built(checkout: Path) -> Path:
    """The folder with the source distribution, and with the wheel that was built from that."""
    run(sys.executable, "-m", "build", "--no-isolation", cwd=checkout)
    return checkout / "dist"


@pytest.fixture(scope="session")
def installed(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `pip install .` puts into site-packages."""
    site = tmp_path_factory.mktemp("site")
    run(sys.executable, "-m", "pip", "install", *OFFLINE, "--no-compile", "--target", site, ".", cwd=checkout)
    return site


def test_the_root_holds_these_modules_only(tracked: list[str]) -> None:
    assert {name for name in tracked if re.fullmatch(r"[^/]+\.py", name)} == ROOT_MODULES


def test_every_package_of_the_tree_is_declared(shipped: set[str]) -> None:
    modules = {name for name in shipped if not name.endswith("-tpl")}
    folders = {str(Path("slotfill", name).parent).replace(os.sep, ".") for name in modules}
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    assert sorted(declared) == sorted(folders)


def test_every_package_has_an_init(shipped: set[str]) -> None:
    folders = {Path(name).parent for name in shipped if not name.endswith("-tpl")}
    assert {str(folder / "__init__.py") for folder in folders} <= shipped


def test_the_wheel_holds_the_package_and_nothing_else(built: Path, shipped: set[str]) -> None:
    (wheel,) = built.glob("*.whl")
    info = f"slotfill-{slotfill.__version__}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        assert sorted(archive.namelist()) == sorted(
            {f"slotfill/{name}" for name in shipped} | {f"{info}/{name}" for name in DIST_INFO}
        )
        for name in shipped:
            assert archive.read(f"slotfill/{name}") == (ROOT / name).read_bytes(), name
        assert archive.read(f"{info}/top_level.txt").decode().split() == ["slotfill"]
    assert wheel.name == f"slotfill-{slotfill.__version__}-py3-none-any.whl"


def test_the_source_distribution_holds_what_the_wheel_is_built_from(built: Path, shipped: set[str]) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        names = {member.name.partition("/")[2] for member in tar if member.isfile()}
    written = {name for name in names if re.fullmatch(r"PKG-INFO|setup\.cfg|slotfill\.egg-info/.*", name)}
    assert names - written == shipped | {"LICENSE", "MANIFEST.in", "README.md", "pyproject.toml"}


def test_installing_the_checkout_installs_what_the_wheel_holds(installed: Path, shipped: set[str]) -> None:
    folder = installed / "slotfill"
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == shipped
    assert sorted(path.name for path in installed.iterdir()) == [
        "bin",
        "slotfill",
        f"slotfill-{slotfill.__version__}.dist-info",
    ]


def test_what_is_installed_runs_from_any_folder(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "schemas.py").write_text("raise SystemExit('an app of its own')\n", encoding="utf-8")
    site = str(installed)
    where = run(sys.executable, "-c", "import slotfill; print(slotfill.__file__)", cwd=tmp_path, PYTHONPATH=site)
    assert Path(where.strip()).parent == installed / "slotfill"
    said = f"slotfill, version {slotfill.__version__}\n"
    assert run(sys.executable, "-m", "slotfill", "--version", cwd=tmp_path, PYTHONPATH=site) == said
    assert run(installed / "bin" / "slotfill", "--version", cwd=tmp_path, PYTHONPATH=site) == said
    assert "feedback" in run(sys.executable, "-m", "slotfill", "schemas", cwd=tmp_path, PYTHONPATH=site)


LOWEST = dict(
    re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==(\S+)$", (ROOT / ".ci" / "lowest.txt").read_text("utf-8"), re.MULTILINE)
)
"""What `make test-lowest` installs."""

HELD_UP = {"boto3", "click", "opentelemetry-api"}
"""What has a lower bound than is tried: other extras need later ones, and all are tried together."""


def test_the_lowest_versions_that_are_tested_are_those_of_the_bounds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    large = {"ocr", "ray"}  # `make` does not install them
    extras = [line for name, lines in project["optional-dependencies"].items() if name not in large for line in lines]
    for line in map(Requirement, [*project["dependencies"], *extras]):
        (floor,) = (one.version for one in line.specifier if one.operator == ">=")
        pinned = LOWEST[line.name]
        assert line.specifier.contains(pinned), line
        assert Version(pinned) == Version(floor) or line.name in HELD_UP, line


@pytest.mark.slow
def test_the_same_commit_gives_the_same_bytes(checkout: Path, tmp_path: Path) -> None:
    """Built in two folders, under two umasks and at two times."""
    made = []
    for number, umask in enumerate((0o022, 0o077)):
        folder = tmp_path / f"checkout {number}"
        shutil.copytree(checkout, folder, ignore=shutil.ignore_patterns("dist", "build", "*.egg-info"))
        for file in folder.rglob("*"):
            os.utime(file, (1_600_000_000 + number, 1_600_000_000 + number))
        before = os.umask(umask)
        try:
            dist = distributions(folder)
        finally:
            os.umask(before)
        made.append({file.name: file.read_bytes() for file in dist.iterdir()})
    assert len(made[0]) == 2
    assert made[0] == made[1]


def distributions(folder: Path) -> Path:
    """Build both as `make wheel` does."""
    epoch = {"SOURCE_DATE_EPOCH": "1764547200"}
    recipe = (ROOT / "Makefile").read_text("utf-8").partition("\nwheel: $(RELEASE)")[2].partition("$(BIN)/twine")[0]
    script = "\n".join(recipe.splitlines()[1:]).replace("$(BIN)/python", f"'{sys.executable}'")
    run("sh", "-e", "-c", script, cwd=folder, **epoch)
    return folder / "dist"


SOUND = {"name": "click", "version": "8.1", "vulns": []}
WEAK = {"name": "idna", "version": "1.0", "vulns": [{"id": "CVE-2024-3651", "fix_versions": ["3.7"]}]}
UNASKED = {"name": "attrs", "skip_reason": "Dependency not found on PyPI"}
OURS = {"name": "slotfill", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("dependencies", "code", "first"),
    [
        ([SOUND, OURS], 0, "1 packages, none with a known weakness"),
        ([SOUND, WEAK, UNASKED, OURS], 1, "idna 1.0: CVE-2024-3651, fixed in 3.7"),
        ([SOUND, UNASKED, OURS], 2, "1 of 2 packages could not be asked about"),
    ],
)
def test_an_audit_tells_weak_packages_from_those_that_nobody_could_be_asked_about(
    dependencies: list[object], code: int, first: str
) -> None:
    lines, ended = runpy.run_path(str(ROOT / ".ci" / "audit.py"))["judge"]({"dependencies": dependencies})
    assert ended == code
    assert lines[0].startswith(first)


def test_an_audit_that_nobody_answers_is_neither_sound_nor_weak(capsys: pytest.CaptureFixture[str]) -> None:
    main = runpy.run_path(str(ROOT / ".ci" / "audit.py"))["main"]
    main.__globals__["AUDIT"] = [sys.executable, "-S", "-c", "raise SystemExit('no route to host')"]
    assert main("packages") == 2
    said = capsys.readouterr()
    assert (said.out, said.err.splitlines()[-1]) == ("", "no route to host")
    assert said.err.startswith("the database of weaknesses could not be asked about any package")
