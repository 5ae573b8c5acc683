"""A terminal of one's own, and what stands on it in the end."""

import io
import os
import re
import subprocess
import sys
import threading
import time


class FakeTerminal(io.StringIO):
    """A stream that says that it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


def wait_for(text, terminal):
    """Wait until something stands in what is written to a fake terminal; the test's time limit ends it."""
    while text not in terminal.getvalue():
        time.sleep(0.01)


def styled(written):
    """Give the texts that are written in a style, each with the codes of that."""
    return [(text, codes) for codes, text in re.findall(r"\x1b\[([\d;]+)m([^\x1b]*)\x1b\[0m", written)]


class Terminal:
    """A pseudo-terminal of so many columns, which remembers all that is written to it."""

    def __init__(self, columns=100, rows=40):
        import pty  # Windows has none
        import termios

        self._ours, self.theirs = pty.openpty()
        termios.tcsetwinsize(self.theirs, (rows, columns))
        self.columns = columns
        self.written = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        try:
            while block := os.read(self._ours, 65_536):
                self.written += block
        except OSError:  # nobody has it open for writing any more
            pass

    def close(self):
        """Close it, and wait for all that was written."""
        os.close(self.theirs)
        self._reader.join()
        os.close(self._ours)
        return self.written.decode()


def screen(written, columns=100):
    """Give the lines that stand on a terminal: only what slotfill sends is known, and a line wraps at the last column.

    `\\r`, `\\n`, ESC[nA (up), ESC[2K (clear the line), and colours, which are left out.
    """
    written = written.replace("\r\n", "\n").replace("\n", "\r\n")
    lines, row, column, at = [[]], 0, 0, 0
    while at < len(written):
        character = written[at]
        at += 1
        if character == "\r":
            column = 0
        elif character == "\n":
            row += 1
        elif character == "\x1b":
            end = next(place for place in range(at + 1, len(written)) if written[place].isalpha())
            number, code = written[at + 1 : end], written[end]
            at = end + 1
            if code == "A":
                row -= int(number or 1)
            elif (number, code) == ("2", "K"):
                lines[row] = []
            else:
                assert code == "m", f"an unknown sequence: {number}{code}"
            continue
        else:
            if column == columns:
                row, column = row + 1, 0
            while len(lines) <= row:
                lines.append([])
            lines[row] += " " * (column - len(lines[row]))
            lines[row][column : column + 1] = character
            column += 1
        while len(lines) <= row:
            lines.append([])
    return ["".join(line).rstrip() for line in lines]


def on_terminal(*arguments, columns=100, piped=(), env=None, stdin=None):
    """Run slotfill with standard output and standard error on one terminal; give the process, and what was written.

    piped: those of the two that are no terminal; what comes of them stands in the process.
    """
    terminal = Terminal(columns)
    streams = {name: subprocess.PIPE if name in piped else terminal.theirs for name in ("stdout", "stderr")}
    process = subprocess.run(
        [sys.executable, "-m", "slotfill", *arguments],
        **streams,
        stdin=stdin or subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm-256color", **(env or {})},
        check=False,
        timeout=120,
    )
    return process, terminal.close()
