"""llama.cpp in this process: one engine a model file, shared by all who use it."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from slotfill.extractors.errors import MissingExtraError, ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CONTEXT", "Completion", "Engine", "EngineError", "shared_engine"]

T = TypeVar("T")

CONTEXT = 8_192
"""Tokens of prompt and reply together: what the known model was trained with."""

SLOTS = 2
"""Requests worked on at once. More slots read no faster on a few cores, and each holds a context of memory."""

SILENT = -1
"""llama.cpp's verbosity below its errors: it writes to the process's own stderr otherwise."""

SOCKET_PATH_BYTES = 100
"""Unix sockets have paths of at most 104 bytes on macOS, 108 on Linux."""

MAGIC = b"GGUF"
MARK = "@"


class EngineError(Exception):
    """llama.cpp refused or failed."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model wrote. `cut`: it stopped for want of room, not because it was done."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    cut: bool


class Engine:
    """One loaded model.

    path: a .gguf file.
    context: tokens of prompt and reply together, `CONTEXT` or what the model was trained with.

    Safe to use from any number of threads: llama.cpp works on `SLOTS` requests at once and the rest wait.
    Raises MissingExtraError without xllamacpp, ModelError when the file cannot be loaded.
    """

    def __init__(self, path: Path) -> None:
        self._server = _load(path)
        self._pool = ThreadPoolExecutor(SLOTS, thread_name_prefix="slotfill-local")
        self.context: int = self._overflow("")["n_ctx"]

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Run `work` in one of the threads that may call `complete`.

        No caller's own thread ever waits inside llama.cpp, where neither Ctrl-C nor a timeout would reach it.
        """
        return self._pool.submit(work)

    def count(self, prompt: str) -> int:
        """Count the tokens of a prompt, without reading it."""
        return self._overflow(prompt)["n_prompt_tokens"] - CONTEXT

    def follows(self, grammar: str) -> bool:
        """Tell whether llguidance can read a grammar: one that it cannot read it ignores, without a word.

        A mark that no model would write by itself is put before all that the grammar allows.
        """
        marked = grammar.replace("start: ", f"start: {json.dumps(MARK)} ", 1)
        probe = self.complete("Output:", max_tokens=1, grammar=marked, stop=(), cancelled=threading.Event())
        return probe.text == MARK

    def complete(
        self, prompt: str, *, max_tokens: int, grammar: str, stop: tuple[str, ...], cancelled: threading.Event
    ) -> Completion:
        """Continue a prompt, always with the likeliest token that `grammar` allows ("" allows all).

        cancelled: once set, the model stops at its next token, and what is returned is worth nothing.
        Raises EngineError.
        """
        replies = self._stream(
            {
                "prompt": prompt,
                "n_predict": max_tokens,
                "temperature": 0,
                "grammar": grammar,
                "stop": list(stop),
                "cache_prompt": True,
            },
            cancelled,
        )
        if error := next((reply["error"] for reply in replies if "error" in reply), None):
            raise EngineError(str(error.get("message", error)))
        usage: dict[str, int] = replies[-1].get("usage", {}) if replies else {}
        return Completion(
            "".join(reply["choices"][0]["text"] for reply in replies),
            usage.get("prompt_tokens", 0),
            usage.get("completion_tokens", 0),
            bool(replies) and replies[-1]["choices"][0]["finish_reason"] == "length",
        )

    def _overflow(self, prompt: str) -> dict[str, int]:
        """Have a prompt refused: that is when llama.cpp tells its length, and the context's.

        A whole context of padding makes it too long.
        """
        replies = self._stream({"prompt": [prompt, *([0] * CONTEXT)], "n_predict": 1}, threading.Event())
        refusal: dict[str, Any] = replies[0].get("error", {})
        if "n_prompt_tokens" not in refusal:
            raise EngineError(f"llama.cpp did not count the prompt: {refusal.get('message', replies[0])}")
        return refusal

    def _stream(self, request: dict[str, Any], cancelled: threading.Event) -> list[dict[str, Any]]:
        replies: list[dict[str, Any]] = []

        def take(data: str) -> bool:
            replies.append(json.loads(data))
            return cancelled.is_set()

        self._server.handle_completions(json.dumps({**request, "stream": True}), take)
        return replies


_engines: dict[tuple[str, int, int], Engine] = {}
_loading = threading.Lock()


def shared_engine(path: Path) -> Engine:
    """Give the process's one engine for this file, loading it at the first call (about a second).

    It stays for the life of the process. A file that was replaced meanwhile is another file.
    """
    key = _identity(path)
    with _loading:
        if key not in _engines:
            _engines[key] = Engine(path)
        return _engines[key]


def _identity(path: Path) -> tuple[str, int, int]:
    try:
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
        status = path.stat()
    except OSError as error:
        raise ModelError(f"the model file {str(path)!r} cannot be read: {error.strerror or error}") from error
    if magic != MAGIC:
        # llama.cpp itself may take the process down with it.
        raise ModelError(f"{str(path)!r} is no GGUF file: name a .gguf file of a text model")
    return str(path.resolve()), status.st_size, status.st_mtime_ns


def _load(path: Path) -> Any:
    try:
        import xllamacpp  # type: ignore[import-untyped]  # it ships no types
    except ImportError as error:
        raise MissingExtraError("the embedded model needs the extra `local`: pip install 'slotfill[local]'") from error
    # The server cannot be had without a listener. Nobody is to reach it: it stands in a private folder that is
    # removed at once, and wants a key that nobody knows.
    with tempfile.TemporaryDirectory(prefix="slotfill-") as folder:
        try:
            return xllamacpp.Server(_parameters(xllamacpp, path, Path(folder, "s.sock")))
        except Exception as error:
            raise ModelError(
                f"llama.cpp cannot load {str(path)!r}: {error}. The file may be cut, damaged or too new for the "
                "installed xllamacpp, or there is too little memory"
            ) from error


def _parameters(xllamacpp: Any, path: Path, socket: Path) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx = CONTEXT * SLOTS
    parameters.n_parallel = SLOTS
    parameters.cache_ram_mib = 0  # the default keeps up to 8 GiB of past prompts
    # Threads of llama.cpp spin while they wait for each other: on busy cores fewer write faster, while reading gains
    # from all.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    parameters.cpuparams.n_threads = max(1, cores // 2)
    parameters.cpuparams_batch.n_threads = cores
    parameters.verbosity = SILENT
    parameters.warmup = False
    parameters.ui = parameters.endpoint_slots = False
    parameters.api_keys = [secrets.token_urlsafe(32)]
    if os.name == "posix" and len(os.fsencode(socket)) <= SOCKET_PATH_BYTES:
        parameters.hostnames = [str(socket)]
    return parameters
