"""The server of a review: on a loopback port, until Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from slotfill.extractors.http.bound_port import bound_port
from slotfill.extractors.review.review_session import ReviewSession
from slotfill.extractors.review.serving.review_app import missing_review, new_token, review_app

__all__ = ["serve_review"]

LOOPBACK = "127.0.0.1"
GRACE = 2
"""Seconds that answers under way may still take when the server stops."""


def serve_review(session: ReviewSession, *, port: int, title: str, on_ready: Callable[[str], None]) -> None:
    """Serve a review until the process is told to stop, by Ctrl-C or SIGTERM.

    Args:
        session: What is reviewed.
        port: Where; 0 takes a free one.
        title: What the page is called.
        on_ready: Is told the address once it can be opened.

    Raises:
        MissingExtraError: Without Starlette or uvicorn, which the extra `review` brings.
        OutputError: The port cannot be had.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise missing_review() from error
    with bound_port(LOOPBACK, port) as listener:
        number = listener.getsockname()[1]
        token, hosts = new_token(), {f"{name}:{number}" for name in (LOOPBACK, "localhost")}
        app = review_app(session, token=token, hosts=hosts, title=title)
        config = uvicorn.Config(
            app,
            log_level="critical",
            access_log=False,
            lifespan="off",
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=GRACE,
        )
        on_ready(f"http://{LOOPBACK}:{number}/{token}/")
        with suppress(KeyboardInterrupt):  # that is how a review ends
            uvicorn.Server(config).run(sockets=[listener])
