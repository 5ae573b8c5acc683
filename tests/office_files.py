"""Office files that tests make: of plain XML, for what the libraries that write them do not write."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import openpyxl

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"
ALTERNATIVES = "http://schemas.openxmlformats.org/markup-compatibility/2006"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"

_NAMESPACES = f'xmlns:w="{W}" xmlns:r="{R}" xmlns:m="{MATH}" xmlns:mc="{ALTERNATIVES}"'


def archive_of(files: Mapping[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Zip files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def part(name: str, content: str) -> str:
    """Write a part of a Word document: `part("hdr", "<w:p/>")`."""
    return f"<w:{name} {_NAMESPACES}>{content}</w:{name}>"


def relations_of(targets: Mapping[str, str]) -> str:
    """Write relations: of ids, and of what is referred to as what, `{"r1": "header header1.xml"}`."""
    rows = (
        f'<Relationship Id="{key}" Type="{R}/{kind}" Target="{target}"/>'
        for key, (kind, target) in ((key, value.split()) for key, value in targets.items())
    )
    return f'<Relationships xmlns="{PACKAGE}">{"".join(rows)}</Relationships>'


def word_file(body: str, parts: Mapping[str, str] | None = None) -> bytes:
    """Make a Word document of its body's XML, and of further parts: `{"comments": "<w:comments …"}`."""
    others = parts or {}
    targets = {f"id-{name}": f"{name.rstrip('0123456789')} {name}.xml" for name in others}
    files = {
        "_rels/.rels": relations_of({"r1": "officeDocument word/document.xml"}),
        "word/document.xml": part("document", f"<w:body>{body}</w:body>"),
        "word/_rels/document.xml.rels": relations_of(targets),
        **{f"word/{name}.xml": content for name, content in others.items()},
    }
    return archive_of(files)


def paragraph(text: str, properties: str = "") -> str:
    """Write a paragraph of one run."""
    return f'<w:p><w:pPr>{properties}</w:pPr><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def table(*rows: list[str]) -> str:
    """Write a table of cells' contents."""
    cells = ("".join(f"<w:tc>{cell}</w:tc>" for cell in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def workbook_file(sheets: Mapping[str, Mapping[str, object]]) -> bytes:
    """Make a workbook of its sheets, and of what their cells hold: `{"Q1": {"B7": 12.5}}`."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, cells in sheets.items():
        sheet = book.create_sheet(name)
        for cell, value in cells.items():
            sheet[cell] = value
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
