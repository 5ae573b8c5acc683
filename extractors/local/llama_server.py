"""llama.cpp's own server, loaded into this process with one model file, and reached by nobody else."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from slotfill.extractors.errors import MissingModelExtraError, ModelError
from slotfill.extractors.local.weights.split_files import split_file_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

__all__ = ["EngineOptions", "Server", "file_identity", "is_asked_whole", "load_server"]

SILENT = -1
"""llama.cpp's verbosity below its errors: it writes to the process's own stderr otherwise."""

SOCKET_PATH_BYTES = 100
"""Unix sockets have paths of at most 104 bytes on macOS, 108 on Linux."""

MAGIC = b"GGUF"

LARGE = 600 << 20
"""The file size, in bytes, from which a model is asked for whole objects: about a billion parameters at 4 bits."""

STEADY_BATCH = 32
"""Tokens read in one go by models that are asked by field. From 64 on llama.cpp's attention works in tiles, which round
otherwise: what a token's state was then rested on how much of its prompt had been read before, for another document,
and labels' probabilities differed by up to 0.013."""

PAST_PROMPTS_MIB = 128
"""What a server may keep of prompts that others have taken the place of, so that schemas that take turns do not have
their examples read anew each time: four or five prompts of 1,000 tokens."""

WAIT_POLICY = "OMP_WAIT_POLICY"

MOST_SLOTS = 4
"""Each holds a context of memory, and more than cores are no use."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How to run a model.

    threads: that read a prompt; default: one a core.
    slots: documents worked on at once, when so many wait; default: one a core, four at most.
    context: tokens of prompt and reply together, at most what the model was trained with.
    decoding: "fields" asks a question a field, "whole" for the whole object in one go; default: by the file's size.
    """

    threads: int | None = None
    slots: int | None = None
    context: int = 5_120
    decoding: Literal["fields", "whole"] | None = None

    @property
    def most_slots(self) -> int:
        """How many documents are worked on at once."""
        return self.slots or min(_cores(), MOST_SLOTS)


class Server(Protocol):
    """What is used of xllamacpp's server, which ships no types."""

    def handle_completions(self, request: str, on_reply: Callable[[str], bool]) -> object:
        """Complete a prompt, both as JSON; `on_reply` returns whether that shall end."""


def file_identity(path: Path) -> tuple[str, int, int]:
    """Return what tells a model file from every other: its path, its size with that of what belongs to it, its age.

    Raises ModelError for what cannot be one.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
        parts = [path.with_name(name).stat() for name in split_file_names(path.name)]
    except OSError as error:
        raise ModelError(f"the model file {str(path)!r} cannot be read: {error.strerror or error}") from error
    if magic != MAGIC:
        # llama.cpp itself may take the process down with it.
        raise ModelError(f"{str(path)!r} is no GGUF file: name a .gguf file of a text model")
    return str(path.resolve()), sum(part.st_size for part in parts), max(part.st_mtime_ns for part in parts)


def is_asked_whole(path: Path, options: EngineOptions) -> bool:
    """Whether a model is asked for whole objects. Raises ModelError for a file that cannot be read."""
    _, size, _ = file_identity(path)
    return (options.decoding or ("whole" if size >= LARGE else "fields")) == "whole"


def load_server(path: Path, options: EngineOptions) -> Server:
    """Load a model file. Raises MissingModelExtraError without xllamacpp, ModelError where llama.cpp cannot."""
    try:
        with _sleeping_threads():
            import xllamacpp  # type: ignore[import-untyped]  # it ships no types
    except ImportError as error:
        message = "the embedded model needs the extra `local`: pip install 'slotfill[local]'"
        raise MissingModelExtraError(message) from error
    # The server cannot be had without a listener. Nobody is to reach it: it stands in a private folder that is
    # removed at once, and wants a key that nobody knows.
    with tempfile.TemporaryDirectory(prefix="slotfill-") as folder:
        try:
            server: Server = xllamacpp.Server(_parameters(xllamacpp, path, Path(folder, "s.sock"), options))
        except Exception as error:
            raise ModelError(
                f"llama.cpp cannot load {str(path)!r}: {error}. The file may be cut, damaged or too new for the "
                "installed xllamacpp, or there is too little memory"
            ) from error
    return server


def _parameters(xllamacpp: ModuleType, path: Path, socket: Path, options: EngineOptions) -> object:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx = options.context
    parameters.n_parallel = 1  # the pool has a server a document
    parameters.cache_ram_mib = PAST_PROMPTS_MIB  # of up to 8 GiB by default
    threads = options.threads or _cores()
    parameters.cpuparams_batch.n_threads = threads
    if is_asked_whole(path, options):
        # Writing a token keeps few threads busy, while reading gains from all.
        parameters.cpuparams.n_threads = max(1, threads // 2)
    else:
        # The same text is to get the same answer, whatever was asked before. Several threads would share the attention
        # of a single token among them, and round otherwise than for a token among others; one writes about as fast.
        parameters.cpuparams.n_threads = 1
        parameters.n_ubatch = STEADY_BATCH
    # They are not to spin while they wait: with another program on the cores that costs four fifths of the speed.
    parameters.cpuparams.poll = parameters.cpuparams_batch.poll = 0
    parameters.verbosity = SILENT
    parameters.warmup = False
    parameters.ui = parameters.endpoint_slots = False
    parameters.api_keys = [secrets.token_urlsafe(32)]
    if os.name == "posix" and len(os.fsencode(socket)) <= SOCKET_PATH_BYTES:
        parameters.hostnames = [str(socket)]
    return parameters


@contextmanager
def _sleeping_threads() -> Iterator[None]:
    """Have the threads of OpenMP sleep while they wait for each other: it asks the environment once, when it is loaded.

    By default they spin. On two cores that other programs use as well, a label then took 2.2 to 3.1 seconds for 0.16.
    """
    kept = os.environ.get(WAIT_POLICY)
    os.environ.setdefault(WAIT_POLICY, "passive")
    try:
        yield
    finally:
        if kept is None:
            del os.environ[WAIT_POLICY]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
