"""The form that a run is asked for by: its files go to their place on the disk as they come, and nowhere before."""

from __future__ import annotations

import hashlib
import json
from http import HTTPStatus
from pathlib import Path
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from slotfill.extractors.serving.http.requests.held_bodies import HELD, HeldBody
from slotfill.extractors.serving.problem import ProblemError
from slotfill.extractors.serving.runs.run_order import InputFile

__all__ = ["read_run_form"]

MOST_FILES = 1_000
"""Of one upload; rows are the way for more."""


async def read_run_form(
    request: Request, folder: Path, *, most_fields: int
) -> tuple[FormData, tuple[InputFile, ...], bytes]:
    """Read a form.

    Args:
        request: The request.
        folder: Where its files go.
        most_fields: Of the form, beside its files.

    Returns:
        The form, its files, and a digest of what they are called and hold.

    Raises:
        ProblemError: It is none, it has no file, or a file that is not called so (422); there is no room (503).
        OSError: The disk takes no more.
    """
    parser = _RunFormParser(request, folder, max_fields=most_fields)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_form", f"the form: {error.message}") from None
    finally:
        for file in parser.files:
            file.file.close()
    others = sorted({name for name, value in form.multi_items() if name != "file" and isinstance(value, UploadFile)})
    if others:
        detail = f'the form has files that are none of it: {", ".join(map(repr, others))[:200]}; call each "file"'
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_form", detail)
    if not parser.files:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "no_file", 'the form has no file called "file"')
    digest = hashlib.sha256()
    for file in parser.files:
        digest.update(json.dumps([file.described.name, file.described.media_type]).encode())
        digest.update(file.digest.digest())
    return form, tuple(file.described for file in parser.files), digest.digest()


class _ArrivingFile(UploadFile):
    """A file that comes, on the disk piece by piece, and closed when it is whole: a form may have a thousand."""

    def __init__(self, path: Path, sent: UploadFile, held: HeldBody) -> None:
        super().__init__(path.open("xb"), filename=sent.filename, headers=sent.headers)
        name, media_type = (sent.filename or "file")[:500], (sent.content_type or "")[:200]
        self.described = InputFile(name=name, stored=path.name, media_type=media_type)
        self.digest = hashlib.sha256()
        self._held = held

    async def write(self, data: bytes) -> None:
        self._held.go_to_disk(len(data))
        self.digest.update(data)
        await super().write(data)

    async def seek(self, offset: int) -> None:  # noqa: ARG002 - the framework's, to read a file that is whole
        await self.close()


class _RunFormParser(MultiPartParser):
    """The framework's, but for where files go: it would hold a megabyte of each in memory, and have the rest copied."""

    def __init__(self, request: Request, folder: Path, *, max_fields: int) -> None:
        super().__init__(request.headers, request.stream(), max_files=MOST_FILES, max_fields=max_fields)
        self._folder, self._held = folder, request.scope[HELD]
        self.files: list[_ArrivingFile] = []

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        part: Any = self._current_part
        if part.file is not None:
            self._files_to_close_on_error.pop().close()
            part.file = _ArrivingFile(self._folder / f"{len(self.files) + 1:04}", part.file, self._held)
            self.files.append(part.file)
