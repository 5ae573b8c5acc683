"""The module has the schema of the JSON form, is what `ruff format` writes, and holds no code of anybody else's."""

import ast
import json
import subprocess
import sys

import proposals as made
from examples import examples
from hypothesis import given

from slotfill.extractors.suggestion.json_form import proposed_schema
from slotfill.extractors.suggestion.python_form import proposed_module
from slotfill.extractors.suggestion.sense_checks import settle
from slotfill.schemas import resolve
from slotfill.schemas.json_schema.subschemas import resolve_local

ALLOWED = (
    *(
        ast.Module,
        ast.Import,
        ast.ImportFrom,
        ast.alias,
        ast.ClassDef,
        ast.Assign,
        ast.AnnAssign,
        ast.Expr,
        ast.Constant,
    ),
    *(ast.Name, ast.Load, ast.Store, ast.Attribute, ast.Subscript, ast.Tuple, ast.BinOp, ast.BitOr),
    *(ast.Call, ast.keyword),
)


def model_in(settled):
    namespace = {"__name__": "proposed"}
    exec(compile(proposed_module(settled), "proposed.py", "exec"), namespace)
    return namespace[settled.class_name]


def bare(part, root, *, is_root=True):
    """Return a JSON Schema without titles and references, in which a class's own docstring is no description."""
    if isinstance(part, list):
        return [bare(one, root, is_root=False) for one in part]
    if not isinstance(part, dict):
        return part
    part = {**resolve_local(part, root), **{key: value for key, value in part.items() if key != "$ref"}}
    return {
        key: {name: bare(one, root, is_root=False) for name, one in value.items()}
        if key == "properties"
        else bare(value, root, is_root=False)
        for key, value in part.items()
        if key not in ("title", "$defs")
    }


@given(made.proposals)
@examples(40)
def test_it_has_the_schema_of_the_json_form(proposal):
    settled = settle(proposal, made.TEXTS)
    by_python, by_json = resolve(model_in(settled)), resolve(proposed_schema(settled.proposal))
    assert bare(by_python.json_schema, by_python.json_schema) == bare(by_json.json_schema, by_json.json_schema)
    assert by_python.instructions == by_json.instructions
    assert not by_python.examples
    assert not by_python.calibration


@given(made.proposals)
@examples(40)
def test_whatever_is_said_is_a_string_or_a_name(proposal):
    tree = ast.parse(proposed_module(settle(proposal, made.TEXTS)))
    assert {type(node) for node in ast.walk(tree)} <= {*ALLOWED}
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert calls <= {"Field", "ConfigDict"}
    imported = {ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)}
    assert imported <= {
        "import datetime as dt",
        "from typing import Literal",
        "from pydantic import BaseModel, ConfigDict, Field",
        "from slotfill.schemas import FreeText",
        "from slotfill.schemas import FreeText, Verbatim",
        "from slotfill.schemas import Verbatim",
    }


def test_ruff_format_leaves_it_alone(tmp_path):
    sources = set()

    @given(made.proposals)
    @examples(60)
    def write(proposal):
        sources.add(proposed_module(settle(proposal, made.TEXTS)))

    write()
    for size in (12, 22, 40):  # two columns a letter
        wide = made.proposal(made.field("a", "text", description="発" * size), made.field("b"))
        sources.add(proposed_module(settle(wide, made.TEXTS)))
    for number, source in enumerate(sources):
        (tmp_path / f"m{number}.py").write_text(source, "utf-8")
    for width in ("88", "120"):
        command = [sys.executable, "-m", "ruff", "format", "--isolated", "--check", "--line-length", width, tmp_path]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr


def test_it_is_imported_in_a_process_of_its_own(tmp_path):
    settled = settle(
        made.proposal(
            made.field("from"),
            made.field('"""\nraise SystemExit(7)\n"""', "text", description='"""\nraise SystemExit(8)\n'),
            made.field("items", "object", many=True, fields=[made.part("price", "number")]),
        ),
        made.TEXTS,
    )
    (tmp_path / "invoice.py").write_text(proposed_module(settled), "utf-8")
    value = {"from": "A-17", "raise_systemexit_7": "x", "items": [{"price": 4.5}]}
    code = f"import invoice; print(invoice.Invoice.model_validate({value!r}).model_dump_json(by_alias=True))"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert json.loads(run.stdout) == value
