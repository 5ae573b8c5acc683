"""Readers: how much processor time and memory they take.

python benchmarks/readers.py pdf [PAGES]

pdf: PAGES pages (300) of dense text, some 4,000 letters each, read with the box of each letter; best of three runs.
Targets for 300: 3 s of processor time, 300 MB.
"""

from __future__ import annotations

import io
import random
import resource
import sys
import time

from reportlab.pdfgen.canvas import Canvas

from slotfill.extractors.documents.readers.pdf.pdf_reader import read
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.documents.readers.read_text import ReadText

RUNS = 3
PAGES = 300
LINES = 46
LETTERS = 88
WORDS = (
    "committee",
    "of",
    "annual",
    "the",
    "service",
    "between",
    "agreement",
    "a",
    "invoice",
    "revenue",
    "shall",
    "12.50",
)


def dense_pdf(pages: int) -> bytes:
    chance = random.Random(1)
    file = io.BytesIO()
    canvas = Canvas(file)
    for _ in range(pages):
        canvas.setFont("Helvetica", 11)
        for at in range(LINES):
            line = ""
            while len(line) < LETTERS:
                line += chance.choice(WORDS) + " "
            canvas.drawString(50, 790 - 16 * at, line[:LETTERS])
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def pdf(pages: int = PAGES) -> None:
    data = dense_pdf(pages)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    letters = 0
    for _ in range(RUNS):
        start = time.process_time()
        *_, part = read(data, ReadOptions())
        seconds.append(time.process_time() - start)
        letters = len(part.text) if isinstance(part, ReadText) else 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{pages:,} pages, {letters:,} letters: {min(seconds):.2f} s, {1e6 * min(seconds) / letters:.2f} µs a letter")
    print(f"memory: {most / 1024:.0f} MB, of which {(most - before) / 1024:.0f} MB to read")


if __name__ == "__main__":
    name, *numbers = sys.argv[1:] or ["pdf"]
    {"pdf": pdf}[name](*map(int, numbers))
