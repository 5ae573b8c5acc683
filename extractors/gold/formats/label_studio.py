"""Label Studio: tasks as it exports and imports them (JSON), and the labelling interface that shows them.

A passage is a region of a `Labels` control; what a value is beside a passage is a `Choices`, `Number` or `TextArea` of
its region, and what stands nowhere in the text is one of the task. A region's id is the JSON Pointer of its value:
Label Studio keeps it, so that what was edited there comes back to its place.

Offsets are code points, as Label Studio has stored them since 2021. Before, they were units of UTF-16: where the text
that a region names stands there only so, they are read so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, unquote
from xml.sax.saxutils import quoteattr

from slotfill.extractors.gold.formats.field_marks import (
    FieldLabels,
    FieldMark,
    is_passage,
    marked_value,
    marks_of,
    pointer_of,
    types_told_by_labels,
)
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.json_values.pointer import join

__all__ = ["label_studio_task", "labelling_interface", "parse_task"]

_REGIONS, _TEXT = "label", "text"
"""The names of the control of passages, and of the text."""

_VALUES = ("choices", "textarea", "number", "rating", "datetime")
"""The types of results that hold a value, each under a key of the same name but one."""


def label_studio_task(document: GoldDocument, labels: FieldLabels, *, guessed: bool = False) -> JSONObject:
    """Write a gold document as a task.

    Args:
        document: The document; its text must be known.
        labels: What takes note of what no task holds.
        guessed: Whether its value is a model's, which Label Studio calls a prediction, and not a person's.
    """
    marks = marks_of(document.value, document.spans, labels)
    results = [*_results(marks, document.text or "", labels)]
    data: JSONObject = {_TEXT: document.text, **({"source": document.source} if document.source is not None else {})}
    if document.labels:
        data["labels"] = dict(document.labels)
    return {"data": data, "predictions" if guessed else "annotations": [{"result": results}]}


def parse_task(task: JSON, labels: FieldLabels) -> GoldDocument | None:
    """Read a task; None, noted, for one that nobody has annotated. Raises ValueError for what is none."""
    data = task.get("data") if isinstance(task, dict) else None
    if not isinstance(data, dict) or not isinstance(data.get(_TEXT), str):
        raise ValueError('it is no task with a "text" among its "data": export the project as JSON (not JSON-MIN)')
    annotation = _annotation(task, labels)
    if annotation is None:
        return None
    text = data[_TEXT]
    value, spans = marked_value(_marks(annotation, text, labels))
    return GoldDocument.of(value, text=text, source=data.get("source"), spans=spans, labels=_task_labels(data))


def labelling_interface(documents: Iterable[GoldDocument], labels: FieldLabels) -> str:
    """Write the interface (XML) of a project that shows the tasks of some documents."""
    chosen: dict[_Control, dict[str, None]] = {}
    regions: dict[str, None] = {}
    for document in documents:
        marks = marks_of(document.value, document.spans, FieldLabels(labels.fields))
        for result in _results(marks, document.text or "", labels):
            value = result["value"]
            if result["type"] == "labels":
                regions.update(dict.fromkeys(value["labels"]))
            else:
                control = (result["type"], result["from_name"], "start" in value)
                known = labels.choices.get(result["from_name"], ("true", "false"))
                chosen.setdefault(control, dict.fromkeys(known)).update(dict.fromkeys(value.get("choices", ())))
    lines = [f"    <Label value={quoteattr(label)}/>" for label in sorted(regions)]
    controls = [_control(*control, chosen[control]) for control in sorted(chosen)]
    inside = [f'  <Labels name="{_REGIONS}" toName="{_TEXT}">', *lines, "  </Labels>"] if lines else []
    return "\n".join(["<View>", *inside, f'  <Text name="{_TEXT}" value="${_TEXT}"/>', *controls, "</View>", ""])


_Control = tuple[str, str, bool]
"""The type of a control, the field that it is of, and whether it is beside a region."""


def _control(kind: str, name: str, beside_region: bool, choices: Iterable[str]) -> str:
    region = ' perRegion="true"' if beside_region else ""
    start = f'name={quoteattr(name)} toName="{_TEXT}"{region}'
    title = f"  <Header value={quoteattr(name)}/>\n" if not region else ""
    match kind:
        case "choices":
            ones = "".join(f"<Choice value={quoteattr(one)}/>" for one in choices)
            return f"{title}  <Choices {start}>{ones}</Choices>"
        case "number":
            return f"{title}  <Number {start}/>"
        case _:
            return f'{title}  <TextArea {start} editable="true"/>'


def _results(marks: list[FieldMark], text: str, labels: FieldLabels) -> Iterator[JSONObject]:
    """Yield what an annotation holds: a region for each passage, then what there is beside it or of the task."""
    types = types_told_by_labels(marks)
    regions = {mark.item: mark for mark in reversed(marks) if mark.span and mark.item}
    lists = _lists_of_texts(marks)
    for path, texts in lists.items():
        yield {**_result(texts[0], path, "textarea", {"text": [one.value for one in texts]}), "id": _quoted(path)}
    for mark in marks:
        if mark.path in lists:
            continue
        if mark.span:
            label = labels.label_of(mark.path, types.get(mark.item))
            yield _result(mark, _REGIONS, "labels", {**_ends(mark), "text": text[slice(*mark.span)], "labels": [label]})
            if not is_passage(mark, text):
                yield _result(mark, mark.path, *_kind(mark, labels))
        elif mark.item not in types:
            region = regions.get(mark.item)
            if mark.item and region is None:
                labels.lose(
                    "(shown, though kept) items of a list that stand nowhere in the text: Label Studio shows one"
                )
            yield _result(mark, mark.path, *_kind(mark, labels, region), named_by=region)


def _result(mark: FieldMark, name: str, kind: str, value: JSON, named_by: FieldMark | None = None) -> JSONObject:
    identity = _quoted(pointer_of(named_by or mark))
    return {"id": identity, "from_name": name, "to_name": _TEXT, "type": kind, "value": value}


def _quoted(pointer: str) -> str:
    """Make an id of a pointer: Label Studio cuts one at its first #."""
    return quote(pointer, safe="/*~")


