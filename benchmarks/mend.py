"""What the local repair recovers, beside json_repair, on the same seeded corruptions of the same objects.

    python benchmarks/mend.py DATA

DATA holds `json-test-suite`. The objects belong to the built-in schemas and to those of fixtures/shapes: worked
examples, what a careful reader found in the fixtures, and drawn instances. "Exact" is equality with the object before.
A text that was cut off is right when nothing is taken from it, or, of json_repair, what is consistent with the object.
Where types are wrong json_repair is given the schema. Times are processor time, the best of three runs.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from slotfill.extractors.repair.json_finder import find_json
from slotfill.extractors.repair.repair import Repaired, RepairMode, repair
from slotfill.extractors.testing.faults.text_faults import TEXT_FAULTS
from slotfill.extractors.testing.faults.value_faults import spoil
from slotfill.schemas.built_in.built_ins import built_ins
from slotfill.schemas.errors import InvalidError
from slotfill.schemas.json_values.wrapper import WRAPPER
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import resolve
from slotfill.schemas.strategies import instances

try:
    import json_repair
except ImportError:
    sys.exit("json_repair is what this compares with: pip install json-repair")

ROOT = Path(__file__).parents[1]
SHAPES = ROOT / "fixtures" / "shapes"
CASES = 100
DRAWN = 8

AROUND = (
    ("Here is the JSON you asked for:\n\n", "\n\nLet me know if you need anything else!"),
    ("Sure! I read {the document} twice.\n", "\n\nNote: fields in {braces} were guessed."),
    ('The schema wants {"type": "object"}, so:\n', "\n// [end]"),
    ("Voici le résultat {complet} :\n", "\nVoilà."),
)
CITED = (("[1] ", ""), ("As [1] and [2, 3] say:\n", "\n\n[1] The document, line 4."), ("", "\n\nSources: [1], [2]"))
THOUGHTS = (
    '<thinking>The schema wants {{"type": "object"}}, so I fill it in.</thinking>\n{}',
    "<think>\nFirst I would say {0}, and then [check] {{it}}.\n</think>\n\n{0}",
    "<thinking>a {{b}} c</thinking>\n\n```json\n{}\n```",
)


@dataclass(frozen=True, slots=True)
class Case:
    """A corrupted text, and the object before, in the form in which it travels."""

    schema: Schema[Any]
    text: str
    truth: Any


Spoiler = Callable[[Schema[Any], Any, Random], str | tuple[str, Any] | None]
"""Gives the text, and the object behind it where that is another one now; None where there is nothing to corrupt."""


def drawn(schema: Schema[Any]) -> list[Any]:
    """Draw instances by a fixed seed."""
    found: list[Any] = []

    @seed(0)
    @settings(
        max_examples=DRAWN,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(instances(schema))
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    return found


def objects() -> list[tuple[Schema[Any], Any]]:
    """Give schemas and values in the form in which they travel, only those that are objects and hold anything."""
    found: list[tuple[Schema[Any], Any]] = []
    for name in built_ins():
        schema = resolve(name)
        found += [(schema, example.value) for example in schema.examples]
        found += [(schema, value) for value in drawn(schema)]
    shapes = {path.name: resolve(str(path)) for path in sorted(SHAPES.glob("*.json"))}
    for line in (SHAPES / "texts.jsonl").read_text().splitlines():
        row = json.loads(line)
        if "value" in row:
            found.append((shapes[row["schema"]], row["value"]))
    found += [(schema, value) for schema in shapes.values() for value in drawn(schema)]
    return [(schema, schema.wrap(value)) for schema, value in found if value]


def written(value: Any, chance: Random) -> str:
    return json.dumps(value, ensure_ascii=False, indent=chance.choice((None, 2)))


def by_fault(name: str) -> Spoiler:
    return lambda _schema, value, chance: TEXT_FAULTS[name](written(value, chance))


def around(pairs: tuple[tuple[str, str], ...], *, fenced: bool = False) -> Spoiler:
    def spoil_text(_schema: Schema[Any], value: Any, chance: Random) -> str:
        before, after = chance.choice(pairs)
        text = written(value, chance)
        return f"{before}```json\n{text}\n```{after}" if fenced else f"{before}{text}{after}"

    return spoil_text


def thought(_schema: Schema[Any], value: Any, chance: Random) -> str:
    return chance.choice(THOUGHTS).format(written(value, chance))


def draft(schema: Schema[Any], value: Any, chance: Random) -> str | None:
    """Say another valid or invalid object first."""
    text = written(value, chance)
    other = chance.choice([v for s, v in POOL if s is schema and v != value] or [None])
    if other is None or chance.random() < 1 / 2:
        return TEXT_FAULTS["two_blocks"](text)
    return f"A first draft:\n\n{written(other, chance)}\n\nCorrected after a second look:\n\n{text}"


def unescaped(schema: Schema[Any], value: Any, chance: Random) -> tuple[str, Any] | None:
    """Quote a word of a string without escaping the quotes."""
    text = written(value, chance)
    words = [*re.finditer(r'(?<= )\w+(?=[ .,"])(?!":)', text)]
    if not words:
        return None
    word = chance.choice(words)
    before, after = text[: word.start()], text[word.end() :]
    truth = read(json.loads, f'{before}\\"{word[0]}\\"{after}')
    return (f'{before}"{word[0]}"{after}', truth) if accepted(schema, truth) else None


def accepted(schema: Schema[Any], value: Any) -> bool:
    return is_valid(schema, json.dumps(value))


def is_valid(schema: Schema[Any], text: str) -> bool:
    try:
        schema.validate(text)
    except InvalidError:
        return False
    return True


def dropped_quote(_schema: Schema[Any], value: Any, chance: Random) -> str | None:
    text = written(value, chance)
    strings = [*re.finditer(r'"(?:[^"\\]|\\.)*"', text)]
    end = chance.choice(strings).end()
    return text[: end - 1] + text[end:]


def truncated(_schema: Schema[Any], value: Any, chance: Random) -> str:
    text = written(value, chance)
    return text[: chance.randrange(1, len(text) - 1)]


def mistyped(schema: Schema[Any], value: Any, chance: Random) -> str | None:
    unwrapped = value["value"] if schema.wrapped else value
    kind = chance.choice(("wrong_case", "number_as_string", "extra_field"))
    try:
        spoilt = schema.wrap(spoil(kind, unwrapped, schema.json_schema, chance))
    except LookupError:
        return None
    return None if accepted(schema, spoilt) else written(spoilt, chance)


def several(_schema: Schema[Any], value: Any, chance: Random) -> str | None:
    """Break the syntax in one or two ways, and put prose around."""
    text: str | None = written(value, chance)
    for name in chance.choice((("unquoted_keys", "comment"), ("trailing_comma", "missing_comma"), ("missing_comma",))):
        text = TEXT_FAULTS[name](text or "") or text
    return TEXT_FAULTS[chance.choice(("prose", "fences", "thinking_tags"))](text or "")


CLASSES: dict[str, Spoiler] = {
    "trailing comma": by_fault("trailing_comma"),
    "Python repr": by_fault("single_quotes"),
    "Python literals": by_fault("python_literals"),
    "missing close": by_fault("missing_close"),
    "unescaped inner quote": unescaped,
    "unquoted keys": by_fault("unquoted_keys"),
    "dropped end quote": dropped_quote,
    "comment": by_fault("comment"),
    "missing comma": by_fault("missing_comma"),
    "several, in prose": several,
    "mistyped values": mistyped,
    "fences, prose with braces": around(AROUND, fenced=True),
    "prose with braces": around(AROUND),
    "thinking": thought,
    "citations": around(CITED),
    "drafts": draft,
    "truncation": truncated,
}


def cases(name: str) -> list[Case]:
    """Corrupt objects until there are enough; what is plain JSON still, of the same value, is none."""
    chance, found = Random(name), []
    while len(found) < CASES:
        schema, value = chance.choice(POOL)
        spoilt = CLASSES[name](schema, value, chance)
        text, truth = spoilt if isinstance(spoilt, tuple) else (spoilt, value)
        if text is not None and not same(read(json.loads, text), truth):
            found.append(Case(schema, text, truth))
    return found


def read(reader: Callable[[str], Any], text: str) -> Any:
    try:
        return reader(text)
    except (ValueError, RecursionError):
        return None


def same(one: Any, other: Any) -> bool:
    """Compare as JSON does: 1 is not true."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def consistent(read: Any, truth: Any) -> bool:
    """Tell whether what was read is a start of the truth."""
    if isinstance(read, dict) and isinstance(truth, dict):
        return all(key in truth and consistent(value, truth[key]) for key, value in read.items())
    if isinstance(read, list) and isinstance(truth, list):
        return len(read) <= len(truth) and all(map(consistent, read, truth))
    if isinstance(read, str) and isinstance(truth, str):
        return truth.startswith(read)
    return same(read, truth)


