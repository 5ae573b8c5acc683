"""The tutorial: each of its blocks is typed into a shell, in its order, with the embedded model and on its tape."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from checkout import ROOT

PAGE = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
SERVED = re.compile(r"^slotfill (?:review|simulate) ", re.MULTILINE)
"""What is ended by Ctrl-C, and prints its address before."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def served(block: str, environment: dict[str, str], folder: Path) -> Iterator[str]:
    """Run a block that serves something, until it is left; give the address that it prints."""
    shell = ["bash", "-e", "-c", SERVED.sub(lambda line: f"exec {line[0]}", block)]
    with subprocess.Popen(shell, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) in (0, 130)


@pytest.mark.slow
@pytest.mark.local
@pytest.mark.timeout(900)
def test_the_tutorial_can_be_typed_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    page = PAGE.replace("8787", str(free_port()))
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("ANTHROPIC_", "SLOTFILL_"))}
    environment |= {"PATH": path, "TERM": "dumb"}
    (tmp_path / ".venv").symlink_to(sys.prefix)  # which the page makes first, and the second shell activates
    told = []
    with ExitStack() as services:
        for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL):
            if "slotfill review " in block:
                with served(block, environment, tmp_path) as address:
                    assert address.startswith("http://127.0.0.1:")
            elif "slotfill simulate " in block:
                assert "http://127.0.0.1:" in services.enter_context(served(block, environment, tmp_path))
            else:
                if "--fail-under" in block:
                    services.close()  # as the page says: from here on the tape answers alone
                shell = ["bash", "-e", "-c", block]
                done = subprocess.run(shell, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
                assert done.returncode == 0, (block, done.stdout, done.stderr)
                told.append(done.stdout + done.stderr)
    assert any("7 documents: 7 extracted, 6 of them before" in one for one in told)
    assert {"records.html", "evaluation.html", "tape.jsonl"} <= {file.name for file in tmp_path.iterdir()}
