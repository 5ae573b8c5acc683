"""PDFs that are drawn for tests, with facts of which it is known where on which page they stand.

`documents()` draws 200 of them: fonts, sizes, turned pages and texts, columns, tables, hyphens, CJK, Hebrew and Arabic,
ligatures. What is drawn comes from a seed alone.
"""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from PIL import Image, ImageDraw
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = 595, 842

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, from the top left of the page as it is shown."""


@dataclass(frozen=True)
class Fact:
    """What stands on a page, and where: a box a line."""

    text: str
    page: int
    boxes: tuple[Box, ...]


@dataclass
class Drawing:
    """A PDF as it grows. Facts are those of the text in reading order, whatever order they are drawn in."""

    rotation: int = 0
    crop: tuple[float, float, float, float] = (0, 0, WIDTH, HEIGHT)
    facts: list[Fact] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._file = io.BytesIO()
        # reportlab turns the paper of a page that is shown lying: here it is upright always.
        size = (HEIGHT, WIDTH) if self.rotation % 180 else (WIDTH, HEIGHT)
        self.canvas = Canvas(self._file, pagesize=size, invariant=True)
        self.page = 1
        self._begin()

    def _begin(self) -> None:
        if self.crop != (0, 0, WIDTH, HEIGHT):
            self.canvas.setCropBox(self.crop)
        if self.rotation:
            self.canvas.setPageRotation(self.rotation)

    def next_page(self) -> None:
        """Turn to a new page."""
        self.canvas.showPage()
        self.page += 1
        self._begin()

    def done(self) -> bytes:
        """Return the PDF."""
        self.canvas.save()
        return self._file.getvalue()

    def line(
        self, at: tuple[float, float], text: str, font: str = "Helvetica", size: float = 10, *, turn: int = 0
    ) -> None:
        """Draw text from a point, turned counter-clockwise by degrees."""
        register(font)
        self.canvas.saveState()
        self.canvas.translate(*at)
        self.canvas.rotate(turn)
        self.canvas.setFont(font, size)
        self.canvas.drawString(0, 0, text)
        self.canvas.restoreState()

    def box(
        self, at: tuple[float, float], text: str, part: str, font: str = "Helvetica", size: float = 10, *, turn: int = 0
    ) -> Box:
        """Return where a part of a line stands on the page as it is shown: as wide as its letters move on."""
        register(font)
        start = pdfmetrics.stringWidth(text[: text.rindex(part)], font, size)
        end = start + pdfmetrics.stringWidth(part, font, size)
        angle = math.radians(turn)
        x, y = at
        corners = [
            self._shown(
                x + across * math.cos(angle) - up * math.sin(angle), y + across * math.sin(angle) + up * math.cos(angle)
            )
            for across in (start, end)
            for up in (-0.3 * size, 1.05 * size)
        ]
        lefts, tops = zip(*corners, strict=True)
        return min(lefts), min(tops), max(lefts), max(tops)

    def fact(self, fact: str, *boxes: Box) -> None:
        """Note what is to be found on this page."""
        self.facts.append(Fact(fact, self.page, boxes))

    def fact_line(
        self, at: tuple[float, float], text: str, part: str, font: str = "Helvetica", size: float = 10, *, turn: int = 0
    ) -> None:
        """Draw a line and note a part of it."""
        self.line(at, text, font, size, turn=turn)
        self.fact(part, self.box(at, text, part, font, size, turn=turn))

    def _shown(self, x: float, y: float) -> tuple[float, float]:
        left, bottom, right, top = self.crop
        return {
            0: (x - left, top - y),
            90: (y - bottom, x - left),
            180: (right - x, y - bottom),
            270: (top - y, right - x),
        }[self.rotation]


SHAPES = "Shapes"
"""A font of plain shapes for every letter that the tests use, so that no font of this machine matters."""

CJK = {
    "HeiseiMin-W3": "契約番号は四七一一です",
    "STSong-Light": "合同编号是四七一一号",
    "HYSMyeongJo-Medium": "계약번호는사칠일일입니다",
}

_ALPHABETS = (
    range(0x20, 0x7F),
    range(0xA0, 0x180),
    range(0x5D0, 0x5EB),
    range(0x621, 0x64B),
    range(0xFB00, 0xFB05),
    range(0xE000, 0xE020),
)


@cache
def register(font: str) -> None:
    """Make a font known to reportlab."""
    if font == SHAPES:
        pdfmetrics.registerFont(TTFont(SHAPES, io.BytesIO(_shapes())))
    elif font == "Vera":
        pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))  # comes with reportlab
    elif font in CJK:
        pdfmetrics.registerFont(UnicodeCIDFont(font))


def _shapes() -> bytes:
    letters = [code for alphabet in _ALPHABETS for code in alphabet]
    names = [".notdef", *(f"u{code:04X}" for code in letters)]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap(dict(zip(letters, names[1:], strict=True)))
    widths = {name: 350 + 50 * (at % 7) for at, name in enumerate(names)}
    builder.setupGlyf({name: _shape(widths[name], is_blank=name in ("u0020", "u00A0")) for name in names})
    builder.setupHorizontalMetrics({name: (width, 40) for name, width in widths.items()})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": SHAPES, "styleName": "Regular", "psName": SHAPES})
    builder.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    file = io.BytesIO()
    builder.save(file)
    return file.getvalue()


def _shape(width: int, *, is_blank: bool) -> object:
    pen = TTGlyphPen(None)
    if not is_blank:
        pen.moveTo((40, 0))
        pen.lineTo((40, 700))
        pen.lineTo((width - 40, 700))
        pen.lineTo((width - 40, 0))
        pen.closePath()
    return pen.glyph()


# What is drawn.

_WORDS = (
    "committee",
    "report",
    "annual",
    "delivery",
    "service",
    "between",
    "agreement",
    "quarter",
    "invoice",
    "revenue",
    "shall",
    "receive",
    "notice",
)


def _prose(chance: random.Random, letters: int) -> str:
    text = ""
    while len(text) < letters:
        text += chance.choice(_WORDS) + " "
    return text.strip()


def _fact(chance: random.Random) -> str:
    return chance.choice(
        (
            f"INV-{chance.randrange(1000, 9999)}-{chance.randrange(100, 999)}",
            f"{chance.randrange(1, 99)},{chance.randrange(100, 999)}.{chance.randrange(10, 99)} EUR",
            f"Dr. {chance.choice(('Amelia Hartmann', 'Tomas Okafor', 'Ines Lindqvist'))} {chance.randrange(999)}",
            f"{chance.randrange(1, 28)} March {chance.randrange(1990, 2030)}",
        )
    )


def fonts(chance: random.Random) -> Drawing:
    """A page of lines in one font and size."""
    drawing = Drawing()
    font = chance.choice(("Helvetica", "Times-Roman", "Courier", "Helvetica-Bold", "Times-Italic", "Vera", SHAPES))
    size = chance.choice((6, 8, 9.5, 11, 14, 18))
    y = HEIGHT - 60.0
    while y > 60:
        fact = _fact(chance)
        words = _prose(chance, int(250 / size))
        drawing.fact_line((50, y), f"{words} {fact} end.", fact, font, size)
        y -= size * 1.3 * chance.choice((1, 1, 1, 2))
    return drawing


def turned_pages(chance: random.Random) -> Drawing:
    """Pages that are shown turned, and cropped."""
    crop = chance.choice(((0, 0, WIDTH, HEIGHT), (30, 40, 560, 800)))
    drawing = Drawing(chance.choice((90, 180, 270)), crop)
    for at in range(20):
        fact = _fact(chance)
        text = f"{_prose(chance, 30)} {fact}"
        along = 90 + 22 * at
        match drawing.rotation:
            case 90:
                drawing.fact_line((along, 60), text, fact, turn=90)
            case 180:
                drawing.fact_line((530, along), text, fact, turn=180)
            case _:
                drawing.fact_line((WIDTH - along, 760), text, fact, turn=270)
    return drawing


def turned_texts(chance: random.Random) -> Drawing:
    """A page with text that runs up or down beside upright text."""
    drawing = Drawing()
    for at in range(12):
        fact = _fact(chance)
        drawing.fact_line((120, 760 - 14 * at), f"{_prose(chance, 30)} {fact}", fact)
    side = _fact(chance)
    up = chance.random() < 0.5
    drawing.fact_line((40 if up else 50, 200 if up else 700), f"Filed as {side}", side, turn=90 if up else 270)
    return drawing


def columns(chance: random.Random, *, by_row: bool) -> Drawing:
    """Two columns under a heading, drawn one after the other, or row by row."""
    drawing = Drawing()
    font, size = chance.choice(("Times-Roman", "Helvetica", SHAPES)), chance.choice((8, 9, 10))
    rows = chance.randrange(8, 45)
    leading = size * chance.choice((1.15, 1.25, 1.4))
    left, right = 50, 50 + 230 + chance.choice((14, 20, 30))
    heading = _fact(chance)
    drawing.fact_line((150, 790), f"A study of {heading} and more", heading, font, size + 4)
    lines = [[_filled(chance, font, size, 225) for _ in range(rows)] for _ in range(2)]
    for x, column in zip((left, right), lines, strict=True):
        for at, (text, fact) in enumerate(column):
            drawing.fact(fact, drawing.box((x, 760 - leading * at), text, fact, font, size))
    order = [(at, side) for at in range(rows) for side in (0, 1)]
    for at, side in order if by_row else sorted(order, key=lambda one: one[::-1]):
        drawing.line(((left, right)[side], 760 - leading * at), lines[side][at][0], font, size)
    return drawing


def _filled(chance: random.Random, font: str, size: float, width: float) -> tuple[str, str]:
    """Return a line that nearly fills a column, and a fact in it."""
    register(font)
    fact, words = _fact(chance), []
    while pdfmetrics.stringWidth(" ".join([*words, fact, "committee"]), font, size) < width:
        words.append(chance.choice(_WORDS))
    place = chance.randrange(len(words) + 1)
    return " ".join([*words[:place], fact, *words[place:]]), fact


def tables(chance: random.Random) -> Drawing:
    """A table with figures on the right, some cells empty, read row by row."""
    drawing = Drawing()
    lefts = (50, 120, 330, 420)
    y = 760.0
    for x, name in zip(lefts, ("Date", "Description", "Debit", "Credit"), strict=True):
        drawing.line((x, y), name, "Helvetica-Bold", 9)
    for _ in range(chance.randrange(4, 30)):
        y -= 14
        cells = [f"{chance.randrange(10, 29)}.03.2024", f"{chance.choice(_WORDS)} {chance.randrange(10_000, 99_999)}"]
        cells += chance.choice((["", f"{chance.randrange(999)}.50"], [f"{chance.randrange(999)}.25", ""]))
        for x, cell in zip(lefts, cells, strict=True):
            if cell:
                drawing.fact_line((x, y), cell, cell, "Helvetica", 9)
    return drawing


def hyphens(chance: random.Random) -> Drawing:
    """Words that are divided at a line's end."""
    drawing = Drawing()
    y = 780.0
    for _ in range(10):
        number = chance.randrange(10_000, 99_999)
        head, tail = chance.choice((("cus", "tomer"), ("agree", "ment"), ("reve", "nue")))
        first, second = f"{_prose(chance, 40)} the {head}-", f"{tail} {number} and so on"
        drawing.line((50, y), first)
        drawing.line((50, y - 12), second)
        boxes = (drawing.box((50, y), first, head), drawing.box((50, y - 12), second, f"{tail} {number}"))
        drawing.fact(f"{head}{tail} {number}", *boxes)
        y -= 60
    return drawing


