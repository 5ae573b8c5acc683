"""What frames a display in a notebook: a style that reaches nothing else there, and holds on any background.

A notebook's theme may be another than the system's, and each kind of notebook names its colours otherwise. So nothing
here depends on them: text has the colour of its surroundings, lines and fills are half transparent.
"""

from __future__ import annotations

from slotfill.extractors.pages.html_markup import element

__all__ = ["HUES", "notebook_block"]

HUES = 6
"""How many colours tell fields apart: the classes `hue-0` to `hue-5`."""

_CLASSES = "slotfill-view tex2jax_ignore mathjax_ignore"
"""JupyterLab sets what stands between two dollar signs as a formula, but for elements of the last two, as of pandas."""

_RULES = """
& { max-width: 960px; margin: 4px 0; font: 13px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif;
  color: inherit; overflow-wrap: anywhere; font-variant-numeric: tabular-nums }
& .head { display: flex; flex-wrap: wrap; gap: 2px 10px; align-items: baseline; margin: 0 0 6px }
& .head b { font-size: 14px }
& .soft { opacity: .72 }
& progress { width: 220px; height: 8px; accent-color: rgb(15, 148, 136); align-self: center }
& .chip { border-radius: 9px; padding: 0 8px; white-space: nowrap; background: rgba(128, 128, 128, .2) }
& .chip.good { background: rgba(15, 148, 136, .26) }
& .chip.bad { background: rgba(220, 80, 20, .28) }
& .chip.unsure { background: rgba(215, 160, 20, .3) }
& .notice { border-left: 3px solid rgba(215, 160, 20, .9); background: rgba(215, 160, 20, .12); padding: 4px 10px;
  margin: 0 0 6px; border-radius: 0 6px 6px 0 }
& .notice.bad { border-color: rgba(220, 80, 20, .9); background: rgba(220, 80, 20, .12) }
& .notice ul { margin: 0; padding-left: 18px }
& p.text { white-space: pre-wrap; max-height: 300px; overflow-y: auto; margin: 0 0 6px; padding: 8px 12px;
  border: 1px solid rgba(128, 128, 128, .3); border-radius: 8px; background: none }
& mark { color: inherit; border-radius: 3px; padding: 1px; background: rgba(128, 128, 128, .25);
  box-shadow: inset 0 -2px rgba(128, 128, 128, .8) }
& mark[class*=" "] { text-decoration: underline double; text-underline-offset: 3px }
& .wide { overflow-x: auto }
& table { border-collapse: collapse; border: 0; margin: 0; font-size: 13px; table-layout: auto; color: inherit }
& tr:nth-child(n), & tr:nth-child(n):hover { background: none; border: 0 }
& th, & td { text-align: left; vertical-align: top; padding: 3px 18px 3px 0; border: 0; max-width: 420px;
  border-bottom: 1px solid rgba(128, 128, 128, .22); font-size: 13px; line-height: 1.5; white-space: normal;
  color: inherit; background: none }
& thead { border: 0; background: none }
& th { font-weight: 500; font-size: 12px; opacity: .72; white-space: nowrap }
& tr:last-child td { border-bottom: 0 }
& tr.all td { font-weight: 600; border-top: 1px solid rgba(128, 128, 128, .45) }
& .path { font: 12px/1.6 ui-monospace, "SF Mono", Menlo, Consolas, monospace; min-width: 90px }
& i { display: inline-block; width: 8px; height: 8px; border-radius: 2px; margin-right: 6px; background: currentColor;
  opacity: .3 }
& .note { margin: 6px 0 0; opacity: .72 }
& .tiles { display: flex; flex-wrap: wrap; gap: 4px 30px; margin: 0 0 8px }
& .tiles span { opacity: .72; display: block; font-size: 12px }
& .tiles b { display: block; font-size: 20px; line-height: 1.3 }
& .tiles small { opacity: .72; font-size: 12px }
& .figures td:nth-child(n + 2), & .figures th:nth-child(n + 2) { text-align: right; white-space: nowrap }
& .figures th.plotted { text-align: left }
& svg { display: block; width: 120px; height: 12px; margin-top: 4px; overflow: visible }
& rect.right { fill: rgb(15, 148, 136) }
& rect.tolerated { fill: rgba(15, 148, 136, .55) }
& rect.wrong { fill: rgb(224, 90, 30) }
& rect.omitted { fill: rgb(200, 140, 30) }
& rect.hallucinated { fill: rgb(140, 90, 245) }
& svg .axis, & svg .grid { stroke: rgba(128, 128, 128, .4) }
& svg .interval { fill: rgba(15, 148, 136, .4) }
& svg .dot { fill: rgb(15, 148, 136) }
"""
"""The rules, with `&` for what is framed. It is written twice before each, so that it outweighs a notebook's own rules
of tables, and stands in no list of them without it."""

_HUES = ("15, 148, 136", "124, 58, 237", "215, 140, 10", "37, 99, 235", "219, 39, 119", "101, 163, 13")


def notebook_block(*parts: str) -> str:
    """Write a display of parts that are markup already: no script, no address, one style of its own."""
    return element("div", element("style", _STYLE), *parts, class_=_CLASSES)


def _hue_rule(number: int, colour: str) -> str:
    return (
        f"& mark.hue-{number} {{ background: rgba({colour}, .22); box-shadow: inset 0 -2px rgba({colour}, .85) }}\n"
        f"& i.hue-{number} {{ background: rgb({colour}); opacity: 1 }}\n"
    )


_STYLE = (_RULES + "".join(_hue_rule(number, colour) for number, colour in enumerate(_HUES))).replace(
    "&", ".slotfill-view.slotfill-view"
)
