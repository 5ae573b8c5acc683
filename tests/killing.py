"""A run in a process of its own, on a simulated service that tells when to kill it; and the accounts after.

    run = Run(folder)
    run.start(After(requests=250), undisturbed=undisturbed)    # killed when so many requests have been seen
    run.start()                       # to its end
    assert not run.breaches(undisturbed)

The same documents get the same replies in every run, so that any two runs end alike.
"""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from slotfill.extractors.catalogue import prices
from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.runs.ledger.migrations import PICODOLLARS
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served
from slotfill.extractors.testing.simulator.simulated_reply import SimulatedReply
from slotfill.extractors.testing.simulator.simulated_request import SimulatedRequest

DOCUMENTS = 500
CONCURRENCY = 8
KEY = "sk-ant-nobody-is-to-find-it"

ROOM = 2_000
"""Tokens: a first reply may have fewer, and one that is asked again more."""

OLD = b"of another day\n"
"""What stood in the outputs' places before."""

LEFT_BY_A_KILL = (".slotfill-part", ".slotfill-lock")
"""How the names end of files that are being written, and of locks: the next process replaces them."""

SCHEMA = {
    "type": "object",
    "properties": {"note": {"type": "string"}, "urgency": {"type": "integer", "minimum": 1, "maximum": 5}},
    "required": ["note", "urgency"],
    "additionalProperties": False,
}
PATIENCE = 120
"""Seconds after which a process that goes on is a failure."""


@dataclass(frozen=True)
class After:
    """A moment in a process's life: so many requests seen, one of a kind, or a line on standard error.

    `delay` seconds are added; without any of these to its start.
    """

    requests: int | None = None
    asked: Callable[[SimulatedRequest], bool] | None = None
    line: str | None = None
    delay: float = 0.0


@dataclass(frozen=True)
class Strike:
    """A signal that is due at a moment; once it is due, no request gets a reply before it is sent."""

    moment: After
    due: threading.Event = field(default_factory=threading.Event)
    sent: threading.Event = field(default_factory=threading.Event)


def moments(undisturbed, run, chance):
    """Give moments to kill a run's next process at, by what it does then; `undisturbed` tells how long that takes."""
    times = undisturbed.times
    closing_up = chance.uniform(0, times["end"] - times["last"])
    found = {"starting": After(delay=chance.uniform(0.6, 1) * (times["first"] - times["start"]))}
    if run.codes:
        found["reading"] = After(line="resuming", delay=closing_up)
    if left := len(undisturbed.claude.requests) - len(run.answered()):
        found["asking"] = After(requests=chance.randint(1, left), delay=chance.choice((0, chance.uniform(0, 0.01))))
        found["writing"] = After(requests=left, delay=closing_up)
    return found


def reply(asked):
    """Reply to a document by its number: to most what they say, to some what must be mended, asked again or refused."""
    number = int(asked.document.split()[1])
    value = {"note": f"row {number}", "urgency": 1 + number % 5}
    if number % 6 == 2:  # of a row it is not sure, and says in other words another number: always the same to the same
        value["urgency"] = 1 + int(asked.digest[:2], 16) % 5
    if number % 50 == 9:
        return SimulatedReply((), "refusal", {"type": "refusal", "category": None, "explanation": "No."})
    if number % 100 == 29:
        return ApiError(400, "invalid_request_error", "This is not to be had.")
    if number % 10 == 1:
        return f"```json\n{json.dumps(value)}\n```"
    if number % 10 == 4 and "note" in asked.schema["properties"]:
        return value | {"urgency": 99}
    if number % 20 == 7 and (asked.max_tokens < ROOM or number % 100 == 47):
        return SimulatedReply(({"type": "text", "text": json.dumps(value)[:20]},), "max_tokens")
    return {name: value[name] for name in asked.schema["properties"]}


