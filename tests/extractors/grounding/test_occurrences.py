from slotfill.extractors.grounding.occurrences import Occurrences
from slotfill.extractors.record.parts import Span


def mentions(document, wording, match="normalised"):
    places = [(at, at + len(wording)) for at in range(len(document)) if document[at:].lower().startswith(wording)]
    return Occurrences(document, wording, places, match)


def test_free_places_are_taken_from_an_offset_on_and_then_from_the_start():
    found = mentions("ann ann ann", "ann")
    assert [found.take(after=4).start for _ in range(3)] == [4, 8, 0]
    assert found.take(after=4) == Span(4, 7, "exact")  # none is free
    assert found.take(after=9).start == 0


def test_the_free_place_nearest_to_a_passage_is_taken():
    found = mentions("ann, bob and ann or ann", "ann")
    bob = Span(5, 8, "exact")
    assert [found.take_near(bob).start for _ in range(4)] == [0, 13, 20, 0]
    assert mentions("ann was bob, ann", "ann").take_near(Span(8, 11, "exact")).start == 13


def test_what_stands_in_the_same_sentence_is_nearer():
    for end in (". ", "\n", "。"):
        document = f"ann{end}then bob came to see ann"
        assert (
            mentions(document, "ann").take_near(Span(document.index("bob"), document.index("bob") + 3, "exact")).start
            > 3
        )


def test_only_a_place_that_reads_so_is_exact():
    found = mentions("Ann, ann", "ann")
    assert [found.take(after=0), found.take(after=0)] == [Span(0, 3, "normalised"), Span(5, 8, "exact")]
