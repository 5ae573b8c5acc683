"""Planted defects, each of which must turn a named test red: proof that the tests can fail.

All is done to a copy of the package, so that nothing here can leave a defect behind.
"""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from checkout import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3_600),  # all of it is done before the first one
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this machine has no fork"),
]

PARTS = ("__init__.py", "__init__.pyi", "__main__.py", "cli.py", "py.typed", "pyproject.toml")
PARTS += ("commands", "distributed", "extractors", "integrations", "passages", "schemas", "tests")

OUTPUTS = "tests/extractors/runs/outputs"

DEFECTS = {
    "a record of somebody else's leads to any file": (
        "extractors/viewing/document_texts.py",
        "            path = own_file(source, self._folder, Path())\n",
        "            path = str(self._folder / source)\n",
        "tests/extractors/viewing/test_document_texts.py::test_a_source_leads_to_no_file_outside[../secret.txt]",
    ),
    "a document ends a block of the page's data": (
        "extractors/viewing/viewer_page.py",
        '.replace("<", "\\\\u003c")',
        "",
        "tests/extractors/viewing/test_viewer_page.py::test_whatever_a_document_holds_it_ends_no_block",
    ),
    "a part of an output replaces one of an older output": (
        "extractors/runs/outputs/tables/parts_sink.py",
        "-{digest[:16]}",
        "",
        f"{OUTPUTS}/tables/test_parts_sink.py::test_an_older_output_is_whole_until_the_manifest_is_replaced",
    ),
    "a file elsewhere is seen while it is written": (
        "extractors/runs/outputs/remote_outputs.py",
        "            if self._is_object_store:\n",
        "            if True:\n",
        f"{OUTPUTS}/test_remote_outputs.py::test_where_a_file_is_seen_while_it_is_written_it_is_moved_to_its_place",
    ),
    "a report that comes twice counts twice": (
        "extractors/distributed/correspondence.py",
        "        if known is not None and number == known.number:\n",
        "        if False:\n",
        "tests/extractors/distributed/test_correspondence.py::TestCluster::runTest",
    ),
    "a truncated reply is accepted": (
        "extractors/rungs/validation.py",
        "    if answer.stop_reason in CUT_OFF:\n",
        "    if False:\n",
        "tests/extractors/test_plan.py::test_a_reply_that_stays_cut_is_partial",
    ),
    "a partial is marked valid": (
        "extractors/rungs/results.py",
        "    Status.CUT_OFF: Outcome.PARTIAL,",
        "    Status.CUT_OFF: Outcome.VALID,",
        "tests/extractors/testing/matrix/test_fault_matrix.py::test_a_fault_over_http_keeps_all_invariants[truncated]",
    ),
    "a stream that was cut passes for a whole one": (
        "extractors/messages_api/stream_reader.py",
        "        if not self.ended:\n            self._whole",
        "        self.ended = True\n        if False:\n            self._whole",
        "tests/extractors/testing/matrix/test_fault_matrix.py::test_a_fault_over_http_keeps_all_invariants[sse_unended]",
    ),
    "what a reply has used is not counted": (
        "extractors/clients/codec.py",
        "            usage=usage_of(message.usage, message.content),\n",
        "",
        "tests/extractors/testing/matrix/test_fault_matrix.py::test_without_a_fault_all_is_valid[amap-tool]",
    ),
    "a mender drops the rows that do not fit": (
        "extractors/repair/coercion.py",
        "            changed = self._change(places[-1])\n",
        """            changed = self._change(places[-1])
            for place in places:
                if not changed and isinstance(place.holder, list):
                    changed = True
                    del place.holder[place.key]
""",
        "tests/extractors/repair/test_repair.py::TestWrapper::test_a_row_that_does_not_fit_stays",
    ),
    "a mender drops rows that stand one after the other": (
        "extractors/repair/repair.py",
        "first, last = candidates[0], candidates[-1]\n",
        "candidates = candidates[:-1]\n        first, last = candidates[0], candidates[-1]\n",
        "tests/extractors/repair/test_repair.py::TestWrapper::test_rows_without_brackets_are_all_kept",
    ),
    "a patch touches another field": (
        "extractors/rungs/patch.py",
        "        return merged\n",
        "        return {**merged, **reply} if isinstance(merged, dict) and isinstance(reply, dict) else merged\n",
        "tests/extractors/test_plan.py::test_a_patch_touches_nothing_else",
    ),
    "a span is off by one": (
        "extractors/grounding/occurrences.py",
        "        return Span(start, end, ",
        "        return Span(start + 1, end + 1, ",
        "tests/extractors/grounding/test_grounding.py::test_planted_facts_are_found_exactly",
    ),
    "a chunk that failed is dropped without a word": (
        "extractors/chunks/assembly.py",
        "        if self.missing is None:\n",
        "        if True:\n",
        "tests/extractors/chunks/test_reading.py::test_a_chunk_that_fails_makes_the_whole_partial_and_is_named[refusal-refused]",
    ),
    "a further reading that failed is not told from the first": (
        "extractors/chunks/assembly.py",
        "if chunk.number > 1 else",
        "if False else",
        "tests/extractors/testing/matrix/test_fault_matrix.py::test_further_turns_fallbacks_passes_and_chunks_keep_all_invariants[passes-refusal]",
    ),
    "what a chunk gave is lost with another chunk": (
        "extractors/chunks/assembly.py",
        "    valid = [(one, chunk) for one, chunk in placed if one.result.is_valid]\n",
        "    valid = [(one, chunk) for one, chunk in placed if one.result.is_valid][: -1 if missing else None]\n",
        "tests/extractors/testing/matrix/test_fault_matrix.py::test_further_turns_fallbacks_passes_and_chunks_keep_all_invariants[chunks-refusal]",
    ),
    "a chunk is not told what was said of its document": (
        "extractors/chunks/reading.py",
        "else tuple(Turn(None, turn.correction) for turn in self.history)\n",
        "else ()\n",
        "tests/extractors/testing/matrix/test_fault_matrix.py::test_without_a_fault_all_is_valid[refine_chunks-structured]",
    ),
    "a fallback is asked though the first model answered": (
        "extractors/rungs/results.py",
        "return self.is_valid or (self.failure",
        "return (self.failure",
        "tests/extractors/testing/matrix/test_fault_matrix.py::test_without_a_fault_all_is_valid[fallback_chunks-structured]",
    ),
    "what stands in an overlap is counted twice": (
        "extractors/chunks/list_merging.py",
        "    for rule in rules:\n",
        "    for rule in ():\n",
        "tests/extractors/chunks/test_reading.py::test_every_fact_of_a_long_document_is_found_once_and_where_it_stands[100-100000]",
    ),
    "requests are not paced": (
        "extractors/clients/pacer.py",
        "        if owed > NOTHING:\n",
        "        if False:\n",
        "tests/extractors/clients/test_rate_limits.py::test_a_limit_is_used_and_not_exceeded[requests-given]",
    ),
    "a budget is settled but not reserved": (
        "extractors/runs/budget.py",
        "        return self._spent + self._reserved + beside + worst <= max_cost or worst == 0\n",
        "        return self._spent + worst <= max_cost or worst == 0\n",
        "tests/extractors/runs/test_budget.py::test_what_may_fit_once_others_are_settled_waits",
    ),
    "a reply that never arrived gives its reservation back": (
        "extractors/runs/budget.py",
        "            taken = worst if usage is None else cost\n",
        "            taken = Decimal(0) if usage is None else cost\n",
        "tests/extractors/runs/test_budget.py::test_a_worst_case_is_reserved_and_what_was_taken_is_spent",
    ),
    "what never arrived is given back in the ledger alone": (
        "extractors/runs/ledger/accounts.py",
        "        if usage is not None:\n            counts =",
        "        if (usage := usage or Usage()) is not None:\n            counts =",
        "tests/extractors/runs/test_budget.py::test_a_worst_case_is_reserved_and_what_was_taken_is_spent",
    ),
    "a breaker never closes again": (
        "extractors/runs/breaker.py",
        "        outage, self._outage = self._outage, None\n",
        "        outage = self._outage\n",
        "tests/extractors/runs/test_breaker.py::test_it_always_closes_after_a_probe_that_succeeds",
    ),
    "an answer is not stored before its document ends": (
        "extractors/runs/asking.py",
        "            self._keep(document, ask, answer)\n        except (",
        "            pass\n        except (",
        "tests/extractors/runs/test_engine.py::test_an_answer_is_stored_before_its_document_ends",
    ),
    "a resumed run asks again what is stored": (
        "extractors/runs/asking.py",
        "        return answers.pop(0) if answers else None\n",
        "        return None\n",
        "tests/extractors/runs/test_engine.py::test_an_answer_is_stored_before_its_document_ends",
    ),
    "a row is written twice after a kill": (
        "extractors/runs/ledger/store.py",
        "            if fresh or self._retry_failed:\n",
        """            known = database.execute("SELECT count(*) FROM inputs")
            (self._positions,) = known.fetchone()
            if fresh or self._retry_failed:
""",
        "tests/test_kills.py::test_a_document_goes_on_from_the_answers_that_it_has",
    ),
    "an output is put in its place before it is whole": (
        "extractors/runs/outputs/atomic_files.py",
        "        if not stat.S_ISREG(status.st_mode):\n",
        "        if True:\n",
        "tests/extractors/runs/outputs/test_atomic_files.py::test_what_is_not_committed_leaves_the_old_file",
    ),
    "a document is dropped from the output": (
        "extractors/runs/delivery.py",
        "            self._write(entry)\n            self._position = entry.position + 1\n",
        "            self._position = entry.position + 1\n",
        "tests/test_cli.py::TestOutput::test_several_files_are_a_line_each_in_order",
    ),
    "a key is printed in an error": (
        "extractors/http/redaction.py",
        "        return self._pattern.sub(HIDDEN, text) if self.finds(text) else text\n",
        "        return text\n",
        "tests/test_cli.py::TestBadInput::test_a_wrong_key_stops_at_once_and_shows_no_key",
    ),
    "a key that a model says is stored": (
        "extractors/clients/calls.py",
        "redaction.hide_within(answer.to_json())",
        "answer.to_json()",
        "tests/test_secrets.py::test_a_service_that_says_it_again[16-a value-claude-haiku-5-5]",
    ),
}
"""By what it does: the file, the line that is sound, what stands in its place, and the test that must tell."""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What came of the tests: of all of them on a sound copy of the package, then of each on one with its defect."""
    package = tmp_path_factory.mktemp("copy") / "slotfill"
    package.mkdir()
    for part in PARTS:
        source = ROOT / part
        copied = shutil.copytree if source.is_dir() else shutil.copy2
        copied(source, package / part)  # with what is compiled of it, and is still valid
    sound = {"tests": [*dict.fromkeys(test for *_, test in DEFECTS.values())]}
    jobs = [
        dict(zip(("file", "sound", "broken", "tests"), (*how, [test]), strict=True)) for *how, test in DEFECTS.values()
    ]
    environment = {**os.environ, "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, package / "tests" / "sabotage.py"],
        input=json.dumps([sound, *jobs]),
        cwd=package,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(("sound", *DEFECTS), json.loads(done.stdout), strict=True))


def test_without_a_defect_all_of_them_are_green(results):
    code, said = results["sound"]
    assert code == 0, said


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_turns_its_test_red(defect, results):
    code, said = results[defect]
    assert code == 1, said
    assert re.search(r"^FAILED .*" + re.escape(DEFECTS[defect][-1].rsplit("::", 1)[1]), said, re.MULTILINE)
