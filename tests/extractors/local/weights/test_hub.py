"""Fetching model files from a hub: a loopback server, real sockets, the hub's own library in a process of its own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.errors import ModelError
from slotfill.extractors.local.weights import weights

pytest.importorskip("huggingface_hub", reason="the extra `hub` is not installed")

TOKEN = "hf_secretsecretsecret"
COMMIT, NEWER = "a" * 40, "b" * 40
CONTENT = b"GGUF" + bytes(range(256)) * 800
MODEL = "hf:acme/tiny/tiny.gguf"

# The library waits up to 25 seconds for a hub that cannot be reached, and tells of each try: here it waits no time.
CALL = """
import json, sys, time, warnings
warnings.simplefilter("error")
time.sleep = lambda _: None
if len(sys.argv) > 3:  # no file may grow beyond these bytes
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
from slotfill.extractors.local.weights import weights
progress = []
def pull(model):
    return weights.pull(model, progress=lambda done, total: progress.append([done, total]))
try:
    path = {"locate": weights.locate_weights, "pull": pull}[sys.argv[1]](sys.argv[2])
    said = {"path": str(path), "progress": progress}
except weights.ModelError as error:
    said = {"error": str(error), "type": type(error).__name__, "context": str(error.__context__)}
json.dump(said, sys.stdout)
"""


@dataclass
class Hub:
    """The few endpoints of a hub that a download asks, with one repository, and how it behaves."""

    commit: str = COMMIT
    files: dict[str, bytes] = field(default_factory=lambda: {"tiny.gguf": CONTENT, "sub/Q8.gguf": CONTENT[:999]})
    refuse: Callable[[BaseHTTPRequestHandler], tuple[int, dict[str, str]] | None] = lambda _: None
    cut: int | None = None
    """After how many bytes of a body the connection breaks; at later tries too while `stays_cut`."""
    stays_cut: bool = False
    headers_of_a_hub: bool = True
    announced: bytes | None = None
    """Of what content the digest is told, where it is not that of the file."""
    asked: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)

    @property
    def bodies(self) -> int:
        """How many files were asked for, other than their heads."""
        return sum(request.startswith("GET") and "/resolve/" in request for request in self.asked)

    def answer(self, request: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        """Give status, headers and body."""
        path = request.path.partition("?")[0]
        if "/resolve/" in path or "/tree/" in path:
            self.asked.append(f"{request.command} {path}")
            self.tokens.add(request.headers["authorization"])
        if refused := self.refuse(request):
            return *refused, b"{}"
        match path.strip("/").split("/"):
            case ["api", "models", "acme", "tiny", "tree", _]:
                tree = [{"type": "file", "path": name, "oid": "0" * 40, "size": 1} for name in self.files]
                return 200, {"content-type": "application/json"}, json.dumps(tree).encode()
            case ["acme", "tiny", "resolve", revision, *name] if revision in {"main", "v1.0", self.commit}:
                return self._file("/".join(name), request.headers["range"])
            case ["acme", "tiny", "resolve", *_]:
                return 404, {"x-error-code": "RevisionNotFound"}, b""
            case [_, _, "resolve", *_]:
                return 404, {"x-error-code": "RepoNotFound"}, b""
        return 404, {}, b""

    def _file(self, name: str, wanted: str | None) -> tuple[int, dict[str, str], bytes]:
        headers = {"x-repo-commit": self.commit} if self.headers_of_a_hub else {}
        if name not in self.files:
            return 404, headers | {"x-error-code": "EntryNotFound"}, b""
        body = self.files[name]
        headers["etag"] = f'"{hashlib.sha256(self.announced or body).hexdigest()}"'
        if wanted is None:
            return 200, headers, body
        self.ranges.append(wanted)
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        return 206, headers | {"content-range": f"bytes {start}-{len(body) - 1}/{len(body)}"}, body[start:]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A hub on a loopback port, which the environment of a started process leads to; nothing is cached."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            status, headers, body = hub.answer(self)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command == "HEAD":
                return
            if hub.cut is not None and status in {200, 206} and "/resolve/" in self.path:
                body, self.close_connection = body[: hub.cut], True
                hub.cut = 0 if hub.stays_cut else None
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    for name in list(os.environ):
        if name.startswith(("HF_", "HUGGING", "TRANSFORMERS_", "TQDM_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{httpd.server_port}")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    yield hub
    httpd.shutdown()
    httpd.server_close()


def call(name: str, model: str = MODEL, *limit: str) -> dict[str, Any]:
    """Call `weights.locate_weights` or `pull` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", CALL, name, model, *limit], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "%|" not in done.stderr  # no progress bar where there is no terminal
    assert TOKEN not in done.stdout + done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    assert said.get("context", "None") == "None"  # an error that quotes the token might stand there
    return said


