"""The look of a report: one style sheet, for light and dark, wide and narrow, screen and paper."""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #faf9f6; --card: #ffffff; --ink: #1c1e21; --soft: #60646c; --line: #e2e0da; --grid: #efede7;
  --right: #0f766e; --tolerated: #5aa9a1; --wrong: #c2410c; --omitted: #b7791f; --hallucinated: #7c3aed;
  --interval: #9fd3cd; --expected-mark: #fde9b8; --got-mark: #e3d8fb; --right-mark: #cdeae6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #131517; --card: #1b1e21; --ink: #e8e6e1; --soft: #9aa0a8; --line: #31353a; --grid: #262a2e;
    --right: #3fb8a9; --tolerated: #2c7d74; --wrong: #f0803c; --omitted: #dba63a; --hallucinated: #a98bf5;
    --interval: #25564f; --expected-mark: #5a4716; --got-mark: #43346f; --right-mark: #1f4d48;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 1120px; margin: 0 auto; padding: 48px 24px 80px; }
header { margin-bottom: 32px; }
h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.015em; margin: 0 0 6px; overflow-wrap: anywhere; }
h2 { font-size: 19px; letter-spacing: -0.005em; margin: 48px 0 4px; }
h3 { font-size: 14px; margin: 0 0 8px; }
p { margin: 0 0 12px; }
.soft, header p, h2 + p { color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); gap: 12px; }
.tile, .card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.tile { padding: 16px 18px; }
.tile b { display: block; font-size: 28px; line-height: 1.25; font-weight: 650; letter-spacing: -0.02em; }
.tile span, .tile small { display: block; color: var(--soft); font-size: 13px; }
.tile span { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.card { padding: 6px 18px; overflow-x: auto; margin-top: 12px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: right; padding: 9px 0 9px 18px; border-bottom: 1px solid var(--grid); white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
th { color: var(--soft); font-size: 12.5px; font-weight: 500; border-bottom-color: var(--line); }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
td.path, .path { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
td.path { white-space: normal; overflow-wrap: anywhere; min-width: 120px; }
td.plotted { width: 150px; }
th.plotted { text-align: left; }
td .soft { font-size: 12.5px; }
tr.all td { font-weight: 600; border-top: 1px solid var(--line); }
svg.bar, svg.stack { display: block; width: 140px; height: 14px; }
svg.plot { display: block; width: 100%; max-width: 420px; height: auto; margin: 0 auto; }
svg text { fill: var(--soft); font-size: 11px; }
svg text.name { fill: var(--ink); font-size: 12px; }
.axis { stroke: var(--line); } .grid { stroke: var(--grid); }
.ideal { stroke: var(--soft); stroke-dasharray: 4 4; }
.interval { fill: var(--interval); } .dot { fill: var(--right); }
.whisker { stroke: var(--right); stroke-width: 1.5; opacity: .55; }
.curve { fill: none; stroke: var(--right); stroke-width: 2; }
rect.right, i.right { fill: var(--right); background: var(--right); }
rect.tolerated, i.tolerated { fill: var(--tolerated); background: var(--tolerated); }
rect.wrong, i.wrong { fill: var(--wrong); background: var(--wrong); }
rect.omitted, i.omitted { fill: var(--omitted); background: var(--omitted); }
rect.hallucinated, i.hallucinated { fill: var(--hallucinated); background: var(--hallucinated); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 0; margin: 10px 0 0; list-style: none; }
.legend li { font-size: 13px; }
.legend li { color: var(--soft); } .legend + p { margin-top: 10px; }
i { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 6px; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 12px; margin-top: 12px; }
.plots .card { margin: 0; padding: 18px; }
details { background: var(--card); border: 1px solid var(--line); border-radius: 12px; margin-top: 10px; }
summary { cursor: pointer; padding: 12px 18px; display: flex; gap: 8px 16px; flex-wrap: wrap; align-items: baseline; }
summary::before { content: "\\25B8"; color: var(--soft); }
details[open] > summary::before { content: "\\25BE"; }
summary .path { flex: 1; min-width: 200px; overflow-wrap: anywhere; }
summary .soft { font-size: 13px; }
.inside { padding: 0 18px 18px; overflow-x: auto; }
.inside td { text-align: left; white-space: normal; vertical-align: top; overflow-wrap: anywhere; min-width: 110px; }
.inside th { text-align: left; }
.verdict { font-size: 12.5px; white-space: nowrap; }
.verdict.wrong { color: var(--wrong); } .verdict.omitted { color: var(--omitted); }
.verdict.hallucinated { color: var(--hallucinated); } .verdict.tolerated { color: var(--right); }
.text {
  white-space: pre-wrap; overflow-wrap: anywhere; background: var(--paper); border-radius: 8px; padding: 12px 14px;
  max-height: 420px; overflow-y: auto;
}
mark { color: inherit; border-radius: 3px; padding: 1px 1px; background: var(--right-mark); }
mark.expected { background: var(--expected-mark); box-shadow: inset 0 -2px var(--omitted); }
mark.got { background: var(--got-mark); box-shadow: inset 0 -2px var(--hallucinated); }
mark.expected.got { box-shadow: inset 0 -2px var(--wrong); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; margin: 12px 0 0; }
dt { font-weight: 600; } dd { margin: 0; color: var(--soft); }
footer { margin-top: 56px; color: var(--soft); font-size: 13px; }
@media (max-width: 640px) {
  main { padding: 28px 14px 56px; }
  h1 { font-size: 24px; }
  .tiles { grid-template-columns: 1fr 1fr; }
  .tile b { font-size: 23px; }
  .card { padding: 4px 12px; }
  .plots { grid-template-columns: 1fr; }
  .card .plotted { display: none; }
  th, td { padding-left: 12px; }
  dl { grid-template-columns: 1fr; } dd { margin-bottom: 6px; }
}
@media print {
  :root {
    --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --grid: #ddd; --right: #0f766e;
    --tolerated: #5aa9a1; --wrong: #c2410c; --omitted: #b7791f; --hallucinated: #7c3aed; --interval: #9fd3cd;
    --expected-mark: #fde9b8; --got-mark: #e3d8fb; --right-mark: #cdeae6;
  }
  * { print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  .plots .card, .tile, details, tr { break-inside: avoid; }
  h2, h2 + p { break-after: avoid; }
  .tiles { grid-template-columns: repeat(3, 1fr); }
  .card, .inside, .text { overflow: visible; max-height: none; }
}
"""
