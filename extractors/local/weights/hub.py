"""Model files of a Hugging Face hub, fetched by its own client library into that library's own cache.

Which hub, cache, token and proxy, and whether to stay offline, is that library's business: it reads `HF_ENDPOINT`,
`HF_HOME`, `HF_TOKEN`, `HF_HUB_OFFLINE` and their kin, most of them once, when it is first loaded.
"""

from __future__ import annotations

import difflib
import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from slotfill.extractors.errors import MissingModelExtraError, ModelError
from slotfill.extractors.local.weights.split_files import split_file_names
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["cached", "fetch", "locate_on_hub"]

Progress = Callable[[int, int], None]

_NAME = r"(?!\.{1,2}/)[^/\\\x00-\x1f\x7f\ud800-\udfff]+"
"""One step of a path that leads out of no folder, on any system."""

_ID = re.compile(
    rf"hf:(?P<repository>[\w.-]+/[\w.-]+)(?:@(?P<revision>\w[\w.+-]*))?/(?P<file>(?:{_NAME}/)*{_NAME}\.gguf)",
    re.ASCII,
)
_SHA256 = re.compile(r"[0-9a-f]{64}")
"""What the library calls the large files of its cache by: a hub tells their digest before it sends them."""


@dataclass(frozen=True, slots=True)
class _Reference:
    """A file of a repository. revision: a branch, a tag or a commit."""

    repository: str
    revision: str
    file: str


class _DamagedError(Exception):
    """What was sent is not what had been announced."""


def locate_on_hub(model: str) -> Path:
    """Return the file of a model id, `hf:ORG/REPO/FILE.gguf` or `hf:ORG/REPO@REVISION/FILE.gguf`.

    A cached file is taken, and the hub not asked, whatever it holds by now. Without one it is fetched, which is shown
    on standard error where that is a terminal. Of a model in several files all are, and the first is returned.
    Raises ModelError or MissingModelExtraError.
    """
    return _obtain(model, lambda reference: _cached(reference) or _download(reference, None))


def fetch(model: str, progress: Progress) -> Path:
    """Fetch the file of a model id, see `locate_on_hub`, unless what the hub holds now is cached, and give it.

    progress: called with the bytes done and the bytes in all, of each file anew; nothing is then shown on a terminal.

    A cached file serves where the hub cannot be reached. A file appears whole, or not at all, and is what the hub has
    announced. Raises ModelError or MissingModelExtraError.
    """
    return _obtain(model, lambda reference: _download(reference, progress))


def cached(model: str) -> Path | None:
    """Return a model's file if it has been fetched, asking no network. Raises ModelError or MissingModelExtraError."""
    references = _files(_reference(model))
    _load_library(model)
    paths = [_cached(reference) for reference in references]
    return paths[0] if all(paths) else None


def _obtain(model: str, how: Callable[[_Reference], Path]) -> Path:
    reference, *others = _files(_reference(model))
    _load_library(model)
    try:
        first = how(reference)
        # The other files are to stand in the same folder, of one commit, whatever is newer by now.
        commit = first.parents[len(PurePosixPath(reference.file).parts) - 1].name
        for other in others:
            reference = replace(other, revision=commit)
            how(reference)
    except Exception as error:  # noqa: BLE001 - the library lets through what its parts raise, which it does not list
        reason = _reason(reference, error)
    else:
        return first
    # Out here, so that the error is no context of ours: its text may quote the token.
    raise ModelError(f"model {model!r}: {reason}")


def _reference(model: str) -> _Reference:
    found = _ID.fullmatch(model)
    if found is None:
        raise ModelError(
            f"model {model!r} names no file of a hub: write hf:ORG/REPO/FILE.gguf, or hf:ORG/REPO@REVISION/FILE.gguf"
        )
    return _Reference(found["repository"], found["revision"] or "main", found["file"])


def _files(reference: _Reference) -> tuple[_Reference, ...]:
    """Return all files of a model, the first before the others."""
    path = PurePosixPath(reference.file)
    return tuple(replace(reference, file=str(path.with_name(name))) for name in split_file_names(path.name))


def _load_library(model: str) -> None:
    try:
        # The module itself: the package's own way to it prints on standard output what keeps it from loading.
        import huggingface_hub.file_download  # noqa: F401
    except ImportError as error:
        raise MissingModelExtraError(
            f"model {model!r} needs the extra `hub`: pip install 'slotfill[local,hub]', or name a file that you have "
            "with local:FILE.gguf"
        ) from error
    except ValueError:
        pass  # likewise out here: it may quote a password in HF_ENDPOINT
    else:
        return
    raise ModelError(f"model {model!r}: {_SETTINGS}")


def _cached(reference: _Reference) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(reference.repository, reference.file, revision=reference.revision)
    return Path(found) if isinstance(found, str) else None  # a mark stands for a file known to be missing


def _download(reference: _Reference, progress: Progress | None) -> Path:
    from huggingface_hub import hf_hub_download

    bar = _bar(progress) if progress else None  # the library's own draws on a terminal alone
    path = Path(hf_hub_download(reference.repository, reference.file, revision=reference.revision, tqdm_class=bar))
    _check(path.resolve())
    return path


