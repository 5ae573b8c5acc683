"""A session: decisions on real records by the rules of their schema, two reviewers on one file, gold after any kill."""

import json
import tempfile
from enum import Enum
from pathlib import Path

import pytest
from examples import examples
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pydantic import BaseModel
from reviewing import INVOICE, TEXT, VALUE, document, record, session

from slotfill.extractors.errors import InputError
from slotfill.extractors.gold.gold_files import read_gold
from slotfill.extractors.review.decisions import DecisionSpan, ProposedDecision, ReviewAction
from slotfill.extractors.review.review_documents import ReviewDocument, neediest_first
from slotfill.extractors.review.review_fold import review_view
from slotfill.extractors.review.review_rules import DecisionError
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import read_examples, resolve

ACCEPT, CORRECT, REJECT, ADD = ReviewAction.ACCEPT, ReviewAction.CORRECT, ReviewAction.REJECT, ReviewAction.ADD


def decide(review, action, path, number=0, **others):
    return review.decide(number, ProposedDecision(action=action, path=path, **others))


def fields(review, number=0):
    return {field["path"]: field for field in review.state(number)["fields"]}


def accept_all(review, number=0):
    for path, field in fields(review, number).items():
        if field["open"]:
            decide(review, ACCEPT, path, number)


def gold(review):
    return [json.loads(line) for line in review.gold.read_text().splitlines()] if review.gold.exists() else []


def own_fields(review):
    """Give the fields without what others say of them, which stands beside what one has decided oneself."""
    return [{key: part for key, part in field.items() if key != "others"} for field in review.state(0)["fields"]]


def test_what_another_has_made_gold_counts_as_soon_as_it_is_read(tmp_path):
    ada, bob = (session(tmp_path, [document()], who=who) for who in ("ada", "bob"))
    accept_all(ada)
    assert bob.gold_count == 0
    assert bob.refresh()
    assert bob.gold_count == ada.gold_count == 1


def test_a_document_is_gold_when_each_field_is_decided(tmp_path):
    spans = {
        "/number": {"start": 8, "end": 10, "match": "exact"},
        "/status": {"start": None, "end": None, "match": "absent"},
    }
    review = session(tmp_path, [document(spans=spans)])
    *most, last = [path for path, field in fields(review).items() if field["open"]]
    for path in most:
        decide(review, ACCEPT, path)
        assert gold(review) == []
    decide(review, ACCEPT, last)
    value = record()["value"]
    assert gold(review) == [
        {
            "id": review.documents[0].key[0],
            "source": "invoices/17.txt",
            "text": TEXT,
            "value": value,
            "spans": {"/number": {"start": 8, "end": 10}},
        }
    ]
    (known,) = read_gold(review.gold)
    assert known.value == value
    assert read_examples(review.gold)[0].value == value


def test_what_is_decided_is_what_gold_holds(tmp_path):
    review = session(tmp_path)
    decide(review, CORRECT, "/due", typed="3 March 2026", span=DecisionSpan(16, 28))
    decide(review, CORRECT, "/status", typed='"paid"')
    decide(review, CORRECT, "/total", typed="1,250.00")
    decide(review, CORRECT, "/items/0/amount", typed="3")
    decide(review, REJECT, "/items/1")
    decide(review, REJECT, "/tags/0")
    assert decide(review, ADD, "/tags", typed="Rush").path == "/tags/1"
    assert decide(review, ADD, "/items").path == "/items/2"
    decide(review, CORRECT, "/items/2/name", typed="washer", span=DecisionSpan(39, 42))
    decide(review, CORRECT, "/items/2/amount", typed="4")
    accept_all(review)
    (line,) = gold(review)
    assert line["value"] == {
        "number": "17",
        "status": "paid",
        "total": 1250.0,
        "due": "2026-03-03",
        "urgent": True,
        "items": [{"name": "bolts", "amount": 3}, {"name": "washer", "amount": 4}],
        "tags": ["Rush"],
    }
    assert line["spans"] == {
        "/due": {"start": 16, "end": 28},
        "/items/1/name": {"start": 39, "end": 42},
        "/tags/0": {"start": 74, "end": 78},  # what is typed is sought
    }