def written(path):
    """Give what an output or a file of rejects says, without what another time and another order of requests change."""
    if path.is_dir():
        return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}
    if path.suffix == ".jsonl" and '"attempts":' in path.read_text("utf-8"):
        return [_masked(json.loads(line)) for line in path.read_text("utf-8").splitlines()]
    if path.suffix == ".db":
        with closing(sqlite3.connect(path)) as database:
            return [*database.iterdump()]
    return path.read_bytes()


def _masked(record):
    attempts = [attempt | {"ms": 0, "request_id": None} for attempt in record["attempts"]]
    return record | {"attempts": attempts, "ms": 0, "request_ids": []}


def rows(count=DOCUMENTS):
    """Write rows: some have the text of another one, one cannot be read."""
    lines = [json.dumps({"text": f"Row {n - 1 if n % 25 == 3 else n} says: it came late."}) for n in range(count)]
    lines[count // 2] = '{"text": "it is not clo'
    return "\n".join(lines) + "\n"


class Run:
    """One run over so many documents, started as often as need be, and all that it meets.

    options: more of the command line. kills: how many of its processes were killed. codes: what each of the processes
    exited with.
    """

    def __init__(self, folder, *, documents=DOCUMENTS, output="out.jsonl", old=True, faults=(), options=()):
        self.folder, self.output, self.rejects = folder, folder / output, folder / "rejects.jsonl"
        self.options = options
        self.claude = SimulatedClaude(self._reply, faults=faults)
        self.kills, self.codes, self.stderr, self.times = 0, [], [], {}
        self._answered_by, self._breaches = [], []
        self._strikes, self._seen = [], 0
        self._counting = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "rows.jsonl").write_text(rows(documents), "utf-8")
        (folder / "schema.json").write_text(json.dumps(SCHEMA), "utf-8")
        if old:
            self.output.write_bytes(OLD)
            self.rejects.write_bytes(OLD)

    @property
    def arguments(self):
        """The command line, the same each time."""
        outputs = ("-o", self.output.name, "--rejects", self.rejects.name)
        return ("extract", "schema.json", "rows.jsonl", *outputs, "--concurrency", str(CONCURRENCY), *self.options)

    def start(self, *moments, send=signal.SIGKILL, undisturbed=None):
        """Start a process; send it a signal at one moment, then at the next. Give its exit code."""
        with served(self.claude) as url, self._process(url) as process:
            self._watch(process, [Strike(moment) for moment in moments], send)
            process.wait(PATIENCE)
            self.times["end"] = time.monotonic()
        self.codes.append(process.returncode)
        if process.returncode == -signal.SIGKILL:
            self.kills += 1
            self._after_a_kill(undisturbed)
        return process.returncode

    def answered(self):
        """Give the ids of the requests whose answers are stored."""
        return {
            json.loads(answer)["request_id"] for (answer,) in self.told("SELECT answer FROM answers WHERE NOT stale")
        }

    def breaches(self, undisturbed):
        """Say what does not hold of the run, which has come to its end."""
        self._check_requests(len(undisturbed.claude.requests))
        self._check_account()
        for name in ("output", "rejects"):
            if written(getattr(self, name)) != written(getattr(undisturbed, name)):
                self._breaches.append(f"the {name} differs")
        if self.codes[-1] != undisturbed.codes[-1]:
            self._breaches.append(f"exit code {self.codes[-1]}")
        return self._breaches + [f"left over: {name}" for name in self._left_over()]

    def _check_requests(self, needed):
        bodies = {seen.request_id: seen.http.body for seen in self.claude.requests}
        for answered, count in self._answered_by:
            again = {seen.http.body for seen in self.claude.requests[count:]} & {bodies[name] for name in answered}
            self._breaches += [f"asked again, its answer being stored: {body[-200:]}" for body in again]
        if len(bodies) > needed + CONCURRENCY * self.kills:
            self._breaches.append(f"{len(bodies)} requests for {needed} answers, {self.kills} kills")
        unsettled = len(self.told("SELECT number FROM tries WHERE output_tokens IS NULL"))
        if unsettled > CONCURRENCY * self.kills:
            self._breaches.append(f"{unsettled} tries were never settled")

    def _left_over(self):
        own = {"rows.jsonl", "schema.json", self.output.name, self.rejects.name, ".slotfill"}
        ledgers = [path for path in (self.folder / ".slotfill").iterdir() if path.suffix not in (".db", ".lock")]
        return [path.name for path in (*self.folder.iterdir(), *ledgers) if path.name not in own]

    def environment(self, url):
        """Give the variables of a process that asks this service."""
        others = {name: told for name, told in os.environ.items() if not name.startswith(("ANTHROPIC_", "SLOTFILL_"))}
        return {
            **others,
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_API_KEY": KEY,
            "HOME": str(self.folder.parent),
        }

    @contextmanager
    def _process(self, url):
        command = [sys.executable, "-m", "slotfill", *self.arguments]
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment(url),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            with process:
                yield process
        finally:
            process.kill()

    def _watch(self, process, strikes, send):
        """Read what the process says, and send it a signal whenever a moment has come."""
        self._seen, self._strikes, self.stderr, self.times = 0, strikes, [], {"start": time.monotonic()}

        def read():
            for line in process.stderr:
                self.stderr.append(line)
                self._reached(lambda moment: moment.line and moment.line in line)  # noqa: B023 - it is called at once
            self._reached(lambda _: True)

        def send_signals():
            for strike in strikes:
                strike.due.wait()
                time.sleep(strike.moment.delay)
                process.send_signal(send)
                strike.sent.set()

        self._reached(lambda moment: not (moment.requests or moment.asked or moment.line))
        for work in (read, send_signals):
            threading.Thread(target=work, daemon=True).start()

    def _reached(self, is_now):
        for strike in self._strikes:
            if is_now(strike.moment):
                strike.due.set()

    def _reply(self, asked):
        for strike in self._strikes:
            if strike.due.is_set():  # else a process on a slow machine might be at its end before it is struck
                strike.sent.wait(PATIENCE)
        with self._counting:
            self._seen += 1
            self.times["last"] = time.monotonic()
            self.times.setdefault("first", self.times["last"])
            seen = self._seen
        self._reached(lambda moment: moment.requests == seen or (moment.asked and moment.asked(asked)))
        return reply(asked)

    def _after_a_kill(self, undisturbed):
        """Look at what a kill has left: the output, the ledger."""
        if not self._is_intact(undisturbed):
            self._breaches.append(f"kill {self.kills}: the output is neither the old nor the new one")
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        self._breaches += [
            f"kill {self.kills}: the key is in {path.name}" for path in files if KEY.encode() in path.read_bytes()
        ]
        self._answered_by.append((self.answered(), len(self.claude.requests)))
        self._check_account()

    def _is_intact(self, undisturbed):
        if self.output.is_dir():  # each file is a document's output
            files = {name: data for name, data in written(self.output).items() if not name.endswith(LEFT_BY_A_KILL)}
            return files.items() <= written(undisturbed.output).items()
        return self.output.read_bytes() == OLD or written(self.output) == written(undisturbed.output)

    def _check_account(self):
        billed = sum(prices.cost(seen.body["model"], seen.usage) for seen in self.claude.requests)
        spent = sum(Decimal(told) for (told,) in self.told("SELECT picodollars FROM tries")) / PICODOLLARS
        if spent < billed:
            self._breaches.append(f"kill {self.kills}: {billed} USD were billed, and {spent} USD are in the ledger")

    def told(self, question):
        """Ask a copy of the ledger, so that none but the run's own processes touch it; it may not be there yet."""
        with tempfile.TemporaryDirectory() as folder:
            for path in (self.folder / ".slotfill").glob("*.db*"):
                shutil.copy(path, folder)
            for ledger in Path(folder).glob("*.db"):
                with closing(sqlite3.connect(ledger)) as database:
                    if database.execute("PRAGMA user_version").fetchone()[0]:
                        return database.execute(question).fetchall()
        return []
