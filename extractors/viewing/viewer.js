"use strict";
// The viewer: the list of documents, the text of one, its fields. It reads the two blocks of data that the page holds:
// #index, a JSON array with a row a document, and #documents, a line of JSON each, parsed when it is opened.
//
// For a script that runs after this one on the same page, `viewer` has:
//
//   viewer.entries                the index; change one and call viewer.redrawList()
//   viewer.current                {number, view, path}: the open document, its data (extractors/viewing/record_view.py
//                                 tells what it holds), the chosen field's path or null; null where none is open
//   viewer.open(number)           open a document
//   viewer.neighbour(step)        the number of the next document in the list (-1: the one before); -1 where there is none
//   viewer.select(path)           choose a field: the text scrolls to it; null chooses none
//   viewer.redrawField(path)      draw a field's row anew, after viewer.current.view changed
//   viewer.redrawText()           draw the marks anew, after a span changed
//   viewer.redrawFields()         draw all rows anew, after rows came or went
//   viewer.replace(number, view)  put other data in a document's place, and draw it if it is open
//   viewer.add(view, entry)       put a document behind the others and open it; its number
//   viewer.viewOf(number)         a document's data
//   viewer.goTo(pane)             on a narrow window show a pane: "left", "middle" or "right"
//   viewer.fieldElement(path)     the element of a field's row, where it is drawn
//   viewer.selectedSpan()         what is selected of the text, [start, end] in UTF-16 units, or null
//   viewer.on(event, function)    "open" (view, number), "select" (path), "row" (element, row) and "entry"
//                                 (element, number) whenever one is drawn
const viewer = (() => {
  const { make, textOf, plain, appendText } = elements;
  const COLOURS = 8;
  const entries = JSON.parse(document.getElementById("index").textContent);
  const lines = document.getElementById("documents").textContent.trim().split("\n");
  const replaced = new Map();
  const handlers = { open: [], select: [], row: [], entry: [] };
  const box = (id) => document.getElementById(id);
  let current = null;
  let colours = new Map();
  let isFromText = false; // whether a key led from a mark to its field

  function tell(event, ...values) {
    for (const handler of handlers[event]) handler(...values);
  }

  // A colour a field: the items of a list share theirs.
  function colourOf(path) {
    const field = path.replace(/\/\d+(?=\/|$)/g, "/*");
    if (!colours.has(field)) colours.set(field, colours.size % COLOURS);
    return colours.get(field);
  }

  const viewOf = (number) => replaced.get(number) || JSON.parse(lines[number]);

  function open(number) {
    const view = viewOf(number);
    current = { number, view, path: null };
    colours = new Map();
    [...view.fields].sort((a, b) => (a.span ? a.span[0] : 0) - (b.span ? b.span[0] : 0)).forEach((row) => colourOf(row.path));
    documentList.select(number);
    drawTitle(view);
    drawFields();
    drawText(); // marks and boxes are called as fields are
    if (view.pages) drawnPages.draw(box("pages"), view, { colourOf, nameOf, onPick: pick });
    offer([]);
    history.replaceState(null, "", `#${number + 1}`);
    tell("open", view, number);
  }

  function drawTitle(view) {
    box("name").replaceChildren(appendText(document.createDocumentFragment(), view.source || `text ${view.id.slice(0, 12)}`));
    document.title = `${plain(view.source || view.id.slice(0, 12))}: ${box("title").textContent}`;
    box("views").hidden = !view.pages;
    show("text");
  }

  function drawText() {
    const view = current.view;
    const target = box("text");
    target.scrollTop = 0;
    if (view.text === null) {
      markedText.draw(target, null, []);
      target.replaceChildren(make("p", { class: "no-text" }, make("b", {}, "The text is not at hand. "), textOf("span", {}, view.text_note || "")));
      return;
    }
    markedText.draw(target, view.text, spansOf(view), nameOf);
  }

  const nameOf = (path) => plain(fieldForm.words(path));

  function spansOf(view) {
    const spans = [];
    for (const row of view.fields) {
      const colour = colourOf(row.path);
      const add = (span, kind) => span && spans.push({ start: span[0], end: span[1], path: row.path, colour, kind });
      add(row.span, "value");
      for (const one of row.evidence || []) add(one.span, "evidence");
    }
    for (const { path, span } of view.evidence || []) {
      if (span) spans.push({ start: span[0], end: span[1], path, colour: colourOf(path), kind: "evidence" });
    }
    return spans;
  }

  function drawFields() {
    const decorate = (element, row) => tell("row", element, row);
    fieldForm.draw(box("fields"), current.view, { colourOf, onPick: toggle, onPassage: lightPassage, decorate });
  }

  function toggle(path) {
    isFromText = false;
    select(current.path === path ? null : path);
  }

  // Choose a field: its details open, its place in the text lights up, both scroll to where they can be seen.
  function select(path) {
    if (!current) return;
    current.path = path;
    fieldForm.select(path);
    markedText.light(path);
    if (current.view.pages) drawnPages.light(path);
    for (const button of box("here").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.path === path));
    }
    tell("select", path);
  }

  function lightPassage(path, span) {
    show("text");
    markedText.light(path, span);
    goTo("middle");
  }

  // Something in the text or on a page was hit. Where several values lie, each further click takes the next, and all
  // are offered by name.
  function pick(paths) {
    const at = paths.indexOf(current.path);
    offer(paths);
    select(paths[(at + 1) % paths.length]);
    box("chosen").textContent = nameOf(current.path);
  }

  function offer(paths) {
    const bar = box("here");
    bar.hidden = paths.length < 2;
    const buttons = paths.map((path) => {
      const button = textOf("button", { type: "button", class: `c${colourOf(path)}`, "data-path": path, "aria-pressed": "false" }, fieldForm.words(path));
      button.addEventListener("click", () => select(path));
      return button;
    });
    bar.replaceChildren(make("span", {}, `${paths.length} values here:`), ...buttons);
  }

  // The text, or the pages.
  function show(name) {
    for (const other of ["text", "pages"]) {
      box(other).hidden = other !== name;
      box(`show-${other}`).setAttribute("aria-pressed", String(other === name));
    }
    if (current.path !== null) (name === "text" ? markedText : drawnPages).light(current.path);
  }

  // On a narrow window one pane is shown at a time.
  function goTo(pane) {
    document.body.dataset.pane = pane;
    for (const button of box("panes").children) button.setAttribute("aria-pressed", String(button.dataset.pane === pane));
  }

  function onKey(event) {
    const isTyping = event.target.matches("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      goTo("left");
      box("search").focus();
    } else if (event.key === "Escape" && event.target === box("search")) {
      box("search").value = "";
      documentList.arrange();
    } else if (event.key === "Escape" && current && current.path !== null) {
      select(null);
      if (isFromText && event.target.matches("#fields .row")) backToText();
    } else if (event.target.matches("#text mark") && onMark[event.key] && !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      onMark[event.key](markedText.pathsAt(event.target));
    } else if (["ArrowDown", "ArrowUp"].includes(event.key) && event.target.matches("#fields .row")) {
      event.preventDefault();
      fieldForm.step(event.target.closest(".field").dataset.path, event.key === "ArrowDown" ? 1 : -1);
    }
  }

  const onMark = {
    ArrowRight: () => markedText.focus(1),
    ArrowDown: () => markedText.focus(1),
    ArrowLeft: () => markedText.focus(-1),
    ArrowUp: () => markedText.focus(-1),
    Home: () => markedText.focus(-Infinity),
    End: () => markedText.focus(Infinity),
    " ": pick,
    Enter: (paths) => {
      if (!paths.includes(current.path)) pick(paths);
      goTo("right");
      fieldForm.focus(current.path);
      isFromText = true;
    },
  };

  function backToText() {
    isFromText = false;
    goTo("middle");
    markedText.focus();
  }

  function start() {
    for (const hidden of document.querySelectorAll(".needs-script")) hidden.hidden = false;
    documentList.start({
      entries,
      lineOf: (number) => lines[number],
      onOpen: open,
      decorate: (element, number) => tell("entry", element, number),
    });
    box("text").addEventListener("click", (event) => {
      const paths = document.getSelection().isCollapsed ? markedText.pathsAt(event.target) : [];
      if (paths.length) pick(paths);
    });
    for (const name of ["text", "pages"]) box(`show-${name}`).addEventListener("click", () => show(name));
    for (const button of box("panes").children) button.addEventListener("click", () => goTo(button.dataset.pane));
    document.addEventListener("keydown", onKey);
    addEventListener("beforeprint", () => fieldForm.unfoldAll());
    addEventListener("afterprint", () => current && fieldForm.foldAll(current.path));
    goTo("middle");
    const wanted = Number(location.hash.slice(1)) - 1;
    box("summary").textContent = summary();
    if (entries.length) open(entries[wanted] ? wanted : 0);
  }

  function summary() {
    const usd = entries.reduce((sum, entry) => sum + Number(entry.cost_usd || 0), 0);
    const count = entries.length === 1 ? "1 document" : `${entries.length.toLocaleString("en")} documents`;
    return usd ? `${count}, ${documentList.money(usd)}` : count;
  }

  function replace(number, view) {
    replaced.set(number, view);
    lines[number] = JSON.stringify(view);
    if (current && current.number === number) open(number);
  }

  function add(view, entry) {
    const number = entries.push(entry) - 1;
    replace(number, view);
    documentList.arrange();
    open(number);
    return number;
  }

  const api = {
    entries,
    open,
    neighbour: (by) => documentList.neighbour(current ? current.number : -1, by),
    select,
    redrawField: (path) => fieldForm.redraw(path),
    redrawText: () => drawText(),
    redrawFields: () => drawFields(),
    redrawList: () => documentList.redraw(),
    replace,
    add,
    viewOf,
    goTo,
    fieldElement: (path) => fieldForm.element(path),
    selectedSpan: () => markedText.selected(),
    on: (event, handler) => handlers[event].push(handler),
    get current() {
      return current;
    },
  };
  // Scripts that follow have added their handlers by then.
  document.addEventListener("DOMContentLoaded", start);
  return api;
})();