def cjk(chance: random.Random) -> Drawing:
    """Japanese, Chinese, Korean, without fonts in the file."""
    drawing = Drawing()
    font = chance.choice([*CJK])
    for at in range(10):
        sample = CJK[font]
        start = chance.randrange(len(sample) - 4)
        fact = sample[start:]
        drawing.fact_line((60, 760 - 30 * at), f"{sample}{at}{fact}", f"{at}{fact}", font, 12)
    return drawing


def right_to_left(chance: random.Random) -> Drawing:
    """Hebrew and Arabic, drawn from left to right as they are seen, flush right."""
    drawing = Drawing()
    letters = chance.choice((range(0x5D0, 0x5EB), range(0x628, 0x63B)))
    for at in range(10):
        words = ["".join(chr(chance.choice(letters)) for _ in range(chance.randrange(3, 7))) for _ in range(6)]
        fact, seen = " ".join(words[2:4]), " ".join(words)[::-1]
        register(SHAPES)
        x = 540 - pdfmetrics.stringWidth(seen, SHAPES, 12)
        drawing.line((x, 760 - 24 * at), seen, SHAPES, 12)
        drawing.fact(fact, drawing.box((x, 760 - 24 * at), seen, fact[::-1], SHAPES, 12))
    return drawing


def ligatures(chance: random.Random) -> Drawing:
    """Words with ligatures."""
    drawing = Drawing()
    for at in range(10):
        drawn, read = chance.choice(
            (
                ("of\ufb01ce", "office"),
                ("\ufb02ow", "flow"),
                ("e\ufb00ect", "effect"),
                ("a\ufb03x", "affix"),
            )
        )
        number = chance.randrange(1000, 9999)
        text = f"{_prose(chance, 20)} {drawn} {number} end"
        drawing.line((60, 760 - 20 * at), text, SHAPES, 11)
        drawing.fact(f"{read} {number}", drawing.box((60, 760 - 20 * at), text, f"{drawn} {number}", SHAPES, 11))
    return drawing


