"""llama.cpp in this process: one engine a model file and its settings, shared by all who use it."""

from __future__ import annotations

import json
import math
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, TypeVar

from slotfill.extractors.errors import ModelError
from slotfill.extractors.local.grammar import HEADER
from slotfill.extractors.local.llama_server import EngineOptions, file_identity, is_asked_whole, load_server
from slotfill.extractors.local.server_pool import ServerPool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["Engine", "EngineError", "GeneratedText", "shared_engine"]

T = TypeVar("T")

BIAS = 100.0
"""What is added to the logits of labels: no other token is then likely, and between labels nothing changes."""

LABEL_TOKENS = 24
"""How many tokens of a label are looked at to find the one that it begins with."""

UNLIKELY = 1e-9
"""The least probability of a label: so that its logarithm is finite."""

DRY = {"dry_multiplier": 0.8, "dry_base": 1.75, "dry_allowed_length": 3, "dry_penalty_last_n": 8_192}
"""Against loops and copied examples: a token that would continue a repetition of 3 tokens or more is penalised, the
more the longer it is (the sampler "Don't Repeat Yourself" of llama.cpp, by its authors' figures but for the length)."""

WARMTH = 0.8
"""The temperature at which tokens are drawn: llama.cpp's own default."""

MARK = "@"


class EngineError(Exception):
    """llama.cpp refused or failed."""