@pytest.mark.parametrize(
    ("action", "path", "others", "message"),
    [
        (REJECT, "/number", {}, "is required: correct it instead"),
        (CORRECT, "/status", {"typed": '"lost"'}, "is not one of"),
        (CORRECT, "/total", {"typed": "-1"}, "less than the minimum of 0"),
        (CORRECT, "/total", {"typed": "many"}, "is not of type 'number'"),
        (CORRECT, "/due", {"typed": "next week"}, "next week"),
        (CORRECT, "/items/0/amount", {"value": None}, "None is not of type 'integer'"),
        (CORRECT, "/total", {}, "give a value"),
        (CORRECT, "/no/where/at/all", {"value": 1}, "leads nowhere"),
        (CORRECT, "/unknown", {"value": 1}, "is not a property of the schema"),
        (ACCEPT, "/number/0", {}, "leads nowhere"),
        (ACCEPT, "/unknown", {}, "is no field"),
        (REJECT, "/unknown", {}, "is no field"),
        (ACCEPT, "/items/7", {}, "is no field"),
        (REJECT, "/items/9", {}, "is no item"),
        (ADD, "/number", {"typed": "x"}, "is no list"),
        (ADD, "/tags", {"value": 3}, "is not of type 'string'"),
        (CORRECT, "/number", {"typed": "18", "span": DecisionSpan(5, 900)}, "outside the text"),
        (CORRECT, "/number", {"typed": "18", "span": DecisionSpan(5, 5)}, "outside the text"),
    ],
)
def test_what_the_schema_refuses_is_refused_in_its_words(tmp_path, action, path, others, message):
    review = session(tmp_path)
    before = review.state(0)
    with pytest.raises(DecisionError, match=message):
        decide(review, action, path, **others)
    assert review.state(0) == before
    assert review.log.rows == []


def test_rejecting_leaves_null_or_nothing_or_an_empty_list(tmp_path):
    review = session(tmp_path, [document(value={**record()["value"], "note": "?", "due": "2026-01-01"})])
    for path in ("/due", "/note", "/items"):
        decide(review, REJECT, path)
    value = review_view(review.documents[0].base, review.log.rows).value.value()
    assert "note" not in value
    assert value["due"] is None
    assert value["items"] == []
    accept_all(review)
    assert gold(review)[0]["value"] == value


def test_undo_takes_back_ones_own_decisions_one_after_the_other(tmp_path):
    review = session(tmp_path)
    states = []
    for path in ("/number", "/due", "/items/1"):
        states.append({**review.state(0), "fields": own_fields(review)})
        decide(review, REJECT if path != "/number" else ACCEPT, path)
    other = session(tmp_path, who="bob")
    decide(other, ACCEPT, "/number")
    review.refresh()
    for state in reversed(states):
        assert review.undo().undoes
        assert {**review.state(0), "fields": own_fields(review)} == state
    assert review.undo() is None
    assert fields(other)["/number"]["decided"] == "accept"
    actions = [json.loads(line)["action"] for line in review.log.path.read_text().splitlines()]
    assert actions == ["accept", "reject", "reject", "accept", "undo", "undo", "undo"]


def test_what_was_gold_and_is_undone_is_gold_no_more_until_it_is_decided_again(tmp_path):
    review = session(tmp_path)
    accept_all(review)
    assert len(gold(review)) == 1
    undone = review.undo()
    assert gold(review) == []
    decide(review, ACCEPT, undone.path)
    assert len(gold(review)) == 1


def test_other_lines_of_gold_stay_to_the_letter_and_labels_stay(tmp_path):
    other = '{"value":  {"a": 1.50}, "source": "elsewhere.txt", "lang": "de"}'
    own = json.dumps({"source": "invoices/17.txt", "value": {}, "labels": {"team": "a"}, "lang": "en"})
    (tmp_path / "gold.jsonl").write_bytes(f"{other}\r\n\n{own}\n".encode())
    review = session(tmp_path)
    accept_all(review)
    lines = review.gold.read_bytes().decode().split("\n")[:-1]
    assert lines[0] == f"{other}\r"
    line = json.loads(lines[1])
    assert (line["labels"], line["lang"], line["value"]) == ({"team": "a"}, "en", record()["value"])
    assert len(lines) == 2


