"use strict";
// The value as a form: a row a field, what stands nowhere first, and below the rows all else that the record tells.
const fieldForm = (() => {
  const { make, textOf, appendText, cut } = elements;
  const ROW = 32; // pixels, of a row whose value takes a line
  const LONGEST = 240; // characters of a value in its row; all of it, up to MOST, in its details
  const MOST = 20000;
  const PRINTED = 1000; // headings and rows: some hundred sheets
  const TAGS = {
    absent: "stands nowhere",
    fuzzy: "nearly",
    risky: "risky edit",
    edited: "edited",
    conflict: "conflict",
    unsure: "unsure",
  };
  const MATCHES = {
    exact: "letter for letter",
    normalised: "in another form",
    fuzzy: "nearly the same",
    absent: "nowhere in the text",
  };

  let pane, view, hooks;
  let parts = []; // headings and rows, in order: {path, row, draw}; a heading has only what draws it
  let places = new Map(); // of rows among the parts, by path
  let blocks;
  const opened = new Set(); // paths whose details are shown

  // options: {colourOf, onPick, onPassage, decorate}: onPick is called with the path of a field that is clicked,
  // onPassage with a path and the span of a passage, decorate with each row that is drawn, and its data.
  function draw(target, data, options) {
    pane = target;
    view = data;
    hooks = options;
    opened.clear();
    const absent = data.fields.filter((row) => row.flags.includes("absent"));
    const others = data.fields.filter((row) => !row.flags.includes("absent"));
    parts = [...section("Stands nowhere in the text", absent, true), ...section("Fields", others, false)];
    places = new Map();
    parts.forEach((part, place) => part.row && places.set(part.path, place));
    const list = make("div", { class: "rows" });
    blocks = rowBlocks.over(target, list, { count: parts.length, height: ROW, draw: (place) => parts[place].draw(), before: blocks, printed: PRINTED });
    target.replaceChildren(head(), list, ...rest());
    target.scrollTop = 0;
    blocks.update();
  }

  // Below the rows, on paper alone: how many of the fields are there.
  function unprinted() {
    const [some, all] = [parts.slice(0, PRINTED), parts].map((these) => these.filter((part) => part.row).length);
    return some < all ? make("p", { class: "on-paper" }, `The first ${some.toLocaleString("en")} of ${all.toLocaleString("en")} fields are printed.`) : null;
  }

  // The headings and rows of a section.
  function section(title, rows, isFlat) {
    if (!rows.length) return [];
    const found = [{ draw: () => make("h2", { class: isFlat ? "absent" : "" }, `${title} `, make("small", {}, String(rows.length))) }];
    let parent = "";
    for (const row of rows) {
      const holder = row.path.slice(0, Math.max(0, row.path.lastIndexOf("/")));
      if (!isFlat && holder !== parent && holder !== "" && row.items === undefined && !listPaths().has(holder)) {
        found.push({ draw: () => textOf("h3", {}, words(holder)) });
      }
      parent = row.items === undefined ? holder : parent;
      const part = { path: row.path, row, draw: () => fieldRow(part.row, isFlat) };
      found.push(part);
    }
    return found;
  }

  // The element of a field's row, where it is drawn.
  function elementOf(path) {
    return places.has(path) ? blocks.element(places.get(path)) : null;
  }

  // Put the focus on a field's row, if there is one: evidence may be of a place that has none.
  function focus(path) {
    if (places.has(path)) blocks.drawn(places.get(path)).firstChild.focus();
  }

  // Go from a field's row to the one before (-1) or after it; what stands between are headings.
  function step(path, by) {
    let place = places.get(path) + by;
    while (parts[place] && !parts[place].row) place += by;
    if (parts[place]) focus(parts[place].path);
  }

  // "/lines/0/what" as "lines › 1 › what": items are counted from 1, as people do; the pointer stands in the details.
  function words(path) {
    if (path === "") return "(value)";
    return keysOf(path).map((key) => (typeof key === "number" ? String(key + 1) : key)).join(" › ");
  }

  function keysOf(path) {
    let at = "";
    return path.split("/").slice(1).map((token) => {
      const isItem = listPaths().has(at);
      at += `/${token}`;
      return isItem ? Number(token) : token.replaceAll("~1", "/").replaceAll("~0", "~");
    });
  }

  let known = [null, null];
  function listPaths() {
    if (known[0] !== view.fields) {
      known = [view.fields, new Set(view.fields.filter((row) => row.items !== undefined).map((row) => row.path))];
    }
    return known[1];
  }

  function fieldRow(row, isFlat) {
    const last = keysOf(row.path).at(-1);
    const name = row.path === "" ? "(value)" : isFlat || row.items !== undefined ? words(row.path) : typeof last === "number" ? String(last + 1) : last;
    const button = make(
      "button",
      { type: "button", class: "row", "aria-expanded": "false" },
      textOf("span", { class: "key" }, name),
      valueOf(row, LONGEST),
      make("span", { class: "tags" }, ...tags(row)),
    );
    const element = make("div", { class: `field c${hooks.colourOf(row.path)}`, "data-path": row.path }, button);
    if (row.items !== undefined) element.classList.add("list");
    button.addEventListener("click", () => hooks.onPick(row.path));
    hooks.decorate(element, row);
    return element;
  }

  function tags(row) {
    return row.flags
      .filter((flag) => !(flag === "edited" && row.flags.includes("risky")))
      .map((flag) => make("span", { class: `tag ${flag}` }, flag === "unsure" ? `${percent(sureness(row))} sure` : TAGS[flag]));
  }

  function sureness(row) {
    return row.probability ?? row.agreement ?? row.value;
  }

  function duration(ms) {
    return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toLocaleString("en", { maximumFractionDigits: 1 })} s`;
  }

  function percent(share) {
    return `${Math.round(100 * share)} %`;
  }

  // A value as it is; what is no text as JSON writes it.
  function valueOf(row, longest) {
    if (row.items !== undefined) return make("span", { class: "value soft" }, row.items === 1 ? "1 item" : `${row.items} items`);
    return shownValue(row.digits ?? row.value, longest, row.digits !== undefined);
  }

  function shownValue(value, longest, isNumber = false) {
    if (value === null) return make("span", { class: "value soft" }, "null");
    if (value === "") return make("span", { class: "value soft" }, "empty text");
    const kind = typeof value === "number" || isNumber ? "number" : typeof value === "string" ? "" : "json";
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return textOf("span", { class: `value ${kind}`, dir: "auto" }, cut(text, longest));
  }

  // Show which field is chosen: its details, below its row. Returns whether there is such a field.
  function select(path, scrolls = true) {
    for (const other of [...opened]) if (other !== path) fold(other);
    if (!places.has(path)) return false;
    const element = blocks.drawn(places.get(path));
    unfold(path);
    if (scrolls) elements.reveal(pane, element);
    return true;
  }

  function unfold(path) {
    const element = elementOf(path);
    if (!element || opened.has(path)) return;
    opened.add(path);
    element.classList.add("on");
    element.firstChild.setAttribute("aria-expanded", "true");
    element.append(details(parts[places.get(path)].row));
  }

  function fold(path) {
    const element = elementOf(path);
    opened.delete(path);
    if (!element) return;
    element.classList.remove("on");
    element.firstChild.setAttribute("aria-expanded", "false");
    element.querySelector(".details")?.remove();
  }

  // Draw a field's row anew, after its data changed.
  function redraw(path) {
    const row = view.fields.find((one) => one.path === path);
    if (!row || !places.has(path)) return;
    const part = parts[places.get(path)];
    part.row = row;
    const old = elementOf(path);
    if (!old) return;
    const wasOpen = opened.has(path);
    const hadFocus = old.contains(document.activeElement);
    opened.delete(path);
    const element = part.draw();
    old.replaceWith(element);
    if (wasOpen) unfold(path);
    if (hadFocus) element.firstChild.focus();
  }

  function details(row) {
    const list = make("dl", {});
    const add = (term, ...parts) => parts.some(Boolean) && list.append(make("dt", {}, term), make("dd", {}, ...parts));
    const full = typeof row.value === "string" ? row.value : row.value === undefined ? "" : JSON.stringify(row.value);
    if (full.length > LONGEST) add("whole", shownValue(row.value, MOST));
    add("path", textOf("code", {}, row.path || '""'));
    if (row.items === undefined) add("stands", row.match ? MATCHES[row.match] : "not looked for in the text");
    add("where", place(row));
    if (row.reason) add("why", textOf("span", {}, row.reason));
    if (row.confidence) add("confidence", `${row.value}, ${row.confidence}`);
    if (row.agreement !== undefined) add("agreement", `${percent(row.agreement)} of the readings`);
    if (row.probability !== undefined) add("probability", `right with ${percent(row.probability)}, by the calibration`);
    if (row.chunks) add(row.chunks.length > 1 ? "chunks" : "chunk", row.chunks.map((number) => number + 1).join(", "));
    if (row.readings) add(row.readings.length > 1 ? "readings" : "reading", row.readings.join(", "));
    for (const one of row.evidence || []) add("evidence", evidence(row.path, one));
    for (const one of row.edits || []) add("edit", ...edit(one));
    for (const one of row.conflicts || []) add("conflict", ...conflict(one));
    return make("div", { class: "details" }, list);
  }

  function place(row) {
    const parts = [];
    if (row.points) parts.push(`characters ${row.points[0].toLocaleString("en")} to ${row.points[1].toLocaleString("en")}`);
    const where = row.place || {};
    if (where.page !== undefined) parts.push(`page ${where.page}`);
    for (const name of Object.keys(where)) if (!["page", "box", "boxes"].includes(name)) parts.push(`${name} ${where[name]}`);
    return parts.length ? textOf("span", {}, parts.join(", ")) : null;
  }

  function evidence(path, one) {
    if (!one.span) return make("span", {}, textOf("q", {}, one.text), make("small", {}, ` ${MATCHES[one.match]}`));
    const button = textOf("button", { type: "button", class: "passage", dir: "auto" }, one.text);
    button.addEventListener("click", () => hooks.onPassage(path, one.span));
    return button;
  }

  function edit(one) {
    const of = one.chunk !== undefined && one.chunk !== null ? `, chunk ${one.chunk + 1}` : one.reading ? `, reading ${one.reading}` : "";
    return [
      make("span", { class: "change" }, make("del", {}, shownValue(one.before, 600)), " → ", make("ins", {}, shownValue(one.after, 600))),
      textOf("small", { class: one.risk === "high" ? "risky" : "" }, `${one.kind}, risk ${one.risk}${of}`),
    ];
  }

  function conflict(one) {
    const said = one.others.map((other) => {
      const of = other.reading ? `reading ${other.reading}` : `chunk ${(other.chunk ?? 0) + 1}`;
      return make("li", {}, shownValue(other.value, 300), make("small", {}, ` ${of}`));
    });
    return [make("span", {}, "kept ", shownValue(one.kept, 300), make("small", {}, ` by ${one.policy}; not kept:`)), make("ul", {}, ...said)];
  }

  // What it cost; nothing is said of that while it is being asked for.
  function costOf({ cost_usd: usd }) {
    if (usd === undefined) return null;
    return usd === null ? make("span", {}, "price unknown") : make("span", { title: `${usd} USD` }, documentList.money(usd));
  }

  // Above the rows: how it ended, and at which price.
  function head() {
    const facts = [
      make("span", { class: `outcome ${view.ok ? "ok" : "bad"}` }, view.outcome),
      textOf("span", {}, view.schema),
      textOf("span", {}, view.model),
      costOf(view),
      view.ms && make("span", {}, duration(view.ms)),
    ];
    const parts = [make("p", { class: "facts" }, ...facts.filter(Boolean))];
    if (view.error) parts.push(make("p", { class: "failure", role: "note" }, make("b", {}, view.error.type.replaceAll("_", " ")), ": ", textOf("span", {}, view.error.message)));
    if (!view.fields.length && !view.error && view.cost_usd !== undefined) parts.push(make("p", { class: "soft" }, "The value holds nothing."));
    return make("div", { class: "head" }, ...parts);
  }

  function rest() {
    return [unprinted(), ...strays(), attempts(), chunks(), turns(), about()].filter(Boolean);
  }

  function block(title, ...parts) {
    return make("details", { class: "block", open: title === "Attempts" }, make("summary", {}, title), ...parts);
  }

  function strays() {
    const list = make("dl", {});
    const add = (path, ...parts) => list.append(textOf("dt", {}, path || "(value)"), make("dd", {}, ...parts));
    for (const one of view.edits || []) add(one.path, ...edit(one));
    for (const one of view.conflicts || []) add(one.path, ...conflict(one));
    for (const one of view.evidence || []) add(one.path, evidence(one.path, one));
    const parts = list.childElementCount ? [list] : [];
    if (view.invalid !== undefined) parts.push(make("h3", {}, "What was read, and is not valid"), shownValue(view.invalid, MOST));
    return parts.length ? [make("section", { class: "strays" }, make("h2", {}, "Of the value as a whole"), ...parts)] : [];
  }

  // A table in a frame of its own, which scrolls where the pane is narrow.
  function table(title, names, rows) {
    const line = (name, cells) => make("tr", {}, ...cells.map((cell) => (cell instanceof Node ? make(name, {}, cell) : textOf(name, {}, cell))));
    const inside = make("table", {}, make("thead", {}, line("th", names)), make("tbody", {}, ...rows.map((row) => line("td", row))));
    return make("div", { class: "wide", tabindex: "0", role: "region", "aria-label": title }, inside);
  }

  function attempts() {
    if (view.from_tables) {
      return block("Attempts", make("p", { class: "soft" }, "Attempts, edits and conflicts are not known: a database holds none of them, and the run's ledger, which does, was not beside it."));
    }
    if (!view.attempts.length) return null;
    const count = (number) => (number === null || number === undefined ? "–" : number.toLocaleString("en"));
    const rows = view.attempts.map((one) => [
      attemptName(one),
      one.model,
      count(one.usage.input_tokens),
      count(one.usage.output_tokens),
      one.cost_usd === undefined ? "–" : documentList.money(one.cost_usd),
      duration(one.ms),
    ]);
    const errors = view.attempts.flatMap((one) => (one.errors || []).map((error) => `${error.path || "(value)"}: ${error.message}`));
    const list = errors.length ? make("ul", { class: "errors" }, ...errors.map((text) => textOf("li", {}, text))) : null;
    return block("Attempts", table("Attempts", ["step", "model", "tokens in", "out", "cost", "time"], rows), list);
  }

  function attemptName(one) {
    const of = one.chunk !== undefined && one.chunk !== null ? `, chunk ${one.chunk + 1}` : "";
    const reading = one.reading ? `, reading ${one.reading}` : "";
    const batch = one.batch ? ", in a batch" : "";
    return `${one.rung}${of}${reading}${batch} ${one.ok ? "✓" : "✗"}`;
  }

  function chunks() {
    if (!view.chunks) return null;
    const rows = view.chunks.map((one) => [
      String(one.chunk + 1),
      `${one.start.toLocaleString("en")} to ${one.end.toLocaleString("en")}`,
      one.fields ? one.fields.join(", ") : "all fields",
      one.error ? `${one.outcome}: ${one.error.message}` : one.outcome,
    ]);
    return block("Chunks", table("Chunks", ["chunk", "characters", "asked for", "outcome"], rows));
  }

  function turns() {
    if (!view.history) return null;
    return block("Corrections", make("ol", {}, ...view.history.map((turn) => textOf("li", {}, turn.correction))));
  }

  function about() {
    const list = make("dl", {});
    const add = (term, text) => list.append(make("dt", {}, term), textOf("dd", {}, text));
    if (view.id) add("document", view.id);
    if (view.schema_id) add("schema", view.schema_id);
    if (view.text !== null || !view.from_tables) add("characters", view.chars.toLocaleString("en"));
    if (view.saved_usd) add("saved by the cache", `${view.saved_usd} USD`);
    if (view.cost_usd) add("cost", `${view.cost_usd} USD`);
    for (const [name, value] of Object.entries(view.columns || {})) add(name, typeof value === "string" ? value : JSON.stringify(value));
    if (view.taken_over) add("taken over", `${view.taken_over.fields.map((path) => path || "all").join(", ")}, of ${view.taken_over.model}`);
    return block("About", list);
  }

  // On paper all details are there, of as many fields as are printed.
  function unfoldAll() {
    blocks.drawPrinted();
    for (const { path } of parts.slice(0, PRINTED)) unfold(path);
  }

  function foldAll(but) {
    for (const path of [...opened]) if (path !== but) fold(path);
    blocks.update();
  }

  return { draw, select, redraw, unfoldAll, foldAll, focus, step, words, element: elementOf };
})();
