"""The headers of pages that a service sends: what a policy within the page cannot say."""

from __future__ import annotations

__all__ = ["page_headers"]


def page_headers(policy: str = "") -> dict[str, str]:
    """Return headers that keep a page, and what it asks for, to the service's own origin and out of every cache.

    Args:
        policy: The page's own Content-Security-Policy; without it only that nobody may frame it.
    """
    return {
        "cache-control": "no-store",
        "content-security-policy": "; ".join(filter(None, (policy, "frame-ancestors 'none'"))),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
