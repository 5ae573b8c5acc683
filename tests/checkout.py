"""Where things stand: the checkout, its fixtures, and what is shared beside it, of which no copy is kept."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"
SHARED = ROOT.parent / "shared"
