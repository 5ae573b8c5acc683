"""Gold in the forms of annotation tools: what comes back, what is told to be lost, and wrong files."""

import json
import random
from contextlib import suppress

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.gold.formats.conll import conll_text
from slotfill.extractors.gold.formats.doccano import doccano_lines, parse_doccano_line
from slotfill.extractors.gold.formats.field_marks import FieldLabels, FieldMark, marked_value
from slotfill.extractors.gold.formats.label_studio import label_studio_task, labelling_interface, parse_task
from slotfill.extractors.gold.formats.langextract import parse_langextract_line
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.gold.gold_lines import parse_gold_line

WORDS = ["Ada", "Bo 😀", "#Ärger", "zwei\nZeilen", "12", "true", "x=1", "中文", "🚒 truck"]
TYPES = ["person", "a type", "/odd", "", "x=y", "#"]


@st.composite
def texts(draw):
    """Draw a text of passages, and where these stand."""
    words = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6))
    text, places = "", []
    for word in words:
        text += draw(st.sampled_from(["", "é ", "💩 ", "\n\n"])) + " "
        places.append((len(text), len(text) + len(word)))
        text += word
    return text, places


@st.composite
def flat_documents(draw):
    """Draw what every tool can hold: passages of one field, lists of passages, entities, categories."""
    text, places = draw(texts())
    value, spans = {}, {}
    rest = list(places)
    if draw(st.booleans()):
        start, end = rest.pop()
        value["name"], spans["/name"] = text[start:end], (start, end)
    cut = draw(st.integers(0, len(rest)))
    for index, (start, end) in enumerate(rest[:cut]):
        value.setdefault("tags", []).append(text[start:end])
        spans[f"/tags/{index}"] = (start, end)
    for index, (start, end) in enumerate(rest[cut:]):
        value.setdefault("entities", []).append({"text": text[start:end], "type": draw(st.sampled_from(TYPES))})
        spans[f"/entities/{index}/text"] = (start, end)
    for key, scalars in (
        ("stars", st.integers() | st.floats(allow_nan=False, allow_infinity=False)),
        ("new", st.booleans()),
    ):
        if draw(st.booleans()):
            value[key] = draw(scalars)
    if draw(st.booleans()):
        value["mood"] = draw(st.sampled_from(["good", "4", "null", '"x"', "[1]", "a b", ""]))
    labels = draw(st.dictionaries(st.sampled_from(["lang", "desk"]), st.sampled_from(["de", "7", ""]), max_size=2))
    return GoldDocument.of(value, text=text, source=draw(st.none() | st.just("a#1.txt")), spans=spans, labels=labels)


@st.composite
def deep_documents(draw):
    """Draw what Label Studio can hold beyond that: items of several members, other forms of passages."""
    document = draw(flat_documents())
    value, spans = dict(document.value), dict(document.spans)
    start = draw(st.integers(0, len(document.text) - 1))
    place = (start, draw(st.integers(start + 1, len(document.text))))
    value["date"], spans["/date"] = draw(st.sampled_from(["2026-01-02", 7, True])), place
    items = draw(
        st.lists(
            st.fixed_dictionaries({"price": st.integers(), "unit": st.sampled_from(WORDS), "new": st.booleans()}),
            min_size=1,
            max_size=3,
        )
    )
    for index, item in enumerate(items):
        item["name"] = document.text[slice(*place)]
        item["inner"] = [{"n": number} for number in range(index + 1)]
        spans[f"/order~1s/{index}/name"] = spans[f"/order~1s/{index}/inner/0/n"] = place
    value["order/s"] = items
    value["notes"] = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3))
    value["odd"] = {"list": [1, "x", {"y": 2.5}]}
    return GoldDocument.of(value, text=document.text, spans=spans, labels=document.labels)


def again(data):
    return json.loads(json.dumps(data))


@examples(60)
@given(flat_documents() | deep_documents())
def test_label_studio_gives_back_what_it_was_given(document):
    labels = FieldLabels()
    assert parse_task(again(label_studio_task(document, labels)), labels) == document
    assert not [loss for loss in labels.losses if not loss.startswith("(shown")]


@examples(40)
@given(deep_documents(), st.randoms())
def test_the_order_of_results_says_nothing_where_ids_are_kept(document, order):
    task = again(label_studio_task(document, FieldLabels()))
    order.shuffle(task["annotations"][0]["result"])
    assert parse_task(task, FieldLabels()) == document


@examples(60)
@given(st.lists(flat_documents(), min_size=1, max_size=3))
def test_doccano_gives_back_what_it_was_given(documents):
    labels = FieldLabels()
    lines = again([*doccano_lines(documents, labels)])
    random.Random(1).shuffle(
        lines[0].get("label") or lines[0]["entities"] if "label" in lines[0] else lines[0]["entities"]
    )
    assert [parse_doccano_line(line, labels) for line in lines] == documents
    assert not labels.losses


