"""Tokens: added up, and written."""

from __future__ import annotations

from dataclasses import replace

from slotfill import Usage
from slotfill.extractors.record.usage import count_text

ONE = Usage(1, 2, 3, 4, 5, tier="batch")


def test_a_sum_is_of_no_tier_also_of_one() -> None:
    assert Usage(2, 4, 6, 8, 10) == ONE + ONE
    assert sum([ONE], Usage()) == replace(ONE, tier=None)


def test_a_sum_with_what_is_unknown_is_unknown() -> None:
    assert ONE + Usage(1, None, 1, 1, None) == Usage(2, None, 4, 5, None)


def test_the_tier_is_written_where_it_is_not_the_standard_one() -> None:
    counts = dict(zip(Usage.COUNTED, (1, 2, 3, 4, 5), strict=True))
    assert ONE.to_json() == {**counts, "tier": "batch"}
    assert replace(ONE, tier=None).to_json() == counts


def test_the_tier_is_no_count() -> None:
    assert ONE.counts == (1, 2, 3, 4)
    assert len(Usage.COUNTED) == 5
    assert "tier" not in Usage.COUNTED


def test_counts_for_people() -> None:
    assert [count_text(count) for count in (1_204, 0, None)] == ["1,204", "0", "unknown"]
