"""Words for truth and for nothing, and sentences that say that there is nothing."""

from __future__ import annotations

import re

from slotfill.extractors.record import Risk

__all__ = ["BOOLEANS", "is_about_nothing", "is_nothing"]

BOOLEANS = {"true": True, "yes": True, "y": True, "on": True, "1": True}
BOOLEANS |= {"false": False, "no": False, "n": False, "off": False, "0": False}
"""What people and other formats write for truth, in lower case."""

_NOTHING = frozenset(
    {"", "-", "--", "\u2013", "\u2014", "[]", "{}", "n/a", "na", "n.a", "nan", "nil", "none", "null", "undefined"}
    | {"empty", "not applicable", "nothing"}
)
_NOT_KNOWN = frozenset(
    {"?", "missing", "no data", "not sure", "t.b.d", "tba", "tbd", "unclear", "unknown", "unspecified"}
    | {f"not {how}" for how in ("available", "found", "given", "known", "mentioned", "provided", "specified", "stated")}
    | {f"not {how}" for how in ("disclosed", "indicated", "listed", "noted", "recorded", "reported")}
    | {"k.a", "keine angabe", "nicht angegeben", "unbekannt", "inconnu", "non renseigné", "non précisé", "desconocido"}
    | {"sin datos", "não informado", "non specificato", "onbekend", "нет данных", "данных нет", "не указано"}
    | {"неизвестно", "不明", "未定", "未知", "미상"}
)
_SENTENCE = re.compile(r"\S[.!?]\s*$|(?:\S+\s+){4}\S")
_REMARK = re.compile(
    r"""\s*+
    (?: n/a\b                                           # n/a (not mentioned)
      | (?: no|nope|none|nothing|nobody                # No; none mentioned; but not "No. 5" or "non-slip"
          | kein|keine|keinen|keiner|keines|nein|nichts|aucune?|rien|néant|ning[uú]n[oa]?s?|nada
          | nessun[oa]?|niente|nulla|nenhuma?|geen|niets|ing[ae]n|inget|inte|brak|нет|ничего|отсутствует|yok
        ) (?=\s++[^\W\d]|[\s.!,]*+\Z)
      | there\s++(?:is|are|was|were)\s++(?:no|not|none|nothing)\b
      | (?:无|無|没有|沒有|暂无|暫無|ない|(?:該当|特に)?(?:なし|無し)|해당\s*+없음|없음)[\s。.]*+\Z
    )""",
    re.IGNORECASE | re.VERBOSE,
)
"""What begins as only a remark does that there is nothing, however short it is."""

_DENIAL = re.compile(
    r"\b(?:no|not|none|nothing|nobody|never|neither|without|cannot|unable|sorry|unfortunately|any|i|we)\b|n['\u2019]t\b",
    re.IGNORECASE,
)


def is_nothing(text: str) -> Risk | None:
    """Tell how sure it is that a word stands for nothing at all; None where it stands for something.

    `none` and `-` plainly do; of `unknown` it is a guess that there is nothing: it may be that nothing is known.
    """
    bare = text.strip().strip("()<>").lower()
    word = re.sub(r"\s*([/.])\s*", r"\1", " ".join(bare.split())).rstrip(".")
    if word in _NOTHING:
        return "low"
    return "high" if word in _NOT_KNOWN else None


def is_about_nothing(text: str, document: str | None) -> bool:
    """Tell whether a text may be a remark that there is nothing, and no value: `I could not find any`.

    What stands in the document is a value: `The lamp does not work.`; but for one word, `none`, that stands in most.
    """
    if not (_REMARK.match(text) or (_SENTENCE.search(text) and _DENIAL.search(text))):
        return False
    return document is None or len(text.split()) == 1 or _folded(text) not in _folded(document)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".!?")
