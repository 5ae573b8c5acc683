"""A folder of somebody else's, in which a command is typed: no code of it runs, whatever its files are called."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

pytestmark = pytest.mark.slow

RECORDER = """
import atexit, os, sys

class Recorder:  # the last to be asked: for what is nowhere
    @staticmethod
    def find_spec(name, path=None, target=None):
        if path is None:
            with open(os.environ["SOUGHT"], "a") as file:
                file.write(name + "\\n")

sys.meta_path.append(Recorder)
from slotfill.__main__ import main
main()
"""

TRAP = """
import os
with open(os.environ["SPRUNG"], "a") as file:
    file.write(__name__ + "\\n")
"""

OPTIONAL = {
    *(
        "h2",
        "socks",
        "socksio",
        "trio",
        "anyio_trio",
        "chardet",
        "charset_normalizer",
        "cchardet",
        "brotli",
        "zstandard",
    ),
    *(
        "brotlicffi",
        "uvloop",
        "orjson",
        "simplejson",
        "ujson",
        "jinja2",
        "boto3",
        "botocore",
        "google",
        "s3fs",
        "gcsfs",
    ),
    *("numpy", "pandas", "polars", "tornado", "curio", "sniffio_trio", "dotenv_extra", "yaml_ext", "email_validator"),
    *("winloop", "httptools", "watchfiles", "lark", "black", "django", "IPython", "ipywidgets", "toml", "tomli"),
    *("sitecustomize", "usercustomize", "conftest", "planted"),
}
"""Names that our dependencies, or Python, may look for; the commands' own search adds to them."""

GROUPS = (
    *(f"slotfill.{group}" for group in ("schemas", "readers", "sinks", "transports", "comparators")),
    "pydantic",
    "hypothesis",
    "fsspec.specs",
    "pytest11",
    "opentelemetry_context",
    "console_scripts",
    "keyring.backends",
)
"""Entry points by which libraries load plug-ins."""

COMMANDS = {
    "extract": "extract feedback a.txt",
    "stream": "extract feedback a.txt --stream",
    "parquet": "extract feedback rows.csv -o out.parquet",
    "db": "extract feedback rows.csv -o out.db --rejects out.jsonl",
    "one line": "extract name,age:int a.txt",
    "dry run": "extract feedback a.txt --dry-run",
    "cassette": "extract feedback a.txt --cassette tape.jsonl",
    "refused": "extract feedback a.txt -m local:nowhere.gguf",
    "address": "extract feedback s3://bucket/mails",
    "archive": "extract feedback zip://*.txt::mails.zip",
    "record": "extract feedback a.txt --record -o record.json",
    "refine": "refine record.json worse",
    "schemas": "schemas feedback --lint",
    "check": "check sentiment --max-examples 2",
    "models": "models",
    "doctor": "doctor",
    "costs": "costs",
}  # fmt: skip


@pytest.fixture(scope="module")
def service() -> Iterator[dict[str, str]]:
    """The environment of the commands, with a simulated service in it."""
    with served(SimulatedClaude()) as url:
        others = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        yield {**others, "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-simulated", "PYTHONDONTWRITEBYTECODE": "1"}


def documents_in(folder: Path) -> Path:
    folder.mkdir()
    (folder / "a.txt").write_text("The app crashes.")
    (folder / "rows.csv").write_text("text\nIt came late.\nIt never came.\n")
    return folder