def refused(name: str, model: str = MODEL, *limit: str) -> str:
    said = call(name, model, *limit)
    assert "error" in said, said
    assert "\n" not in said["error"]
    assert repr(model) in said["error"]
    return str(said["error"])


def whole_files(home: Path) -> list[bytes]:
    return [path.read_bytes() for path in (home / "hf" / "hub").glob("models--*/blobs/*")]


def test_a_file_is_fetched_once_and_then_taken_from_the_cache(hub: Hub) -> None:
    first = Path(call("locate")["path"])
    assert first.read_bytes() == CONTENT
    assert (first.name, hub.bodies) == ("tiny.gguf", 1)
    before = len(hub.asked)
    assert Path(call("locate")["path"]) == first
    assert len(hub.asked) == before


def test_a_cached_file_needs_no_hub(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    first = call("locate")["path"]
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert call("locate")["path"] == first
    assert call("pull")["path"] == first
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # the discard port: nothing listens
    assert call("locate")["path"] == first
    assert call("pull")["path"] == first


def test_a_pull_takes_what_is_newer_and_later_uses_take_that(hub: Hub) -> None:
    old = call("pull")["path"]
    hub.commit, hub.files["tiny.gguf"] = NEWER, CONTENT + b"newer"
    assert call("locate")["path"] == old
    new = call("pull")["path"]
    assert Path(new).read_bytes() == CONTENT + b"newer"
    assert call("locate")["path"] == new
    assert hub.bodies == 2


def test_a_pull_tells_how_far_it_is_and_nothing_when_there_is_nothing_to_do(hub: Hub) -> None:
    progress = call("pull")["progress"]
    assert progress[-1] == [len(CONTENT), len(CONTENT)]
    assert progress == sorted(progress)
    assert call("pull")["progress"] == []
    assert hub.bodies == 1


@pytest.mark.usefixtures("hub")
def test_a_first_use_shows_how_far_it_is_on_a_terminal() -> None:
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    reading, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    command = [sys.executable, "-c", CALL, "locate", MODEL]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=terminal, check=True)
    os.close(terminal)
    assert b"100%|" in os.read(reading, 1 << 16)
    os.close(reading)
    assert Path(json.loads(done.stdout)["path"]).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        ("hf:acme/tiny/sub/Q8.gguf", "/acme/tiny/resolve/main/sub/Q8.gguf"),
        ("hf:acme/tiny@v1.0/sub/Q8.gguf", "/acme/tiny/resolve/v1.0/sub/Q8.gguf"),
        (f"hf:acme/tiny@{COMMIT}/sub/Q8.gguf", f"/acme/tiny/resolve/{COMMIT}/sub/Q8.gguf"),
    ],
)
def test_an_id_names_folder_and_revision(hub: Hub, model: str, asked: str) -> None:
    path = Path(call("locate", model)["path"])
    assert path.read_bytes() == CONTENT[:999]
    assert path.parts[-2:] == ("sub", "Q8.gguf")
    assert hub.asked[0] == f"HEAD {asked}"
    assert call("locate", model)["path"] == str(path)
    assert hub.bodies == 1


