"""The laws of extractors: each broken one is caught by the law meant for it, and our own keeps them all."""

import importlib.util
from itertools import product
from typing import get_args

import pytest
from checkout import FIXTURES

from slotfill import Extractor
from slotfill.extractors.testing import extractor_laws
from slotfill.extractors.testing.checking.findings import LawBroken
from slotfill.extractors.testing.checking.scenarios import KEY, ReplyEnd, play, scenarios
from slotfill.extractors.testing.checking.search import Search
from slotfill.schemas import Sentiment, resolve

FILES = sorted((FIXTURES / "broken" / "extractors").glob("*.py"))
ONE_OF_EACH = 8
"""Examples enough for each ending, with a correction and without."""

LAWS = extractor_laws.EXTRACTOR_LAWS


def load(path):
    spec = importlib.util.spec_from_file_location(f"broken_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def schema_of(extractor):
    return get_args(extractor.__orig_bases__[0])[0]


def named(name):
    return next(law for law in extractor_laws.EXTRACTOR_LAWS if law.name == name)


def broken_by(extractor, source):
    """Return the names of the laws that an extractor breaks, each scenario being played once for all of them."""
    schema, names = resolve(source), set()
    for ending, corrected in product(get_args(ReplyEnd), (False, True)):
        for scenario in Search(3).sample(scenarios(schema, ending, corrected=corrected)):
            result = play(extractor, scenario)
            judging = (law for law in LAWS if ending in law._endings)
            names |= {law.name for law in judging if any(law._judge(result, schema, extractor))}
    return names


def test_each_law_has_a_broken_extractor():
    assert {load(path).LAW for path in FILES} == {law.name for law in extractor_laws.EXTRACTOR_LAWS}


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_broken_extractor_is_caught_by_the_law_meant_for_it(path):
    fixture = load(path)
    schema = schema_of(fixture.Good)
    with pytest.raises(LawBroken) as caught:
        named(fixture.LAW)(fixture.Broken, schema)
    assert caught.value.law == fixture.LAW
    assert broken_by(fixture.Broken, schema) <= {fixture.LAW}


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_its_good_twin_keeps_every_law(path):
    good = load(path).Good
    assert broken_by(good, schema_of(good)) == set()


@pytest.mark.sweep
@pytest.mark.parametrize("law", extractor_laws.EXTRACTOR_LAWS, ids=repr)
@pytest.mark.parametrize("schema", ["sentiment", "entities", "tags [str], by {name, age int?}"])
def test_our_extractor_keeps_every_law(law, schema):
    law(lambda client: Extractor(schema, client=client), schema, max_examples=ONE_OF_EACH)


def test_the_counterexample_is_a_whole_scenario():
    with pytest.raises(LawBroken) as caught:
        extractor_laws.truncation_is_not_ok(load(FILES[0]).Broken, Sentiment)
    scenario = caught.value.counterexample
    assert set(scenario) == {"text", "replies", "ending"}
    assert scenario["ending"] == "max_tokens"


def test_a_key_in_an_exception_is_seen():
    class Raising(Extractor):
        def extract(self, text):
            raise RuntimeError(f"no luck with {KEY}")

    with pytest.raises(LawBroken, match="the key stands in the error raised"):
        extractor_laws.key_never_shown(lambda client: Raising(Sentiment, client=client), Sentiment, max_examples=8)


def test_a_law_says_what_it_is():
    assert extractor_laws.nothing_lost.__doc__.startswith("A valid answer is extracted, and all of it")
    assert repr(extractor_laws.nothing_lost) == "<law: nothing lost>"
    public = {*extractor_laws.__all__} - {"EXTRACTOR_LAWS", "ExtractorLaw"}
    assert {law.__name__ for law in extractor_laws.EXTRACTOR_LAWS} == public