def columns_drawn_in_turn(chance: random.Random) -> Drawing:
    """Columns, each drawn as a whole."""
    return columns(chance, by_row=False)


def columns_drawn_by_row(chance: random.Random) -> Drawing:
    """Columns that are drawn row by row."""
    return columns(chance, by_row=True)


LAYOUTS: tuple[Callable[[random.Random], Drawing], ...] = (
    fonts,
    turned_pages,
    turned_texts,
    columns_drawn_in_turn,
    columns_drawn_by_row,
    tables,
    hyphens,
    cjk,
    right_to_left,
    ligatures,
)


def documents(each: int) -> Iterator[tuple[str, Drawing]]:
    """Draw so many documents of each layout, by name."""
    for layout in LAYOUTS:
        for seed in range(each):
            yield f"{layout.__name__}-{seed}", layout(random.Random(seed))


def plain(*pages: str | list[str]) -> bytes:
    """Draw pages of a line of text each, or of several."""
    drawing = Drawing()
    for number, lines in enumerate(pages):
        if number:
            drawing.next_page()
        for at, text in enumerate([lines] if isinstance(lines, str) else lines):
            drawing.line((72, 760 - 14 * at), text, size=11)
    return drawing.done()


def picture_of(text: str) -> ImageReader:
    """Return a picture of a text, as a scanner makes one."""
    picture = Image.new("L", (1240, 1754), 255)
    brush = ImageDraw.Draw(picture)
    for at, line in enumerate(text.splitlines()):
        brush.text((150, 200 + 120 * at), line, fill=0, font_size=48)
    return ImageReader(picture)
