"""Elements of WordprocessingML, by their local names: the strict form of Office Open XML has other namespaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

__all__ = ["UNREAD", "attribute", "children", "is_on", "local_name", "property_of", "shown_choice"]

UNREAD = frozenset(
    (
        *("pPr", "rPr", "sdtPr", "sdtEndPr", "sectPr", "tblPr", "tblGrid", "trPr", "tcPr", "ffData"),
        *("del", "moveFrom", "instrText", "delText", "delInstrText"),
        "rt",  # how the text below it, a ruby's, is pronounced
    )
)
"""What holds no text: properties, deletions, the code of fields."""


def local_name(element: Element) -> str:
    """Return the name of an element: `p`; "" for what is none, as a comment."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Element | None, name: str = "val") -> str | None:
    """Return an attribute in the element's own namespace: `w:val`."""
    if element is None:
        return None
    value: str | None = element.get(f"{element.tag.rpartition('}')[0]}}}{name}")
    return value


def property_of(element: Element | None, *path: str) -> Element | None:
    """Return what stands under an element by a path of names: `pPr`, `numPr`; None where it is not there."""
    for name in path:
        element = None if element is None else element.find(f"{{*}}{name}")
    return element


def is_on(switch: Element | None) -> bool:
    """Tell whether a switch is there, and not there to be off: `<w:vanish/>`, `<w:vanish w:val="0"/>`."""
    return switch is not None and attribute(switch) not in {"0", "false", "off"}


def shown_choice(alternatives: Element) -> Iterable[Element]:
    """Return the one of several alternatives that is shown (`mc:AlternateContent`): the first, or the last resort."""
    choices = (property_of(alternatives, name) for name in ("Choice", "Fallback"))
    return next((choice for choice in choices if choice is not None), ())


def children(container: Iterable[Element], *names: str) -> Iterator[Element]:
    """Yield what an element holds by some names, also where it stands within content controls and insertions."""
    for child in container:
        name = local_name(child)
        if name in names:
            yield child
        elif name == "AlternateContent":
            yield from children(shown_choice(child), *names)
        elif name and name not in UNREAD:
            yield from children(child, *names)