def theirs(case: Case, *, typed: bool) -> Any:
    if typed:
        try:
            return json_repair.loads(case.text, schema=_object(case.schema))
        except Exception:  # noqa: BLE001 - it raises many kinds, where it does not know a keyword
            return json_repair.loads(case.text)
    return json_repair.loads(case.text)


def _object(schema: Schema[Any]) -> dict[str, Any]:
    if not schema.wrapped:
        return schema.json_schema
    own = schema.json_schema
    return {"type": "object", "properties": {"value": own}, "required": ["value"], "$defs": own.get("$defs", {})}


def seconds(work: Callable[[], object]) -> float:
    def once() -> float:
        started = time.process_time()
        work()
        return time.process_time() - started

    return min(once() for _ in range(3))


def judge(name: str) -> Iterator[str]:
    """Measure one class; give the cells of its row."""
    made, typed, cut = cases(name), name == "mistyped values", name == "truncation"
    silent = 0
    for mode in MODES:
        mended = [repair(case.text, case.schema, mode) for case in made]
        right = sum(
            m is None if cut else m is not None and same(m.data, c.truth) for m, c in zip(mended, made, strict=True)
        )
        silent += sum(is_silent(m, c) for m, c in zip(mended, made, strict=True))
        yield f"{right / len(made):.1%}"
    repaired = [theirs(case, typed=typed) for case in made]
    match = consistent if cut else same
    yield f"{sum(match(r, c.truth) for r, c in zip(repaired, made, strict=True)) / len(made):.1%}"
    yield str(silent)
    base = seconds(lambda: [theirs(case, typed=typed) for case in made])
    yield f"{seconds(lambda: [find_json(case.text, frozenset()) for case in made]) / base:.2f}"
    whole = seconds(lambda: [repair(case.text, case.schema, "bold") for case in made]) / base
    validation = seconds(lambda: [accepted(case.schema, case.truth) for case in made]) / base
    yield f"{whole:.2f}"
    yield f"{validation:.2f}"
    yield f"{whole / (1 + validation):.2f}"