@dataclass(frozen=True, slots=True)
class GeneratedText:
    """What the model wrote.

    cut: it stopped for want of room, not because it was done.
    likelihood: the geometric mean of its tokens' probabilities, as they were before the grammar; None if not asked for.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    cut: bool
    likelihood: float | None = None


class Engine:
    """One loaded model.

    path: a .gguf file.

    Safe to use from any number of threads: llama.cpp works on up to `slots` documents at once and the rest wait.
    Raises MissingModelExtraError without xllamacpp, ModelError when the file cannot be loaded.
    """

    def __init__(self, path: Path, options: EngineOptions) -> None:
        self.slots = options.most_slots
        self._servers = ServerPool(partial(load_server, path, options), self.slots)
        # One more than may work at once: it waits for a server, by which the pool of these sees that documents wait.
        self._pool = ThreadPoolExecutor(self.slots + 1, thread_name_prefix="slotfill-local")
        self._padding = options.context
        self._tokens: dict[str, dict[str, int]] = {}
        _, size, _ = file_identity(path)
        self.identity = (path.name, size)
        self.whole = is_asked_whole(path, options)
        try:
            self.context: int = self._overflow("")["n_ctx"]
        except EngineError as error:  # what is not ready answers no document, and no document is to blame
            raise ModelError(f"llama.cpp has loaded {str(path)!r}, and does not answer: {error}") from error

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Run `work` in one of the threads that may call `complete`.

        All of it has one server, which has read what its questions begin with. No caller's own thread ever waits inside
        llama.cpp, where neither Ctrl-C nor a timeout would reach it.
        """
        return self._pool.submit(self._with_server, work)

    def count(self, prompt: str) -> int:
        """Count the tokens of a prompt, without reading it."""
        return self._overflow(prompt)["n_prompt_tokens"] - self._padding

    def follows(self, grammar: str) -> bool:
        """Whether llguidance can read a grammar: one that it cannot read it ignores, without a word.

        A mark that no model would write by itself is put before all that the grammar allows.
        """
        marked = grammar.replace("start: ", f"start: {json.dumps(MARK)} ", 1)
        probe = self.complete("Output:", max_tokens=1, grammar=marked, cancelled=threading.Event())
        return probe.text == MARK

    def reads(self, expression: str) -> bool:
        """Whether llguidance can read an expression of a grammar; it is asked once."""
        return _reads(self, expression)

    def complete(
        self,
        prompt: str,
        *,
        max_tokens: int,
        grammar: str,
        cancelled: threading.Event,
        stop: tuple[str, ...] = (),
        fresh: bool = False,
        likelihood: bool = False,
        seed: int | None = None,
    ) -> GeneratedText:
        """Continue a prompt, always with the likeliest token that `grammar` allows ("" allows all).

        seed: draw tokens at random, by this seed, instead of taking the likeliest.
        fresh: do not repeat what has been said, in the prompt or since.
        cancelled: once set, the model stops at its next token, and what is returned is worth nothing.
        Raises EngineError.
        """
        likeliest = {
            "temperature": 0,
            "samplers": ["dry", "temperature"],
        }  # the others would sort all tokens for nothing
        drawn = likeliest if seed is None else {"temperature": WARMTH, "seed": seed}
        request = {"prompt": prompt, "n_predict": max_tokens, "grammar": grammar, "stop": list(stop), **drawn}
        replies = self._ask(request | (DRY if fresh else {}) | ({"n_probs": 1} if likelihood else {}), cancelled)
        usage: dict[str, int] = replies[-1].get("usage", {}) if replies else {}
        return GeneratedText(
            "".join(reply["choices"][0]["text"] for reply in replies),
            usage.get("prompt_tokens", 0),
            usage.get("completion_tokens", 0),
            bool(replies) and replies[-1]["choices"][0]["finish_reason"] == "length",
            _likelihood(replies) if likelihood else None,
        )

    def score(self, prompt: str, labels: Sequence[str], cancelled: threading.Event) -> tuple[tuple[float, ...], int]:
        """Return how likely each label is to continue a prompt, if one does: natural logarithms; and the tokens.

        One token of the model tells labels apart; where several begin alike, they are followed until they differ.
        """
        rest = {number: f" {label}\n" for number, label in enumerate(labels)}
        likelihoods = dict.fromkeys(rest, 0.0)
        branches, tokens = [(prompt, 1.0, rest)], 0
        while branches and not cancelled.is_set():
            prompt, weight, rest = branches.pop()
            chances, read = self._next(prompt, [*rest.values()], cancelled)
            tokens = max(tokens, read)
            for token, chance in chances.items():
                alike = {number: text[len(token) :] for number, text in rest.items() if text.startswith(token)}
                if len(alike) == 1:
                    likelihoods[next(iter(alike))] += weight * chance
                elif alike and weight * chance > UNLIKELY:
                    branches.append((prompt + token, weight * chance, alike))
        total = sum(likelihoods.values()) or 1.0
        return tuple(math.log(max(chance / total, UNLIKELY)) for chance in likelihoods.values()), tokens

    def _next(self, prompt: str, texts: Sequence[str], cancelled: threading.Event) -> tuple[dict[str, float], int]:
        """Return the probabilities of the tokens that may begin `texts`, should one come next; and the prompt's length.

        All these tokens get the same bias, so that no other is likely and nothing changes between them.
        """
        for text in texts:
            if text not in self._tokens:
                chances, _ = self._biased(prompt, [[text, BIAS]], LABEL_TOKENS, cancelled)
                self._tokens[text] = {token: number for token, number, _ in chances if text.startswith(token)}
        known = {number for text in texts for number in self._tokens.get(text, {}).values()}
        chances, read = self._biased(prompt, [[number, BIAS] for number in known], len(known), cancelled)
        return {token: chance for token, number, chance in chances if number in known}, read

    def _biased(
        self, prompt: str, bias: list[list[JSON]], top: int, cancelled: threading.Event
    ) -> tuple[list[tuple[str, int, float]], int]:
        """Return the likeliest next tokens, their numbers and probabilities, under a bias; and the prompt's length."""
        replies = self._ask(
            {
                "prompt": prompt,
                "n_predict": 1,
                "temperature": 1,
                "samplers": ["temperature"],
                "logit_bias": bias,
                "n_probs": top,
                "post_sampling_probs": True,
            },
            cancelled,
        )
        logprobs = next((reply["choices"][0]["logprobs"] for reply in replies), None)
        likeliest = logprobs["content"][0]["top_probs"] if logprobs else []
        read = replies[-1].get("usage", {}).get("prompt_tokens", 0) if replies else 0
        return [(entry["token"], entry["id"], entry["prob"]) for entry in likeliest if entry["token"]], read

    def _ask(self, request: JSONObject, cancelled: threading.Event) -> list[JSONObject]:
        replies = self._stream({**request, "cache_prompt": True}, cancelled)
        if error := next((reply["error"] for reply in replies if "error" in reply), None):
            raise EngineError(str(error.get("message", error)))
        return replies

    def _overflow(self, prompt: str) -> dict[str, int]:
        """Have a prompt refused: that is when llama.cpp tells its length, and the context's.

        A whole context of padding makes it too long.
        """
        replies = self._stream({"prompt": [prompt, *([0] * self._padding)], "n_predict": 1}, threading.Event())
        first = replies[0] if replies else "it said nothing"
        refusal: JSONObject = replies[0].get("error", {}) if replies else {}
        if "n_prompt_tokens" not in refusal:
            raise EngineError(f"llama.cpp did not count the prompt: {refusal.get('message', first)}")
        return refusal

    def _stream(self, request: JSONObject, cancelled: threading.Event) -> list[JSONObject]:
        replies: list[JSONObject] = []

        def take(data: str) -> bool:
            replies.append(json.loads(data))
            return cancelled.is_set()

        with self._servers.lease() as server:
            server.handle_completions(json.dumps({**request, "stream": True}), take)
        return replies

    def _with_server(self, work: Callable[[], T]) -> T:
        with self._servers.lease():
            return work()


@lru_cache(maxsize=1024)
def _reads(engine: Engine, expression: str) -> bool:
    return engine.follows(f"{HEADER}\nstart: {expression}")


def _likelihood(replies: Sequence[JSONObject]) -> float:
    choices = (reply["choices"][0] for reply in replies)
    chances = [token["logprob"] for choice in choices for token in (choice["logprobs"] or {}).get("content", ())]
    return math.exp(sum(chances) / len(chances)) if chances else 0.0


_engines: dict[tuple[object, ...], Engine] = {}
_loading = threading.Lock()


def shared_engine(path: Path, options: EngineOptions | None = None) -> Engine:
    """Return the process's one engine for this file and these options, loading it at the first call (about a second).

    It stays for the life of the process. A file that was replaced meanwhile is another file.
    """
    options = options or EngineOptions()
    key = (*file_identity(path), options)
    with _loading:
        if key not in _engines:
            _engines[key] = Engine(path, options)
        return _engines[key]
