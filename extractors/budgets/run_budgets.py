"""The budgets of one run: what it books in the ledger of money, and within which limits."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from slotfill.extractors.budgets.alert_webhook import AlertWebhook
from slotfill.extractors.budgets.budget_alerts import BudgetAlerts
from slotfill.extractors.budgets.budget_ledger import BudgetLedger, SpendingAccount
from slotfill.extractors.budgets.spending_limit import SpendingLimit
from slotfill.extractors.errors import SettingsError
from slotfill.extractors.runs.ledger.identity import state_folder
from slotfill.extractors.settings import Settings

__all__ = ["alerts_to", "budgets_folder", "run_budgets"]

_logger = logging.getLogger("slotfill")


def budgets_folder(settings: Settings) -> Path:
    """Return where the ledger of money stands."""
    return state_folder(settings) / "budgets"


def alerts_to(webhook: str | None) -> BudgetAlerts:
    """Make what tells of budgets, in the log and to an address, if there is one.

    Raises SettingsError where that is none of HTTP.
    """
    if webhook is None:
        return BudgetAlerts()
    hook = AlertWebhook(webhook)
    return BudgetAlerts(hook.send, hook.close)


@contextmanager
def run_budgets(
    limits: Sequence[SpendingLimit],
    labels: Mapping[str, str],
    settings: Settings,
    *,
    webhook: str | None,
    ledger: Path | None,
    lasting: bool,
) -> Iterator[SpendingAccount | None]:
    """Give what books the costs of a run; None where they are nobody's: a tape's replays cost nothing.

    Args:
        limits: The budgets that were asked for.
        labels: What the run's costs bear.
        settings: Say where the ledger of money stands.
        webhook: The address that is told of budgets, if any.
        ledger: The run's own ledger, by which its later starts know what this one leaves.
        lasting: Whether the run has one that lasts.

    Raises:
        SettingsError: No budget applies to the run, or none can be kept to.
    """
    alerts = alerts_to(webhook)
    if limits and not lasting:
        raise SettingsError("--budget counts what is paid, and a tape's replays cost nothing: leave out one of them")
    _check_labels(limits, labels)
    if not lasting or (ledger is None and not limits):  # nothing can be kept, which the run has said
        yield None
        return
    with BudgetLedger(budgets_folder(settings), run=str(ledger or ""), alerts=alerts) as money:
        yield money.account(labels, limits)


def _check_labels(limits: Sequence[SpendingLimit], labels: Mapping[str, str]) -> None:
    """Refuse budgets none of which holds: who names one wants a limit. Of one among others a warning says so."""
    strangers = [limit for limit in limits if not limit.applies_to(labels)]
    if strangers and len(strangers) == len(limits):
        raise SettingsError(
            f"the budget {strangers[0].name} does not apply to this run: give it the label, "
            f"--label {strangers[0].scope}, or limit everything, *:{strangers[0].name.rpartition(':')[2]}"
        )
    for limit in strangers:
        _logger.warning("the budget %s does not apply to this run, which has no label %s", limit.name, limit.scope)
