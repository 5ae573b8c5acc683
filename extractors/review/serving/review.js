"use strict";
// The review: decides fields of the open document, by keys or buttons, and draws what is decided beside each value.
// It runs after the viewer's scripts and uses what `viewer` and `elements` offer. What a field holds is data: it is only
// ever text of a node. Whatever changes something goes through one queue, so that keys pressed faster than the service
// answers are done one after the other, each on what the one before has left.
(() => {
  const { make, textOf, plain, cut } = elements;
  const WAIT = 150; // milliseconds without a key until what was typed is checked
  const LONGEST = 120; // characters of a value in a note
  const DONE = { accept: "accepted", correct: "corrected", reject: "rejected", add: "added" };
  const MARKS = { accept: "✓", correct: "✎", reject: "✕", add: "+" };
  const KEYS = [
    ["j / k", "next, previous field"],
    ["a", "accept: it is right as it stands"],
    ["e", "correct; what is selected in the text is taken, with its place"],
    ["x", "reject: nothing here is right (null, left out, or the item goes)"],
    ["Shift + X", "take out the whole item of a list"],
    ["+", "add an item to the list"],
    ["u", "undo your last decision"],
    ["n / p", "next, previous document"],
    ["Enter / Esc", "in an editor: save, leave; Shift + Enter is a new line"],
    ["?", "these keys, and how reviewers agree"],
  ];

  let queue = Promise.resolve();
  let status = null;
  let isOpening = false;
  let editor = null; // {path, adds, span, checked (what the last check was about)}
  const box = (id) => document.getElementById(id);
  const fields = () => viewer.current.view.fields;
  const rowAt = (path) => fields().find((row) => row.path === path);

  // Do something after all that was asked for before.
  function enqueue(work) {
    queue = queue.then(work).catch((error) => note(error.message, true));
    return queue;
  }

  // Ask the service. Errors that it tells are thrown, with what the schema says.
  async function ask(where, body) {
    const options = body && {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    };
    let answer;
    try {
      answer = await fetch(location.pathname + where, options);
    } catch {
      throw new Error("slotfill review has ended, or cannot be reached: what was decided is kept; start it again");
    }
    const data = await answer.json();
    if (!answer.ok || data.refused) throw new Error(data.refused || data.error);
    return data;
  }

  // What just happened, for eyes and screen readers.
  function note(text, isBad = false) {
    const line = box("review-note");
    line.textContent = plain(text);
    line.classList.toggle("bad", isBad);
  }

  // ---- what is shown

  // Draw what an answer holds: the document as it is now, and how far the review is.
  function apply(answer) {
    if (answer.status) {
      status = { ...answer.status, progress: { ...status?.progress, ...answer.status.progress } };
      viewer.redrawList();
    }
    if (answer.view && viewer.current && viewer.current.number === answer.number) drawDocument(answer.view);
    drawBar();
  }

  function drawDocument(view) {
    const before = viewer.current.view;
    const path = viewer.current.path;
    view.text = before.text;
    const hadFocus = box("fields").contains(document.activeElement);
    const top = box("fields").scrollTop;
    // Pictures of pages come when a document is opened, and stay; the viewer offers them when it opens one.
    if (before.pages) view.pages = before.pages;
    closeEditor(false);
    if (view.pages && !before.pages) {
      opened(() => viewer.replace(viewer.current.number, view));
      return viewer.select(path);
    }
    viewer.current.view = view;
    viewer.redrawFields();
    if (spansOf(before) !== spansOf(view)) redrawText();
    if (path !== null && rowAt(path)) viewer.select(path);
    box("fields").scrollTop = top;
    if (hadFocus) focusRow(path);
  }

  function redrawText() {
    const top = box("text").scrollTop;
    viewer.redrawText();
    box("text").scrollTop = top;
  }

  const spansOf = (view) => JSON.stringify(view.fields.map((row) => [row.path, row.span]));

  function focusRow(path) {
    const element = path === null ? null : viewer.fieldElement(path);
    if (element) element.firstChild.focus({ preventScroll: true });
  }

  // A row of the form: what was decided of it stands at its end.
  function decorateRow(element, row) {
    const review = row.review;
    if (!review) return; // drawn from the record alone, until the service has answered
    element.classList.toggle("open", review.open);
    if (review.decided) element.classList.add(DONE[review.decided]);
    if (review.removed) element.classList.add("removed");
    if (review.missing && !review.removed) element.querySelector(".value").replaceWith(make("span", { class: "value soft" }, "not there"));
    element.querySelector(".tags").append(...tagsOf(review));
  }

  function tagsOf(review) {
    const tags = [];
    if (review.decided) tags.push(make("span", { class: `tag ${DONE[review.decided]}` }, `${MARKS[review.decided]} ${DONE[review.decided]}`));
    else if (review.removed) tags.push(make("span", { class: "tag rejected" }, "✕ taken out"));
    else if (review.open && review.reasons.length) tags.push(textOf("span", { class: "tag need" }, cut(review.reasons[0], 60)));
    if ((review.others || []).some((other) => other.differs)) tags.push(make("span", { class: "tag differ" }, "others differ"));
    return tags;
  }

  // Beside what the viewer tells of a chosen field: why it needs a look, what others say, and what can be done.
  function decorateDetails(path) {
    const row = path === null ? null : rowAt(path);
    const details = row && viewer.fieldElement(path)?.querySelector(".details");
    if (!details || !row.review || details.querySelector(".actions")) return;
    const lines = [
      ...row.review.reasons.map((reason) => textOf("p", { class: "reason" }, reason)),
      ...(row.review.flagged || []).map((flag) => textOf("p", { class: "reason" }, flagText(flag))),
      ...(row.review.others || []).map((other) => textOf("p", { class: other.differs ? "other differs" : "other" }, otherText(other))),
    ];
    details.prepend(...lines, actionsOf(row));
  }

  const shown = (holder) => ("value" in holder ? cut(JSON.stringify(holder.value), LONGEST) : "nothing");
  const otherText = (other) => `${other.who} ${DONE[other.action]}: ${shown(other)}`;
  const flagText = (flag) => `${flag.who}: ${[flag.note, "value" in flag ? `it should be ${shown(flag)}` : ""].filter(Boolean).join("; ")}`;

  function actionsOf(row) {
    const review = row.review;
    const buttons = [];
    if (!review.removed && !review.by_parts) {
      buttons.push(action("Accept", "a", () => decide("accept")), action("Correct", "e", openEditor), action("Reject", "x", () => decide("reject")));
    }
    if (review.is_list) buttons.push(action("Add an item", "+", addItem));
    if (!review.removed && itemOf(row.path) !== null) buttons.push(action("Take out the item", "X", takeOutItem));
    return make("div", { class: "actions" }, ...buttons);
  }

  function action(name, key, work) {
    const button = make("button", { type: "button" }, name, make("kbd", { "aria-hidden": "true" }, key));
    button.addEventListener("click", () => work());
    return button;
  }

  // A document of the list: how far it is.
  function decorateEntry(element, number) {
    const known = status && status.progress[number];
    if (!known) return;
    const tag = known.is_gold ? make("span", { class: "tag gold" }, "gold") : known.decided ? make("span", { class: "tag" }, `${known.decided} decided`) : null;
    if (tag) element.querySelector(".facts").prepend(tag);
  }

  function drawBar() {
    const review = viewer.current && viewer.current.view.review;
    if (!status || !review) return;
    const all = fields().filter((row) => !row.review.by_parts && !row.review.removed).length;
    const parts = [`${all - review.open} of ${all} fields`, `${status.gold} of ${status.documents} documents gold`];
    if (status.agreement.pairs) parts.push(`reviewers agree on ${Math.round(100 * status.agreement.share)} %`);
    box("review-who").textContent = plain(status.who);
    box("review-count").textContent = parts.join(" · ");
    box("review-progress").value = all ? (all - review.open) / all : 1;
    drawProblems(review);
  }

  // What the schema says against the value as a whole, once all is decided; and what needs a look and is no field.
  function drawProblems(review) {
    const errors = review.open ? [] : review.errors.map((one) => `${one.path || "the value"}: ${one.message}`);
    const notes = review.notes.map((one) => `${one.path || "the value"}: ${one.reasons.join("; ")}`);
    box("review-problems").replaceChildren(
      ...(status.problem ? [textOf("p", { class: "bad" }, `${status.problem} (mended there, it is taken up with what you do next)`)] : []),
      ...errors.map((text) => textOf("p", { class: "bad" }, `Not gold yet. ${text}`)),
      ...notes.map((text) => textOf("p", {}, text)),
    );
  }

  // ---- what is done

  function decide(name, more = {}) {
    return enqueue(async () => {
      const path = more.path ?? viewer.current.path;
      if (path === null) return note("No field is chosen: j chooses the next one");
      const { next = true, ...body } = more;
      const answer = await ask("decisions", { document: viewer.current.number, action: name, path, ...body });
      apply(answer);
      note(`${fieldForm.words(answer.row.path)} ${DONE[name]}`);
      if (next) await advance(answer.row.path);
    });
  }

  // Go on to the next field that is open; from the last one to the next document.
  async function advance(path) {
    const rows = fields();
    const at = rows.findIndex((row) => row.path === path);
    const open = [...rows.slice(at + 1), ...rows.slice(0, at + 1)].find((row) => row.review.open);
    if (open) return choose(open.path);
    const review = viewer.current.view.review;
    if (review.errors.length) return note(`All fields are decided, and the schema refuses the value: ${review.errors[0].message}`, true);
    const name = viewer.current.view.source || "The document";
    await openNext(`${plain(name)} is ${review.is_gold ? "gold" : "decided"}.`);
  }

  // Open the next document in which something is open, if there is one.
  async function openNext(text) {
    const start = viewer.current.number;
    for (let number = viewer.neighbour(1); number >= 0; number = viewer.neighbour(1)) {
      await openDocument(number);
      if (viewer.current.view.review.open) return note(`${text} This is the next document.`);
    }
    if (viewer.current.number !== start) await openDocument(start);
    note(`${text} No later document has open fields.`);
  }

  async function openDocument(number) {
    if (viewer.current.number !== number) opened(() => viewer.open(number));
    await load(number);
  }

  // What is opened so is loaded by who asks for it, and not once more behind all that waits.
  function opened(work) {
    isOpening = true;
    work();
    isOpening = false;
  }

  async function load(number) {
    if (!status) apply(await ask("status")); // an answer about a document tells how far that one is
    const answer = await ask(`documents/${number}`);
    const isNew = viewer.current.number === number && viewer.current.path === null;
    apply(answer);
    if (isNew) choose((fields().find((row) => row.review.open) || { path: null }).path);
  }

  function choose(path) {
    viewer.select(path);
    if (path === null) return;
    elements.reveal(box("fields"), viewer.fieldElement(path));
    if (!isTyping(document.activeElement)) focusRow(path);
  }

  function move(by) {
    return enqueue(() => {
      const rows = fields();
      const at = rows.findIndex((row) => row.path === viewer.current.path);
      const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by;
      if (rows[next]) choose(rows[next].path);
      else note(by > 0 ? "This is the last field" : "This is the first field");
    });
  }

  function moveDocument(by) {
    return enqueue(async () => {
      const number = viewer.neighbour(by);
      if (number < 0) return note(by > 0 ? "This is the last document" : "This is the first document");
      await openDocument(number);
    });
  }

  function undo() {
    return enqueue(async () => {
      const answer = await ask("undo", {});
      if (!answer.row) return note("There is nothing to undo");
      if (viewer.current.number !== answer.number) await openDocument(answer.number);
      apply(answer);
      note(`${fieldForm.words(answer.row.path)}: taken back`);
      choose((rowAt(answer.row.path) || fields().find((row) => row.review.open) || { path: null }).path);
    });
  }

  // The item of a list that a path is, or is within; null where it is in none.
  function itemOf(path) {
    const lists = fields().filter((row) => row.review.is_list && path.startsWith(`${row.path}/`));
    if (!lists.length) return null;
    const list = lists.reduce((a, b) => (a.path.length > b.path.length ? a : b)).path;
    return `${list}/${path.slice(list.length + 1).split("/")[0]}`;
  }

  function takeOutItem() {
    const item = viewer.current.path === null ? null : itemOf(viewer.current.path);
    if (item === null) return note("No item of a list is chosen");
    return decide("reject", { path: item });
  }

  function listOf(path) {
    if (path === null) return null;
    if (rowAt(path)?.review.is_list) return path;
    const item = itemOf(path);
    return item === null ? null : item.slice(0, item.lastIndexOf("/"));
  }

  // A text, a number and the like are typed first; of an object the parts are decided, one after the other.
  function addItem() {
    return enqueue(async () => {
      const list = listOf(viewer.current.path);
      if (list === null) return note("No list is chosen: items are added to lists");
      const row = rowAt(list);
      if (!["object", "list"].includes(row.review.item.kind)) return drawEditor(row, row.review.item, "", true);
      const answer = await ask("decisions", { document: viewer.current.number, action: "add", path: list });
      apply(answer);
      const part = fields().find((one) => one.review.open && one.path.startsWith(answer.row.path)) || rowAt(answer.row.path);
      note(`An item was added to ${fieldForm.words(list)}`);
      if (!part) return;
      choose(part.path);
      if (!part.review.is_list) drawEditor(part, part.review.editor, "");
    });
  }

  // ---- editors

  function openEditor() {
    return enqueue(() => {
      const row = viewer.current.path === null ? null : rowAt(viewer.current.path);
      if (!row) return note("No field is chosen: j chooses the next one");
      if (row.review.by_parts) return note("Its items are corrected each by itself; + adds one");
      const span = viewer.selectedSpan();
      const isPicked = span && row.review.editor.kind !== "choice";
      drawEditor(row, row.review.editor, isPicked ? viewer.current.view.text.slice(...span) : row.review.typed, false, span);
    });
  }

  // adds: whether a new item of the row's list is typed. span: where what is typed was selected in the text.
  function drawEditor(row, kind, typed, adds = false, span = null) {
    closeEditor(false);
    viewer.select(row.path);
    const input = inputOf(kind, typed, row.review);
    const name = adds ? `New item of ${fieldForm.words(row.path)}` : fieldForm.words(row.path);
    const form = make(
      "form",
      { class: "editor", novalidate: true },
      textOf("label", { for: "review-input" }, name),
      kind.description ? textOf("p", { class: "soft", id: "review-about" }, cut(kind.description, 300)) : null,
      input,
      make("p", { class: "hint", id: "review-hint" }, hintOf(kind)),
      make("p", { class: "says", id: "review-says", role: "status" }),
      make("div", { class: "actions" }, make("button", { type: "submit" }, "Save", make("kbd", { "aria-hidden": "true" }, "Enter")), nothingButton(kind, adds), cancelButton()),
    );
    editor = { path: row.path, adds, span, typed, number: viewer.current.number, checks: 0 };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      save(valueOf(input, kind));
    });
    form.addEventListener("keydown", onEditorKey);
    input.addEventListener("input", () => checkSoon(input, kind));
    viewer.fieldElement(row.path).append(form);
    document.querySelector("#panes [data-pane=right]").click(); // on a narrow window another part may be shown
    input.focus();
    if (input.select && span === null) input.select();
    if (span) checkSoon(input, kind);
    elements.reveal(box("fields"), form);
  }

  function inputOf(kind, typed, review) {
    const about = { id: "review-input", "aria-describedby": "review-about review-hint review-says", autocomplete: "off", spellcheck: "false", dir: "auto" };
    if (kind.kind === "choice") return choiceOf(kind, typed, review, about);
    if (["integer", "number"].includes(kind.kind)) return withValue(make("input", { ...about, type: "text", inputmode: "decimal" }), typed);
    if (["date", "datetime", "time"].includes(kind.kind)) return withValue(make("input", { ...about, type: "text" }), typed);
    const lines = Math.min(10, Math.max(1, typed.split("\n").length, Math.ceil(typed.length / 42)));
    return withValue(make("textarea", { ...about, rows: lines }), typed);
  }

  function withValue(input, typed) {
    input.value = typed;
    return input;
  }

  // The values that are allowed, as a list; one that stands there and is none of them is not chosen.
  function choiceOf(kind, typed, review, about) {
    const input = make("select", about);
    for (const option of kind.options || []) {
      const value = JSON.parse(option);
      input.append(textOf("option", { value: option }, typeof value === "string" ? value || "empty text" : option));
    }
    if (kind.nullable) input.append(make("option", { value: "null" }, "nothing (null)"));
    const wanted = typed || (kind.nullable && !review.missing ? "null" : "");
    input.value = [...input.options].some((option) => option.value === wanted) ? wanted : input.options[0].value;
    return input;
  }

  const WORDS = {
    minimum: (n) => `at least ${n}`,
    maximum: (n) => `at most ${n}`,
    exclusiveMinimum: (n) => `more than ${n}`,
    exclusiveMaximum: (n) => `less than ${n}`,
    multipleOf: (n) => `a multiple of ${n}`,
    minLength: (n) => `${n} or more characters`,
    maxLength: (n) => `at most ${n} characters`,
  };
  const KINDS = {
    integer: "a whole number",
    number: "a number",
    date: "a date, as 2026-03-31 or as it is written in the text",
    datetime: "a date and a time, as 2026-03-31T09:00:00Z",
    time: "a time, as 09:00:00",
    json: "JSON",
    object: "JSON",
    list: "JSON",
  };

  function hintOf(kind) {
    const bounds = Object.entries(kind.bounds || {}).map(([name, bound]) => WORDS[name](bound));
    return [KINDS[kind.kind], ...bounds].filter(Boolean).join(", ");
  }

  const valueOf = (input, kind) => (kind.kind === "choice" && input.value === "null" ? { value: null } : { typed: input.value });

  function nothingButton(kind, adds) {
    if (!kind.nullable || adds || kind.kind === "choice") return null;
    const button = make("button", { type: "button" }, "Nothing (null)");
    button.addEventListener("click", () => save({ value: null }));
    return button;
  }

  function cancelButton() {
    const button = make("button", { type: "button" }, "Cancel", make("kbd", { "aria-hidden": "true" }, "Esc"));
    button.addEventListener("click", () => closeEditor());
    return button;
  }

  // Whatever is typed stays in the editor: none of the page's own keys hears it.
  function onEditorKey(event) {
    event.stopPropagation();
    if (event.key === "Escape") closeEditor();
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target.id === "review-input") {
      event.preventDefault();
      event.currentTarget.requestSubmit();
    }
  }

  function closeEditor(focuses = true) {
    if (!editor) return;
    const { path } = editor;
    editor = null;
    document.querySelector("form.editor")?.remove();
    if (focuses) focusRow(path);
  }

  function save(value) {
    const { path, adds, span, typed } = editor;
    const isSame = !adds && !span && value.typed === typed && !rowAt(path).review.missing;
    const body = { path, ...value, ...(span && viewer.current.view.text !== null ? { span } : {}) };
    const work = adds ? decide("add", body) : isSame ? decide("accept", { path }) : decide("correct", body);
    return work;
  }

  // Say what would come of what is typed, once nobody has typed for a moment.
  function checkSoon(input, kind) {
    const mine = editor;
    const number = ++mine.checks;
    setTimeout(async () => {
      if (editor !== mine || mine.checks !== number) return;
      const value = valueOf(input, kind);
      if ("value" in value) return tell([], "");
      const path = mine.adds ? `${mine.path}/${Math.max(0, ...indexes(mine.path)) + 1}` : mine.path;
      const answer = await ask("validate", { document: mine.number, path, typed: value.typed }).catch((error) => ({ errors: [error] }));
      if (editor !== mine || mine.checks !== number) return;
      const isOther = "value" in answer && typeof answer.value === "string" && answer.value !== value.typed && kind.kind !== "choice";
      const isNumber = typeof answer.value === "number" && String(answer.value) !== value.typed.trim();
      tell(answer.errors, !answer.errors.length && (isOther || isNumber) ? `It will stand there as ${JSON.stringify(answer.value)}` : "");
    }, WAIT);
  }

  const indexes = (list) => fields().filter((row) => row.path.startsWith(`${list}/`)).map((row) => Number(row.path.slice(list.length + 1).split("/")[0]));

  function tell(errors, hint) {
    const line = box("review-says");
    line.textContent = plain(errors.length ? errors.map((one) => one.message).join("; ") : hint);
    line.classList.toggle("bad", errors.length > 0);
    box("review-input").setAttribute("aria-invalid", String(errors.length > 0));
  }

  // ---- the frame

  function drawFrame() {
    const bar = make(
      "div",
      { class: "review-bar", role: "group", "aria-label": "Review" },
      make("div", { id: "review-problems" }),
      make("progress", { id: "review-progress", max: 1, value: 0, "aria-label": "Fields decided" }),
      make("p", {}, make("b", { id: "review-who" }), " ", make("span", { id: "review-count", class: "soft" })),
      make("div", { class: "actions" }, action("Undo", "u", undo), action("Keys", "?", openHelp)),
      make("p", { id: "review-note", role: "status" }),
    );
    document.querySelector(".pane.right").append(bar);
    const use = make("button", { type: "button", id: "review-use", hidden: true });
    use.addEventListener("click", openEditor);
    use.addEventListener("mousedown", (event) => event.preventDefault()); // which would undo the selection
    document.querySelector(".pane.middle .bar").after(use);
    box("sort").options[0].textContent = "Neediest first"; // the order that the documents come in
    const help = make("dialog", { id: "review-help", "aria-labelledby": "review-help-title" });
    // Escape closes it, and does nothing to what is chosen behind it.
    help.addEventListener("keydown", (event) => event.key === "Escape" && event.stopPropagation());
    document.body.append(help);
  }

  // What is selected of the text can be taken for the field that is chosen.
  function offerSelection() {
    const span = viewer.current && viewer.selectedSpan();
    const use = box("review-use");
    use.hidden = !span || viewer.current.path === null || editor !== null;
    if (use.hidden) return;
    const text = cut(viewer.current.view.text.slice(...span).replace(/\s+/g, " "), 60);
    use.replaceChildren(textOf("span", {}, `Take “${text}” for ${fieldForm.words(viewer.current.path)}`), make("kbd", { "aria-hidden": "true" }, "e"));
  }

  function openHelp() {
    const dialog = box("review-help");
    if (dialog.open) return dialog.close();
    const list = make("dl", {}, ...KEYS.flatMap(([key, text]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, text)]));
    const close = make("button", { type: "button" }, "Close", make("kbd", { "aria-hidden": "true" }, "Esc"));
    close.addEventListener("click", () => dialog.close());
    const agreement = make("div", { id: "review-agreement" });
    dialog.replaceChildren(make("h2", { id: "review-help-title" }, "Keys"), list, agreement, make("div", { class: "actions" }, close));
    dialog.showModal();
    return enqueue(async () => agreement.append(...agreementParts((await ask("agreement")).agreement)));
  }

  // How reviewers agree, by field, and where they do not.
  function agreementParts(agreement) {
    if (!agreement.whole.pairs) return [];
    const cells = (name, ...texts) => make("tr", {}, ...texts.map((text) => textOf(name, {}, String(text))));
    const rows = agreement.fields.map((one) => cells("td", one.path || "the value", `${one.equal} of ${one.pairs}`, one.kappa === undefined ? "–" : one.kappa.toFixed(2)));
    const table = make("table", {}, make("thead", {}, cells("th", "field", "equal", "kappa")), make("tbody", {}, ...rows));
    const differ = agreement.disagreements.slice(0, 50).map((one) => textOf("li", {}, `${one.document} ${one.path}: ${disagreement(one)}`));
    return [make("h2", {}, "Agreement"), textOf("p", {}, agreement.lines[0]), table, make("ul", {}, ...differ)];
  }

  const disagreement = (one) =>
    [...Object.entries(one.values).map(([who, value]) => `${who} ${cut(JSON.stringify(value), LONGEST)}`), ...one.without.map((who) => `${who} nothing`)].join(", ");

  const isTyping = (element) => Boolean(element && element.matches("input, textarea, select, [contenteditable]"));

  const ACTIONS = {
    j: () => move(1),
    k: () => move(-1),
    a: () => decide("accept"),
    e: openEditor,
    x: () => decide("reject"),
    X: takeOutItem,
    u: undo,
    n: () => moveDocument(1),
    p: () => moveDocument(-1),
    "+": addItem,
    "?": openHelp,
  };

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || !ACTIONS[event.key]) return;
    if (box("review-help").open && event.key !== "?") return;
    event.preventDefault();
    ACTIONS[event.key]();
  }

  drawFrame();
  viewer.on("row", decorateRow);
  viewer.on("entry", decorateEntry);
  viewer.on("select", decorateDetails);
  viewer.on("select", offerSelection);
  viewer.on("open", (view, number) => {
    closeEditor(false);
    if (!isOpening) enqueue(() => load(number));
  });
  document.addEventListener("keydown", onKey);
  document.addEventListener("selectionchange", offerSelection);
  // Who comes back to the page sees how far others are.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && status) enqueue(async () => apply(await ask("status")));
  });
})();
