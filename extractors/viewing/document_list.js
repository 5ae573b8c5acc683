"use strict";
// The list of documents: searched, filtered, sorted; as a row each, of one height.
const documentList = (() => {
  const { make, textOf, plain } = elements;
  const ROW = 58; // pixels, as in the style sheet
  const FLAGS = {
    failed: "no whole value",
    absent: "stands nowhere",
    risky: "risky edit",
    conflict: "conflict",
    fuzzy: "nearly the same",
    unsure: "unsure",
    edited: "edited",
  };
  const KEYS = {
    order: (entry, number) => number,
    source: (entry) => entry.source || "",
    outcome: (entry) => entry.outcome,
    cost: (entry) => (entry.cost_usd === null ? -1 : Number(entry.cost_usd)),
    repairs: (entry) => entry.repairs,
    flags: (entry) => weight(entry.flags),
  };

  let entries, lineOf, onOpen, decorate;
  let shown = []; // numbers of the entries in the list, in its order
  let blocks; // the rows of these
  let current = -1;
  const box = (id) => document.getElementById(id);

  // entries: the index. lineOf: by number the JSON of a document, for the search. onOpen: called with a number.
  // decorate: called with each row that is drawn, and its number.
  function start(options) {
    ({ entries, lineOf, onOpen, decorate } = options);
    fillFilters();
    const list = box("list");
    list.addEventListener("keydown", onKey);
    list.addEventListener("click", (event) => {
      const row = event.target.closest("[role=option]");
      if (row) onOpen(Number(row.dataset.number));
    });
    let timer;
    box("search").addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(arrange, 120);
    });
    for (const id of ["outcome", "flag", "sort"]) box(id).addEventListener("change", arrange);
    box("direction").addEventListener("click", turn);
    arrange();
  }

  function weight(flags) {
    const heavy = { failed: 1000, absent: 10, risky: 10, conflict: 5, fuzzy: 3, unsure: 3, edited: 0.1 };
    return Object.entries(flags).reduce((sum, [flag, count]) => sum + (heavy[flag] || 0) * count, 0);
  }

  function fillFilters() {
    const outcomes = new Map();
    const flags = new Map();
    for (const entry of entries) {
      outcomes.set(entry.outcome, (outcomes.get(entry.outcome) || 0) + 1);
      for (const flag of Object.keys(entry.flags)) flags.set(flag, (flags.get(flag) || 0) + 1);
    }
    for (const [name, count] of [...outcomes].sort()) {
      box("outcome").append(textOf("option", { value: name }, `${name} (${count.toLocaleString("en")})`));
    }
    for (const name of Object.keys(FLAGS).filter((flag) => flags.has(flag))) {
      box("flag").append(make("option", { value: name }, `${FLAGS[name]} (${flags.get(name).toLocaleString("en")})`));
    }
  }

  function turn() {
    const button = box("direction");
    const falls = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(falls));
    arrange();
  }

  // Choose and sort the entries anew.
  function arrange() {
    const outcome = box("outcome").value;
    const flag = box("flag").value;
    const matches = matcher(box("search").value.trim());
    const key = KEYS[box("sort").value];
    const falls = box("direction").getAttribute("aria-pressed") === "true";
    const keyed = [];
    entries.forEach((entry, number) => {
      if (outcome && entry.outcome !== outcome) return;
      if (flag && !entry.flags[flag]) return;
      if (matches(number)) keyed.push([key(entry, number), number]);
    });
    keyed.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]));
    if (falls) keyed.reverse();
    shown = keyed.map((pair) => pair[1]);
    box("count").textContent = countText();
    box("nothing").hidden = shown.length > 0;
    box("list").scrollTop = 0;
    blocks = rowBlocks.over(box("list"), box("rows"), { count: shown.length, height: ROW, draw: row });
    blocks.update();
    nameActive();
  }

  function countText() {
    const all = entries.length.toLocaleString("en");
    if (shown.length === entries.length) return entries.length === 1 ? "1 document" : `${all} documents`;
    return `${shown.length.toLocaleString("en")} of ${all} documents`;
  }

  // What is sought is looked for in all of a document's data: its name, its values, its text, its errors. As these are
  // lines of JSON, it is looked for as JSON writes it.
  function matcher(words) {
    if (!words) return () => true;
    const written = JSON.stringify(words).slice(1, -1).replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/</g, "\\\\u003c");
    const pattern = new RegExp(written, "i");
    return (number) => pattern.test(lineOf(number));
  }

  // Draw the rows anew.
  function redraw() {
    blocks.redraw();
    blocks.update();
    nameActive();
  }

  // Tell a screen reader which row is the open document's, where it is drawn.
  function nameActive() {
    const place = shown.indexOf(current);
    if (place >= 0 && blocks.element(place)) box("list").setAttribute("aria-activedescendant", `document-${current}`);
    else box("list").removeAttribute("aria-activedescendant");
  }

  function row(place) {
    const number = shown[place];
    const entry = entries[number];
    const name = entry.source || `text ${entry.id.slice(0, 12)}`;
    const slash = name.lastIndexOf("/") + 1;
    const element = make(
      "div",
      {
        role: "option",
        class: "entry",
        id: `document-${number}`,
        "data-number": number,
        "aria-selected": String(number === current),
        "aria-setsize": shown.length,
        "aria-posinset": place + 1,
        title: plain(name),
      },
      make(
        "span",
        { class: "name" },
        textOf("span", { class: "folder" }, name.slice(0, slash)),
        textOf("b", {}, name.slice(slash)),
        entry.cost_usd === null ? null : make("small", {}, money(entry.cost_usd)),
      ),
      make("span", { class: "facts" }, ...facts(entry)),
    );
    decorate(element, number);
    return element;
  }

  function facts(entry) {
    const parts = [textOf("span", { class: `outcome ${entry.ok ? "ok" : "bad"}` }, entry.outcome)];
    if (entry.repairs) parts.push(make("span", {}, entry.repairs === 1 ? "1 repair" : `${entry.repairs} repairs`));
    const flags = Object.keys(SHORT).filter((flag) => entry.flags[flag]);
    for (const flag of flags.slice(0, 2)) parts.push(make("span", { class: `tag ${flag}` }, `${entry.flags[flag]} ${SHORT[flag]}`));
    if (flags.length > 2) parts.push(make("span", { class: "tag", title: flags.slice(2).map((flag) => FLAGS[flag]).join(", ") }, `+${flags.length - 2}`));
    return parts;
  }

  const SHORT = { absent: "nowhere", risky: "risky", conflict: "in conflict", fuzzy: "nearly", unsure: "unsure" };

  // "0.00123" as $0.0012: two digits that say something.
  function money(text) {
    const usd = Number(text);
    return `$${usd === 0 ? "0" : usd >= 1 ? usd.toFixed(2) : usd.toPrecision(2).replace(/0+$/, "")}`;
  }

  function onKey(event) {
    const page = Math.max(1, Math.floor(box("list").clientHeight / ROW) - 1);
    const at = shown.indexOf(current);
    const places = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: shown.length - 1,
    };
    if (!(event.key in places) || !shown.length) return;
    event.preventDefault();
    onOpen(shown[Math.min(shown.length - 1, Math.max(0, places[event.key]))]);
  }

  // Show which document is open, and scroll to its row.
  function select(number) {
    current = number;
    const place = shown.indexOf(number);
    const list = box("list");
    if (place >= 0 && (place * ROW < list.scrollTop || (place + 1) * ROW > list.scrollTop + list.clientHeight)) {
      list.scrollTop = Math.max(0, place * ROW - list.clientHeight / 2);
    }
    redraw();
  }

  // The number of the document that follows another in the list, or precedes it (-1); -1 where there is none.
  function neighbour(number, step) {
    const place = shown.indexOf(number) + step;
    return place >= 0 && place < shown.length ? shown[place] : -1;
  }

  return { start, select, neighbour, redraw, arrange, money, FLAGS };
})();
