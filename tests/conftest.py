"""No test reaches a real service: sockets leave this machine for nobody, and the transport is what is faked."""

from __future__ import annotations

import gc
import os
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from browsing import Visit, chromium
from checkout import ROOT
from hypothesis import HealthCheck, settings
from scripted import Service
from xdist.scheduler import LoadGroupScheduling

CACHE = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
LOOPBACK = ("127.", "::1", "localhost")

SWEPT_AT_ONCE = 5
"""Of so many cases of a sweep `make test` runs one."""

# By default an example that takes 200 ms fails, and so does one that is slow to draw: on a busy machine any may be.
# The suite looks at the same examples each time; `make soak` looks for new ones, and at many more of them.
settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("soak", settings.get_profile("suite"), derandomize=False, max_examples=2_000)
settings.load_profile("suite")


class _ByFile(LoadGroupScheduling):
    """Gives a file to one worker, for what its tests share, and all that load the embedded model to one, at the end."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return str(super()._split_scope(nodeid)).partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _ByFile:
    return _ByFile(config, log)


def pytest_configure() -> None:
    """Hear SIGINT, as what is started here will: a shell ignores it for what it runs in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect no garbage while tests are collected, and look no more at what stays of that to the end: 15,000 items."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the embedded model's tests last: it wants all cores, and is many times slower where it shares them.

    And of each sweep leave one case in so many to `make test`, the others to `make test-all`.
    """
    items.sort(key=_runs_the_model)
    cases = Counter[str]()
    for item in items:
        if item.get_closest_marker("sweep"):
            sweep = item.nodeid.partition("[")[0]
            if cases[sweep] % SWEPT_AT_ONCE:
                item.add_marker(pytest.mark.slow)
            cases[sweep] += 1
    if getattr(config.option, "loadgroup", False):
        for item in filter(_runs_the_model, items):
            item.add_marker(pytest.mark.xdist_group("local"))


def _runs_the_model(item: pytest.Item) -> bool:
    return item.get_closest_marker("local") is not None


@pytest.fixture(autouse=True, scope="session")
def _no_real_requests() -> Iterator[None]:
    """Let no socket of this process connect to another machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
            pytest.fail(f"a test tried to reach {address!r}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Paths of home folders, in one of their own: pytest reads the names of all beside which it makes a folder."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch, _homes: Iterator[Path]) -> None:
    """Leave no key, profile or setting of this machine's to a test, nor to what it starts."""
    for name in list(os.environ):
        if name.startswith(("ANTHROPIC_", "SLOTFILL_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", CACHE)  # where the embedded model's weights stay in reach
    home = next(_homes)
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    # The discard port: where nothing listens, nothing is sent.
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The labelled data beside the checkout."""
    path = ROOT.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip("the shared data is not beside this checkout")
    return path


@pytest.fixture
def service() -> Service:
    """A scripted service, reached in process through the SDK's own clients."""
    return Service()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A scripted service on a loopback port, where the command line finds it; a test key is set."""
    scripted = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers["content-length"])))

        def do_GET(self) -> None:
            self._serve(b"")

        def _serve(self, request: bytes) -> None:
            status, body = scripted.answer(dict(self.headers), request)
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.send_header("request-id", f"req_{len(scripted.requests)}")
            self.send_header("x-should-retry", "false")
            self.end_headers()
            with suppress(ConnectionError):  # whoever asked was killed, or has had enough
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the tests read standard error."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True).start()
    scripted.base_url = f"http://127.0.0.1:{httpd.server_port}"
    monkeypatch.setenv("ANTHROPIC_BASE_URL", scripted.base_url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    yield scripted
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser, for the tests of one file: see tests/browsing.py."""
    with chromium() as started:
        yield started


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Visit]]:
    """Opens pages, by their file or address; the test fails where one of them logs an error."""
    visits: list[Visit] = []

    def opened(address: str | Path, **options: Any) -> Visit:
        visits.append(Visit(browser, address, **options))
        return visits[-1]

    yield opened
    for one in visits:
        one.close()
