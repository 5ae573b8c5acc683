"""Words for truth and for nothing, and sentences that say that there is nothing."""

from __future__ import annotations

import re

from slotfill.extractors.record.parts import Risk

__all__ = ["BOOLEANS", "is_about_nothing", "is_nothing"]

BOOLEANS = {"true": True, "yes": True, "y": True, "on": True, "1": True}
BOOLEANS |= {"false": False, "no": False, "n": False, "off": False, "0": False}
"""What people and other formats write for truth, in lower case."""

_NOTHING = frozenset(
    {"", "-", "--", "\u2013", "\u2014", "[]", "{}", "n/a", "na", "n.a", "nan", "nil", "none", "null", "undefined"}
    | {"empty", "not applicable", "nothing"}
)
_NOT_KNOWN = frozenset(
    {"?", "missing", "no data", "not sure", "n.d", "t.b.d", "tba", "tbd", "to be announced", "to be confirmed"}
    | {"to be determined", "unavailable", "unclear", "undetermined", "undisclosed", "unknown", "unspecified"}
    | {f"not {how}" for how in ("available", "found", "given", "known", "mentioned", "provided", "specified", "stated")}
    | {f"not {how}" for how in ("disclosed", "indicated", "listed", "noted", "recorded", "reported")}
    | {"as above", "ditto", "idem", "same as above", "see above", "see below", "siehe oben", "voir ci-dessus"}
    | {"k.a", "keine angabe", "nicht angegeben", "entfällt", "unbekannt", "inconnu", "inconnue", "non renseigné"}
    | {"non précisé", "desconocido", "s/d", "s.d", "sin datos", "desconhecido", "não informado", "sconosciuto"}
    | {"non specificato", "onbekend", "okänd", "okänt", "ukendt", "ukjent", "nieznane", "nieznany", "neznámé"}
    | {"ismeretlen", "necunoscut", "bilinmiyor", "άγνωστο", "нет данных", "данных нет", "не указано", "неизвестно"}
    | {"невідомо", "неизвестен", "不明", "未定", "未知", "미상", "अज्ञात", "غير معروف", "לא ידוע"}
)
_SENTENCE = re.compile(r"\S[.!?]\s*$|(?:\S+\s+){4}\S")
_REMARK = re.compile(
    r"""\s*+
    (?: n/a\b                                           # n/a (not mentioned)
      | (?: no|nope|none|nothing|nobody                # No; none mentioned; but not "No. 5" or "non-slip"
          | kein|keine|keinen|keiner|keines|keinerlei|nein|nichts|nicht
          | aucune?|rien|néant|non
          | ning[uú]n[oa]?s?|nada|sin                  # also Portuguese: nada
          | nessun[oa]?|niente|nulla
          | nenhuma?|não|sem
          | geen|niets|niet
          | ing[ae]n|inget|inga|intet|inte|ikke|ej
          | brak|nie|žádn[áéýí]|není|nejsou|nincs|nincsenek|fără|niciun|nicio
          | yok|hiç|hiçbiri
          | нет|ничего|отсутству[ею]т|не|немає|жодного|жодних|няма
          | δεν|κανένα|καμία|κανένας
          | لا|غير|ليس|ليست|لم|אין|לא|ללא|नहीं|कोई
          | không|tidak|tiada|belum
        ) (?=\s++[^\W\d]|[\s.!,]*+\Z)
      | not\s++(?:yet\s++)?(?:\w+ed|in|present|clear|applicable|known|given|found|shown|written|there|told)\b
      | there\s++(?:is|are|was|were)\s++(?:no|not|none|nothing)\b
      | (?:[^\s.!?]++\s++){1,4}? (?:не|нет|нету|немає|yok|अज्ञात|नहीं|nincs) (?!\w)    # Дефектов не обнаружено
      | (?:无|無|没有|沒有|暂无|暫無|不详|不詳|不适用|不適用|ない)[\s。.]*+\Z
      | 没有|沒有|未(?:发现|發現|提及|提到|提供|说明|說明|注明|註明|见|見|记录|記錄) | ไม่
      | [^.!?。]{0,24}(?:なし|無し|ありません|없음|없다|없습니다|ไม่มี)[\s。.]*+\Z
    )""",
    re.IGNORECASE | re.VERBOSE,
)
"""What begins, or ends, as only a remark does that there is nothing, however short it is."""

_DENIAL = re.compile(
    r"\b(?:no|not|none|nothing|nobody|never|neither|without|cannot|unable|sorry|unfortunately|any|i|we)\b|n['\u2019]t\b",
    re.IGNORECASE,
)
_SPOKEN = re.compile(r"\w")


def is_nothing(text: str) -> Risk | None:
    """Return the risk of saying that a word stands for nothing at all; None where it stands for something.

    `none` and `-` plainly do; of `unknown` it is a guess that there is nothing: it may be that nothing is known. So
    it is of signs alone: `…`, `???`.
    """
    bare = text.strip().strip("()<>").lower()
    word = re.sub(r"\s*([/.])\s*", r"\1", " ".join(bare.split())).rstrip(".")
    if word in _NOTHING:
        return "low"
    return "high" if word in _NOT_KNOWN or not _SPOKEN.search(word) else None


def is_about_nothing(text: str, document: str | None) -> bool:
    """Whether a text may be a remark that there is nothing, and no value: `I could not find any`.

    What stands in the document is a value: `The lamp does not work.`; but for one word, `none`, that stands in most.
    """
    if not (_REMARK.match(text) or (_SENTENCE.search(text) and _DENIAL.search(text))):
        return False
    return document is None or len(text.split()) == 1 or _folded(text) not in _folded(document)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".!?")
