"""The public face of the strategies, and how broad they are."""

import importlib.util

import pytest
from checkout import ROOT

from slotfill.schemas import strategies


def benchmark():
    spec = importlib.util.spec_from_file_location("strategies_benchmark", ROOT / "benchmarks" / "strategies.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_public_names_are_sorted_and_there():
    assert strategies.__all__ == sorted(strategies.__all__)
    assert all(hasattr(strategies, name) for name in strategies.__all__)


@pytest.mark.slow
@pytest.mark.parametrize("draft", ["draft2020-12", "draft7"])
def test_nine_schemas_in_ten_of_the_official_suite_get_instances(draft, shared_data):
    count, failures = benchmark().measure(shared_data / "json-schema-test-suite", draft)
    assert count > 200
    assert len(failures) <= 0.1 * count, failures


def test_the_benchmark_tells_a_schema_that_gets_none():
    reason = benchmark().failure({"not": {}}, "draft7", {})
    assert reason == "SchemaError: no instance of schema 'suite' was found: it seems to accept nothing"
