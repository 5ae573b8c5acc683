"""Writes docs/troubleshooting.md: each error's message, and the page it leads to. `--check` only says if it is so."""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = Path(__file__).with_name("troubleshooting.md")

ERRORS = {
    "BadParameter": 2,
    "CassetteError": 2,
    "Failure": 1,
    "InputError": 2,
    "InvalidError": 2,
    "LedgerError": 2,
    "MissingExtraError": 2,
    "MissingModelExtraError": 4,
    "ModelError": 4,
    "OutputError": 2,
    "SchemaError": 2,
    "SettingsError": 2,
    "StoppedError": 3,
    "UsageError": 2,
}
"""What is raised, or told of a document, with a message; the exit code of a command that ends with it."""

LEADS = {
    "Batches": ("batches.md", ("commands/batches", "commands/options/batch_options", "extractors/batches")),
    "Budgets": ("budgets.md", ("commands/costs", "commands/serving/budget_check", "extractors/budgets")),
    "Clusters and processes": (
        "scale.md",
        ("commands/options/worker_options", "extractors/distributed", "extractors/shared_files"),
    ),
    "Confidence, votes and calibration": ("confidence.md", ("extractors/calibrating", "extractors/readings")),
    "Credentials and models": (
        "python.md#settings",
        ("commands/installation/doctor", "extractors/clients", "extractors/http", "extractors/settings"),
    ),
    "Documents": (
        "documents.md",
        (
            "commands/inputs",
            "commands/options/reading_options",
            "extractors/documents",
            "extractors/record",
            "extractors/plan",
        ),
    ),
    "Earlier records": (
        "updating.md",
        ("commands/options/updating_options", "commands/extract", "extractors/extractions", "extractors/updating"),
    ),
    "Evaluation and gold": (
        "truth.md",
        ("commands/gold", "extractors/evaluation", "extractors/gold", "extractors/tuning"),
    ),
    "Keys of the service": ("keys.md", ("extractors/keys",)),
    "LangChain": ("langchain.md", ("integrations/langchain",)),
    "Looking and reviewing": (
        "reviewing.md",
        ("commands/looking", "extractors/review", "extractors/viewing", "extractors/displaying"),
    ),
    "Options": ("command-line.md", ("commands/options/option_groups",)),
    "Other services": ("services.md", ("extractors/chat_completions", "extractors/clouds", "extractors/transports")),
    "Outputs": ("command-line.md#output", ("extractors/runs/outputs",)),
    "Projects and suggestions": ("starting.md", ("commands/init", "commands/suggest", "extractors/suggestion")),
    "Replies of the service": (
        "python.md#failures",
        ("extractors/chunks", "extractors/messages_api", "extractors/rungs", "extractors/unforeseen"),
    ),
    "Runs and their ledgers": ("runs.md", ("commands/serving/purge", "extractors/runs")),
    "Schemas": ("schemas.md", ("schemas",)),
    "Tapes and the simulated service": ("testing.md", ("extractors/cassettes", "extractors/testing")),
    "The embedded model": ("embedded.md", ("extractors/local",)),
    "The extractor": ("python.md#extractor", ("extractors/extractor", "extractors/options", "extractors/texts")),
    "The service": ("service.md", ("commands/serving/named_schemas", "commands/serving/serve", "extractors/serving")),
    "Tools for assistants": ("mcp.md", ("commands/serving/mcp", "extractors/tool_server")),
    "Traces and metrics": ("telemetry.md", ("extractors/telemetry",)),
}
"""By topic, the page to read, and where in the code its messages come from: the longest of these counts."""

HEAD = """\
# Troubleshooting

This page is written by `python docs/messages.py`, its lists from the code: every message that slotfill raises, or
tells of a document. Search it for a few fixed words of yours; `…` stands for what differs. A message says what is
wrong, then what to do; the page that a list leads to says why.

Start with what shows most:

    slotfill doctor                                      # credential, connection, model, extras: what works
    slotfill extract feedback mails/ -vv                 # each request and each try, as it happens
    slotfill extract feedback mails/ --rejects no.jsonl  # the record of each document that has no value

| exit code | what ended | what to do |
|---|---|---|
| 1 | some documents have no value; the run went on | [failures](python.md#failures) has each kind with its cure |
| 2 | usage, schema, input, output, setting, ledger: nothing was asked | mend it, and repeat the command |
| 3 | a budget, the limits or an outage stopped the run | the same command goes on later |
| 4 | no usable model or credential | `slotfill doctor` tries both |

Where a message ends with words of the system (`Permission denied`, `No space left on device`), these say what to
mend. A failure `internal`, or a traceback, is a defect of slotfill or of code of your schema: the log of `-vv` says
where it was raised.
"""


def messages() -> Iterator[tuple[str, str, str]]:
    """Give the place, the error and the message of all that is raised or told with a text of its own."""
    for part in ("commands", "extractors", "schemas", "distributed", "integrations"):
        for file in sorted(ROOT.glob(f"{part}/**/*.py")):
            place = file.relative_to(ROOT).with_suffix("").as_posix()
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call) and (error := _name(node.func)) in ERRORS:
                    texts = [_text(value) for value in (*node.args, *(keyword.value for keyword in node.keywords))]
                    yield from (
                        (place, error, text) for text in texts[:2] if any(map(str.isalpha, text)) and " " in text
                    )


def _is_message(text: str) -> bool:
    return " " in text and any(map(str.isalpha, text))


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _text(value: ast.expr) -> str:
    """Give a literal text, with a mark for each part that is computed."""
    match value:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part) for part in parts)
        case ast.BinOp(left=left, right=right):
            return _text(left) + _text(right)
        case _:
            return "…"


def topic(place: str) -> str:
    """Give the topic that the messages of a module belong to; KeyError where `LEADS` names none."""
    leads = [(prefix, name) for name, (_, prefixes) in LEADS.items() for prefix in prefixes]
    fitting = [(len(prefix), name) for prefix, name in leads if place == prefix or place.startswith(f"{prefix}/")]
    if not fitting:
        raise KeyError(f"{place} raises errors, and LEADS in {__file__} names no page for them")
    return max(fitting)[1]


def page() -> str:
    """Write the whole page."""
    listed: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for place, error, text in messages():
        listed[topic(place)].add((" ".join(text.split()), error))
    sections = [HEAD]
    for name in sorted(listed):
        sections.append(f"## {name}\n\nRead [{LEADS[name][0].partition('#')[0]}]({LEADS[name][0]}).\n")
        rows = sorted(listed[name], key=lambda row: (row[0].lstrip("…, :"), row[1]))
        sections.append("| message | exit code |\n|---|---|\n" + "".join(map(_row, rows)))
    return "\n".join(sections)


def _row(row: tuple[str, str]) -> str:
    text, error = row
    marks = "``" if "`" in text else "`"
    space = " " if "`" in text else ""
    shown = text.replace("|", "\\|")
    return f"| {marks}{space}{shown}{space}{marks} | {ERRORS[error]} |\n"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text("utf-8") == page() else f"{PAGE.name} lists other messages: run {__file__}")
    PAGE.write_text(page(), "utf-8")