def test_gold_of_another_form_is_refused_before_anything_is_decided(tmp_path):
    for text in ("[]", '[{"value": 1}]', "nothing", '{"data": {"text": "a"}, "annotations": []}', "\xff", "[" * 9999):
        (tmp_path / "gold.jsonl").write_bytes(text.encode("latin-1"))
        with pytest.raises(InputError, match=r"gold\.jsonl"):
            session(tmp_path)


def test_gold_is_brought_up_to_the_log_after_a_kill_between_the_two(tmp_path):
    review = session(tmp_path)
    accept_all(review)
    whole = review.gold.read_text()
    review.gold.unlink()
    again = session(tmp_path)
    assert (again.gold.read_text(), again.log.rows) == (whole, review.log.rows)
    with review.log.path.open("a") as file:
        file.write('{"review": 1, "id": "')
    messages = []
    again = session(tmp_path, messages=messages)
    assert "cut short by a kill" in messages[0]
    again.undo()
    assert gold(again) == []
    review.gold.write_text(whole)  # as if it was killed before gold was written
    assert gold(session(tmp_path)) == []


def test_two_reviewers_see_each_others_decisions_once_they_have_decided(tmp_path):
    ada, bob = session(tmp_path), session(tmp_path, who="bob")
    decide(ada, CORRECT, "/number", typed="18")
    bob.refresh()
    assert fields(bob)["/number"]["value"] == "17"
    assert "others" not in fields(bob)["/number"]
    decide(bob, ACCEPT, "/number")
    assert fields(bob)["/number"]["others"] == [{"who": "ada", "action": "correct", "differs": True, "value": "18"}]
    decide(ada, REJECT, "/items/0")
    decide(bob, ACCEPT, "/items/0/name")
    agreement = bob.agreement()
    assert [(one.path, one.values, one.without) for one in agreement.disagreements] == [
        ("/number", {"ada": "18", "bob": "17"}, ()),
        ("/items/0/name", {"bob": "bolts"}, ("ada",)),
    ]
    assert decide(ada, ADD, "/items").path == "/items/2"
    assert decide(bob, ADD, "/items").path == "/items/3"
    assert decide(bob, ADD, "/items").path == "/items/4"


def test_files_of_one_text_are_decided_each_by_itself(tmp_path):
    review = session(tmp_path, [document(), document(1, source="copy.txt")])
    accept_all(review, 1)
    assert [line["source"] for line in gold(review)] == ["copy.txt"]
    accept_all(review, 0)
    assert sorted(line["source"] for line in gold(review)) == ["copy.txt", "invoices/17.txt"]


def test_a_flag_of_an_apps_user_is_a_row_and_puts_its_document_first(tmp_path):
    review = session(tmp_path, [document(text="a"), document(1, text="b", source="b.txt")])
    flag = {
        "review": 1,
        "id": "f1",
        "who": "app:user-9",
        "when": "2026-11-29T10:00:00Z",
        "document": review.documents[1].key[0],
        "source": None,
        "path": "/total",
        "action": "flag",
        "after": 12,
        "note": "it was twelve",
    }
    review.log.path.write_text(json.dumps(flag) + "\n")
    assert review.refresh()
    ordered = neediest_first(review.documents, review.log.rows)
    assert [(one.number, one.key[1]) for one in ordered] == [(0, "b.txt"), (1, "invoices/17.txt")]
    assert fields(review, 1)["/total"]["reasons"] == ["flagged by app:user-9"]
    assert fields(review, 1)["/total"]["open"]
    decide(review, CORRECT, "/total", 1, typed="12")
    assert fields(review, 1)["/total"]["reasons"] == []
    assert review.agreement().whole.pairs == 0


