"""Which lines of a mail are its own, which quote earlier mails, and which are the signature."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from slotfill.extractors.documents.place_map import Stretch
from slotfill.extractors.documents.readers.markup.flow import TextLine

__all__ = ["mail_stretches"]

_BODY, _QUOTE, _SIGNATURE = "body", "quote", "signature"

_WROTE = r"wrote|writes|schrieb|a\ écrit|escribió|ha\ scritto|schreef|escreveu|napisała?|napisał\(a\)|skrev|kirjoitti"

_ATTRIBUTION = re.compile(
    rf"""
    (?: (?:On|Am|Le|El|Il|Em|Op|Den|Dnia|W\ dniu|Pe)\b | \d{{1,4}}[./-] ) .{{4,240}}    # On Mon, 3 Mar 2026 at 10:02,
    (?: {_WROTE} ) \b .{{0,80}} :\s*                                              # Ann <ann@a.example> wrote:
    """,
    re.VERBOSE,
)
"""The line, or two or three, above what is quoted below."""

_SHORT_ATTRIBUTION = re.compile(rf".{{1,160}}\b(?:{_WROTE})\b.{{0,40}}:\s*", re.VERBOSE)
"""`Ann Lee wrote:`, which is one where quoted lines follow alone."""

_SEPARATOR = re.compile(
    r"""
    -{2,} \s* (?:                                      # -----Original Message-----
        Original\ (?:Message|Appointment) | Forwarded\ (?:message|by\ .{1,80})
      | Ursprüngliche\ Nachricht | Weitergeleitete\ Nachricht | Original-?\ ?Nachricht
      | Message\ (?:d['’]origine|transféré|original)
      | Mensaje\ (?:original|reenviado) | Mensagem\ (?:original|encaminhada)
      | Messaggio\ (?:originale|inoltrato)
      | Oorspronkelijk\ bericht | Doorgestuurd\ bericht
    ) \s* -{2,}
  | (?:                                                # Begin forwarded message:
        Begin\ forwarded\ message
      | Anfang\ der\ weitergeleiteten\ (?:Nachricht|E-Mail)
      | Début\ du\ message\ (?:réexpédié|transféré)
      | Inicio\ del\ mensaje\ reenviado
      | Inizio\ messaggio\ inoltrato
    ) \s* :
    """,  # noqa: RUF001 - the curly apostrophe
    re.VERBOSE | re.IGNORECASE,
)
"""A line below which all is an earlier mail."""

_FIELD = re.compile(
    r"""
    [*_]{0,2} (?:
      (?P<sender> From|Von|De|Da|Van|Från|Fra|Od )
    | Sent|Date|To|Cc|Subject                    # English
    | Gesendet|Datum|An|Betreff                  # German
    | Envoyé(?:\ le)?|À|A|Objet                  # French
    | Enviado(?:\ el)?|Fecha|Para|Asunto         # Spanish
    | Inviato|Data|Oggetto                       # Italian
    | Enviada(?:\ em)?|Assunto                   # Portuguese
    | Verzonden|Aan|Onderwerp                    # Dutch
    | Skickat|Till|Ämne | Sendt|Til|Emne         # Swedish, Danish
    | Wysłano|Do|Temat                           # Polish
    ) [*_]{0,2} \ ? : [*_]{0,2} \s* \S.*
    """,
    re.VERBOSE,
)
"""`Von: Ann Lee`, `*Sent:* Monday`"""

_FEWEST_FIELDS = 3
"""How many of them, in as many lines or a few more, are the head of an earlier mail."""

_RULE = re.compile(r"[_-]{10,}\s*")
"""What Outlook draws above that."""

_FROM_A_PHONE = re.compile(
    r"(?:Sent (?:from|via|with)|Get Outlook for|Von meinem \S+ gesendet|Gesendet (?:von|mit|über)|Envoyé (?:de|depuis)"
    r"|Obtenir Outlook|Enviado (?:desde|do)|Inviato da|Verzonden vanaf|Skickat från|Wysłano z)\b.{0,80}"
)
"""`Sent from my iPhone`"""

_LONGEST_SIGNATURE = 12
"""How many lines may follow a `--` that lacks its space; a rule between two parts of a text looks the same."""


def mail_stretches(lines: Sequence[TextLine], start: int) -> Iterator[Stretch]:
    """Yield where in a text, in which the lines begin at `start`, each part of a mail stands."""
    begin, end, current = start, start, ""
    for line, part in zip(lines, _parts(lines), strict=True):
        if line.text.strip():
            if part != current:
                if current:
                    yield Stretch(begin, end, {"part": current})
                begin, current = start, part
            end = start + len(line.text)
        start += len(line.text) + 1
    if current:
        yield Stretch(begin, end, {"part": current})


def _parts(lines: Sequence[TextLine]) -> list[str]:
    """Return which part each line is of."""
    parts = [_QUOTE if line.quoted or line.text.startswith(">") else _BODY for line in lines]
    for number in range(len(lines)):
        if parts[number] == _BODY:
            length = _attribution(lines, number)
            if length and _is_before_quotation(parts, lines, number + length):
                parts[number : number + length] = [_QUOTE] * length
            elif _begins_earlier_mail(lines, number, length):
                parts[number:] = [_QUOTE] * (len(lines) - number)
    _mark_signature(lines, parts)
    return parts


def _joined(lines: Sequence[TextLine], number: int, length: int) -> str:
    return " ".join(line.text.strip() for line in lines[number : number + length])


def _attribution(lines: Sequence[TextLine], number: int) -> int:
    """Return of how many lines an attribution is that begins here, 0 where none does."""
    if not (lines[number].text.strip() and any(":" in line.text for line in lines[number : number + 3])):
        return 0
    for length in (1, 2, 3):
        text = _joined(lines, number, length)
        if text.endswith(":"):
            return length if _ATTRIBUTION.fullmatch(text) or (length == 1 and _SHORT_ATTRIBUTION.fullmatch(text)) else 0
    return 0


def _is_before_quotation(parts: Sequence[str], lines: Sequence[TextLine], number: int) -> bool:
    """Whether the next line that is not blank is quoted."""
    below = range(number, min(number + 3, len(lines)))
    return next((parts[at] for at in below if lines[at].text.strip()), _BODY) == _QUOTE


def _begins_earlier_mail(lines: Sequence[TextLine], number: int, length: int) -> bool:
    """Whether all that follows is an earlier mail: `-----Original Message-----`, or the first of its fields.

    length: of how many lines an attribution is that begins here.
    """
    text = lines[number].text.strip()
    if not (":" in text or text.startswith(("-", "_"))):
        return False
    if _SEPARATOR.fullmatch(text) or (length and _ATTRIBUTION.fullmatch(_joined(lines, number, length))):
        return True
    if _RULE.fullmatch(text) and number + 1 < len(lines):
        number += 1
        text = lines[number].text.strip()
    match = _FIELD.fullmatch(text)
    if not (match and match["sender"]):
        return False
    below = (line.text.strip() for line in lines[number : number + 2 * _FEWEST_FIELDS])
    return sum(bool(_FIELD.fullmatch(one)) for one in below) >= _FEWEST_FIELDS


def _mark_signature(lines: Sequence[TextLine], parts: list[str]) -> None:
    """Mark what follows the last `-- `, up to the next quotation, or else a last line such as `Sent from my iPhone`."""
    texts = [(number, lines[number].text) for number, part in enumerate(parts) if part == _BODY]
    begin = next((number for number, text in reversed(texts) if text in {"-- ", "--"}), None)
    if begin is not None:
        end = next((number for number in range(begin, len(parts)) if parts[number] != _BODY), len(parts))
        if lines[begin].text == "-- " or end - begin <= _LONGEST_SIGNATURE:
            parts[begin:end] = [_SIGNATURE] * (end - begin)
            return
    last = next(((number, text) for number, text in reversed(texts) if text.strip()), None)
    if last and _FROM_A_PHONE.fullmatch(last[1].strip()):
        parts[last[0]] = _SIGNATURE