HELD_NOWHERE = {"a": None, "b": [], "c": {}, "d": 1}


@pytest.mark.parametrize(
    ("value", "spans", "losses"),
    [
        (HELD_NOWHERE, {}, {"null, an empty list or an empty object": 3}),
        ("bare", {}, {"a value without a field, or one whose name is * or holds =": 1}),
        ({"a=b": 1}, {}, {"a value without a field, or one whose name is * or holds =": 1}),
        ({"x": [1]}, {"/x": (0, 2)}, {"the span of what is no single text, number or truth": 1}),
    ],
)
def test_what_no_tool_holds_is_told(value, spans, losses):
    for write in (label_studio_task, lambda document, labels: [*doccano_lines([document], labels)], conll_text):
        labels = FieldLabels()
        write(GoldDocument.of(value, text="some text", spans=spans), labels)
        assert losses.items() <= labels.losses.items()


def test_what_doccano_cannot_hold_is_told():
    value = {"items": [{"name": "Ada", "age": 7, "town": "Bo"}], "born": "2026-01-02"}
    spans = {"/items/0/name": (0, 3), "/items/0/town": (8, 10), "/born": (4, 7)}
    labels = FieldLabels()
    document = GoldDocument.of(value, text="Ada met Bo", spans=spans, labels={"id": "7"})
    assert [*doccano_lines([document], labels)] == [
        {
            "text": "Ada met Bo",
            "entities": [[0, 3, "/items/*/name"], [8, 10, "/items/*/town"]],
            "cats": ["/born=2026-01-02"],
        }
    ]
    assert labels.losses == {
        "which passages belong to one item of a list": 2,
        "what an item of a list holds beside its passage": 1,
        "the place of a value that is another form of what stands there": 1,
        "labels of documents whose names doccano has itself": 1,
    }


def task(*results, text="Ada lives in 😀lm.", **more):
    return {"id": 7, "data": {"text": text, "lang": "en"}, "annotations": [{"result": [*results]}], **more}


def region(start, end, label, text=None, **more):
    value = {"start": start, "end": end, "labels": [label], **({} if text is None else {"text": text})}
    return {"id": f"r{start}", "from_name": "label", "to_name": "text", "type": "labels", "value": value, **more}


def result(kind, name, value, identity="other"):
    key = "text" if kind == "textarea" else kind
    return {"id": identity, "from_name": name, "to_name": "text", "type": kind, "value": {key: value}}


def test_a_project_of_label_studio_of_its_own_makes_entities_and_fields():
    read = parse_task(
        task(
            region(13, 16, "city"),
            region(0, 3, "person", "Ada"),
            result("choices", "mood", ["good"]),
            result("choices", "topics", ["a", "b"], "more"),
            result("rating", "stars", 4, "stars"),
            result("number", "age", 36, "r0"),
            result("textarea", "summary", ["short"], "summary"),
        ),
        FieldLabels(),
    )
    people = [{"text": "Ada", "type": "person", "age": 36}, {"text": "😀lm", "type": "city"}]
    assert read.value == {"entities": people, "mood": "good", "topics": ["a", "b"], "stars": 4, "summary": "short"}
    assert read.spans == {"/entities/0/text": (0, 3), "/entities/1/text": (13, 16)}
    assert read.labels == {"lang": "en"}


def test_labels_mean_the_fields_that_they_are_said_to():
    labels = FieldLabels({"person": "/people/*", "city": "/town", "mood": "/tone"})
    read = parse_task(task(region(0, 3, "person"), region(13, 16, "city"), result("choices", "mood", ["good"])), labels)
    assert read.value == {"people": ["Ada"], "town": "😀lm", "tone": "good"}
    assert label_studio_task(read, labels)["annotations"][0]["result"][0]["value"]["labels"] == ["person"]


def test_units_of_utf_16_are_told_from_code_points_by_the_text():
    text = "💩 Ada"
    for start, named in ((2, "Ada"), (3, "Ada"), (2, "A\\nda")):
        read = parse_task(task(region(start, start + 3, "/name", named), text=text), FieldLabels())
        assert (read.value, read.spans) == ({"name": "Ada"}, {"/name": (2, 5)})
    labels = FieldLabels()
    read = parse_task(task(region(0, 2, "/name", "Ada"), text=text), labels)
    assert (read.value, read.spans) == ({"name": "Ada"}, {})
    assert labels.losses == {"the place of a region that is not where its own text says": 1}