def test_a_value_that_failed_is_reviewed_as_it_was_read(tmp_path):
    error = {"type": "validation", "message": "it does not validate", "path": "/status"}
    bad = {"number": "17", "status": "lost"}
    made = record(value=None, invalid=bad, outcome="failed", error=error)
    review = session(tmp_path, [ReviewDocument(0, made, TEXT, INVOICE)])
    assert fields(review)["/status"]["reasons"] == ["failed: it does not validate"]
    with pytest.raises(DecisionError, match="is not one of"):
        decide(review, ACCEPT, "/status")
    with pytest.raises(DecisionError, match="correct it instead"):
        decide(review, ACCEPT, "/total")
    decide(review, CORRECT, "/status", typed='"paid"')
    decide(review, CORRECT, "/total", typed="3")
    decide(review, REJECT, "/note")
    for path, value in (("/due", None), ("/urgent", False), ("/items", []), ("/tags", [])):
        decide(review, CORRECT, path, value=value)
    accept_all(review)
    assert gold(review)[0]["value"]["status"] == "paid"


def test_a_value_that_is_no_object_is_reviewed_too(tmp_path):
    schema = resolve({"title": "words", "type": "array", "items": {"type": "string"}})
    review = session(tmp_path, [ReviewDocument(0, record(["a", "b"], schema=schema), TEXT, schema)])
    decide(review, REJECT, "/0")
    decide(review, ADD, "", typed="c")
    accept_all(review)
    assert gold(review)[0]["value"] == ["b", "c"]


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


class Item(BaseModel):
    name: str
    count: int


@pytest.mark.parametrize(
    ("root", "value", "correction", "gold_value"),
    [
        (Mood, "good", ("", '"bad"'), "bad"),
        (list[Item], [{"name": "lamp", "count": 2}], ("/0/count", "3"), [{"name": "lamp", "count": 3}]),
        (dict[str, int], {"lamp": 2}, ("/lamp", "3"), {"lamp": 3}),
        (Item | None, None, ("", '{"name": "lamp", "count": 3}'), {"name": "lamp", "count": 3}),
    ],
    ids=str,
)
def test_a_root_of_any_type_is_reviewed(tmp_path, root, value, correction, gold_value):
    schema = Schema(root)
    review = session(tmp_path, [ReviewDocument(0, record(value, schema=schema), TEXT, schema)])
    path, typed = correction
    with pytest.raises(DecisionError):
        decide(review, CORRECT, path, typed='"ugly"')
    decide(review, CORRECT, path, typed=typed)
    accept_all(review)
    assert [row["value"] for row in gold(review)] == [gold_value]


def test_pydantic_says_what_is_missing_in_its_own_words(tmp_path):
    from slotfill.schemas import Feedback

    schema = resolve(Feedback)
    value = {"sentiment": "negative", "key_issues": [], "urgency": 2, "suggested_action": "Call."}
    review = session(tmp_path, [ReviewDocument(0, record(value, schema=schema), TEXT, schema)])
    with pytest.raises(DecisionError, match="Field required: correct it instead"):
        decide(review, REJECT, "/urgency")
    with pytest.raises(DecisionError, match="less than or equal to 5"):
        decide(review, CORRECT, "/urgency", typed="6")
    assert review.check(0, "/sentiment", "angry")["errors"][0]["path"] == "/sentiment"
    accept_all(review)
    assert gold(review)[0]["value"] == value