def _lists_of_texts(marks: list[FieldMark]) -> dict[str, list[FieldMark]]:
    """Return, by path, lists of texts of which none stands in the text: one control holds all of one."""
    lists: dict[str, list[FieldMark]] = {}
    for mark in marks:
        if mark.path.endswith("/*") and mark.path.count("/*") == 1:
            lists.setdefault(mark.path, []).append(mark)
    return {
        path: inner
        for path, inner in lists.items()
        if all(isinstance(one.value, str) and not one.span for one in inner)
    }


def _kind(mark: FieldMark, labels: FieldLabels, region: FieldMark | None = None) -> tuple[str, JSONObject]:
    """Return the type of a result that holds a scalar, and its value."""
    ends = _ends(mark if mark.span else region) if mark.span or region else {}
    match mark.value:
        case bool():
            return "choices", {**ends, "choices": [dumps(mark.value)]}
        case str() if mark.path in labels.choices:
            return "choices", {**ends, "choices": [mark.value]}
        case int() | float():
            return "number", {**ends, "number": mark.value}
    return "textarea", {**ends, "text": [mark.value]}


def _ends(mark: FieldMark | None) -> JSONObject:
    return {"start": mark.span[0], "end": mark.span[1]} if mark and mark.span else {}


def _annotation(task: JSONMapping, labels: FieldLabels) -> list[JSONObject] | None:
    """Return the results of the annotation that counts: the one that is ground truth, or else the latest."""
    annotations = task.get("annotations") or []
    if not isinstance(annotations, list) or not all(isinstance(one, dict) for one in annotations):
        raise ValueError("its 'annotations' is no list of objects")
    done = [one for one in annotations if not one.get("was_cancelled")]
    if not done:
        labels.lose("tasks that nobody has annotated")
        return None
    if len(done) > 1:
        labels.lose("all but the latest annotation, or the ground truth, of a task that has several")
    latest = max(done, key=lambda one: (bool(one.get("ground_truth")), str(one.get("updated_at") or "")))
    results = latest.get("result")
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        raise ValueError("its annotation's 'result' is no list of objects")
    return results


