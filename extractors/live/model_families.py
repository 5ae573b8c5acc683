"""Families of models that take the same, told by their names."""

from __future__ import annotations

import re

from slotfill.extractors import catalogue
from slotfill.extractors.errors import SettingsError
from slotfill.extractors.live.probes import CUT_SHORT
from slotfill.extractors.messages_api.thinking import thinking_for

__all__ = ["SINCE_4_6", "SINCE_4_7", "SYSTEM_TURNS", "is_among", "takes_effort"]

SINCE_4_7 = re.compile(r"opus-4-[78]|(?:opus|sonnet|haiku|fable|mythos)-5")
"""Finds the models without temperature, top_p and top_k, which tell what they thought.

https://platform.claude.com/docs/en/about-claude/models/migration-guide
"""

SYSTEM_TURNS = re.compile(r"opus-4-8|(?:opus|haiku|fable|mythos)-5|sonnet-5-5")
"""Finds the models that take system messages among the others; of Sonnet 5 the sources disagree.

https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
"""

SINCE_4_6 = re.compile(rf"{SINCE_4_7.pattern}|(?:opus|sonnet)-4-6")
"""Finds the models whose replies cannot be begun for them."""


def is_among(models: re.Pattern[str], model: str) -> bool:
    """Whether a model is one of those that a pattern finds, whatever a cloud calls it."""
    return models.search(catalogue.plain_name(model)) is not None


def takes_effort(model: str) -> bool:
    """Whether a model takes the least effort, as slotfill has it."""
    try:
        return bool(thinking_for(model, effort="low", max_tokens=CUT_SHORT))
    except SettingsError:
        return False
