"""A notebook, run by a real kernel: displays, and the line that says how far a mapping is."""

import re
from importlib import import_module

import nbclient
import nbformat
import pytest

from slotfill.extractors.templates.starting_files import starting_files
from slotfill.extractors.terminal.notebook_line import is_notebook

SETUP = """
from slotfill import Extractor
from slotfill.extractors.testing import SimulatedClaude

answer = {"sentiment": "negative", "key_issues": ["logs me out"], "urgency": 2, "suggested_action": "-"}
extractor = Extractor("feedback", client=SimulatedClaude([answer]).client())
"""


def outputs(tmp_path, *cells):
    """Run cells in a fresh kernel, and give the outputs of the last."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    return notebook.cells[-1].outputs


def test_a_test_is_no_notebook_nor_does_it_become_one_by_importing_ipython():
    assert not is_notebook()
    import_module("IPython")
    assert not is_notebook()


@pytest.mark.slow
def test_an_extraction_shows_itself(tmp_path):
    (shown,) = outputs(tmp_path, SETUP, 'extractor.extract("The app logs me out.")')
    assert re.search("<mark[^>]*>logs me out</mark>", shown.data["text/html"])


@pytest.mark.slow
def test_a_line_says_how_far_it_is_and_stays(tmp_path):
    bar, last = outputs(tmp_path, SETUP, 'len([*extractor.map(["a", "b", "c"], progress=True)])')
    assert last.data["text/plain"] == "3"
    assert bar.output_type == "display_data"
    assert re.match(r"3 of 3, 100%, .*\$0\.", bar.data["text/plain"])
    assert '<progress value="1.0000" max="1" aria-label="progress">' in bar.data["text/html"]


@pytest.mark.slow
def test_it_is_drawn_while_something_is_at_work(tmp_path):
    waiting = """
import time
from IPython.display import HTML
from slotfill.extractors.terminal.progress import Progress
from slotfill.extractors.terminal.notebook_line import notebook_line
asked = []
def progress():
    asked.append(1)
    return Progress(len(asked), 10_000)
with notebook_line(progress):
    while len(asked) < 4:
        time.sleep(0.01)
len(asked)
"""
    bar, last = outputs(tmp_path, waiting)
    drawn = int(last.data["text/plain"])
    assert drawn >= 5
    assert bar.data["text/plain"].startswith(f"{drawn} of 10,000")


@pytest.mark.slow
def test_the_notebook_of_init_runs(tmp_path):
    for name, text in starting_files("notebook", "tickets").items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    notebook = nbformat.read(tmp_path / "tickets.ipynb", 4)
    nbformat.validate(notebook)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    assert [len(one) for one in shown] == [0, 1, 1, 2, 1]
    assert all("ename" not in output for one in shown for output in one)
    assert "slotfill-view" in shown[1][0].data["text/html"]
    assert "delivery" in shown[4][0].data["text/html"]
