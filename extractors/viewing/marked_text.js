"use strict";
// The text with its marks. Marks may nest and cross: the text is cut where one begins or ends, and each piece is a
// <mark> of its own; which values cover a piece is looked up when it is clicked.
const markedText = (() => {
  const { make, appendText, reveal } = elements;
  let pieces = []; // {start, end, spans (how many cover it), element}
  let spans = [];
  let pane, nameOf;
  let stop = null; // the piece that the Tab key stops at: one of them, however many there are
  let hasText = false;

  // Browsers lay out only those blocks that can be seen; of a text of 1 MB in one block all, for a second.
  const BLOCK = 3000;

  // text: null where it is not at hand; the pane then holds something else. spans: [{start, end, path, colour, kind}] in
  // UTF-16 units, kind "value" or "evidence". words: what a path is called.
  function draw(target, text, all, words) {
    pane = target;
    nameOf = words;
    stop = null;
    hasText = text !== null;
    if (!hasText) return void (pieces = spans = []);
    spans = all.filter((span) => span.start < span.end && span.end <= text.length);
    const ends = blockEnds(text);
    pieces = cutText(spans, ends);
    const blocks = [];
    const budget = { left: 5000 };
    let [at, number] = [0, 0];
    for (const end of ends) {
      const block = make("div", { class: "stretch" });
      block.style.containIntrinsicHeight = `auto ${heightOf(text.slice(at, end))}px`;
      for (; number < pieces.length && pieces[number].end <= end; number++) {
        const piece = pieces[number];
        appendText(block, text.slice(at, piece.start), budget);
        piece.element = make("mark", { class: classOf(piece), "data-piece": number });
        block.append(appendText(piece.element, text.slice(piece.start, piece.end), budget));
        at = piece.end;
      }
      blocks.push(appendText(block, text.slice(at, end), budget));
      at = end;
    }
    target.replaceChildren(...blocks);
    if (pieces.length) stopAt(pieces[0]);
  }

  // Let the Tab key stop at a piece. For a screen reader it is a button then, which tells the fields whose values it is of.
  function stopAt(piece) {
    if (piece === stop) return; // without its attributes for a moment it would lose the focus
    if (stop) for (const name of ["tabindex", "role", "title"]) stop.element.removeAttribute(name);
    stop = piece;
    const title = pathsOver(piece).map(nameOf).join(", ");
    for (const [name, value] of Object.entries({ tabindex: "0", role: "button", title })) piece.element.setAttribute(name, value);
  }

  // Put the focus on the piece that Tab stops at, or one further on (1) or back (-1), Infinity being the last.
  function focus(by = 0) {
    const at = Number(stop.element.dataset.piece) + by;
    stopAt(pieces[Math.max(0, Math.min(pieces.length - 1, at))]);
    stop.element.focus({ preventScroll: true });
    reveal(pane, stop.element);
  }

  // About how high a block is, by its lines: what the scroll bar goes by until it is laid out.
  function heightOf(text) {
    return text.split("\n").reduce((sum, line) => sum + 25.5 * Math.ceil((line.length + 1) / 85), 0);
  }

  // Where blocks end: behind a line end, as no line may look broken; in very long lines behind a space, where they are
  // wrapped anyway, or between any two characters.
  function blockEnds(text) {
    const ends = [];
    let at = 0;
    while (text.length - at > 2 * BLOCK) {
      at = [text.indexOf("\n", at + BLOCK), text.indexOf(" ", at + BLOCK)].find((end) => end >= 0 && end < at + 2 * BLOCK) ?? at + 2 * BLOCK;
      at++;
      while (/^[\udc00-\udfff\p{M}\u200d]/u.test(text.slice(at, at + 1)) && at < text.length) at++;
      ends.push(at);
    }
    return [...ends, text.length];
  }

  function classOf(piece) {
    const span = piece.top;
    return `c${span.colour} ${span.kind}${piece.count > 1 ? " several" : ""}`;
  }

  // Cut where a span begins or ends, and where a block does; what no span covers is left out. The shortest one gives the colour: it is the
  // one that could not be seen otherwise.
  function cutText(all, ends) {
    const opening = [...all].sort((a, b) => a.start - b.start);
    const cuts = [...new Set([...ends, ...all.flatMap((span) => [span.start, span.end])])].sort((a, b) => a - b);
    const found = [];
    let open = [];
    let next = 0;
    for (let number = 0; number + 1 < cuts.length; number++) {
      const [start, end] = [cuts[number], cuts[number + 1]];
      open = open.filter((span) => span.end > start);
      while (next < opening.length && opening[next].start === start) open.push(opening[next++]);
      if (open.length) found.push({ start, end, count: open.length, top: shortest(open) });
    }
    return found;
  }

  function shortest(open) {
    return open.reduce((best, span) => (rank(span) < rank(best) ? span : best));
  }

  // A value goes before evidence, which is there to be read and not to be hit.
  function rank(span) {
    return (span.kind === "value" ? 0 : 1e9) + span.end - span.start;
  }

  // The paths of the values that cover the piece that was hit, the shortest first; Tab stops there from now on.
  function pathsAt(element) {
    const mark = element.closest("mark");
    if (!mark || !pane.contains(mark)) return [];
    const piece = pieces[Number(mark.dataset.piece)];
    stopAt(piece);
    return pathsOver(piece);
  }

  function pathsOver(piece) {
    const over = spans.filter((span) => span.start <= piece.start && piece.end <= span.end);
    return [...new Set(over.sort((a, b) => rank(a) - rank(b)).map((span) => span.path))];
  }

  // Light up where a value stands, and scroll there; what it rests on is underlined. A value that stands nowhere itself
  // has its evidence lit. only: [start, end] of one passage.
  function light(path, only) {
    const all = spans.filter((span) => span.path === path);
    const wanted = only ? all.filter((span) => span.start === only[0] && span.end === only[1]) : all;
    const values = only ? wanted : wanted.filter((span) => span.kind === "value");
    const strong = values.length ? values : wanted;
    pane.dataset.colour = all.length ? all[0].colour : "";
    let first = null;
    for (const piece of pieces) {
      set(piece, "on", covers(strong, piece));
      set(piece, "near", !piece.on && covers(wanted, piece));
      if (piece.on && !first) first = piece;
    }
    if (first && !stop.on) stopAt(first);
    if (first) reveal(pane, stop.element);
  }

  function covers(some, piece) {
    return some.some((span) => span.start <= piece.start && piece.end <= span.end);
  }

  function set(piece, name, holds) {
    if (holds !== Boolean(piece[name])) piece.element.classList.toggle(name, holds);
    piece[name] = holds;
  }

  // What is selected of the text, as [start, end] in UTF-16 units; null where nothing is.
  function selected() {
    const selection = document.getSelection();
    if (!hasText || !selection.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    if (!pane.contains(range.startContainer) || !pane.contains(range.endContainer)) return null;
    const before = document.createRange();
    before.setStart(pane, 0);
    before.setEnd(range.startContainer, range.startOffset);
    const start = before.toString().length;
    return [start, start + range.toString().length];
  }

  return { draw, light, focus, pathsAt, selected };
})();
