"""The page of the playground: a viewer's page with a form above its list, and the script that asks the service.

It holds nothing of any request: what it shows it asks the service for, with the key that somebody enters.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from slotfill.extractors.pages.html_page import content_policy, page_parts
from slotfill.extractors.pages.page_headers import page_headers
from slotfill.extractors.viewing.page_assets import controls_style, page_file, viewer_frame, viewer_script, viewer_style
from slotfill.extractors.viewing.viewer_page import data_blocks

if TYPE_CHECKING:
    from starlette.responses import Response

__all__ = ["playground_page"]

_SCRIPTS = ("event_stream", "growing_value", "request_code", "playground")
"""In this order: each uses those before it."""

_OWN = "'self'"
"""All that the page may connect to: the service that it is from."""


def playground_page(title: str = "slotfill") -> Response:
    """Return the page, as a response of its own for each request.

    Args:
        title: What stands at its top.
    """
    from starlette.responses import HTMLResponse

    policy = content_policy(_style(), _script(), _OWN)
    return HTMLResponse(_written(title), headers=page_headers(policy))


@cache
def _written(title: str) -> str:
    frame = viewer_frame(title, above_list=_file("playground.html"), list_name="Request")
    body = [frame, *data_blocks([]), _file("playground_bar.html")]
    return "".join(page_parts(title, body, style=_style(), script=_script(), connections=_OWN))


@cache
def _style() -> str:
    return viewer_style() + controls_style() + _file("playground.css")


@cache
def _script() -> str:
    return viewer_script() + "".join(_file(f"{name}.js") for name in _SCRIPTS)


def _file(name: str) -> str:
    return page_file("slotfill.extractors.serving.playground", name)
