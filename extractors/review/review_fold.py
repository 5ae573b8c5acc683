"""The fold: from the rows of a log to what stands, for one reviewer or for all of them together.

Reviewers are independent: what one has decided changes nothing of what another sees. Together the last decision on a
path counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from slotfill.extractors.record.json_writer import NO_MEMBER
from slotfill.extractors.review.decisions import Decision, ReviewAction
from slotfill.extractors.review.reviewed_value import ReviewedValue
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.pointer import is_within, join, list_index, tokens

__all__ = ["ReviewView", "free_index", "last_standing", "review_view", "reviewers_of", "standing"]


@dataclass(slots=True)
class ReviewView:
    """What decisions make of one value.

    Attributes:
        value: The value, as it is now.
        decided: By path, the decision that says what stands there.
    """

    value: ReviewedValue
    decided: dict[str, Decision] = field(default_factory=dict)

    def apply(self, row: Decision) -> None:
        """Take one decision into account; what it replaces decides nothing any more."""
        self.value.put(row.path, row.after)
        within = f"{row.path}/"
        for path in [path for path in self.decided if path.startswith(within)]:
            del self.decided[path]
        self.decided[row.path] = row

    def decision_on(self, path: str) -> Decision | None:
        """Return what decides a field: the decision on it, or the nearest one on what holds it.

        Who adds an item that has parts has said only that there is one: its parts are still to be decided.
        """
        steps = tokens(path)
        for length in range(len(steps), -1, -1):
            row = self.decided.get(join(steps[:length]))
            if row is not None:
                is_part = length < len(steps) or isinstance(row.after, dict | list)
                return None if row.action is ReviewAction.ADD and is_part else row
        return None


def standing(rows: Iterable[Decision]) -> list[Decision]:
    """Return the rows that were not taken back, without those that take back. Each takes back only one's own."""
    by_id: dict[str, Decision] = {}
    for row in rows:
        undone = by_id.get(row.undoes or "")
        if row.action is not ReviewAction.UNDO:
            by_id.setdefault(row.id, row)
        elif undone is not None and undone.who == row.who:
            del by_id[undone.id]
    return [*by_id.values()]


def last_standing(
    rows: Sequence[Decision], who: str, is_meant: Callable[[Decision], bool] = lambda _: True
) -> Decision | None:
    """Return what of a reviewer's an undo would take back: the last row that stands, of those that are meant."""
    undone: set[str | None] = set()
    for row in reversed(rows):
        if row.who == who and row.action is ReviewAction.UNDO:
            undone.add(row.undoes)
        elif row.who == who and row.id not in undone and row.action is not ReviewAction.GOLD and is_meant(row):
            return row
    return None


def review_view(base: JSON, rows: Iterable[Decision], who: str | None = None) -> ReviewView:
    """Fold the rows of one document.

    Args:
        base: The value before any decision.
        rows: The document's rows, in the log's order.
        who: The reviewer whose view it is; None for all of them together.
    """
    view = ReviewView(ReviewedValue(base))
    for row in standing(rows):
        if row.action.decides and who in (None, row.who):
            view.apply(row)
    return view


def reviewers_of(rows: Iterable[Decision]) -> list[str]:
    """Return who has decided anything, in the order of their first decisions."""
    return [*dict.fromkeys(row.who for row in rows if row.action.decides)]


def free_index(base: JSON, rows: Sequence[Decision], path: str) -> int:
    """Return the index that no item of a list has had, whoever has added or taken out any."""
    first = len(tokens(path))
    lists = [ReviewedValue(base).get(path)]
    taken = [-1]
    for row in rows:
        if row.path != path and is_within(row.path, (path,)):
            taken.append(_or_none(list_index(tokens(row.path)[first])))
        elif is_within(path, (row.path,)):
            inner = path[len(row.path) :]
            lists += [ReviewedValue(part).get(inner) for part in (row.before, row.after) if part is not NO_MEMBER]
    return max(*taken, *(len(one) - 1 for one in lists if isinstance(one, list)), -1) + 1


def _or_none(index: int | None) -> int:
    return -1 if index is None else index
