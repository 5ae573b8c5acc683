"""Three planted defects, each of which must turn a named test red: proof that the tests can fail.

Each runs in a copy of the package, so that nothing here can leave a defect behind.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("__init__.py", "__main__.py", "cli.py", "py.typed", "schemas", "extractors", "tests", "pyproject.toml")

DEFECTS = {
    "a truncated reply is accepted": (
        "extractors/plan.py",
        "    if answer.stop_reason in CUT:\n",
        "    if False:\n",
        "tests/extractors/test_plan.py::test_a_reply_that_stays_cut_is_partial",
    ),
    "a document is dropped from the output": (
        "extractors/runs/engine.py",
        "            self._keep(self._finished.pop(self._next))\n",
        "            self._finished.pop(self._next)\n",
        "tests/test_cli.py::TestOutput::test_several_files_are_a_line_each_in_order",
    ),
    "a key is printed in an error": (
        "extractors/clients.py",
        '        message = message.replace(secret, "[credential]")\n',
        "        pass\n",
        "tests/test_cli.py::TestBadInput::test_a_wrong_key_stops_at_once_and_shows_no_key",
    ),
}


@pytest.fixture
def copy(tmp_path):
    """A copy of the package under its own name, with its tests."""
    package = tmp_path / "slotfill"
    package.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, package / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, package / part)
    return package


def run_test(package, test):
    """Run one test on the copy; its own `slotfill` comes before the installed one."""
    driver = (
        f"import sys; sys.path.insert(0, {str(package.parent)!r}); import slotfill, pytest; "
        f"assert slotfill.__file__.startswith({str(package)!r}); "
        f"sys.exit(pytest.main([{test!r}, '-q', '-p', 'no:cacheprovider']))"
    )
    environment = {**os.environ, "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-c", driver], cwd=package, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_turns_its_test_red(defect, copy):
    file, sound, broken, test = DEFECTS[defect]
    before = run_test(copy, test)
    assert before.returncode == 0, before.stdout
    code = (copy / file).read_text()
    assert code.count(sound) == 1, f"{file} no longer holds the line that this defect replaces"
    (copy / file).write_text(code.replace(sound, broken))
    after = run_test(copy, test)
    assert after.returncode == 1, after.stdout
    assert re.search(r"^FAILED .*" + re.escape(test.rsplit("::", 1)[1]), after.stdout, re.MULTILINE)
