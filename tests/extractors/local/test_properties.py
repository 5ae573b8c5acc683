"""What holds for any schema, text and scores that the questions are made of."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.local.by_field.calibration import Calibration, keep, recall
from slotfill.extractors.local.by_field.schema_compiler import MAX_LABELS, compile_schema
from slotfill.extractors.local.candidates.candidates import FAMILIES, candidates
from slotfill.extractors.local.strategies import ABSENT, Choice, Written


# -- strategies
def only(part: Any, *, optional: bool = False) -> Any:
    found = compile_schema({"type": "object", "properties": {"x": part}, "required": [] if optional else ["x"]})
    assert found is not None
    (field,) = found.fields
    return field.strategy


@pytest.mark.parametrize(
    ("part", "values", "labels"),
    [
        ({"anyOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]}, ("a", "b", "c"), ("a", "b", "c")),
        ({"anyOf": [{"const": 1}, {"const": True}]}, (1, True), ("1", "yes")),
        ({"type": "integer", "exclusiveMinimum": -1, "exclusiveMaximum": 11}, (*range(11),), (*map(str, range(11)),)),
        ({"type": "integer", "exclusiveMinimum": -1.5, "exclusiveMaximum": 1.5}, (-1, 0, 1), ("-1", "0", "1")),
        ({"enum": ["1", 1]}, ("1", 1), ('"1"', "1")),
    ],
)
def test_a_choice_has_each_value_once(part: Any, values: tuple[Any, ...], labels: tuple[str, ...]) -> None:
    assert only(part) == Choice(values, labels)


ALIKE = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", " ", "1", "yes", "none", "(none)", "a  b"])


@given(st.lists(ALIKE, min_size=1), st.booleans())
@example(["none", "(none)"], True)
def test_labels_tell_all_values_apart(values: list[Any], optional: bool) -> None:
    distinct = [*{json.dumps(value): value for value in values}.values()]
    found = only({"enum": distinct}, optional=optional)
    assert len(found.values) == len({*found.labels}) == len(distinct) + optional


def test_one_label_too_many_is_written() -> None:
    many = [f"v{number}" for number in range(MAX_LABELS)]
    assert isinstance(only({"enum": many}), Choice)
    assert only({"enum": many}, optional=True) == Written({"enum": many}, optional=True)


def test_what_stands_beside_a_union_counts() -> None:
    part = {"anyOf": [{"enum": ["a", "bcd"]}], "minLength": 3}
    assert only(part) == Written(part)


@pytest.mark.parametrize("draft", ["draft2020-12", "draft7"])
def test_every_schema_of_the_suite_compiles_as_a_part(shared_data: Path, draft: str) -> None:
    files = (shared_data / "json-schema-test-suite" / draft).glob("*.json")
    schemas = [case["schema"] for file in files for case in json.loads(file.read_text("utf-8"))]
    assert len(schemas) > 200
    for schema in schemas:
        for part in (schema, {"anyOf": [schema, {"type": "null"}]}, {"type": "array", "items": schema}):
            for required in ([], ["x"]):
                compile_schema({"type": "object", "properties": {"x": part}, "required": required})


# -- candidates
LOOKS = st.sampled_from(["Ada", "Bell's", "of", "&", "and", "the", "@a", "@", "\n", " ", ".", "12", "2021", "€", "May"])
TEXTS = st.text() | st.lists(LOOKS).map("".join) | st.lists(LOOKS).map(" ".join)


@given(TEXTS, st.lists(st.sampled_from(sorted(FAMILIES)), unique=True).map(tuple))
def test_spans_of_several_families_lie_in_order(text: str, families: tuple[str, ...]) -> None:
    spans = candidates(text, families)
    assert all(text[start:end].strip() for start, end in spans)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert list(spans) == sorted({*spans})


@given(TEXTS, st.sampled_from(["amounts", "terms", "clauses"]))
def test_but_for_names_those_of_a_family_have_no_rivals(text: str, family: str) -> None:
    spans = candidates(text, (family,))
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))


def test_a_long_number_ends() -> None:
    # It took years where the pattern could split the digits in every way.
    text = "7" * 5_000 + " apples for 5 €"
    assert [text[start:end] for start, end in candidates(text, ("amounts",))] == ["5 €"]


# -- calibration
@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """conftest.py leaves XDG_CACHE_HOME where the weights are: this user's own cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("damaged", [b"null", b'{"/a": 1}', b'{"/a": {"sharpness": 1.0, "bias": 2}}', b"[]"])
def test_what_is_damaged_is_not_there(cache: Path, damaged: bytes) -> None:
    keep("a", {"/mood": Calibration.none(2)})
    (file,) = (path for path in cache.rglob("*") if path.is_file())
    file.write_bytes(damaged)
    assert recall("a") == {}


@given(st.lists(st.floats(-80, 0), min_size=1, max_size=8), st.data())
def test_a_larger_score_is_likelier(scores: list[float], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(scores) - 1))
    calibration = Calibration(1.3, tuple(data.draw(st.floats(-2, 2)) for _ in scores))
    raised = [score + (place == at) for place, score in enumerate(scores)]
    before, after = calibration.probabilities(scores), calibration.probabilities(raised)
    assert sum(after) == pytest.approx(1)
    assert after[at] >= before[at]
    assert all(now <= then for place, (now, then) in enumerate(zip(after, before, strict=True)) if place != at)


def test_optional_values_end_in_absent() -> None:
    assert only({"enum": ["a"]}, optional=True).values[-1] is ABSENT