def _marks(results: list[JSONObject], text: str, labels: FieldLabels) -> list[FieldMark]:
    """Make marks of results; what a region says beside its passage counts before the passage."""
    marks: dict[tuple[str, str], FieldMark] = {}
    regions: dict[str, str] = {}
    for result in results:
        if result.get("type") == "labels":
            for mark in _region_marks(result, text, labels):
                marks[mark.path, mark.item] = mark
                regions.setdefault(mark.item, mark.path)
    for result in results:
        if result.get("type") in _VALUES:
            for mark in _value_marks(result, regions, labels):
                passage = marks.get((mark.path, mark.item))
                marks[mark.path, mark.item] = FieldMark(
                    mark.path, mark.value, passage.span if passage else None, mark.item
                )
        elif result.get("type") != "labels":
            labels.lose(f"results of type {str(result.get('type'))[:40]!r}")
    return sorted(marks.values(), key=lambda mark: mark.span or (len(text), 0))


def _region_marks(result: JSONMapping, text: str, labels: FieldLabels) -> Iterator[FieldMark]:
    value = result.get("value")
    names = value.get("labels") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("a result of type 'labels' has no labels")
    span = _span(value, text)
    passage = text[slice(*span)] if span else value.get("text")
    if not isinstance(passage, str) or not passage:
        raise ValueError(f"a region ({value.get('start')!r} to {value.get('end')!r}) lies outside the text")
    if span is None:
        labels.lose("the place of a region that is not where its own text says")
    for name in names:
        yield from labels.marks_for(name, passage, span, _identity(result))


def _span(value: JSONMapping, text: str) -> tuple[int, int] | None:
    """Return the code points of a region: by its offsets, where the text that it names stands there."""
    start, end, named = value.get("start"), value.get("end"), value.get("text")
    if type(start) is not int or type(end) is not int or not 0 <= start < end:
        return None
    if not isinstance(named, str):
        return (start, end) if end <= len(text) else None
    for ends in ((start, end), _of_units(text, start, end)):
        if ends and _plain(text[slice(*ends)]) == _plain(named):
            return ends
    return None


def _of_units(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Turn units of UTF-16 into code points; None where they part a character."""
    units = text.encode("utf-16-le")
    try:
        return len(units[: 2 * start].decode("utf-16-le")), len(units[: 2 * end].decode("utf-16-le"))
    except UnicodeDecodeError:
        return None


def _plain(text: str) -> str:
    r"""Return a text without what Label Studio writes otherwise: line ends, as \n, and spaces."""
    return "".join(text.replace("\\n", "").split())


def _value_marks(result: JSONMapping, regions: Mapping[str, str], labels: FieldLabels) -> Iterator[FieldMark]:
    kind, identity = result["type"], _identity(result)
    holder = result.get("value")
    value = holder.get("text" if kind == "textarea" else kind) if isinstance(holder, dict) else None
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(one, str | int | float) for one in values):
        raise ValueError(f"a result of type {kind!r} holds no {kind}")
    path = _path(result.get("from_name"), regions.get(identity), labels)
    if len(values) == 1 and (not path.endswith("/*") or identity.startswith(path[:-1])):
        yield FieldMark(path, _read(kind, values[0]), None, identity)
        return
    for number, one in enumerate(values):
        yield FieldMark(f"{path.removesuffix('/*')}/*", _read(kind, one), None, f"{identity} {number}")


def _path(name: JSON, region: str | None, labels: FieldLabels) -> str:
    """Return the field of a control: its own path, a member of its region's item, or a field of its name."""
    if not isinstance(name, str):
        raise ValueError("a result has no 'from_name'")
    if name in labels.fields or name.startswith("/"):
        return labels.fields.get(name, name)
    return (region.rpartition("/")[0] if region else "") + join((name,))


def _read(kind: str, value: JSON) -> JSON:
    return {"true": True, "false": False}.get(value, value) if kind == "choices" else value


def _identity(result: JSONMapping) -> str:
    return unquote(str(result.get("id") or ""))


def _task_labels(data: JSONMapping) -> dict[str, str]:
    own = data.get("labels")
    others = {key: part for key, part in data.items() if key not in (_TEXT, "source", "labels")}
    labels = {**others, **(own if isinstance(own, dict) else {})}
    return {key: part if isinstance(part, str) else dumps(part) for key, part in labels.items() if _is_scalar(part)}


def _is_scalar(part: JSON) -> bool:
    return isinstance(part, str | int | float)
