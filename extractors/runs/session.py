"""A session: one start of a run, put together from its parts, and how it ended."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import IO, Any, Protocol

from slotfill.extractors.batches.batch_ledger import BatchLedger
from slotfill.extractors.batches.batch_runner import batches_text
from slotfill.extractors.batches.waves import BatchOptions, Waves
from slotfill.extractors.budgets.budget_ledger import SpendingAccount
from slotfill.extractors.budgets.run_budgets import run_budgets
from slotfill.extractors.budgets.spending_limit import SpendingLimit
from slotfill.extractors.catalogue.transport_facts import transport_name
from slotfill.extractors.documents.sources import STDIN, Sources
from slotfill.extractors.documents.urls import is_address, public
from slotfill.extractors.errors import SettingsError
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.runs.asking import Asking
from slotfill.extractors.runs.breaker import Breaker
from slotfill.extractors.runs.budget import Budget
from slotfill.extractors.runs.delivery import Delivery
from slotfill.extractors.runs.earlier_records import EarlierRecords
from slotfill.extractors.runs.engine import ExtractElsewhere, Run
from slotfill.extractors.runs.ledger.identity import ledger_path, run_identity
from slotfill.extractors.runs.ledger.lock import check_owner
from slotfill.extractors.runs.ledger.store import Ledger, Retention
from slotfill.extractors.runs.outputs.json_sinks import part_writer
from slotfill.extractors.runs.outputs.output_formats import check_rejects, sink_name
from slotfill.extractors.runs.outputs.sinks import open_rejects, open_sink
from slotfill.extractors.runs.reports.run_summary import done_text
from slotfill.extractors.runs.reports.totals import Totals
from slotfill.extractors.telemetry.live_gauges import BudgetLevel, LiveRun
from slotfill.extractors.telemetry.run_telemetry import tell_run
from slotfill.extractors.unforeseen import internal_failure
from slotfill.schemas.errors import SlotfillError
from slotfill.schemas.schema import Schema

__all__ = ["RunEnd", "RunEngine", "Start", "run_once"]


@dataclass(frozen=True, slots=True)
class Start:
    """How a run is started.

    inputs: as they were named, which tells apart the runs to standard output.
    output, rejects: where values and what has none go; None is standard output, and nowhere.
    records: whether whole records are written. stream: whether parts of values are, as they arrive.
    limit: of documents. concurrency: of requests; None for the extractor's.
    max_cost, warn_cost: in USD. labels: for its costs.
    budgets: what it shares with other runs. budget_webhook: the address that is told of them; None for none.
    fresh, retry_failed, retention, wait: as in `Ledger`.
    lasting: whether there is a ledger that lasts: what a cassette records must be asked, what it replays costs nothing.
    batch: how the run goes through batches; None where it is asked live.
    command: what goes on with it, for people; "" where that is not known.
    """

    inputs: tuple[str, ...]
    output: str | None = None
    rejects: str | None = None
    records: bool = False
    stream: bool = False
    limit: int | None = None
    concurrency: int | None = None
    max_cost: Decimal | None = None
    warn_cost: Decimal | None = None
    budgets: tuple[SpendingLimit, ...] = ()
    budget_webhook: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    fresh: bool = False
    retry_failed: bool = False
    retention: Retention = "values"
    wait: bool = False
    lasting: bool = True
    batch: BatchOptions | None = None
    command: str = ""

    @property
    def to_stdout(self) -> bool:
        """Whether the values go to standard output."""
        return self.output in (None, "-")


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How it ended. stopped: what stopped it before its end; reason: the same in one line."""

    totals: Totals
    stopped: BaseException | None = None

    @property
    def reason(self) -> str | None:
        """Why it was stopped."""
        match self.stopped:
            case None:
                return None
            case KeyboardInterrupt():
                return "interrupted"
            case SlotfillError():
                return str(self.stopped)
        return internal_failure(self.stopped, "the run").message


OnMessage = Callable[[str], None]
"""Takes a line for the operator."""


class RunEngine(Protocol):
    """What extracts in place of this process.

    Attributes:
        places: How many documents it may be handed at once.
    """

    places: int

    def at_work(self, ledger: Ledger, budget: Budget, asking: Asking) -> AbstractAsyncContextManager[ExtractElsewhere]:
        """Give, while it is entered, what has a run's documents extracted."""