def is_silent(mended: Repaired | None, case: Case) -> bool:
    """Tell whether a value is wrong, would be taken, and no edit says so: what is not valid is asked for again."""
    is_wrong = mended is not None and not mended.edits and not same(mended.data, case.truth)
    return is_wrong and accepted(case.schema, mended.data)


MODES: tuple[RepairMode, ...] = ("safe", "bold")


def clean() -> str:
    """Time what is JSON already: the plan validates it, and never comes here."""
    texts = [(schema, json.dumps(value)) for schema, value in POOL]
    validated = seconds(lambda: [schema.validate(text) for schema, text in texts])
    repaired = seconds(lambda: [json_repair.loads(text) for _, text in texts])
    return f"clean JSON, {len(texts)} texts: validated in {validated:.3f} s, json_repair reads them in {repaired:.3f} s"


def suite(data: Path) -> str:
    """Mend what strict validation refuses of the JSON test suite, by a schema that takes anything."""
    anything = resolve(str(SHAPES / "23-anything.json"))
    right, totals = Counter[str](), Counter[str]()
    started = time.process_time()
    for path in sorted((data / "json-test-suite").glob("*.json")):
        text = path.read_bytes().decode("utf-8", "replace")
        if path.name.startswith("y_object_duplicated_key"):  # JSON by its grammar, but it says one thing twice
            continue
        if (kind := path.name[0]) == "y":
            right[kind] += is_valid(anything, f'{{"{WRAPPER}": {text}}}')
        elif kind == "n":
            mended = repair(text, anything, "bold")
            right[kind] += mended is None or any(edit.kind != "wrapped" for edit in mended.edits)
        totals[kind] += 1
    return (
        f"JSON test suite, {time.process_time() - started:.2f} s: y_ untouched {right['y']} of {totals['y']}, "
        f"n_ never accepted without an edit {right['n']} of {totals['n']}"
    )


POOL = objects()


def main(data: Path) -> None:
    print(f"{len(POOL)} objects, {CASES} cases a class, json_repair {_version()}\n")
    print(
        f"{'class':<28}{'safe':>8}{'bold':>8}{'json_repair':>13}{'silent':>8}{'read':>7}{'mend':>7}{'valid':>7}{'both':>7}"
    )
    for name in CLASSES:
        safe, bold, other, silent, *times = judge(name)
        print(f"{name:<28}{safe:>8}{bold:>8}{other:>13}{silent:>8}", *(f"{one:>6}" for one in times))
    print("\nsilent: wrong, valid, and no edit says so. Times by json_repair's own: reading alone; the whole repair,")
    print("which validates; one validation alone; the whole repair by json_repair's time with one validation.\n")
    print(clean())
    print(suite(data))


def _version() -> str:
    from importlib.metadata import version

    return version("json-repair")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
