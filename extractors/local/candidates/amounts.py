r"""Sums, shares and dates, whole, by grammar: what a small model would cut short or mistake.

$3.5m   £1.2bn   EUR 21.00   CHF 640.00   3 million euros   $5-10 million   two hundred pounds   12 percent
9 September 2026   March 2027   May 3 to 5   Q3 2026   2019-2021   the 1990s   last Tuesday   2026-03-04   12/06
"""

from __future__ import annotations

import re
from bisect import bisect_left

from slotfill.extractors.forms.named_dates import NAMED_DATES
from slotfill.extractors.forms.numerals import CURRENCY

__all__ = ["amount_candidates", "amount_kind"]

TextRange = tuple[int, int]

_GROUP = "[,.'\u2019 \u00a0\u2009\u202f]"
_NUMBER = (
    rf"(?<![\d])(?:\d{{1,3}}(?:{_GROUP}\d{{3}})+(?!\d)(?:[.,]\d{{1,2}}(?!\d))?|\d{{1,15}}(?:[.,]\d{{1,4}})?(?!\d))"
    "(?:[.,][-\u2013\u2014])?"
)
_MAGNITUDE = (
    r"(?i:[ \u00a0-]?(?:k|m|mn|mio\.?|mln|bn|b|tn|mrd\.?)(?![A-Za-z])"
    r"|[ \u00a0-](?:hundred|thousand|million|billion|trillion|lakh|crore)s?\b)"
)
_COUNTED = (
    "a|an|half|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|"
    "seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|billion"
)
_SPELT = rf"\b(?i:{_COUNTED})(?:[ -](?:and )?(?i:{_COUNTED})){{0,6}}\b"
_UNIT = (
    r"(?:(?:US|U\.S\.|American|Australian|Canadian|Swiss|Danish|Norwegian|Swedish|Hong Kong|Singapore|New Zealand)[ ])?"
    r"(?i:eur|usd|gbp|chf|euros?|dollars?|pounds?(?:[ ]sterling|(?![ ]of\b))|sterling|pence|cents?|bucks|quid|francs?|"
    r"yen|yuan|renminbi|rupees?|roubles?|rubles?|kron(?:or|er|e|a|ur)|zlotys?|forints?|pesos?|reais|shekels?|dirhams?|rand|lira|baht)\b"
)
_RANGE = r"[ ]?(?:-|\u2013|\u2014|to|and|or)[ ]?"

MONEY = re.compile(
    rf"""
      (?<![\w]) {CURRENCY} [ \u00a0]? [-\u2212]? {_NUMBER} (?:{_MAGNITUDE})?  # $3.5m, EUR 21.00, £5-10 million
          (?: (?:-|\u2013|[ ]to[ ]) (?:{CURRENCY}[ \u00a0]?)? {_NUMBER} (?:{_MAGNITUDE})? )?  (?: [ ]{_UNIT} )?
    | (?: {_NUMBER} (?:{_MAGNITUDE})? {_RANGE} )?
      {_NUMBER} (?:{_MAGNITUDE})? [ \u00a0]? {CURRENCY} (?![\d\w])  # 20 000 €, 5 to 6 EUR
    | (?: {_NUMBER} (?:{_MAGNITUDE})? {_RANGE} )?
      {_NUMBER} (?:{_MAGNITUDE})? [ \u00a0-] {_UNIT}  # 3 million euros, 900 bucks
    | {_SPELT} [ ] {_UNIT}  # two hundred pounds
    """,
    re.VERBOSE,
)
"""A sum with its currency."""

SHARE = re.compile(
    rf"{_NUMBER}[ \u00a0]?(?:%|(?:percent|per[ ]cent|percentage[ ]points?|basis[ ]points?)\b)", re.VERBOSE
)

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?|JAN(?:UARY)?|FEB(?:RUARY)?|MARCH|APR(?:IL)?|MAY|JUNE?|JULY?|AUG(?:UST)?|"
    r"SEPT?(?:EMBER)?|OCT(?:OBER)?|NOV(?:EMBER)?|DEC(?:EMBER)?)\b\.?"
)
_WEEKDAY = r"(?:Mon(?:day)?|Tue(?:s|sday)?|Wed(?:nesday)?|Thu(?:rs|rsday)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?)\b\.?"
_DAY = r"\d{1,2}(?!\d)(?:st|nd|rd|th)?"
_OF_MONTH = r"(?:0?[1-9]|[12]\d|3[01])(?!\d)"
_YEAR = r"(?:1[5-9]|20)\d\d(?!\d)"
_TO = r"[ ]?(?:-|\u2013|to|and|until|/)[ ]?"

