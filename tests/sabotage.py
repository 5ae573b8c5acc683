"""Run tests on a copy of the package, as it is and with defects planted in it: sabotage.py COPY < jobs > results.

A job is `{"file": …, "sound": …, "broken": …, "tests": […]}`, without the first three for the copy as it is; its result
is `[exit code, output]`. Each job is a process of its own, forked from one that has loaded what all of them need.
"""

import importlib
import json
import os
import sys
import tempfile
import traceback
from contextlib import contextmanager
from pathlib import Path

import pytest

LOADED = ("anthropic", "hypothesis", "instructor", "jsonschema", "pydantic_settings", "rich", "starlette", "uvicorn")
BROKEN_DRIVER = 70
"""What a child exits with that did not get as far as to run tests."""


@contextmanager
def planted(file, sound, broken):
    """Have one file hold a defect for a while."""
    code = file.read_text("utf-8")
    if code.count(sound) != 1:
        sys.exit(f"{file.name} no longer holds the line that a defect replaces: {sound!r}")
    file.write_text(code.replace(sound, broken), "utf-8")
    try:
        yield
    finally:
        file.write_text(code, "utf-8")


def run(package, tests):
    """Run tests in a child; give its exit code, and what it said."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        child = os.fork()
        if child == 0:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            os._exit(tested(package, tests))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        return code, said.read()


def tested(package, tests):
    """Run tests here; the copy comes before the package that is installed."""
    sys.path.insert(0, str(package.parent))
    try:
        loaded = importlib.import_module("slotfill").__file__
        assert loaded.startswith(str(package)), f"the tests would run on {loaded}"
        return int(pytest.main([*tests, "-q", "--show-capture=no", "-p", "no:cacheprovider"]))
    except BaseException:  # noqa: BLE001 - nothing may climb into what the parent does
        traceback.print_exc()
        return BROKEN_DRIVER
    finally:
        sys.stdout.flush()


def job(package, tests, file=None, sound="", broken=""):
    """Do one job."""
    if file is None:
        return run(package, tests)
    with planted(package / file, sound, broken):
        return run(package, tests)


if __name__ == "__main__":
    for name in LOADED:
        importlib.import_module(name)
    json.dump([job(Path.cwd(), **told) for told in json.load(sys.stdin)], sys.stdout)