def test_a_download_that_breaks_off_goes_on_where_it_was(hub: Hub) -> None:
    chunk = 10 << 20  # what the library writes at a time
    hub.files["tiny.gguf"], hub.cut = bytes(range(256)) * (chunk // 256 + 9), chunk + 99
    assert Path(call("locate")["path"]).read_bytes() == hub.files["tiny.gguf"]
    assert hub.ranges == [f"bytes={chunk}-"]


def test_a_part_of_a_file_is_never_taken_for_the_file(hub: Hub, tmp_path: Path) -> None:
    hub.cut, hub.stays_cut = 5_000, True
    assert "broke off (RemoteProtocolError)" in refused("locate")
    assert whole_files(tmp_path) == []
    hub.cut = None
    assert Path(call("locate")["path"]).read_bytes() == CONTENT
    assert whole_files(tmp_path) == [CONTENT]


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be kept from writing there")
def test_a_full_disk(hub: Hub, tmp_path: Path) -> None:
    said = refused("pull", MODEL, "10000")
    assert f"cannot be kept in the cache {str(tmp_path / 'hf' / 'hub')!r} (OSError: File too large)" in said
    assert whole_files(tmp_path) == []
    assert Path(call("pull")["path"]).read_bytes() == CONTENT


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("hf:acme/none/tiny.gguf", "has no repository 'acme/none', or keeps it private"),
        ("hf:acme/tiny@v2/tiny.gguf", "the repository 'acme/tiny' has no revision 'v2'"),
        ("hf:acme/tiny/tinny.gguf", "no file 'tinny.gguf': did you mean 'tiny.gguf' or 'sub/Q8.gguf'?"),
        ("hf:acme--x/tiny/tiny.gguf", "'acme--x/tiny' cannot be the name of a repository"),
    ],
)
def test_what_is_not_there_is_named(model: str, said: str) -> None:
    assert said in refused("locate", model)
    assert said in refused("pull", model)


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (401, {"x-error-code": "GatedRepo"}, "'acme/tiny' is gated: ask for access"),
        (401, {"x-error-code": "RepoNotFound"}, "has no repository 'acme/tiny', or keeps it private"),
        (401, {"x-error-message": f"Invalid {TOKEN}"}, "answered HTTP 401: check HF_TOKEN"),
        (403, {"x-error-message": f"Forbidden to {TOKEN}"}, "answered HTTP 403: check HF_TOKEN"),
        (500, {}, "answered HTTP 500"),
    ],
)
def test_a_hub_that_refuses(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, status: int, headers: dict[str, str], said: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.refuse = lambda _: (status, headers)
    message = refused("locate")
    assert said in message
    assert os.environ["HF_ENDPOINT"] in message
    assert hub.tokens == {f"Bearer {TOKEN}"}


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("bad", ["\0", "é"])
def test_a_token_that_no_header_takes_is_not_shown(tmp_path: Path, bad: str) -> None:
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "token").write_text(TOKEN + bad, encoding="utf-8")
    assert "the token cannot be sent: check HF_TOKEN" in refused("locate")


@pytest.mark.usefixtures("hub")
def test_a_hub_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_ENDPOINT", "http://user:password@127.0.0.1:9")
    message = refused("locate")
    assert "127.0.0.1:9 cannot be reached, or broke off (ConnectError: [Errno" in message
    assert "password" not in message


@pytest.mark.usefixtures("hub")
def test_offline_and_not_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "it is not in the cache" in (said := refused("locate"))
    assert "HF_HUB_OFFLINE is set" in said


def test_a_server_that_is_no_hub(hub: Hub) -> None:
    hub.headers_of_a_hub = False
    assert "does not answer as a hub does: check HF_ENDPOINT" in refused("locate")


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("HF_ENDPOINT", "http://[bad", "the hub's library cannot read its settings"),
        ("HF_ENDPOINT", "nonsense", "check the network, the proxy and HF_ENDPOINT"),
        ("HF_ENDPOINT", "http://127.0.0.1:port", "the hub's library cannot read its settings"),
        ("HF_HUB_ETAG_TIMEOUT", "soon", "the hub's library cannot read its settings"),
    ],
)
def test_a_variable_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str) -> None:
    monkeypatch.setenv(variable, value)
    assert said in refused("locate")


@pytest.mark.usefixtures("hub")
def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "hf").write_text("a file, where a folder should be")
    assert "cannot be kept in the cache" in refused("locate")


