"""A tape's lines: exchanges of a request and its reply, as readable JSON that holds no credential.

The first line says what the file is. Each further one is `{"request": {…}, "reply": {…}}`. A body stands there as
`json`, as the `lines` of another text, or as `base64`; an empty one not at all. Of a PDF that is sent there is the hash
alone, `"data": "sha256:…"`: a tape is to be read, and what is asked is the same by it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, quote

import httpx2
from anthropic import AnthropicError

from slotfill.extractors.cassettes.scrubbing import NOTHING_TO_HIDE
from slotfill.extractors.http.redaction import Redaction
from slotfill.schemas.errors import SlotfillError
from slotfill.schemas.json_values import exact_json
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = ["CassetteError", "RecordedReply", "RecordedRequest", "TapeEntry", "dump", "head", "read_entry"]

VERSION = 1

_NOTE = (
    "This tape holds the texts that were sent to the service, and its replies: keep it as you keep them. "
    "Keys, tokens and cookies are not on it."
)

_KEPT_HEADERS = ("content-type", "request-id", "retry-after", "retry-after-ms", "x-should-retry")
_KEPT_PREFIX = "anthropic-ratelimit-"

_HASH = "sha256:"
"""What the hash of a PDF begins with: no base64 has a colon."""


class CassetteError(SlotfillError, AnthropicError):
    """A tape that cannot be used or written, or a request that is not on it.

    It is an AnthropicError because the SDK lets those of a transport through as they are; any other exception it takes
    for a lost connection, and tries again.
    """


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """What tells one request from another.

    url: path and query, without host, and without what a gateway puts before `/v1/`; the query is sorted.
    beta: the sorted values of `anthropic-beta`, which change what is asked for. No other header plays a part.
    body: as it stands on the tape, its keys sorted.
    """

    method: str
    url: str
    beta: tuple[str, ...]
    body: JSONMapping

    @classmethod
    def of(cls, request: httpx2.Request, redaction: Redaction = NOTHING_TO_HIDE) -> Self:
        """Read a request whose content is loaded, with its credentials hidden."""
        named = ",".join(request.headers.get_list("anthropic-beta")).split(",")
        return cls(
            request.method,
            _canonical_url(request.url, redaction),
            tuple(sorted({name.strip() for name in named} - {""})),
            _sorted(_to_tape(_without_pdfs(request.content), redaction)),
        )

    @property
    def key(self) -> str:
        """The same for two requests that mean the same."""
        return _dumps(self.to_json())

    @property
    def model(self) -> str | None:
        """The model that is asked, where the body names one."""
        body = self.body.get("json")
        name = body.get("model") if isinstance(body, dict) else None
        return name if isinstance(name, str) else None

    def to_json(self) -> JSONObject:
        """Return the request as it stands on the tape."""
        beta = {"beta": list(self.beta)} if self.beta else {}
        return {"method": self.method, "url": self.url, **beta, **self.body}

    @classmethod
    def from_json(cls, data: JSONObject) -> Self:
        """Read what `to_json` gives."""
        return cls(
            _text(data["method"]), _text(data["url"]), tuple(data.get("beta", ())), _sorted(_hashed(_body(data)))
        )


@dataclass(frozen=True, slots=True)
class RecordedReply:
    """What came back: a whole response, one that broke off, or an error in place of one.

    status: None where there was no response.
    error: class and message of the httpx2 error that came after the body, or in place of a response.
    """

    status: int | None
    headers: Mapping[str, str]
    body: JSONMapping
    error: tuple[str, str] | None = None

    @classmethod
    def of(
        cls,
        response: httpx2.Response | None,
        content: bytes = b"",
        error: httpx2.RequestError | None = None,
        *,
        redaction: Redaction = NOTHING_TO_HIDE,
    ) -> Self:
        """Take what a transport gave: the response's head, its body as it was sent, and the error at its end."""
        failed = None if error is None else (type(error).__name__, redaction.hide(str(error)))
        if response is None:
            return cls(None, {}, {}, failed)
        headers = {name: redaction.hide(value) for name, value in response.headers.items() if _is_kept(name)}
        try:
            decoded = _decoded(response, content)
        except httpx2.DecodingError as broken:
            # This is what its reader met, and why it left.
            return cls(response.status_code, headers, {}, (type(broken).__name__, str(broken)))
        return cls(response.status_code, headers, _to_tape(decoded, redaction), failed)

    def chunks(self) -> Iterator[bytes]:
        """Return the body, a text line by line."""
        if "json" in self.body:
            yield json.dumps(self.body["json"], ensure_ascii=False).encode()
        elif "lines" in self.body:
            *lines, last = self.body["lines"]
            yield from (f"{line}\n".encode() for line in lines)
            yield last.encode()
        elif "base64" in self.body:
            yield base64.b64decode(self.body["base64"])

    def exception(self, request: httpx2.Request) -> httpx2.RequestError | None:
        """Make the error anew."""
        if self.error is None:
            return None
        name, message = self.error
        return _error_class(name)(message, request=request)

    def to_json(self) -> JSONObject:
        """Return the reply as it stands on the tape."""
        response = {} if self.status is None else {"status": self.status, "headers": dict(self.headers)}
        error = {"error": {"type": self.error[0], "message": self.error[1]}} if self.error else {}
        return {**response, **self.body, **error}

    @classmethod
    def from_json(cls, data: JSONObject) -> Self:
        """Read what `to_json` gives."""
        error = data.get("error")
        if error is not None:
            _error_class(error["type"])
            error = (error["type"], _text(error["message"]))
        status = data.get("status")
        if not (isinstance(status, int) or (status is None and error)):
            raise TypeError("a reply needs a status or an error")
        headers = {_text(name): _text(value) for name, value in data.get("headers", {}).items()}
        return cls(status, headers, _body(data), error)


