"""A simulated model whose errors are known: it is right, but for a share of each field, drawn from a seed.

With it one sees whether votes, escalation, a threshold or a review finds the errors: it is known where they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.testing.simulator.replies import Script, carried, gold_values
from slotfill.extractors.testing.simulator.simulated_request import SimulatedRequest
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.places import ValuePath, replaced, steps_of
from slotfill.schemas.json_values.pointer import field_path, follow, join, tokens

__all__ = ["erring"]

Rates = Mapping[str, float]
"""By path of a field, such as `/urgency` or `/lines/*/price`, how often it is wrong, 0 to 1."""


def erring(
    gold: Mapping[str, JSON] | str | Path,
    rates: Rates,
    *,
    by_model: Mapping[str, Rates] | None = None,
    shared: float = 0.5,
    seed: int = 0,
) -> Script:
    """Make a script for `SimulatedClaude` of a model that errs at known rates.

    An error is the value that another document has there, so that it is a valid one; of a list an item is missing, or
    one of another document's is added. A patch is answered with the parts that it asks for.

    A part of the errors is shared: the document is misleading, and each reading of it makes the same one, of whatever
    model, if that errs so often there. The others are made by each reading for itself: two readings that are wrong may
    be so in the same way by chance, as where there are few labels. What is right or wrong is drawn from the seed, the
    document, and, but for what is shared, the whole prompt: the same request gets the same answer.

    Args:
        gold: By document its right value, or the path of a gold file (JSONL of `{"text": …, "value": …}`).
        rates: How often each field is wrong. A field that is not named is right.
        by_model: Other rates of models, by name, in place of those.
        shared: Which share of the errors is shared, 0 to 1.
        seed: For all that is left to chance.

    Returns:
        The script. To a document that is not in the gold it says that there is none, with status 404.
    """
    values = gold if isinstance(gold, Mapping) else gold_values(Path(gold))
    pools = _pools(values.values(), {*rates, *(path for other in (by_model or {}).values() for path in other)})

    def script(request: SimulatedRequest) -> JSON:
        if request.document not in values:
            raise ApiError(404, "not_found_error", f"the gold holds no value for {request.document[:80]!r}")
        value = values[request.document]
        of_model = (by_model or {}).get(request.model, rates)
        for path, rate in of_model.items():
            for place in [*_places(value, path)]:
                common = Random(f"{seed}/{request.document}/{join(place)}")  # noqa: S311 - reproducible, not secret
                own = Random(f"{seed}/{request.digest}/{join(place)}")  # noqa: S311 - likewise
                if common.random() < rate * shared:
                    value = _wrong(value, place, pools[path], common)
                # Of those that are not shared so many that the rate is what it shall be.
                elif own.random() < rate * (1 - shared) / (1 - rate * shared):
                    value = _wrong(value, place, pools[path], own)
        schema = request.schema or {}
        return _asked_for(carried(value, schema), schema)

    return script


def _pools(values: Iterable[JSON], paths: set[str]) -> Mapping[str, list[JSON]]:
    """Return by path what the documents have there."""
    pools: defaultdict[str, list[JSON]] = defaultdict(list)
    for value in values:
        for path in paths:
            pools[path] += [follow(join(place), value) for place in _places(value, path)]
    return pools


def _places(value: JSON, path: str) -> Iterator[ValuePath]:
    """Yield the places of a value that have a path."""
    rest: list[ValuePath] = [()]
    while rest:
        place = rest.pop()
        within = follow(join(place), value)
        if field_path(join(place), value) == path:
            yield place
        elif len(place) < len(tokens(path)):
            rest += [(*place, step) for step in reversed(steps_of(within))]


def _wrong(value: JSON, place: ValuePath, pool: Sequence[JSON], chance: Random) -> JSON:
    """Put an error into a place; a field that is the same in all documents has none."""
    right = follow(join(place), value)
    if isinstance(right, list):
        others = [item for other in pool for item in other if item not in right]
        if right and (not others or chance.random() < 1 / 2):
            gone = chance.randrange(len(right))
            return replaced(value, place, [*right[:gone], *right[gone + 1 :]])
        return replaced(value, place, [*right, chance.choice(others)]) if others else value
    others = [other for other in pool if other != right]
    return replaced(value, place, chance.choice(others)) if others else value


def _asked_for(value: JSON, schema: JSONMapping) -> JSON:
    """Leave the parts that a schema names: an item of a list stands under its index there, as patches ask for it."""
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not isinstance(value, dict | list):
        return value
    parts = value if isinstance(value, dict) else {str(index): item for index, item in enumerate(value)}
    return {key: _asked_for(parts[key], form) for key, form in properties.items() if key in parts}