def run(start: list[str], command: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [*start, *command.split()],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sought(service: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The modules that the commands look for and do not find."""
    folder = documents_in(tmp_path_factory.mktemp("recorded") / "work")
    said = folder.parent / "sought"
    for command in COMMANDS.values():
        run([sys.executable, "-P", "-c", RECORDER], command, folder, {**service, "SOUGHT": str(said)})
    return {name for name in said.read_text().split() if name.isidentifier()}


@pytest.fixture(scope="module")
def trapped(sought: set[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder full of modules and plug-ins that say that they were loaded."""
    folder = documents_in(tmp_path_factory.mktemp("hostile") / "work")
    for name in sought | OPTIONAL:
        (folder / f"{name}.py").write_text(TRAP)
    planted = folder / "planted-1.0.dist-info"
    planted.mkdir()
    (planted / "METADATA").write_text("Metadata-Version: 2.1\nName: planted\nVersion: 1.0\n")
    (planted / "entry_points.txt").write_text("".join(f"[{group}]\nplanted = planted\n" for group in GROUPS))
    (folder / "planted.pth").write_text("import planted\n")
    return folder


def sprung(folder: Path) -> list[str]:
    said = folder.parent / "sprung"
    return said.read_text().split() if said.exists() else []


SCRIPT = Path(sysconfig.get_path("scripts")) / "slotfill"
STARTS = {"script": [str(SCRIPT)], "-m": [sys.executable, "-m", "slotfill"]}


def test_the_commands_look_for_modules_that_are_not_there(sought: set[str]) -> None:
    assert {"h2", "socks", "brotli"} <= sought


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_nothing_of_the_folder_is_imported(trapped: Path, service: dict[str, str], command: str) -> None:
    run(STARTS["script"], command, trapped, {**service, "SPRUNG": str(trapped.parent / "sprung")})
    assert sprung(trapped) == []


@pytest.mark.parametrize("name", ["stream", "check", "doctor"])
def test_nor_by_a_python_that_would_look_there(trapped: Path, service: dict[str, str], name: str) -> None:
    run(STARTS["-m"], COMMANDS[name], trapped, {**service, "SPRUNG": str(trapped.parent / "sprung")})
    assert sprung(trapped) == []


@pytest.mark.parametrize("entry", ["", "."])
def test_an_entry_of_pythonpath_that_names_no_folder_counts_for_nothing(
    trapped: Path, service: dict[str, str], entry: str, tmp_path: Path
) -> None:
    folder = shutil.copytree(trapped, tmp_path / "work")
    environment = {**service, "PYTHONPATH": f"{entry}{os.pathsep}/nowhere", "SPRUNG": str(tmp_path / "sprung")}
    subprocess.run([sys.executable, "-P", "-c", "pass"], cwd=folder, env=environment, check=True)
    before = set(sprung(folder))  # what Python itself looks for before any code of ours
    run(STARTS["-m"], COMMANDS["extract"], folder, environment)
    assert set(sprung(folder)) == before


def test_the_simulated_service_imports_nothing_of_it_either(trapped: Path, service: dict[str, str]) -> None:
    environment = {**service, "SPRUNG": str(trapped.parent / "sprung")}
    command = [sys.executable, "-m", "slotfill", "simulate"]
    with subprocess.Popen(command, cwd=trapped, env=environment, stdout=subprocess.PIPE, text=True) as simulated:
        assert simulated.stdout
        assert simulated.stdout.readline().startswith("http://127.0.0.1")
        simulated.send_signal(signal.SIGINT)
    assert sprung(trapped) == []


def test_the_traps_are_sprung_where_the_folder_is_on_the_path(trapped: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(trapped), "SPRUNG": str(tmp_path / "sprung")}
    subprocess.run([sys.executable, "-c", "import h2, httpx2, pydantic.main"], env=environment, check=False)
    assert "h2" in (tmp_path / "sprung").read_text()


MODEL = """
import sys
from pydantic import BaseModel, field_validator
import names

class Person(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def later(cls, name):
        import letters  # a sibling, when the folder is off the path again
        return name
"""


def test_a_module_of_the_folder_is_found_while_it_is_imported_and_no_longer(
    trapped: Path, service: dict[str, str]
) -> None:
    (trapped / "people.py").write_text(MODEL)
    (trapped / "names.py").write_text("")
    (trapped / "letters.py").write_text(TRAP)
    environment = {**service, "SPRUNG": str(trapped.parent / "sprung")}
    shown = json.loads(run([sys.executable, "-m", "slotfill"], "schemas people:Person", trapped, environment))
    assert shown["properties"].keys() == {"name"}
    run([sys.executable, "-m", "slotfill"], "extract people:Person a.txt", trapped, environment)
    assert "letters" not in sprung(trapped)
