"""Every document has a path of its own below the folder, whatever its source is."""

import os
import tracemalloc
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.runs.outputs.folder_layout import FolderLayout

ODD = ["a", "a.json", "a.2", "a.json.2", "/", "..", ".", "-", ".slotfill", ".SlotFill", "x" * 300, "\0"]
PARTS = st.lists(st.sampled_from(ODD) | st.text(st.characters(), max_size=5), max_size=4)


def places(sources):
    layout = FolderLayout()
    try:
        return [layout.path_for(source) for source in sources]
    finally:
        layout.close()


@given(st.lists(st.none() | PARTS.map("/".join), max_size=12))
@example(["a", "a.json/b", "a.json/c"])
@example(["a.json/b", "a", "a"])
@example(["a", "a.2", "a", "a.2"])
@example(["", ".", "..", "/", "-", None])
@example(["\ud800", "\0", "\udce9"])
def test_each_is_a_file_of_its_own_that_can_be_made(sources):
    given = places(sources)
    assert given == places(sources)
    assert len(set(given)) == len(given)
    folders = {str(folder) for place in given for folder in PurePosixPath(place).parents}
    assert folders.isdisjoint(given)
    for place in map(PurePosixPath, given):
        assert place.suffix == ".json"
        assert not place.is_absolute()
        for part in place.parts:
            assert part != ".."
            assert part.casefold() != ".slotfill"
            assert "\0" not in part
            assert len(os.fsencode(part)) <= 255


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["in/a.txt", "in/b.txt"], ["in/a.txt.json", "in/b.txt.json"]),
        (["/in/a.txt", "../in/a.txt", "./in/a.txt"], ["in/a.txt.json", "in/a.txt.2.json", "in/a.txt.3.json"]),
        (["r.jsonl#1", "r.jsonl#2"], ["r.jsonl#1.json", "r.jsonl#2.json"]),
        (["a.2", "a", "a", "a"], ["a.2.json", "a.json", "a.3.json", "a.4.json"]),
        (["-", None, "stdin"], ["stdin.json", "stdin.2.json", "stdin.3.json"]),
        ([".", ".."], ["document.json", "document.2.json"]),
        (["a", "a.json/b", "a.json/c"], ["a.json", "a.json.2/b.json", "a.json.2/c.json"]),
        ([".slotfill/a.db", "in/.slotfill"], ["_slotfill/a.db.json", "in/_slotfill.json"]),
        (["\ud800", "a\0b"], ["\\ud800.json", "a\\0b.json"]),
    ],
)
def test_where_they_stand(sources, expected):
    assert places(sources) == expected


def test_memory_does_not_grow_with_the_documents():
    layout = FolderLayout()
    tracemalloc.start()
    try:
        for number in range(20_000):
            layout.path_for(f"in/{number:0100}.txt")
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        layout.close()
    assert held / 20_000 < 100, "bytes a document"


@pytest.mark.parametrize(
    ("system", "sources", "expected"),
    [
        (
            "win32",
            ["a:b?.txt", "nul.txt", "COM1", "x.", "x ", "x_"],
            ["a_b_.txt.json", "_nul.txt.json", "_COM1.json", "x_.json", "x_.2.json", "x_.3.json"],
        ),
        (
            "win32",
            ["A.txt", "a.txt", "Mails/1", "mails/2"],
            ["A.txt.json", "a.txt.2.json", "Mails/1.json", "mails/2.json"],
        ),
        (
            "darwin",
            ["A.txt", "a.txt", "e\u0301", "\xe9", "a:b"],
            ["A.txt.json", "a.txt.2.json", "e\u0301.json", "\xe9.2.json", "a:b.json"],
        ),
        ("linux", ["A.txt", "a.txt", "nul", "a:b?"], ["A.txt.json", "a.txt.json", "nul.json", "a:b?.json"]),
    ],
)
def test_each_system_can_have_the_names(system, sources, expected):
    layout = FolderLayout(system)
    assert [layout.path_for(source) for source in sources] == expected
