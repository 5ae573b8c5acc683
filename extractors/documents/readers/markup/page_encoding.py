"""What an HTML page is in: its own word for it, where nobody else has one."""

from __future__ import annotations

import re

__all__ = ["label_in_page"]

_HEAD = 4096
"""How many bytes are looked at. Browsers look at 1,024, and pages that people have saved have comments before."""

_META = re.compile(
    rb"""
      <meta\s [^>]*? charset \s*=\s* ["']? \s* ([\w.:-]+)     # <meta charset="utf-8">, or within `content`
    | ^\s* <\?xml\s [^>]*? encoding \s*=\s* ["'] ([\w.:-]+)   # <?xml version="1.0" encoding="utf-8"?>
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)

_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)


def label_in_page(data: bytes) -> str | None:
    """Return the encoding that a page names, None where it names none.

    What can be read says so in ASCII: a page that names UTF-16 there is UTF-8 (WHATWG HTML, 13.2.3.2).
    """
    match = _META.search(_COMMENT.sub(b"", data[:_HEAD]))
    if match is None:
        return None
    label = (match[1] or match[2]).decode("ascii", "replace")
    return "utf-8" if label.lower().startswith("utf-16") else label
