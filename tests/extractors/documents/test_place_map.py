"""Places: from a passage of a text to where it stands in its file."""

from array import array

import pytest

from slotfill.extractors.documents.place_map import NO_PLACES, PlaceMap, Stretch

MAIL = PlaceMap((Stretch(0, 10, {"part": "head"}), Stretch(12, 30, {"part": "body"})))
SHEET = PlaceMap(
    (
        Stretch(0, 4, {"sheet": "Q1", "cell": "A2"}),
        Stretch(7, 9, {"sheet": "Q1", "cell": "B2"}),
        Stretch(12, 14, {"sheet": "Q1", "cell": "C2"}),
    )
)
NOWHERE = (float("nan"),) * 4


def page(*boxes):
    return PlaceMap((Stretch(0, len(boxes), {"page": 3}),), array("f", [one for box in boxes for one in box]).tobytes())


@pytest.mark.parametrize(
    ("start", "end", "place"),
    [
        (0, 3, {"part": "head"}),
        (8, 20, {"part": "head"}),
        (10, 14, {"part": "body"}),
        (10, 12, None),
        (29, 40, {"part": "body"}),
        (30, 31, None),
    ],
)
def test_a_passage_is_where_it_begins(start, end, place):
    assert MAIL.place_of(start, end) == place


def test_a_passage_over_cells_names_the_first_and_the_last():
    assert SHEET.place_of(8, 14) == {"sheet": "Q1", "cell": "B2:C2"}
    assert SHEET.place_of(7, 9) == {"sheet": "Q1", "cell": "B2"}


def test_a_passage_on_a_page_has_the_box_around_what_is_drawn():
    places = page((10, 20, 15, 30), NOWHERE, (15, 21, 22.04, 30))
    assert places.place_of(0, 3) == {"page": 3, "box": [10, 20, 22, 30]}
    assert places.place_of(1, 2) == {"page": 3}


def test_a_passage_over_lines_has_a_box_a_line():
    places = page((100, 20, 110, 30), (10, 40, 20, 50), (20, 42, 30, 50))
    assert places.place_of(0, 3) == {
        "page": 3,
        "box": [10, 20, 110, 50],
        "boxes": [[100, 20, 110, 30], [10, 40, 30, 50]],
    }


def test_a_comma_below_its_line_and_letters_that_run_up_are_of_one_line():
    comma = page((10, 20, 15, 30), (15, 29.5, 17, 32), (18, 20, 23, 30))  # as in 1,2
    assert comma.place_of(0, 3) == {"page": 3, "box": [10, 20, 23, 32]}
    upwards = page((10, 90, 20, 95), (10, 80, 20, 88), (12, 70, 20, 78))
    assert upwards.place_of(0, 3) == {"page": 3, "box": [10, 70, 20, 95]}
    leftwards = page((90, 20, 95, 30), (80, 22, 88, 30), (70, 20, 79, 31))
    assert leftwards.place_of(0, 3) == {"page": 3, "box": [70, 20, 95, 31]}


def test_a_text_that_is_all_its_file_has_no_places():
    assert not NO_PLACES
    assert NO_PLACES.place_of(0, 5) is None


def test_places_are_told_apart_by_their_digest():
    assert MAIL.digest != SHEET.digest
    assert page((1, 2, 3, 4)).digest != page((1, 2, 3, 5)).digest
    assert MAIL.digest == PlaceMap(MAIL.stretches).digest