def test_the_annotation_that_counts_is_the_truth_then_the_latest():
    def of(label, **more):
        return {"result": [region(0, 3, label)], **more}

    labels = FieldLabels()
    several = [of("/a", updated_at="2026-01-02"), of("/b", updated_at="2026-01-03"), of("/c", was_cancelled=True)]
    assert parse_task(task(annotations=several), labels).value == {"b": "Ada"}
    assert parse_task(task(annotations=[of("/a", ground_truth=True), *several[1:]]), labels).value == {"a": "Ada"}
    assert parse_task(task(annotations=[of("/a", was_cancelled=True)]), labels) is None
    assert parse_task({"data": {"text": "x"}, "predictions": []}, labels) is None
    assert labels.losses == {
        "all but the latest annotation, or the ground truth, of a task that has several": 2,
        "tasks that nobody has annotated": 2,
    }


def test_the_interface_has_a_control_for_each_result():
    value = {"name": "Ada", "mood": 'so"so', "new": True, "items": [{"text": "Bo", "age": 7}]}
    document = GoldDocument.of(value, text="Ada Bo", spans={"/name": (0, 3), "/items/0/text": (4, 6)})
    assert labelling_interface([document], FieldLabels()).splitlines() == [
        "<View>",
        '  <Labels name="label" toName="text">',
        '    <Label value="/items/*/text"/>',
        '    <Label value="/name"/>',
        "  </Labels>",
        '  <Text name="text" value="$text"/>',
        '  <Header value="/new"/>',
        '  <Choices name="/new" toName="text"><Choice value="true"/><Choice value="false"/></Choices>',
        '  <Number name="/items/*/age" toName="text" perRegion="true"/>',
        '  <Header value="/mood"/>',
        '  <TextArea name="/mood" toName="text" editable="true"/>',
        "</View>",
    ]


def test_labels_of_a_schema_are_choices():
    """One that the schema does not have is a choice as well: a control has one type."""
    labels = FieldLabels(choices={"/my mood": ("good", "bad & sad"), "/items/*/kind": ("a", "b")})
    value = {"my mood": "bad & sad", "items": [{"text": "Bo", "kind": "b"}, {"text": "Al", "kind": "new"}]}
    document = GoldDocument.of(value, text="Bo Al", spans={"/items/0/text": (0, 2), "/items/1/text": (3, 5)})
    written = label_studio_task(document, labels)
    results = written["annotations"][0]["result"]
    choices = [(one["from_name"], one["value"]["choices"]) for one in results if one["type"] == "choices"]
    assert sorted(choices) == [("/items/*/kind", ["b"]), ("/items/*/kind", ["new"]), ("/my mood", ["bad & sad"])]
    _, *lines = labelling_interface([document], labels).splitlines()
    kinds = '<Choice value="a"/><Choice value="b"/><Choice value="new"/></Choices>'
    assert f'  <Choices name="/items/*/kind" toName="text" perRegion="true">{kinds}' in lines
    moods = '<Choice value="good"/><Choice value="bad &amp; sad"/></Choices>'
    assert f'  <Choices name="/my mood" toName="text">{moods}' in lines
    assert parse_task(written, FieldLabels()).value == value


def test_doccano_is_read_in_each_of_its_forms():
    entity = {"id": 5, "label": "city", "start_offset": 8, "end_offset": 10}
    labels = FieldLabels({"PER": "/people/*", "spam": "/verdict"})
    line = {
        "id": 1,
        "text": "Ada met Bo",
        "entities": [entity, [0, 3, "PER"]],
        "relations": [{}],
        "Comments": [],
        "desk": 4,
    }
    read = parse_doccano_line(line, labels)
    assert read.value == {"people": ["Ada"], "entities": [{"text": "Bo", "type": "city"}]}
    assert read.spans == {"/people/0": (0, 3), "/entities/0/text": (8, 10)}
    assert (read.labels, labels.losses) == ({"desk": "4"}, {"relations between passages": 1})
    assert parse_doccano_line({"text": "a", "label": ["spam"]}, labels).value == {"verdict": "spam"}
    assert parse_doccano_line({"text": "a", "label": "good"}, labels).value == {"label": "good"}
    assert parse_doccano_line({"data": "abc", "labels": [[0, 1, "/x"]]}, labels).value == {"x": "a"}


