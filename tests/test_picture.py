"""The README's picture: what `make demo` shows, drawn without the model from what a terminal was sent."""

import re
import subprocess
import sys

from checkout import ROOT

PICTURE = ROOT / "docs" / "demo.svg"


def test_it_is_drawn_from_its_transcript():
    subprocess.run([sys.executable, "docs/picture.py", "--check"], cwd=ROOT, check=True, timeout=60)


def test_it_fetches_nothing_and_is_small():
    picture = PICTURE.read_text()
    assert set(re.findall(r"https?://[^\s\"']+", picture)) == {"http://www.w3.org/2000/svg"}
    assert "@import" not in picture
    assert "url(" not in picture.replace("url(#", "")
    assert len(picture) < 60_000


def test_it_is_one_screen_and_shows_the_commands_of_the_demo():
    transcript = re.sub(r"\x1b\[[\d;]*m", "", (ROOT / "docs" / "demo.ansi").read_text())
    assert len(transcript.splitlines()) <= 50
    assert max(map(len, transcript.splitlines())) <= 100
    for command in re.findall(r"^run (\w+)", (ROOT / "fixtures" / "demo.sh").read_text(), re.MULTILINE):
        assert f"$ slotfill {command} " in transcript


def test_the_readme_shows_it_first():
    shown = re.findall(r"!\[[^]]*\]\((.*?)\)", (ROOT / "README.md").read_text())
    assert next(one for one in shown if not one.startswith("docs/badges/")) == "docs/demo.svg"
