r"""A JSON Schema becomes a grammar that llama.cpp's llguidance decodes by.

The grammar is narrower than the schema where a small model would go astray: keys stand in the schema's order, white
space is fixed, what has no upper bound gets one, and a `verbatim` string can only be a passage of the document.
It is wider where a grammar cannot follow (`not`, `if`, `contains`, `uniqueItems`): the answer is validated after.

llguidance ignores a grammar that it cannot read, silently. Regular expressions and formats of the schema's author are
all that it may choke on; `exact=False` leaves these out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from slotfill.schemas.json_schema import resolve_local
from slotfill.schemas.verbatim import FORMAT

__all__ = ["MAX_ITEMS", "MAX_LENGTH", "SEPARATORS", "write_grammar"]

SEPARATORS = (", ", ": ")
"""Between entries, and after a key: as most JSON that a model has seen, and nowhere else any white space."""

MAX_ITEMS = 16
"""The most entries of an array or a map: greedy decoding tends to repeat itself for ever."""

MAX_LENGTH = 400
"""The most characters of a string."""

MAX_MAGNITUDE = 10**15
"""Where JSON numbers stop being exact in binary64, rounded down."""

STEP = 0.0001
"""The finest step of a bounded number, unless the schema says `multipleOf`: it ends 0.3333…"""

FORMATS = {"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid"}
"""The formats that llguidance knows."""

NUMBER_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")

COMMA, COLON = map(json.dumps, SEPARATORS)
CHARACTER = r'([^"\\\x00-\x1f]|\\["\\nt])'
INTEGER = r"/-?(0|[1-9][0-9]{0,14})/"
NUMBER = r"/-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?/"


def write_grammar(schema: Any, document: str, *, exact: bool = True) -> str:
    """Write the grammar of all compact JSON texts for `schema`, a JSON Schema with local references only.

    document: what `verbatim` strings are passages of; any string will do where it holds no word.
    """
    return _Writer(schema, document, exact=exact).write()


class _Writer:
    """Rules collected while the schema is walked; each method gives the expression for its schema."""

    def __init__(self, root: Any, document: str, *, exact: bool) -> None:
        self.root = root
        self.exact = exact
        self.chunks = [_quoted(chunk) for chunk in re.findall(r"\w+|\s+|[^\w\s]", document)]
        self.rules: dict[str, str] = {}
        self.terminals: dict[str, str] = {}
        self.references: dict[str, str] = {}

    def write(self) -> str:
        start = self.value(self.root)
        named = {"start": start, **self.rules, **{name: body for body, name in self.terminals.items()}}
        return "\n".join(["%llguidance {}", *(f"{name}: {body}" for name, body in named.items())])

    def value(self, schema: Any) -> str:
        if not isinstance(schema, dict):
            return self.anything()
        if isinstance(reference := schema.get("$ref"), str):
            return self.reference(reference)
        if "const" in schema:
            return _literal(schema["const"])
        if schema.get("enum"):
            return self.rule(" | ".join(map(_literal, schema["enum"])))
        if "allOf" in schema:
            return self.value(self.merged(_without(schema, "allOf"), schema["allOf"]))
        for key in ("anyOf", "oneOf"):
            if schema.get(key):
                rest = _without(schema, key)
                return self.choice(self.merged(rest, [option]) for option in schema[key])
        return self.typed(schema)

    def typed(self, schema: dict[str, Any]) -> str:
        kind = schema.get("type") or _implied_type(schema)
        if isinstance(kind, list):
            return self.choice({**schema, "type": one} for one in kind)
        match kind:
            case "object":
                return self.object(schema)
            case "array":
                return self.array(schema)
            case "string":
                return self.string(schema)
            case "integer" | "number":
                return self.number(schema, kind)
            case "boolean":
                return self.rule('"true" | "false"')
            case "null":
                return '"null"'
        return self.anything()

    def reference(self, reference: str) -> str:
        if reference not in self.references:
            # Named before it is walked: a schema may refer to itself.
            name = self.references[reference] = f"ref{len(self.references)}"
            self.rules[name] = self.value(resolve_local({"$ref": reference}, self.root))
        return self.references[reference]

    def choice(self, schemas: Iterable[Any]) -> str:
        return self.rule(" | ".join(dict.fromkeys(self.value(schema) for schema in schemas)))

    def merged(self, schema: dict[str, Any], parts: Iterable[Any]) -> Any:
        for part in parts:
            if schema == {} and isinstance(part, dict):
                schema = part
                continue
            other = resolve_local(part, self.root)
            properties = {**schema.get("properties", {}), **other.get("properties", {})}
            required = [*schema.get("required", []), *other.get("required", [])]
            schema = {**schema, **other}
            if properties:
                schema.update(properties=properties, required=required)
        return schema

    def object(self, schema: dict[str, Any]) -> str:
        required = dict.fromkeys(schema.get("required", ()))
        properties = {**schema.get("properties", {})}
        properties |= {key: True for key in required if key not in properties}
        if not properties:
            return self.map(schema)
        members = [(f"{_literal(key)} {COLON} {self.value(part)}", key in required) for key, part in properties.items()]
        # From the last member back: what may follow when a member stands before it, and when none does.
        after, first = '""', '""'
        for member, needed in reversed(members):
            taken = f"{COMMA} {member} {after}", f"{member} {after}"
            after, first = (
                self.rule(written if needed else f"{written} | {skipped}")
                for written, skipped in zip(taken, (after, first), strict=True)
            )
        return f'"{{" {first} "}}"'

    def map(self, schema: dict[str, Any]) -> str:
        if schema.get("additionalProperties") is False:
            return '"{}"'
        key = self.value({"maxLength": 60, **_object(schema.get("propertyNames")), "type": "string"})
        entry = self.rule(f"{key} {COLON} {self.value(schema.get('additionalProperties', True))}")
        return self.repeated("{}", entry, schema.get("minProperties", 0), schema.get("maxProperties"))

    def array(self, schema: dict[str, Any]) -> str:
        if prefix := schema.get("prefixItems"):
            return '"[" ' + f" {COMMA} ".join(map(self.value, prefix)) + ' "]"'
        item = self.value(schema.get("items", True))
        return self.repeated("[]", self.rule(item), schema.get("minItems", 0), schema.get("maxItems"))

    def repeated(self, brackets: str, item: str, least: int, most: int | None) -> str:
        most = max(least, min(MAX_ITEMS, most if most is not None else MAX_ITEMS))
        opening, closing = (json.dumps(bracket) for bracket in brackets)
        if most == 0:
            return f"{opening} {closing}"
        items = f'{item} ({COMMA} {item}){{{max(least - 1, 0)},{most - 1}}}'
        return f"{opening} {items if least else f'({items})?'} {closing}"

    def string(self, schema: dict[str, Any]) -> str:
        least = schema.get("minLength", 0)
        most = max(least, min(MAX_LENGTH, schema.get("maxLength", MAX_LENGTH)))
        if schema.get("format") == FORMAT and any(map(str.isalnum, "".join(self.chunks))):
            return self.passage(most)
        hard = {key: schema[key] for key in ("pattern", "format") if key in schema}
        if hard.get("format") not in FORMATS:
            hard.pop("format", None)
        if hard and self.exact:
            return _embedded({"type": "string", **hard, "minLength": least, "maxLength": most})
        return self.terminal(f'/"{CHARACTER}{{{least},{most}}}"/')

    def passage(self, most: int) -> str:
        chunks = json.dumps({"substring_chunks": self.chunks}, ensure_ascii=False)
        bounds = f"/(?s:.{{1,{most}}})/ & ~/(?s:( |\\\\).*)/ & ~/(?s:.*( |\\\\[nrt]))/"
        return f'"\\"" {self.terminal(f"%regex {chunks} & {bounds}")} "\\""'

    def number(self, schema: dict[str, Any], kind: str) -> str:
        bounds = {key: schema[key] for key in NUMBER_BOUNDS if key in schema}
        if not (bounds and self.exact):
            return self.terminal(INTEGER if kind == "integer" else NUMBER)
        step = {} if kind == "integer" else {"multipleOf": STEP}
        lower = {} if {"minimum", "exclusiveMinimum"} & set(bounds) else {"minimum": -MAX_MAGNITUDE}
        upper = {} if {"maximum", "exclusiveMaximum"} & set(bounds) else {"maximum": MAX_MAGNITUDE}
        return _embedded({"type": kind, **step, **lower, **upper, **bounds})

    def anything(self) -> str:
        scalar = {"type": ["string", "number", "boolean", "null"]}
        flat = ({"type": "array", "items": scalar}, {"type": "object", "additionalProperties": scalar})
        return self.choice([*({"type": kind} for kind in scalar["type"]), *flat])

    def rule(self, body: str) -> str:
        name = f"r{len(self.rules)}"
        self.rules[name] = body
        return name

    def terminal(self, body: str) -> str:
        return self.terminals.setdefault(body, f"T{len(self.terminals)}")


def _literal(value: Any) -> str:
    return json.dumps(json.dumps(value, ensure_ascii=False, separators=SEPARATORS), ensure_ascii=False)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _embedded(schema: dict[str, Any]) -> str:
    return f"%json {json.dumps(schema, ensure_ascii=False)}"


def _object(schema: Any) -> dict[str, Any]:
    return schema if isinstance(schema, dict) else {}


def _without(schema: Mapping[str, Any], key: str) -> dict[str, Any]:
    annotations = {key, "title", "description", "default", "examples", "deprecated", "$defs", "discriminator"}
    return {name: part for name, part in schema.items() if name not in annotations}


def _implied_type(schema: Mapping[str, Any]) -> str | None:
    for kind, keys in {
        "object": {"properties", "required", "additionalProperties", "propertyNames"},
        "array": {"items", "prefixItems", "minItems", "maxItems"},
        "string": {"minLength", "maxLength", "pattern", "format"},
        "number": set(NUMBER_BOUNDS),
    }.items():
        if keys & set(schema):
            return kind
    return None