class TwoReviewers(RuleBasedStateMachine):
    """Two sessions on one gold file, which decide, take back and start again as it comes."""

    @initialize()
    def start(self):
        self.folder = tempfile.TemporaryDirectory()
        self.sessions = [session(Path(self.folder.name), who=who) for who in ("ada", "bob")]
        self.added = []

    def teardown(self):
        self.folder.cleanup()

    @rule(who=st.integers(0, 1), data=st.data(), action=st.sampled_from([ACCEPT, CORRECT, REJECT, ADD]))
    def decide(self, who, data, action):
        mine, other = self.sessions[who], self.sessions[1 - who]
        before = own_fields(other)
        path = data.draw(st.sampled_from(sorted(fields(mine))))
        try:
            row = decide(mine, action, path, typed=data.draw(st.sampled_from(["x", "1", "2026-01-01", '"paid"'])))
        except DecisionError:
            return
        if action is ADD:
            assert row.path not in self.added
            self.added.append(row.path)
        view = review_view(mine.documents[0].base, mine.log.rows, mine.who)
        assert view.decision_on(row.path) in ((row,) if not isinstance(row.after, dict) else (row, None))
        assert view.value.get(row.path) == row.after
        other.refresh()
        assert own_fields(other) == before

    @rule(who=st.integers(0, 1))
    def undo(self, who):
        mine = self.sessions[who]
        mine.refresh()
        rows = [*mine.log.rows]
        row = mine.undo()
        if row is not None:
            left = [one for one in rows if one.id != row.undoes]
            view = review_view(mine.documents[0].base, left, mine.who)
            now = review_view(mine.documents[0].base, mine.log.rows, mine.who)
            assert (now.value.value(), now.decided) == (view.value.value(), view.decided)

    @rule(who=st.integers(0, 1))
    def start_again(self, who):
        before = self.sessions[who].refresh() or self.sessions[who].state(0)
        self.sessions[who] = session(Path(self.folder.name), who=("ada", "bob")[who])
        if before is not True:
            assert self.sessions[who].state(0) == before

    @invariant()
    def gold_is_what_all_have_decided(self):
        mine = self.sessions[0]
        mine.refresh()
        known = mine.documents[0].gold(mine.log.rows)
        lines = gold(mine)
        assert len(lines) == (known is not None)
        assert not lines or lines[0]["value"] == known.value


TwoReviewers.TestCase.settings = examples(12, stateful_step_count=15)
test_two_reviewers = TwoReviewers.TestCase


def test_what_cannot_go_into_gold_now_goes_there_with_the_next_decision(tmp_path):
    review = session(tmp_path, [document(), document(1, text="b", source="b.txt")])
    review.gold.mkdir()
    accept_all(review)
    assert "decisions are in the log, and gold does not follow them: cannot read" in review.problem
    assert review.gold_count == 1
    review.gold.rmdir()
    decide(review, ACCEPT, "/number", 1)
    assert review.problem == ""
    assert [line["source"] for line in gold(review)] == ["invoices/17.txt"]


def test_gold_that_is_broken_by_hand_is_told_with_its_line_and_followed_once_it_is_mended(tmp_path):
    review = session(tmp_path)
    accept_all(review)
    whole = review.gold.read_text()
    review.gold.write_text(f"{whole}mended by hand, and badly\n")
    assert review.undo()
    assert "gold.jsonl', line 2: " in review.problem
    assert not review.refresh()
    assert decide(review, ACCEPT, "/number")
    assert review.undo()
    review.gold.write_text(whole)
    assert not review.refresh()
    assert (review.problem, gold(review)) == ("", [])


HAND = (
    '{"source":  "invoices/17.txt", "value": {"total": 1.50}, "labels": {"team": "a"}, "lang": "de"}\r',
    '{"value": null,  "source": "invoices/17.txt"}',
    '{"value": 1,  "source": "invoices/17.txt"}\n{"source": "invoices/17.txt",  "value": 2, "lang": "de"}',
)


@pytest.mark.parametrize("line", HAND)
@pytest.mark.parametrize("starts_again", [False, True])
def test_a_line_of_somebody_elses_comes_back_to_the_letter_when_what_replaced_it_is_undone(
    tmp_path, line, starts_again
):
    other = '{"value":  1, "source": "b.txt"}'
    before = f"{other}\n{line}\n{other}\n".encode()
    (tmp_path / "gold.jsonl").write_bytes(before)
    review = session(tmp_path)
    accept_all(review)
    decide(review, ACCEPT, "/number")
    assert [one["value"] for one in gold(review)] == [1, VALUE, 1]
    for _ in range(2):
        review = session(tmp_path) if starts_again else review
        review.undo()
    assert review.gold.read_bytes() == before
    decide(review, CORRECT, "/tags", value=[])
    assert gold(review)[1]["value"]["tags"] == []
    review.undo()
    assert session(tmp_path).gold.read_bytes() == before