def test_the_command_line_pulls_a_model(hub: Hub) -> None:
    command = [sys.executable, "-m", "slotfill", "models", "pull"]
    done = subprocess.run([*command, MODEL], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert Path(done.stdout.removesuffix("\n")).read_bytes() == CONTENT
    done = subprocess.run([*command, "hf:acme/tiny/none.gguf"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("Error: model 'hf:acme/tiny/none.gguf': the repository")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
@pytest.mark.local
def test_a_model_of_a_hub_extracts(hub: Hub, model_file: Path) -> None:
    hub.files["real.gguf"] = model_file.read_bytes()
    command = [
        sys.executable,
        "-m",
        "slotfill",
        "extract",
        "sentiment",
        "-",
        "-m",
        "hf:acme/tiny/real.gguf",
        "--record",
    ]
    done = subprocess.run(command, input="I love it.", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert (record["model"], record["cost_usd"]) == ("hf:acme/tiny/real.gguf", "0")
    assert record["value"]["sentiment"] == "positive"
    assert hub.bodies == 1


SPLIT = {f"sub/big-0000{part}-of-00003.gguf": b"GGUF" + bytes([part]) * 99 for part in (1, 2, 3)}


def test_all_files_of_a_model_are_fetched_into_one_folder(hub: Hub) -> None:
    hub.files |= SPLIT
    first = Path(call("locate", "hf:acme/tiny/sub/big-00002-of-00003.gguf")["path"])
    assert {f"sub/{path.name}": path.read_bytes() for path in first.parent.iterdir()} == SPLIT
    assert first.name == "big-00001-of-00003.gguf"
    assert hub.bodies == 3
    # Of the same commit, whatever `main` is by then.
    assert f"HEAD /acme/tiny/resolve/{COMMIT}/sub/big-00003-of-00003.gguf" in hub.asked


def test_a_missing_file_of_a_model_is_named(hub: Hub) -> None:
    hub.files |= {name: body for name, body in SPLIT.items() if "00003-of" not in name}
    assert "has no file 'sub/big-00003-of-00003.gguf'" in refused("pull", "hf:acme/tiny/sub/big-00001-of-00003.gguf")


def test_what_is_not_as_announced_is_thrown_away(hub: Hub, tmp_path: Path) -> None:
    hub.announced = CONTENT[::-1]
    assert "sent as 'tiny.gguf' is damaged (its SHA-256 is not as announced)" in refused("locate")
    assert whole_files(tmp_path) == []
    hub.announced = None
    assert Path(call("pull")["path"]).read_bytes() == CONTENT


MALFORMED = [
    "hf:",
    "hf:acme",
    "hf:acme/tiny",
    "hf:acme/tiny.gguf",
    "hf:acme/tiny/",
    "hf:acme/tiny/tiny.bin",
    "hf:acme/tiny/.gguf",
    "hf://acme/tiny/tiny.gguf",
    "hf:acme/tiny@/tiny.gguf",
    "hf:acme/tiny@../tiny.gguf",
    "hf:acme/tiny/../tiny.gguf",
    "hf:acme/tiny/./tiny.gguf",
    "hf:acme/tiny//tiny.gguf",
    "hf:acme/tiny/a\\b.gguf",
    "hf:acme/tiny/a\n.gguf",
    "hf:acme/tiny/a\0.gguf",
    "hf:acme/tiny/\ud800.gguf",
    "hf:acme/tiny/tiny.gguf\n",
]


@pytest.mark.parametrize("model", MALFORMED)
def test_a_malformed_id_is_shown_how_to_write_it(model: str) -> None:
    for name in (weights.locate_weights, weights.pull):
        with pytest.raises(ModelError, match=r"write hf:ORG/REPO/FILE\.gguf") as caught:
            name(model)
        assert repr(model) in str(caught.value)


@pytest.fixture(scope="module")
def _offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the library in this process away from network and cache."""
    from huggingface_hub import constants

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "HF_HUB_OFFLINE", True)
        patch.setattr(constants, "HF_HUB_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


PIECES = st.sampled_from(["/", "@", ".", "..", "-", "--", ".gguf", "main", "acme", "ä", "\\", "\0", "\n", "%2F", "{x}"])


@pytest.mark.usefixtures("_offline")
@given(st.text() | st.lists(PIECES).map("".join) | st.from_regex(r"\A[\w.-]+/[\w.-]+/[\w./-]+\.gguf\Z"))
@example("acme/{repository}/{file}.gguf")
@example(f"acme/tiny/{'x' * 300}.gguf")
@example(f"{'x' * 300}/tiny/tiny.gguf")
def test_no_id_whatever_raises_anything_but_a_model_error(rest: str) -> None:
    with pytest.raises(ModelError) as caught:
        weights.locate_weights(f"hf:{rest}")
    assert "\n" not in str(caught.value)


def test_without_the_extra_the_error_says_how_to_install_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.modules['huggingface_hub'] = None\n{CALL}", "locate", MODEL],
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout)
    assert said["type"] == "MissingModelExtraError"
    assert "pip install 'slotfill[local,hub]'" in said["error"]


def test_the_library_is_loaded_at_use_alone() -> None:
    code = "import sys, slotfill.extractors.local.weights.weights; sys.exit('huggingface_hub' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