DATE = re.compile(
    rf"""
      (?:{_WEEKDAY},?[ ](?:the[ ])?)? \b{_MONTH}[ ]{_DAY}
          (?:{_TO}(?:{_MONTH}[ ])?{_DAY})? (?:,?[ ]{_YEAR})? (?!\d|[.,]\d)  # May 3 to 5, 2024
    | (?:{_WEEKDAY},?[ ](?:the[ ])?)? (?<![\d.,])(?:{_DAY}(?:[ ]{_MONTH})?{_TO})?
          {_DAY}(?:[ ]of)?[ -]{_MONTH} (?:,?[ -]{_YEAR})? \b  # Wed, 4-6 March 2019
    | \b(?:(?:early|mid|late)[ -])?{_MONTH}(?:[ ]of|,)?[ ]{_YEAR} (?:{_TO}{_MONTH}[ ]{_YEAR})?  # March 2027
    | \b(?:[Ss]pring|[Ss]ummer|[Aa]utumn|[Ff]all|[Ww]inter)(?:[ ]of)?[ ]{_YEAR}
    | \b[QH][1-4][ ](?:of[ ])?{_YEAR} | \b{_YEAR}[ -]?[QH][1-4]\b  # Q3 2026
    | (?<![\w./-])\d{{4}}([/.-])(?:0?[1-9]|1[0-2])\1{_OF_MONTH}(?![\d/-]|[.]\d)  # 2024-05-03
    | (?<![\w./-]){_OF_MONTH}([/.-]){_OF_MONTH}\2(?:\d{{4}}|\d\d)(?![\d/-]|[.]\d)  # 3.5.24
    | (?<![\d-]){_YEAR}{_TO}(?:{_YEAR}|\d\d(?!\d)) (?![-/]) | \b(?:1[5-9]|20)\d0s\b  # 2019-2021, 1990s
    | \b(?:(?:[Ll]ast|[Nn]ext|[Tt]his)[ ])?(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b  # last Tuesday night
          (?:[ ](?:morning|afternoon|evening|night)\b)?
    """,
    re.VERBOSE,
)
"""A date that can be nothing else, or a stretch of them."""

MAYBE_DATE = re.compile(
    rf"""
      (?<![\d/.,]) \d{{1,2}}/\d{{1,2}} (?![\d/]|[.,]\d)  # 12/06, or a fraction
    | (?<![\w$€£.,/#-]) {_YEAR} (?![\w/%€-]|[.,]\d)  # 1984, or a number
    | \b(?:(?:[Ll]ast|[Nn]ext|[Ee]arly|[Ll]ate)[ ])?
          (?:January|February|March|April|May|June|July|August|September|October|November|December)\b
    """,
    re.VERBOSE,
)
"""What may be a date."""


def amount_candidates(text: str) -> list[TextRange]:
    """Return where sums, shares and dates stand, in order and apart; the longer of two that overlap."""
    named = (span for form in NAMED_DATES for span in (match.span() for match in form.finditer(text)))
    found = [*(match.span() for form in (MONEY, DATE, SHARE, MAYBE_DATE) for match in form.finditer(text)), *named]
    apart: list[TextRange] = []
    for start, end in sorted(found, key=lambda span: (span[0] - span[1], span[0])):
        at = bisect_left(apart, (start, end))
        if (at == 0 or apart[at - 1][1] <= start) and (at == len(apart) or end <= apart[at][0]):
            apart.insert(at, (start, end))
    return apart


def amount_kind(passage: str) -> str | None:
    """Return "money" or "date" where a passage can be nothing else; None where it may be, or is none."""
    if MONEY.fullmatch(passage):
        return "money"
    return "date" if DATE.fullmatch(passage) or any(form.fullmatch(passage) for form in NAMED_DATES) else None