def test_a_line_comes_back_though_gold_was_broken_when_its_document_became_gold(tmp_path):
    path = tmp_path / "gold.jsonl"
    path.write_bytes(before := f"{HAND[0]}\n".encode())
    review = session(tmp_path)
    for _ in range(2):  # before review has written a line, and after
        sound = path.read_bytes()
        path.write_text("being mended")
        review.undo()
        accept_all(review)
        path.write_bytes(sound)
        assert not review.refresh()
        assert [one["value"] for one in gold(review)] == [VALUE]
    session(tmp_path).undo()
    assert path.read_bytes() == before
    path.write_bytes(changed := f"{HAND[1]}\n".encode())
    accept_all(session(tmp_path))
    session(tmp_path).undo()
    assert path.read_bytes() == changed


def test_gold_of_an_undone_document_stays_where_somebody_has_changed_it_since(tmp_path):
    review = session(tmp_path)
    accept_all(review)
    (line,) = gold(review)
    for changed in ({**line, "lang": "de"}, {**line, "value": 3}):
        review.gold.write_text(json.dumps(changed) + "\n")
        review.undo()
        assert gold(review) == [changed]
        decide(review, ACCEPT, "/tags/0")
        assert gold(review)[0]["value"] == VALUE


def test_gold_that_somebody_takes_away_is_written_again_as_a_whole(tmp_path):
    review = session(tmp_path, [document(), document(1, text="b", source="b.txt")])
    accept_all(review)
    review.gold.unlink()
    accept_all(review, 1)
    assert [line["source"] for line in gold(review)] == ["invoices/17.txt", "b.txt"]


def test_gold_that_says_what_is_decided_is_not_looked_at_again_until_something_is_decided(tmp_path):
    accept_all(session(tmp_path))
    review = session(tmp_path)
    review.gold.write_text("being mended by hand")
    assert not review.refresh()
    decide(review, ReviewAction.FLAG, "/number")
    assert review.problem == ""


def test_how_far_a_review_is_counts_what_stands_of_these_documents(tmp_path):
    ada, bob = (
        session(tmp_path, [document(), document(1, text="b", source="b.txt")], who=who) for who in ("ada", "bob")
    )
    decide(ada, ACCEPT, "/number", 1)
    decide(ada, ACCEPT, "/number")
    ada.undo()
    decide(ada, REJECT, "/due")
    decide(bob, CORRECT, "/number", 1, typed="18")
    ada.refresh()
    assert ada.counts() == {ACCEPT: 1, REJECT: 1}
    assert {number: one.decided for number, one in ada.progress().items()} == {0: 1, 1: 1}
    assert [*ada.progress([1])] == [1]
    assert (ada.agreed().pairs, ada.agreed().equal) == (1, 0)
    only_second = session(tmp_path, [document(0, text="b", source="b.txt")])
    assert only_second.counts() == {ACCEPT: 1}
    assert only_second.undo().path == "/number"
    assert only_second.undo() is None


def nested(levels):
    return {"n": nested(levels - 1)} if levels else 1


def test_corrections_bring_no_value_beyond_the_levels_that_can_be_read_again(tmp_path):
    schema = resolve({"title": "deep", "type": "object", "properties": {"n": {}}})
    made = ReviewDocument(0, record({"n": 1}, schema=schema), TEXT, schema)
    review = session(tmp_path, [made])
    decide(review, CORRECT, "/n", value=nested(120))
    with pytest.raises(DecisionError, match="more than 199 levels of lists and objects"):
        decide(review, CORRECT, "/n" * 100, value=nested(100))
    row = decide(review, CORRECT, "/n" * 100, value=nested(99))
    assert gold(session(tmp_path, [made]))[0]["value"] == nested(199)
    foreign = {**row.to_json(), "id": "f", "path": "/n" * 150, "after": nested(150)}
    with review.log.path.open("a") as log:
        log.write(json.dumps(foreign) + "\n")
    assert session(tmp_path, [made]).problem == ""
    assert gold(session(tmp_path, [made])) == []


def test_what_no_row_can_hold_is_refused(tmp_path):
    review = session(tmp_path)
    with pytest.raises(DecisionError, match="cannot be kept: lists and objects are nested"):
        decide(review, ReviewAction.FLAG, "/number", value=nested(201))
    assert review.log.rows == []
