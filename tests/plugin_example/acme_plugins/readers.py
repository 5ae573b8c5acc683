"""`slotfill extract … note.rev`: a reader makes texts of a file's bytes."""

from collections.abc import Iterator

from slotfill.plugins import FailureKind, PlaceMap, ReadError, ReadOptions, ReadText, Stretch


def read_reversed(data: bytes, options: ReadOptions) -> Iterator[ReadText]:
    """Read a text that was written from its end."""
    try:
        text = data.decode()[::-1]
    except UnicodeDecodeError:
        raise ReadError(FailureKind.UNDECODABLE_DOCUMENT, "is not UTF-8: save it as that") from None
    places = PlaceMap((Stretch(0, len(text), {"part": "all of it"}),)) if text else PlaceMap()
    yield ReadText(text, places)
