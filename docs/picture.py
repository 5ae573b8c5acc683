"""Draws docs/demo.svg, the README's first picture: what `make demo` shows on a terminal.

python docs/picture.py             draws it from docs/demo.ansi, what a terminal was sent
python docs/picture.py --record    runs the demonstration first, on a terminal of its own, and keeps what that was sent
python docs/picture.py --check     only says whether the picture is the transcript's, which needs no model
"""

import io
import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).parents[1]
TRANSCRIPT = Path(__file__).with_name("demo.ansi")
PICTURE = Path(__file__).with_name("demo.svg")
COLUMNS = 100

THEME = TerminalTheme(
    (24, 26, 31),
    (214, 218, 226),
    [
        (60, 64, 72),
        (233, 107, 107),
        (126, 197, 126),
        (222, 184, 98),
        (108, 164, 240),
        (200, 140, 220),
        (100, 194, 200),
        (214, 218, 226),
    ],
)
"""Calm colours on a dark ground, readable on a page that is light or dark."""

FORM = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>make demo</title>
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""
"""As rich's own, but for the fonts, which are those of whoever looks: nothing is fetched."""

_CLEARED = re.compile(r"[^\n]*\r\x1b\[2K")
"""A line of progress, up to where it was cleared."""


def recorded() -> str:
    """Run the demonstration on a terminal, and return what stands there in the end."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (60, COLUMNS))
    program = {"SLOTFILL_BIN": str(ROOT / ".venv/bin/slotfill"), "TERM": "xterm-256color"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SLOTFILL_", "ANTHROPIC_"))}
    with subprocess.Popen(
        ["/bin/sh", "fixtures/demo.sh"], cwd=ROOT, stdout=theirs, stderr=theirs, env=kept | program
    ) as demo:
        os.close(theirs)
        written = b"".join(iter(lambda: _read(ours), b""))
    if demo.returncode:
        sys.exit(f"the demonstration ended with {demo.returncode}")
    text = written.decode().replace("\r\n", "\n")
    return _CLEARED.sub("", text)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # its other end is closed
        return b""


def drawn(transcript: str) -> str:
    """Draw what a terminal was sent."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    console.print(Text.from_ansi("$ make demo\n\n" + transcript.rstrip("\n")))
    console.print()  # rich cuts off what hangs below the last line: the underscores of a variable's name
    picture = console.export_svg(title="", theme=THEME, code_format=FORM, unique_id="demo")
    return re.sub(r"[ \t]+$", "", picture, flags=re.MULTILINE)


def main(arguments: list[str]) -> None:
    """Draw the picture, or check it."""
    if arguments == ["--check"]:
        if not PICTURE.exists() or PICTURE.read_text() != drawn(TRANSCRIPT.read_text()):
            sys.exit(f"{PICTURE.name} is not drawn from {TRANSCRIPT.name}: make picture")
        return
    if arguments == ["--record"]:
        TRANSCRIPT.write_text(recorded())
    PICTURE.write_text(drawn(TRANSCRIPT.read_text()))


if __name__ == "__main__":
    main(sys.argv[1:])