def test_langextract_is_read_with_its_attributes():
    def extraction(name, text, ends, status="match_exact", **attributes):
        interval = ends and {"start_pos": ends[0], "end_pos": ends[1]}
        return {
            "extraction_class": name,
            "extraction_text": text,
            "char_interval": interval,
            "alignment_status": status,
            "attributes": attributes,
        }

    labels = FieldLabels({"city": "/towns/*"})
    line = {
        "text": "Ada met Bo",
        "document_id": "d1",
        "extractions": [
            extraction("person", "Ada", (0, 3), role="host", tags=["a", "b"]),
            extraction("person", "Robert", (8, 10), "match_fuzzy"),
            extraction("city", "Ulm", None, None, size="big"),
        ],
    }
    read = parse_langextract_line(line, labels)
    assert read.value == {
        "entities": [
            {"text": "Ada", "type": "person", "role": "host", "tags": ["a", "b"]},
            {"text": "Robert", "type": "person"},
        ],
        "towns": ["Ulm"],
    }
    assert (read.spans, read.source) == ({"/entities/0/text": (0, 3)}, "d1")
    assert labels.losses == {
        "the place of an extraction that was aligned with other words": 1,
        "the place of an extraction that was not aligned": 1,
        "attributes of what is no object": 1,
    }


def test_conll_has_a_tag_a_token_and_names_what_is_lost():
    text = "New York, now.\n\nBo-Ba and Ada"
    value = {
        "entities": [
            {"text": "New York", "type": "city"},
            {"text": "York", "type": "name"},
            {"text": "Ba", "type": "a type"},
            {"text": "d", "type": "part"},
        ],
        "mood": "good",
    }
    spans = {
        "/entities/0/text": (0, 8),
        "/entities/1/text": (4, 8),
        "/entities/2/text": (19, 21),
        "/entities/3/text": (27, 28),
    }
    labels = FieldLabels()
    assert conll_text(GoldDocument.of(value, text=text, spans=spans), labels).split("\n") == [
        *("-DOCSTART-\tO", "", "New\tB-city", "York\tI-city", ",\tO", "now\tO", ".\tO", ""),
        *("Bo\tO", "-\tO", "Ba\tB-a_type", "and\tO", "Ada\tB-part", "", ""),
    ]
    assert labels.losses == {
        "passages that overlap longer ones": 1,
        "values that are no passage of the text": 1,
        "the ends of passages that begin or end within a word": 1,
    }


def test_two_passages_of_one_word_have_one_tag():
    labels = FieldLabels()
    document = GoldDocument.of({"a": "ab", "b": "cd"}, text="abcd", spans={"/a": (0, 2), "/b": (2, 4)})
    assert "abcd\tB-/a" in conll_text(document, labels)
    assert labels.losses["passages that share a word with another, or hold none"] == 1


KEYS = [
    *("data", "text", "annotations", "result", "type", "value", "id", "labels", "start", "end", "from_name", "label"),
    *(
        "entities",
        "extractions",
        "extraction_class",
        "extraction_text",
        "attributes",
        "char_interval",
        "source",
        "cats",
    ),
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 9)
    | st.sampled_from(["", "labels", "choices", "/a/*", "x", "/a/*/b/*"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)
PARSERS = [lambda line, _: parse_gold_line(line), parse_task, parse_doccano_line, parse_langextract_line]


@pytest.mark.parametrize("parse", PARSERS)
@examples(150)
@given(data=JSON)
def test_whatever_a_file_holds_it_is_read_or_refused(parse, data):
    with suppress(ValueError):
        parse(data, FieldLabels())


@pytest.mark.parametrize(
    ("parse", "data", "reason"),
    [
        (parse_task, {"text": "a", "label": []}, "not JSON-MIN"),
        (parse_task, task(region(0, 3, "/a"), region(13, 16, "/a")), "'/a' is marked twice"),
        (parse_task, task(region(0, 3, "/a"), region(13, 16, "/a/b")), "marked as something else"),
        (parse_task, task(region(0, 3, "/a/*/b/*")), "list within a list"),
        (parse_task, task(region(0, 99, "/a")), "outside the text"),
        (parse_task, task(result("choices", "x", [])), "holds no choices"),
        (parse_task, task(annotations=[{"result": {}}]), "no list of objects"),
        (parse_task, task(annotations={}) | {"annotations": 3}, "no list of objects"),
        (parse_doccano_line, {"text": "a", "label": [[0, 2, "x"]]}, "outside the text, of 1 characters"),
        (parse_doccano_line, {"text": "a", "label": [[0, "x"]]}, "neither a category nor"),
        (parse_langextract_line, {"text": "a", "extractions": [3]}, "no object"),
    ],
)
def test_what_is_wrong_says_what_was_expected(parse, data, reason):
    with pytest.raises(ValueError, match=reason):
        parse(data, FieldLabels())


@pytest.mark.parametrize("item", [f"/items/{'9' * 5_000}", "/items/٣", "/items/-1"])
def test_an_item_that_no_list_has_is_a_name_as_any(item):
    marks = [FieldMark("/items/*/name", "Ada", None, item), FieldMark("/items/*/age", 7, None, item)]
    assert marked_value(marks)[0] == {"items": [{"name": "Ada", "age": 7}]}
