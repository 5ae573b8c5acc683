"""`slotfill extract … -o people.xml`, or `-o xml:people.data`: a sink writes records."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from slotfill.plugins import Sink, SinkOptions


class XmlSink(Sink):
    """Writes one XML file, which appears whole as the run ends."""

    def __init__(self, output: str, options: SinkOptions) -> None:
        self._path = Path(output)
        self._part = self._path.with_name(f"{self._path.name}.part")
        self._root = ET.Element("records", schema=options.schema.name)

    def write(self, record: Mapping[str, Any]) -> None:
        element = ET.SubElement(self._root, "value", source=record["document"]["source"] or "")
        element.text = repr(record["value"])

    def commit(self, *, complete: bool) -> None:
        if complete or len(self._root):
            ET.ElementTree(self._root).write(self._part, encoding="utf-8")
            os.replace(self._part, self._path)

    def discard(self) -> None:
        self._part.unlink(missing_ok=True)
