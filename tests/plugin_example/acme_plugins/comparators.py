"""`Compare("initials")`: a comparator says how alike two values are."""

from typing import Any


def same_initials(one: Any, other: Any, /) -> float:
    """Whether two names have the same initials."""
    return float(_initials(one) == _initials(other))


def _initials(name: Any) -> list[str]:
    return [word[0].casefold() for word in str(name).split()]
