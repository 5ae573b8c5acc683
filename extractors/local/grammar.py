r"""A JSON Schema becomes a grammar that llama.cpp's llguidance decodes by.

The grammar is narrower than the schema where a small model would go astray: keys stand in the schema's order,
white space is fixed, what has no upper bound gets one, a schema that holds itself does so a few times only, and a
`verbatim` string can only be a passage of the document. It is wider where a grammar cannot follow (`not`, `if`,
`contains`, `uniqueItems`): the answer is validated after.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from slotfill.extractors.local.strategies import EMPTY_LABEL, NOT_EMPTY
from slotfill.schemas.json_schema.subschemas import resolve_local
from slotfill.schemas.passages.boundaries import may_begin
from slotfill.schemas.verbatim import FORMAT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from slotfill.extractors.local.strategies import Line
    from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["HEADER", "SEPARATORS", "write_grammar", "write_line"]

HEADER = "%llguidance {}"
"""What tells llama.cpp that a grammar is llguidance's."""

SEPARATORS = (", ", ": ")
"""Between entries, and after a key: as in most JSON that a model has seen. There is no other white space."""

MAX_ITEMS = 16
"""The most entries of an array or a map: greedy decoding tends to repeat itself for ever. Of an array within an array
a quarter, and so on."""

MAX_LENGTH = 200
"""The most characters of a string whose schema sets no `maxLength`."""

MAX_REPEATS = 3
"""How many times a schema may stand within itself."""

MAX_MAGNITUDE = 10**15
"""Where integers stop being exact in binary64, rounded down."""

STEP = 0.0001
"""The finest step of a bounded number, unless the schema says `multipleOf`: it ends 0.3333…"""

FORMATS = {"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid"}
"""The formats that llguidance knows."""

NUMBER_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")

TYPE_OF_KEYWORD = {
    **dict.fromkeys(("properties", "required", "additionalProperties", "propertyNames"), "object"),
    **dict.fromkeys(("items", "prefixItems", "minItems", "maxItems"), "array"),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), "string"),
    **dict.fromkeys(NUMBER_BOUNDS, "number"),
}

ANNOTATIONS = {
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "discriminator",
    "$defs",
    "$schema",
}

COMMA, COLON = map(json.dumps, SEPARATORS)
CHARACTER = r'([^"\\\x00-\x1f]|\\["\\nt])'
SPOKEN = r"/(?s:.*[\p{L}\p{N}].*)/"
"""A quote is more than punctuation."""

INTEGER = r"/-?(0|[1-9][0-9]{0,14})/"
NUMBER = r"/-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?/"
SCALAR = {"type": ["string", "number", "boolean", "null"]}
ANYTHING = (SCALAR, {"type": "array", "items": SCALAR}, {"type": "object", "additionalProperties": SCALAR})


def write_grammar(schema: JSON, document: str, *, readable: Callable[[str], bool], root: JSON = None) -> str:
    """Write a grammar of JSON texts for `schema`, a JSON Schema whose references are local, after one space.

    root: the schema that references lead into, when `schema` is a part of it.
    document: what `verbatim` strings are passages of; any string will do where it holds no word.
    readable: tells whether llguidance can read an expression. It is asked about patterns, formats and number ranges,
    which come from the schema's author; what cannot be read is left out of the grammar.
    """
    return _Writer(schema if root is None else root, document, readable).write(schema)


def write_line(line: Line, document: str, *, verbatim: bool) -> str:
    """Write a grammar of one line of text, after one space: a string, or several with `; ` between them.

    verbatim: its strings are passages of the document, none of which goes over the end of a line.
    """
    forbidden = "\\n;" if line.many else "\\n"
    entry = f"/[^\\x00-\\x1f{forbidden}]{{{line.shortest},{line.longest}}}/ & ~/(?s:\\s.*|.*\\s)/"
    if verbatim and any(map(str.isalnum, document)):
        words = json.dumps({"substring_chunks": _chunks(document)}, ensure_ascii=False)
        entry = f"%regex {words} & {SPOKEN} & {entry}"
    entries = "T"
    if line.many and line.most > 1:
        entries = f'T ("; " T){{{max(line.fewest - 1, 0)},{line.most - 1}}}'
    blank = "" if line.blank is NOT_EMPTY else f' | "{EMPTY_LABEL}"'
    return "\n".join([HEADER, f'start: " " ({entries}{blank}) "\\n"', f"T: {entry}"])


def _chunks(document: str) -> list[str]:
    """Part a document wherever a quote may begin and end."""
    ends = [match.end() for match in re.finditer(r"\w+|\s+|[^\w\s]", document)]
    return [document[start:end] for start, end in pairwise([0, *(at for at in ends if may_begin(document, at))])]


