"""Colours on light and on dark terminals."""

import pytest
from rich.color import Color

from slotfill.extractors.terminal.colours import Colour

GROUNDS = {
    "white": "#ffffff",
    "black": "#000000",
    "Solarized light": "#fdf6e3",
    "Solarized dark": "#002b36",
    "GNOME dark": "#171421",
    "Ubuntu": "#300a24",
}


def luminance(colour):
    """Give the relative luminance of WCAG 2.2, from 0 to 1."""
    parts = [part / 255 for part in Color.parse(colour).get_truecolor()]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("ground", GROUNDS.values(), ids=GROUNDS)
@pytest.mark.parametrize("colour", Colour)
def test_each_is_readable_on_light_and_on_dark(colour, ground):
    darker, lighter = sorted((luminance(colour), luminance(ground)))
    assert (lighter + 0.05) / (darker + 0.05) >= 3


@pytest.mark.parametrize("colour", Colour)
def test_none_is_of_a_terminals_own_and_each_is_told_as_rich_tells_it(colour):
    assert Color.parse(colour).number > 15
    assert ";".join(Color.parse(colour).get_ansi_codes()) == colour.code