@dataclass(frozen=True, slots=True)
class TapeEntry:
    """A request and what came back, with the number of its line on the tape."""

    request: RecordedRequest
    reply: RecordedReply
    line: int


def head() -> bytes:
    """Write a tape's first line."""
    today = datetime.now(UTC).date().isoformat()
    return _line({"cassette": VERSION, "note": _NOTE, "recorded": today})


def dump(request: RecordedRequest, reply: RecordedReply) -> bytes:
    """Write an exchange's line."""
    return _line({"request": request.to_json(), "reply": reply.to_json()})


def read_entry(path: Path) -> list[TapeEntry]:
    """Read a tape. Raises CassetteError, which names the line, where it is none or was cut off."""
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise CassetteError(f"the tape {str(path)!r} cannot be read: {error}") from None
    first, *rest = text.split("\n")
    if rest and not rest[-1]:
        rest.pop()
    _check_head(path, first)
    return [_exchange(path, number, line, cut=not text.endswith("\n")) for number, line in enumerate(rest, 2)]


def _check_head(path: Path, line: str) -> None:
    try:
        version = json.loads(line)["cassette"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise CassetteError(f"{str(path)!r}, line 1: this is no tape; name another file to record one") from None
    if version != VERSION:
        raise CassetteError(
            f"{str(path)!r}, line 1: a tape of version {version!r}, not {VERSION}; delete the file to record it anew"
        )


def _exchange(path: Path, number: int, line: str, *, cut: bool) -> TapeEntry:
    try:
        data = json.loads(line)
        return TapeEntry(RecordedRequest.from_json(data["request"]), RecordedReply.from_json(data["reply"]), number)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = "cut off" if cut and isinstance(error, json.JSONDecodeError) else f"no exchange ({error})"
        raise CassetteError(
            f"{str(path)!r}, line {number}: {why}; delete the line to use the rest, or the file to record it anew"
        ) from None


def _canonical_url(url: httpx2.URL, redaction: Redaction) -> str:
    path = redaction.hide(url.raw_path.decode("ascii").partition("?")[0])
    path = path[max(0, path.find("/v1/")) :]
    pairs = sorted(parse_qsl(url.query.decode("ascii"), keep_blank_values=True))
    query = "&".join("=".join(quote(redaction.hide(part), safe="[]") for part in pair) for pair in pairs)
    return f"{path}?{query}" if query else path


def _is_kept(header: str) -> bool:
    return header.lower() in _KEPT_HEADERS or header.lower().startswith(_KEPT_PREFIX)


def _decoded(response: httpx2.Response, content: bytes) -> bytes:
    encoding = {name: value for name, value in response.headers.items() if name.lower() == "content-encoding"}
    return httpx2.Response(200, headers=encoding, content=content).content


def _without_pdfs(content: bytes) -> bytes:
    """Put the hash of each PDF in its place; a body without any is not touched."""
    if b"application/pdf" not in content:
        return content
    try:
        return exact_json.dumps(_hashed(exact_json.loads(content.decode()))).encode()
    except (ValueError, RecursionError):  # it is no JSON, and stands on the tape as it is
        return content


def _hashed(value: JSON) -> JSON:
    match value:
        case {"type": "base64", "media_type": "application/pdf", "data": str(data)}:
            return {**value, "data": data if data.startswith(_HASH) else f"{_HASH}{_hash_of(data)}"}
        case dict():
            return {name: _hashed(part) for name, part in value.items()}
        case list():
            return [_hashed(part) for part in value]
    return value


def _hash_of(data: str) -> str:
    try:
        return hashlib.sha256(base64.b64decode(data, validate=True)).hexdigest()
    except ValueError:  # what is no base64 is refused, and told from another that is
        return hashlib.sha256(data.encode("utf-8", "surrogatepass")).hexdigest()


def _to_tape(content: bytes, redaction: Redaction) -> JSONObject:
    """Choose the most readable form from which the body can be had again."""
    content = redaction.hide(content.decode("latin-1")).encode("latin-1")  # whatever its encoding is, secrets are ASCII
    if not content:
        return {}
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}
    try:
        value = redaction.hide_within(exact_json.loads(text))
        _dumps(value).encode()  # refuses what no JSON text can hold: half a surrogate pair
    except (ValueError, RecursionError):  # a key that stands twice, too
        return {"lines": text.split("\n")}
    return {"lines": text.split("\n")} if exact_json.has_exact_floats(value) else {"json": value}


def _body(data: JSONObject) -> JSONObject:
    """Take the body out of a request or a reply of the tape."""
    body: JSONObject = {form: data[form] for form in ("json", "lines", "base64") if form in data}
    if len(body) > 1:
        raise ValueError(f"a body in two forms: {' and '.join(body)}")
    if "base64" in body:
        base64.b64decode(body["base64"], validate=True)
    if not all(isinstance(line, str) for line in body.get("lines", ())) or body.get("lines") == []:
        raise TypeError("lines are strings, at least one")
    return body


def _sorted(body: JSONObject) -> JSONObject:
    sorted_body: JSONObject = json.loads(_dumps(body))
    return sorted_body


def _error_class(name: str) -> type[httpx2.RequestError]:
    error = getattr(httpx2, name, None)
    if not (isinstance(error, type) and issubclass(error, httpx2.RequestError)):
        raise TypeError(f"no error of a transport: {name!r}")
    return error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no string")
    return value


def _dumps(value: JSON) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)


def _line(data: JSONMapping) -> bytes:
    # Half a surrogate pair in an error's message becomes the escape that it is in JSON too.
    return json.dumps(data, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"