class _Writer:
    """Collects rules while it walks a schema.

    The methods named after a kind of schema give its expression, or None where no JSON text will do.
    """

    def __init__(self, root: JSON, document: str, readable: Callable[[str], bool]) -> None:
        self.root = root
        self.readable = readable
        self.chunks = list(map(_quoted, _chunks(document)))
        self.rules: dict[str, str] = {}
        self.terminals: dict[str, str] = {}
        self.references: dict[tuple[str, int], str | None] = {}
        self.path: list[str] = []
        self.depth = 0

    def write(self, schema: JSON) -> str:
        start = self.value(schema) or self.value(True)
        named = {"start": f'" " {start}', **self.rules, **{name: body for body, name in self.terminals.items()}}
        return "\n".join([HEADER, *(f"{name}: {body}" for name, body in named.items())])

    def value(self, schema: JSON) -> str | None:
        if schema is False:
            return None
        if not isinstance(schema, dict) or not schema:
            return self.choice(ANYTHING)
        if isinstance(reference := schema.get("$ref"), str):
            return self.reference(reference)
        if "const" in schema or "enum" in schema:
            return self.rule(map(_literal, [schema["const"]] if "const" in schema else schema["enum"]))
        return self.combined(schema)

    def combined(self, schema: JSONObject) -> str | None:
        bare = {key: part for key, part in schema.items() if key not in ANNOTATIONS}
        if parts := bare.pop("allOf", None):
            return self.value(self.merged(bare, parts))
        if (condition := bare.pop("if", None)) is not None:
            yes, no = bare.pop("then", {}), bare.pop("else", {})
            return self.choice([self.merged(bare, [condition, yes]), self.merged(bare, [no])])
        for key in ("anyOf", "oneOf"):
            if options := bare.pop(key, None):
                return self.choice([self.merged(bare, [option]) for option in options])
        kinds = bare.get("type") or next((TYPE_OF_KEYWORD[key] for key in bare if key in TYPE_OF_KEYWORD), None)
        if kinds is None:
            return self.choice(ANYTHING)
        return self.rule(self.typed(bare, kind) for kind in (kinds if isinstance(kinds, list) else [kinds]))

    def typed(self, schema: JSONObject, kind: str) -> str | None:
        if kind in ("integer", "number"):
            return self.number(schema, kind)
        write = {"object": self.object, "array": self.array, "string": self.string}.get(kind)
        if write is not None:
            return write(schema)
        return self.rule(('"true"', '"false"')) if kind == "boolean" else '"null"'

    def reference(self, reference: str) -> str | None:
        repeats = len(self.path) - len(set(self.path))
        if repeats > MAX_REPEATS:
            return None
        if (reference, repeats) not in self.references:
            self.path.append(reference)
            target = self.value(resolve_local({"$ref": reference}, self.root))
            self.references[reference, repeats] = target
            self.path.pop()
        return self.references[reference, repeats]

    def choice(self, schemas: Iterable[JSON]) -> str | None:
        return self.rule(self.value(schema) for schema in schemas)

    def merged(self, schema: JSONObject, parts: Iterable[JSON]) -> JSON:
        """Read a schema and others that hold as well as one."""
        for part in parts:
            if not isinstance(schema, dict) or not schema:
                # Unresolved: a reference to the schema around it is followed only so many times.
                schema = part
                continue
            other = resolve_local(part, self.root)
            properties = self.both(schema.get("properties", {}), other.get("properties", {}))
            required = [*schema.get("required", []), *other.get("required", [])]
            schema = {**schema, **other} | ({"properties": properties, "required": required} if properties else {})
        return schema

    def both(self, one: JSONObject, other: JSONObject) -> JSONObject:
        """Join what two schemas say of their properties, where both speak of one."""
        joined = {**one, **other}
        for key in one.keys() & other.keys():
            if isinstance(one[key], dict) and isinstance(other[key], dict):
                joined[key] = self.merged(resolve_local(one[key], self.root), [other[key]])
        return joined

    def object(self, schema: JSONObject) -> str | None:
        required = set(schema.get("required", ()))
        properties = {**schema.get("properties", {})}
        properties |= {key: True for key in schema.get("required", ()) if key not in properties}
        if not properties:
            return self.map(schema)
        # From the last member back: what may follow when a member stands before it, and when none does.
        after, first = '""', '""'
        for key, part in reversed(properties.items()):
            value = self.value(part)
            if value is None and key in required:
                return None
            if value is not None:
                member = f"{_literal(key)} {COLON} {value} {after}"
                skipped = (None, None) if key in required else (after, first)
                after = self.rule((f"{COMMA} {member}", skipped[0])) or after
                first = self.rule((member, skipped[1])) or first
        return f'"{{" {first} "}}"'

    def map(self, schema: JSONObject) -> str | None:
        names = schema.get("propertyNames")
        key = self.value({"maxLength": 60, **(names if isinstance(names, dict) else {}), "type": "string"})
        value = self.value(schema.get("additionalProperties", True))
        entry = f"{key} {COLON} {value}" if key and value else None
        return self.repeated("{}", entry, schema.get("minProperties", 0), schema.get("maxProperties", MAX_ITEMS))

    def array(self, schema: JSONObject) -> str | None:
        if prefix := schema.get("prefixItems"):
            entries = [self.value(part) for part in prefix]
            return None if None in entries else f'"[" {f" {COMMA} ".join(filter(None, entries))} "]"'
        self.depth += 1
        item = self.value(schema.get("items", True))
        self.depth -= 1
        if "contains" in schema and schema.get("minContains", 1):
            first = self.value(self.merged(schema.get("items", {}), [schema["contains"]]))
            return f'"[" {first} ({COMMA} {item}){{0,{MAX_ITEMS}}} "]"' if first and item else None
        return self.repeated("[]", item, schema.get("minItems", 0), schema.get("maxItems", MAX_ITEMS))

    def repeated(self, brackets: str, entry: str | None, fewest: float, limit: float) -> str | None:
        least = int(fewest)
        most = max(least, min(max(1, MAX_ITEMS >> 2 * self.depth), int(limit)))
        opening, closing = (json.dumps(bracket) for bracket in brackets)
        if entry is None or most == 0:
            return None if least else f"{opening} {closing}"
        entries = name = self.rule((entry,))
        if most > 1:  # llguidance cannot read {0,0}
            entries = f"{name} ({COMMA} {name}){{{max(least - 1, 0)},{most - 1}}}"
        return f"{opening} {entries if least else f'({entries})?'} {closing}"

    def string(self, schema: JSONObject) -> str:
        least = int(schema.get("minLength", 0))  # JSON Schema has 2.0 for 2
        most = max(least, int(schema.get("maxLength", MAX_LENGTH)))
        if schema.get("format") == FORMAT and any(map(str.isalnum, "".join(self.chunks))):
            return self.passage(most)
        hard: JSONObject = {key: schema[key] for key in ("pattern", "format") if key in schema}
        if hard.get("format") not in FORMATS:
            hard.pop("format", None)
        if hard and (exact := self.embedded({"type": "string", **hard, "minLength": least, "maxLength": most})):
            return exact
        return self.terminal(f'/"{CHARACTER}{{{least},{most}}}"/')

    def passage(self, most: int) -> str:
        # Runs of whole words, with no white space at either end.
        words = json.dumps({"substring_chunks": self.chunks}, ensure_ascii=False)
        bounds = f"/(?s:.{{1,{most}}})/ & ~/(?s:( |\\\\).*)/ & ~/(?s:.*( |\\\\[nrt]))/ & {SPOKEN}"
        return f'"\\"" {self.terminal(f"%regex {words} & {bounds}")} "\\""'

    def number(self, schema: JSONObject, kind: str) -> str:
        bounds = {key: schema[key] for key in NUMBER_BOUNDS if key in schema}
        step = {} if kind == "integer" else {"multipleOf": STEP}
        lower = {} if {"minimum", "exclusiveMinimum"} & set(bounds) else {"minimum": -MAX_MAGNITUDE}
        upper = {} if {"maximum", "exclusiveMaximum"} & set(bounds) else {"maximum": MAX_MAGNITUDE}
        if bounds and (exact := self.embedded({"type": kind, **step, **lower, **upper, **bounds})):
            return exact
        return self.terminal(INTEGER if kind == "integer" else NUMBER)

    def embedded(self, schema: JSONObject) -> str | None:
        expression = f"%json {json.dumps(schema, ensure_ascii=False)}"
        return expression if self.readable(expression) else None

    def rule(self, alternatives: Iterable[str | None]) -> str | None:
        """Name the choice of the alternatives that there are."""
        body = " | ".join(dict.fromkeys(one for one in alternatives if one is not None))
        if not body or re.fullmatch(r"\w+", body):
            return body or None
        name = f"r{len(self.rules)}"
        self.rules[name] = body
        return name

    def terminal(self, body: str) -> str:
        return self.terminals.setdefault(body, f"T{len(self.terminals)}")


def _literal(value: JSON) -> str:
    return json.dumps(json.dumps(value, ensure_ascii=False, separators=SEPARATORS), ensure_ascii=False)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]
