"""Dates whose month is named, in the seven languages in which they are sought and read."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["NAMED_DATES", "month_number"]

_NAMES = (
    "january jan januar janvier enero ene gennaio gen janeiro januari",
    "february feb februar février févr fevrier febrero febbraio fevereiro februari",
    "march mar märz mrz mars marzo março maart",
    "april apr avril avr abril abr aprile",
    "may mai mayo maggio mag maio mei",
    "june jun juni juin junio giugno giu junho",
    "july jul juli juillet juil julio luglio lug julho",
    "august aug août aout agosto ago augustus",
    "september sep sept septembre septiembre settembre set setembro",
    "october oct oktober okt octobre octubre ottobre ott outubro",
    "november nov novembre noviembre novembro",
    "december dec dezember dez décembre déc decembre diciembre dic dicembre dezembro december",
)
"""By the number of the month: English, German, French, Spanish, Italian, Portuguese, Dutch. None means two months."""

_NUMBERS: Mapping[str, int] = {name: number for number, names in enumerate(_NAMES, 1) for name in names.split()}

_LONGEST_FIRST = sorted({name for names in _NAMES for name in names.split()}, key=len, reverse=True)
_MONTH = rf"(?P<month>{'|'.join(_LONGEST_FIRST)})\b\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.|º)?"
_YEAR = r"(?P<year>\d{4})(?!\d)"

NAMED_DATES = (
    # 3rd of March 2026; 3. März; 3 de marzo de 2026; 03-Mar-2026
    re.compile(rf"(?<!\d){_DAY}[ \u00a0-]?(?:of |de )?{_MONTH}(?:,?[ \u00a0-](?:de |del )?{_YEAR})?", re.IGNORECASE),
    # March 3, 2026; Mar. 3rd
    re.compile(rf"\b{_MONTH}[ \u00a0]{_DAY}(?!\d)(?:,?[ \u00a0]{_YEAR})?", re.IGNORECASE),
)
"""What matches has a `day`, a `month` and, if it is told, a `year`; the day need not be one of that month."""


def month_number(name: str) -> int | None:
    """Return the number of a month, from 1, in any letters: `re` takes the long s of old prints, U+017F, for an s."""
    return _NUMBERS.get(name.casefold())