def run_once(
    extractor: Extractor[Any],
    sources: Sources,
    start: Start,
    stdout: IO[bytes],
    *,
    earlier: EarlierRecords | None = None,
    engine: RunEngine | None = None,
    on_progress: Callable[[Totals], None] = lambda _: None,
    on_message: OnMessage = lambda _: None,
) -> RunEnd:
    """Go through a run, from where its ledger says that it is, to its end or to what stops it.

    earlier: what an earlier run has found, to be taken over; closed in the end.
    engine: what extracts in place of this process; None for that.
    on_progress: is called with how far it is. on_message: takes lines for the operator.

    Raises InputError, LedgerError, OutputError or SettingsError before any call.
    """
    several = sources.several or (start.stream and start.to_stdout)
    _check_names(start, several=several)
    _check_models(start, extractor)
    with ExitStack() as stack:
        if earlier is not None:
            stack.callback(earlier.close)
        run_name = _name_run(extractor, sources, start, earlier)
        ledger = stack.enter_context(_open_ledger(extractor, start, run_name))
        delivery = stack.enter_context(
            _open_outputs(ledger, extractor.schema, start, stdout, run_name, sources=sources, several=several)
        )
        _check_open_batches(ledger, start, on_message)
        shared = stack.enter_context(_open_budgets(extractor, ledger, start))
        budget = _set_budget(extractor, ledger, start, shared, on_message)
        stack.callback(budget.leave)
        _announce(ledger, start, earlier, on_message)

        def report(totals: Totals) -> None:
            totals.spent_usd = budget.spent
            on_progress(totals)

        def tell_waiting(text: str) -> None:
            run.totals.waiting = text
            on_progress(run.totals)

        waves = None
        if start.batch is not None:
            waves = partial(
                Waves,
                extractor=extractor,
                ledger=ledger,
                budget=budget,
                options=start.batch,
                earlier=earlier,
                on_message=on_message,
                on_waiting=tell_waiting,
            )
        breaker = Breaker(max_wait=extractor.settings.max_wait, on_warning=logging.getLogger("slotfill").warning)
        run = Run(
            extractor,
            ledger,
            delivery,
            breaker,
            earlier=earlier,
            in_waves=waves,
            concurrency=engine.places if engine else start.concurrency or extractor.settings.concurrency,
            on_progress=report,
            on_interrupt=lambda in_flight: on_message(_stopping(in_flight)),
            on_halt=budget.close,
            workers=partial(engine.at_work, ledger, budget) if engine else None,
        )
        on_partial = part_writer(stdout) if start.stream else None
        live = LiveRun(
            extractor.schema.name,
            breaker=lambda: breaker.state,
            budget=lambda: _level(budget, start.max_cost),
            elsewhere=lambda: run.in_flight if engine else 0,
        )
        with tell_run(extractor.model.id, live) as told:
            stopped = _stopped_by(lambda: run.run(sources.read(run.block_lookup, limit=start.limit), on_partial))
            totals = run.totals
            told.ended(documents=totals.documents, extracted=totals.extracted, usd=budget.spent, stopped=stopped)
        report(run.totals)
        if earlier is not None and stopped is None and start.limit is None and earlier.unmet:
            on_message(f"{earlier.unmet:,} of the {earlier.count:,} earlier records are of no document in the input")
        # What an output or the ledger raises when it is closed ends the run too, unless it has ended by something else.
        unclosed = _stopped_by(stack.pop_all().close)
    return RunEnd(run.totals, stopped or unclosed)


def _check_names(start: Start, *, several: bool) -> None:
    """Refuse outputs by their names before a ledger is made: a run that cannot begin leaves nothing behind."""
    if start.output is not None and not start.to_stdout:
        sink_name(start.output, several=several)
    if start.rejects:
        check_rejects(start.rejects)


def _check_models(start: Start, extractor: Extractor[Any]) -> None:
    """Refuse batches of a model that has none."""
    if start.batch and (other := next(filter(transport_name, extractor.all_models), None)):
        raise SettingsError(
            f"--batch: {other!r} is no model of Anthropic's service, and has no batches: leave --batch out"
        )


def _check_open_batches(ledger: Ledger, start: Start, on_message: OnMessage) -> None:
    """Refuse to ask live what batches of this run are still to answer: it would be paid for twice."""
    if start.fresh and (count := BatchLedger(ledger).abandoned):
        on_message(
            f"warning: {batches_text(count)} of an earlier start may be with the service still, and nobody reads what "
            "comes of it: `slotfill batches cancel` stops it"
        )
    if start.batch is None and (left := BatchLedger(ledger).open):
        verb = "is" if len(left) == 1 else "are"
        raise SettingsError(
            f"{batches_text(len(left))} of this run {verb} not read yet: go on with --batch, stop them with "
            "`slotfill batches cancel`, or ask for everything again with --fresh"
        )


