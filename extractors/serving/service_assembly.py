"""A service, put together of its parts: its money, its keys' accounts and limits, its replies, its runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from slotfill.extractors.budgets.budget_ledger import BudgetLedger
from slotfill.extractors.budgets.run_budgets import alerts_to, budgets_folder
from slotfill.extractors.budgets.spending_limit import SpendingLimit
from slotfill.extractors.runs.ledger.identity import state_folder
from slotfill.extractors.serving.feedback_log import FeedbackLog
from slotfill.extractors.serving.key_accounts import KeyAccounts
from slotfill.extractors.serving.key_limits import KeyLimits
from slotfill.extractors.serving.reply_store import MOST_RETENTION, ReplyStore, replies_folder
from slotfill.extractors.serving.runs.run_queue import RunQueue
from slotfill.extractors.serving.runs.run_store import RunStore
from slotfill.extractors.serving.runs.service_run import RunLimits
from slotfill.extractors.serving.served_schemas import ServedSchemas
from slotfill.extractors.serving.service import Keys, Service
from slotfill.extractors.telemetry.live_gauges import LIVE, LiveRun

__all__ = ["assembled_service"]


@contextmanager
def assembled_service(
    schemas: ServedSchemas,
    keys: Keys,
    *,
    place: str,
    concurrency: int,
    budgets: Sequence[SpendingLimit] = (),
    budget_webhook: str | None = None,
    limits_storage: str | None = None,
    feedback: Path | None = None,
    retention: timedelta | None = None,
    runs: RunLimits | None = None,
) -> Iterator[tuple[Service, RunQueue]]:
    """Put a service together, whose state stands in the folder that its schemas' settings name.

    Whoever serves it closes it, on the loop that it belongs to.

    Args:
        schemas: What is extracted.
        keys: Who may ask.
        place: What tells its ledgers from those of another server: its port.
        concurrency: How many requests are at work at once.
        budgets: What may be spent, beside each key's own limits.
        budget_webhook: The address that is told of budgets.
        limits_storage: Where other processes share what keys ask a minute, by its URL.
        feedback: The log of a review that users' feedback goes to.
        retention: So long replies are kept for who asks again; None for as long as it may be.
        runs: What runs may take; None for what they may by default.

    Raises:
        SettingsError: The webhook's address is none of HTTP, or the storage cannot be used.
        LedgerError: A file of its state cannot be used.
    """
    settings = schemas.settings
    folder = state_folder(settings)
    with BudgetLedger(budgets_folder(settings), alerts=alerts_to(budget_webhook)) as money:
        service = Service(
            schemas,
            keys,
            KeyAccounts(folder, money, place=place, budgets=budgets),
            KeyLimits(limits_storage),
            replies=ReplyStore(replies_folder(settings), MOST_RETENTION if retention is None else retention),
            feedback=FeedbackLog(feedback) if feedback else None,
            concurrency=concurrency,
        )
        with LIVE.showing(LiveRun("service", breaker=lambda: service.breaker.state)):
            yield service, RunQueue(service, RunStore(folder), runs or RunLimits())
