"""The log: what was acknowledged is there after any kill, and what a kill has cut is not believed."""

import json
import os
import signal
import subprocess
import sys

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.errors import InputError, OutputError
from slotfill.extractors.review.decision_log import DecisionLog, log_beside
from slotfill.extractors.review.decisions import Decision, DecisionSpan, ReviewAction
from slotfill.schemas.json_values.exact_json import dumps, loads

ID = "0" * 64
TEXTS = st.text(max_size=20) | st.sampled_from(["a\nb", "\u2028", "\x00", "😀", "\r\n", '"}\n{"'])
ROWS = st.builds(
    Decision,
    who=st.text(min_size=1, max_size=5),
    document=st.just(ID),
    path=st.sampled_from(["", "/a", "/items/0"]),
    action=st.sampled_from(ReviewAction),
    before=TEXTS | st.integers() | st.none(),
    after=TEXTS | st.lists(TEXTS, max_size=2),
    span=st.none() | st.just(DecisionSpan(0, 3)),
    note=st.none() | TEXTS,
)


def append(log, *rows):
    with log.locked():
        for row in rows:
            log.append(row)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("logs")


@examples(60)
@given(st.lists(ROWS, min_size=1, max_size=4), st.data(), ROWS)
def test_a_log_cut_at_any_byte_holds_what_was_acknowledged_before(folder, rows, data, later):
    path = folder / "cut.jsonl"
    path.unlink(missing_ok=True)
    log, ends = DecisionLog(path), []
    for row in rows:
        append(log, row)
        ends.append(path.stat().st_size)
    cut = data.draw(st.integers(0, ends[-1]))
    os.truncate(path, cut)
    whole = [row for row, end in zip(rows, ends, strict=True) if end <= cut]
    assert DecisionLog(path).rows == whole
    messages = []
    again = DecisionLog(path, messages.append)
    append(again, later)
    assert again.rows == DecisionLog(path).rows == [*whole, later]
    assert bool(messages) == (cut not in (0, *ends))


def test_two_who_write_lose_nothing_of_each_other(tmp_path):
    path = tmp_path / "log.jsonl"
    one, other = DecisionLog(path), DecisionLog(path)
    rows = [Decision(who=f"w{n % 2}", document=ID, path="", action=ReviewAction.ACCEPT) for n in range(10)]
    for number, row in enumerate(rows):
        append((one, other)[number % 2], row)
    assert other.rows == rows
    assert one.refresh()
    assert one.rows == DecisionLog(path).rows == rows
    assert not one.refresh()


def test_a_row_that_another_is_just_writing_is_read_when_it_is_whole(tmp_path):
    path = tmp_path / "log.jsonl"
    append(DecisionLog(path), Decision(who="a", document=ID, path="", action=ReviewAction.ACCEPT))
    line = path.read_bytes()
    path.write_bytes(line[:40])
    log = DecisionLog(path)
    assert log.rows == []
    path.write_bytes(line)
    assert log.refresh()
    assert len(log.rows) == 1


def test_a_row_keeps_all_its_digits(tmp_path):
    number = loads("12345678901234567890.12")
    append(
        DecisionLog(tmp_path / "l"), Decision(who="a", document=ID, path="", action=ReviewAction.CORRECT, after=number)
    )
    assert dumps(DecisionLog(tmp_path / "l").rows[0].after) == "12345678901234567890.12"


@pytest.mark.parametrize(
    "line",
    [
        "no JSON",
        "[]",
        "null",
        "{}",
        '{"review": 2}',
        "[" * 100_000,
        "\x00\x00",
        json.dumps({"review": 1, "id": "1", "who": "a", "when": "", "document": ID, "path": "", "action": "accept"}),
        json.dumps(
            {"review": 1, "id": "1", "who": "a", "when": "x", "document": ID, "path": "/a" * 300, "action": "undo"}
        ),
        json.dumps({"review": 1, "id": "1", "who": 3, "when": "x", "document": ID, "path": "", "action": "undo"}),
        json.dumps({"review": 1, "id": "1", "who": "a", "when": "x", "document": "..", "path": "", "action": "undo"}),
    ],
)
def test_a_line_that_is_no_decision_is_named(tmp_path, line):
    path = tmp_path / "log.jsonl"
    append(DecisionLog(path), Decision(who="a", document=ID, path="", action=ReviewAction.ACCEPT))
    with path.open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(InputError, match="line 2: it is no decision"):
        DecisionLog(path)


def test_a_row_that_could_not_be_read_again_is_not_written(tmp_path):
    log = DecisionLog(tmp_path / "l")
    with pytest.raises(ValueError, match="/path"):
        append(log, Decision(who="a", document=ID, path="x", action=ReviewAction.ACCEPT))
    assert not log.path.exists()


def test_what_a_later_version_adds_to_a_row_is_passed_over(tmp_path):
    row = Decision(who="a", document=ID, path="", action=ReviewAction.FLAG)
    (tmp_path / "l").write_text(json.dumps({**row.to_json(), "app": "mobile"}) + "\n")
    assert DecisionLog(tmp_path / "l").rows == [row]


def test_a_log_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    log = DecisionLog(tmp_path / "log.jsonl")
    log.path = tmp_path / "file" / "log.jsonl"
    with pytest.raises(OutputError, match="cannot write"), log.locked():
        pass


def test_a_log_is_its_owners_alone(tmp_path):
    append(DecisionLog(tmp_path / "l"), Decision(who="a", document=ID, path="", action=ReviewAction.ACCEPT))
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


def test_a_log_stands_beside_its_gold(tmp_path):
    assert log_beside(tmp_path / "gold.jsonl") == tmp_path / "gold.log.jsonl"
    assert log_beside(tmp_path / "gold") == tmp_path / "gold.log.jsonl"


WRITER = """
import sys
from pathlib import Path
from slotfill.extractors.review.decision_log import DecisionLog
from slotfill.extractors.review.decisions import Decision, ReviewAction
log = DecisionLog(Path(sys.argv[1]))
while True:
    row = Decision(who=sys.argv[2], document="0" * 64, path="/a", action=ReviewAction.CORRECT, after="x" * 20_000)
    with log.locked():
        log.append(row)
    print(row.id, flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_what_writers_that_are_killed_have_acknowledged_is_there(tmp_path):
    path, acknowledged = tmp_path / "log.jsonl", []
    for number in range(6):
        command = [sys.executable, "-c", WRITER, str(path)]
        writers = [
            subprocess.Popen([*command, who], stdout=subprocess.PIPE, text=True) for who in (f"a{number}", f"b{number}")
        ]
        for writer in writers:
            acknowledged += [writer.stdout.readline().strip() for _ in range(3 + number)]
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            writer.wait()
            acknowledged += [
                line.strip() for line in writer.stdout.read().splitlines(keepends=True) if line[-1] == "\n"
            ]
            writer.stdout.close()
    log = DecisionLog(path)
    append(log, Decision(who="last", document=ID, path="", action=ReviewAction.ACCEPT))
    ids = [row.id for row in DecisionLog(path).rows]
    assert len(set(ids)) == len(ids)
    assert {*acknowledged} <= {*ids}