def _name_run(extractor: Extractor[Any], sources: Sources, start: Start, earlier: EarlierRecords | None) -> str:
    inputs = (_name(name, sources) for name in start.inputs) if start.to_stdout else ()
    return run_identity(
        extractor.schema,
        extractor.models,
        extractor.settings,
        inputs,
        earlier=earlier.id if earlier else None,
        calibration=extractor.calibration,
        evidence=extractor.has_evidence,
    )


def _open_ledger(extractor: Extractor[Any], start: Start, run: str) -> Ledger:
    if start.output is not None and Path(start.output).is_dir():
        check_owner(Path(start.output), f"the output folder {start.output!r}")
    about = {"schema": extractor.schema.name, "schema_id": extractor.schema.id, "models": " ".join(extractor.models)}
    return Ledger(
        ledger_path(start.output, run, extractor.settings) if start.lasting else None,
        about={**about, "output": public(start.output or "-"), "command": start.command},
        labels=start.labels,
        wait=start.wait,
        fresh=start.fresh,
        retry_failed=start.retry_failed,
        retention=start.retention,
    )


def _name(name: str, sources: Sources) -> str:
    """Name an input wherever it is named from; standard input by what it holds."""
    if name == STDIN:
        return sources.piped.id
    return public(name) if is_address(name) else str(Path(name).absolute())


def _announce(ledger: Ledger, start: Start, earlier: EarlierRecords | None, on_message: OnMessage) -> None:
    """Say what is done already, or that nothing of this run can be gone on with, and what is taken over."""
    for note in earlier.notes if earlier else ():
        on_message(note)
    if ledger.path is None and start.lasting:
        on_message(
            "the user's state folder cannot be written: set SLOTFILL_STATE to one for runs that can be gone on with"
        )
    if ledger.ended:
        on_message(f"resuming: {done_text(ledger.ended)}, since {ledger.since}")


@contextmanager
def _open_outputs(
    ledger: Ledger,
    schema: Schema[Any],
    start: Start,
    stdout: IO[bytes],
    run: str,
    *,
    sources: Sources,
    several: bool,
) -> Iterator[Delivery]:
    """Open what the run writes; what is not in its place by the end is dropped."""
    with ExitStack() as stack:
        placed = sources.is_joined
        results = open_sink(
            start.output,
            stdout,
            schema=schema,
            records=start.records,
            several=several,
            keep=sources.fields.keep,
            run=run,
            placed=placed,
        )
        stack.enter_context(results)
        rejects = stack.enter_context(open_rejects(start.rejects)) if start.rejects else None
        yield Delivery(ledger, results, rejects, records=start.records, schema=schema, placed=placed)


def _open_budgets(
    extractor: Extractor[Any], ledger: Ledger, start: Start
) -> AbstractContextManager[SpendingAccount | None]:
    """Open what the run shares with others: where its costs are booked, and limited."""
    return run_budgets(
        start.budgets,
        start.labels,
        extractor.settings,
        webhook=start.budget_webhook,
        ledger=ledger.path,
        lasting=start.lasting,
    )


def _set_budget(
    extractor: Extractor[Any], ledger: Ledger, start: Start, shared: SpendingAccount | None, on_message: OnMessage
) -> Budget:
    """Have every try of the extractor booked, and kept within what may be spent."""
    budget = Budget(
        ledger.account,
        extractor.all_models,
        max_cost=start.max_cost,
        warn_cost=start.warn_cost,
        shared=shared,
        ttl=extractor.settings.cache_ttl,
        on_warning=lambda warning: on_message(f"warning: {warning}"),
        schema=extractor.schema.name,
    )
    extractor.meter(budget)
    return budget


def _level(budget: Budget, max_cost: Decimal | None) -> BudgetLevel | None:
    """Say what may still be spent."""
    left = budget.left
    return None if max_cost is None or left is None else BudgetLevel(float(max_cost), float(left))


def _stopped_by(step: Callable[[], object]) -> BaseException | None:
    """Take a step; return what it raised, whatever that is: a run's end is reported all the same."""
    try:
        step()
    except BaseException as error:  # noqa: BLE001 - it is reported, and decides the exit code
        return error
    return None


def _stopping(in_flight: int) -> str:
    if not in_flight:
        return "stopping: what is finished is written first; Ctrl-C again stops at once"
    noun = "request" if in_flight == 1 else "requests"
    return f"stopping: {in_flight} {noun} in flight will be finished first; Ctrl-C again stops at once"