def _check(blob: Path) -> None:
    """Throw a file of the cache away that is not what it is called by: the library looks at its length alone."""
    if _SHA256.fullmatch(blob.name) is None:  # a small file, or a system without links
        return
    with blob.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != blob.name:
        blob.unlink()
        raise _DamagedError


def _bar(progress: Progress) -> JSON:
    """Make a class of progress bars that call `progress` where others draw."""
    from huggingface_hub.utils import tqdm  # type: ignore[attr-defined]  # public by its documentation alone

    class Bar(tqdm):
        def __init__(self, **options: JSON) -> None:
            options |= {"file": io.StringIO(), "disable": False}
            super().__init__(**options)  # type: ignore[no-untyped-call]  # nothing of tqdm's is typed

        def display(self, *_: JSON, **__: JSON) -> None:
            progress(int(self.n), int(self.total or 0))

        def update_transfer(self, _: float) -> None:
            """Take the place of a second bar, which would count what comes over the wire before it is unpacked."""

        def set_transfer_postfix_str(self, *_: JSON, **__: JSON) -> None:
            """Do nothing, as `update_transfer`."""

    return Bar


def _reason(reference: _Reference, error: Exception) -> str:
    """Say what went wrong and what to do, in words that hold nothing which a token could stand in."""
    from huggingface_hub import constants
    from huggingface_hub.errors import LocalEntryNotFoundError

    # The library's own word for "neither there nor here": what kept it from asking stands behind it.
    known = error.__cause__ if isinstance(error, LocalEntryNotFoundError) and error.__cause__ else error
    template = next(said for kind, said in _templates() if isinstance(known, kind))
    return template.format(
        repository=reference.repository,
        revision=reference.revision,
        file=reference.file,
        near=_near(reference) if "{near}" in template else "",
        host=constants.ENDPOINT.rpartition("@")[2].removeprefix(
            "https://"
        ),  # a user and a password may stand before it
        cache=constants.HF_HUB_CACHE,
        status=getattr(getattr(known, "response", None), "status_code", None),
        cause=_cause(known),
    )


_SETTINGS = (
    "the hub's library cannot read its settings: check HF_ENDPOINT, HF_HUB_ETAG_TIMEOUT and HF_HUB_DOWNLOAD_TIMEOUT"
)


def _templates() -> tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...]:
    """Return what is said of each kind of error, the most special first."""
    import httpx2
    from huggingface_hub import errors

    return (
        (
            errors.GatedRepoError,
            "the repository {repository!r} is gated: ask for access on its page at {host}, and set HF_TOKEN",
        ),
        (
            errors.RepositoryNotFoundError,
            "{host} has no repository {repository!r}, or keeps it private: check the name, or set HF_TOKEN",
        ),
        (
            errors.RevisionNotFoundError,
            "the repository {repository!r} has no revision {revision!r}: name a branch, a tag or a commit of it",
        ),
        (errors.RemoteEntryNotFoundError, "the repository {repository!r} has no file {file!r}{near}"),
        (
            errors.OfflineModeIsEnabled,
            "it is not in the cache {cache!r}, and HF_HUB_OFFLINE is set: unset it to fetch the file once",
        ),
        (
            _DamagedError,
            "what {host} sent as {file!r} is damaged (its SHA-256 is not as announced), and was thrown away: try again",
        ),
        (
            errors.FileMetadataError,
            "{host} does not answer as a hub does: check HF_ENDPOINT, and what stands between",
        ),
        (errors.HfHubHTTPError, "{host} answered HTTP {status}: check HF_TOKEN for 401 or 403, else try again later"),
        (errors.HFValidationError, "{repository!r} cannot be the name of a repository: check it"),
        (
            (httpx2.LocalProtocolError, UnicodeEncodeError),
            "the token cannot be sent: check HF_TOKEN, or `hf auth login` anew",
        ),
        (httpx2.InvalidURL, _SETTINGS),  # the library before 2.3 reads them as late as that
        (
            httpx2.TransportError,
            "{host} cannot be reached, or broke off ({cause}): check the network, the proxy and HF_ENDPOINT",
        ),
        (
            OSError,
            "it cannot be kept in the cache {cache!r} ({cause}): make room there, or name another with HF_HOME",
        ),
        (
            Exception,
            "the hub's library failed with {cause}: check the HF_ variables, or name a file with local:FILE.gguf",
        ),
    )


def _cause(error: BaseException) -> str:
    """Name an error; quote it only where its text is the operating system's."""
    import httpx2

    said = error.strerror if isinstance(error, OSError) else isinstance(error, httpx2.NetworkError) and str(error)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _near(reference: _Reference) -> str:
    from huggingface_hub import list_repo_files

    try:
        files = list_repo_files(reference.repository, revision=reference.revision)
    except Exception:  # noqa: BLE001 - this is only a hint
        return ""
    models = [file for file in files if file.endswith(".gguf")]
    near = difflib.get_close_matches(reference.file, models, n=3, cutoff=0)
    return f": did you mean {' or '.join(map(repr, near))}?" if near else ", nor any other .gguf file"
