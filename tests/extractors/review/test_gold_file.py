"""The gold file: which lines change, and which stay to the letter; it is read again when somebody has changed it."""

import json

import pytest

from slotfill.extractors.errors import InputError, OutputError
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.review.gold_file import FormerGold, GoldFile, merged_gold, parse_gold_lines

TEXT = "one"
ID = GoldDocument.of(1, text=TEXT).id
KEY = (ID, "a.txt")
GOLD = GoldDocument.of({"n": 1}, text=TEXT, source="a.txt", spans={"/n": (0, 3)})
WRITTEN = json.dumps(
    {"id": ID, "source": "a.txt", "text": TEXT, "value": {"n": 1}, "spans": {"/n": {"start": 0, "end": 3}}}
)


def merged(text, decided, former=None):
    return [*merged_gold(parse_gold_lines(text.split("\n")), decided, lambda _: former)]


def test_new_gold_stands_behind_what_was_there():
    other = '{"source":"b.txt",  "value":1e2}'
    assert merged(other, {KEY: GOLD}) == [other, WRITTEN]


def test_gold_that_says_the_same_stays_as_it_stands_there():
    line = json.dumps({**json.loads(WRITTEN), "value": {"n": 1.0}}, indent=None, separators=(",", ":"))
    assert merged(line, {KEY: GOLD}) == [line]


@pytest.mark.parametrize("known", [{"id": ID}, {"text": TEXT}, {"source": "a.txt"}, {"id": ID, "source": "a.txt"}])
def test_a_line_is_known_by_text_or_source_and_keeps_its_labels(known):
    (line,) = merged(json.dumps({**known, "value": 0, "lang": "de"}), {KEY: GOLD})
    assert json.loads(line) == {**json.loads(WRITTEN), "lang": "de"}


def test_a_line_of_the_same_text_from_elsewhere_is_another_document():
    other = json.dumps({"id": ID, "source": "copy.txt", "value": 0})
    assert merged(other, {KEY: GOLD}) == [other, WRITTEN]


def test_of_what_is_gold_no_more_what_review_wrote_goes_and_what_it_replaced_comes_back():
    labelled = json.dumps({"source": "a.txt", "value": 0, "lang": "de"})
    written = json.dumps({**json.loads(WRITTEN), "lang": "de"})
    assert merged(WRITTEN, {KEY: None}) == [WRITTEN]
    assert merged(WRITTEN, {KEY: None}, FormerGold("", [GOLD])) == []
    assert merged(WRITTEN, {KEY: None}, FormerGold("", [])) == [WRITTEN]
    assert merged(written, {KEY: None}, FormerGold("", [GOLD])) == [written]  # labelled since
    assert merged(written, {KEY: None}, FormerGold(labelled, [GOLD])) == [labelled]
    assert merged(labelled, {KEY: None}, FormerGold("", [GOLD])) == [labelled]


def test_gold_takes_the_place_of_what_stands_there_and_is_not_of_review(tmp_path):
    labelled = json.dumps({"source": "a.txt", "value": 0, "lang": "de"})
    (tmp_path / "g.jsonl").write_text(f'{WRITTEN}\n{labelled}\n{{"source": "b", "value": 1}}')
    file = GoldFile(tmp_path / "g.jsonl")
    assert file.replaced([KEY], lambda _: None) == {KEY: f"{WRITTEN}\n{labelled}"}
    assert file.replaced([KEY], lambda _: FormerGold("", [GOLD])) == {KEY: labelled}


def test_a_line_that_is_no_gold_is_named():
    with pytest.raises(ValueError, match="line 3: its 'id' is not"):
        parse_gold_lines([WRITTEN, "", f'{{"text": "a", "id": "{ID}", "value": 1}}'])
    known = parse_gold_lines([f"{WRITTEN}\r"])
    assert parse_gold_lines([f"{WRITTEN}\r", " "], known)[0] is known[0]


ONE, OTHER = (GoldDocument.of({"n": 1}, text=text, source=f"{text}.txt") for text in ("one", "other"))
KEYS = [(document.id, document.source) for document in (ONE, OTHER)]
DECIDED = dict(zip(KEYS, (ONE, OTHER), strict=True))


def sources(path):
    return [json.loads(line)["source"] for line in path.read_text().splitlines()]


def bring_up(file, decided=DECIDED, changed=()):
    file.bring_up(decided, changed, lambda _: None)


def test_all_that_is_decided_is_written_at_first_and_then_what_has_changed(tmp_path):
    file = GoldFile(tmp_path / "g.jsonl")
    bring_up(file)
    assert sources(file.path) == ["one.txt", "other.txt"]
    before = file.path.stat()
    bring_up(file)
    assert file.path.stat() == before
    third = GoldDocument.of(3, text="third", source="third.txt")
    bring_up(file, {**DECIDED, (third.id, third.source): third}, [(third.id, third.source)])
    assert sources(file.path) == ["one.txt", "other.txt", "third.txt"]


@pytest.mark.parametrize("is_removed", [False, True])
def test_what_somebody_has_changed_is_held_against_all_that_is_decided(tmp_path, is_removed):
    file = GoldFile(tmp_path / "g.jsonl")
    bring_up(file)
    if is_removed:
        file.path.unlink()
    else:
        file.path.write_text("\ufeff" + file.path.read_text().splitlines()[1] + "\r\n")
    one, other = file.replaced(KEYS, lambda _: None).values()
    assert (one, other == "") == ("", is_removed)
    bring_up(file)
    assert sorted(sources(file.path)) == ["one.txt", "other.txt"]


def test_what_could_not_be_written_is_written_when_it_can_be(tmp_path):
    file = GoldFile(tmp_path / "g.jsonl")
    (tmp_path / ".g.jsonl.slotfill-part").mkdir()
    with pytest.raises(OutputError, match="cannot write"):
        bring_up(file)
    (tmp_path / ".g.jsonl.slotfill-part").rmdir()
    bring_up(file)
    assert sources(file.path) == ["one.txt", "other.txt"]


def test_a_file_that_is_none_is_told_and_left_as_it_is(tmp_path):
    file = GoldFile(tmp_path / "g.jsonl")
    for content, message in ((b"no", r"g\.jsonl', line 1"), (b"\xff", "is not in UTF-8")):
        file.path.write_bytes(content)
        with pytest.raises(InputError, match=message):
            bring_up(file)
        with pytest.raises(InputError, match=message):
            GoldFile(file.path)
        assert file.path.read_bytes() == content
    file.path.unlink()
    bring_up(file)
    assert sources(file.path) == ["one.txt", "other.txt"]
