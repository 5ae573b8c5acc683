"use strict";
// The playground: a form in the place of the viewer's list, and requests to the service that serves this page. What has
// been extracted in this tab are the viewer's documents. The key stands in its input alone: it is stored nowhere.
// A record is kept as the text that came, since a script's numbers would round some of it.
(() => {
  const { make, textOf, plain, cut } = elements;
  const NAME = 60; // characters of a text that it is called by
  const TOLD_EVERY = 1000; // milliseconds
  const OWN = "own"; // what the option is called that lets one write a schema
  const EXAMPLE = { title: "order", type: "object", properties: { customer: { type: "string" }, total: { type: "number" } }, required: ["customer"] };
  const ENDED = "The connection ended before the record came: try it again.";

  const box = (id) => document.getElementById(`play-${id}`);
  const root = location.href.split("#")[0];
  const extractions = new Map(); // by a document's number: {request, record (JSON as it came), flagged}
  let offered = null; // what GET /v1/schemas has answered, and for which key
  let running = null; // what aborts the request under way
  let file = null; // {name, text} of the file that was read last

  // ---- the service

  // Ask it for something. What it answers in place of it is thrown, in its own words.
  async function ask(path, options = {}) {
    const key = box("key").value.trim();
    if (!/^[\x21-\x7e]+$/.test(key)) throw new Error(key ? "A key holds letters, digits and signs alone: copy it again." : "Enter a key first.");
    const headers = { authorization: `Bearer ${key}`, ...(typeof options.body === "string" ? { "content-type": "application/json" } : {}) };
    const response = await reached(fetch(new URL(`v1/${path}`, root), { ...options, headers, cache: "no-store", credentials: "omit", redirect: "error" }));
    if (response.ok) return response;
    throw new Error(problemText(await response.json().catch(() => ({})), response.status));
  }

  const post = (path, body, signal) => ask(path, { method: "POST", body, signal });

  function reached(response) {
    return response.catch((error) => {
      throw error.name === "AbortError" ? error : new Error("The service cannot be reached: is it running, and are you connected?");
    });
  }

  function problemText(problem, status) {
    const text = String(problem.detail || problem.title || `the service answered with ${status} and no reason`);
    return problem.request_id ? `${text} (request ${problem.request_id})` : text;
  }

  // ---- what is said

  function note(text) {
    box("note").textContent = plain(text);
    box("problem").textContent = "";
  }

  function complain(error) {
    box("note").textContent = "";
    box("problem").textContent = plain(error.message);
  }

  // Do something that can be stopped, one thing at a time.
  async function run(work) {
    if (running) return;
    running = new AbortController();
    drawBusy(true);
    try {
      await work(running.signal);
    } catch (error) {
      if (error.name === "AbortError") note("Stopped.");
      else complain(error);
    } finally {
      running = null;
      drawBusy(false);
    }
  }

  function drawBusy(isBusy) {
    const [from, to] = isBusy ? ["extract", "stop"] : ["stop", "extract"];
    const hadFocus = document.activeElement === box(from);
    box("stop").hidden = !isBusy;
    box("extract").disabled = isBusy || !offered;
    if (hadFocus) box(to).focus();
  }

  // ---- schemas and models

  async function offer() {
    const key = box("key").value.trim();
    if (!key || (offered && offered.key === key)) return;
    offered = null;
    drawOffer({ schemas: [], models: [], allow_schemas: false });
    try {
      const answer = await (await ask("schemas")).json();
      if (box("key").value.trim() !== key) return; // another one has been entered meanwhile
      offered = { ...answer, key };
      drawOffer(answer);
      note(answer.schemas.length === 1 ? "The key is good for one schema." : `The key is good for ${answer.schemas.length} schemas.`);
    } catch (error) {
      complain(error);
    }
  }

  function drawOffer({ schemas, models, allow_schemas: allows, retention }) {
    const options = schemas.map((one, place) => textOf("option", { value: place }, plain(one.name)));
    if (allows) options.push(make("option", { value: OWN }, "Write a JSON Schema…"));
    box("schema").replaceChildren(...options);
    box("model").replaceChildren(make("option", { value: "" }, "As the service chooses"), ...models.map((one) => make("option", { value: one }, plain(one))));
    for (const id of ["schema", "model", "extract", "copy"]) box(id).disabled = !options.length;
    box("retention").textContent = retention ? retentionText(retention) : "";
    drawSchema();
  }

  function retentionText({ keeps }) {
    if (!keeps.length) return "The service keeps nothing of what you send.";
    const list = keeps.length > 1 ? `${keeps.slice(0, -1).join(", ")} and ${keeps.at(-1)}` : keeps[0];
    return plain(`Of what you send the service keeps ${list}.`);
  }

  const chosenSchema = () => (offered && box("schema").value !== OWN ? offered.schemas[Number(box("schema").value)] : null);

  function drawSchema() {
    const schema = chosenSchema();
    const isOwn = Boolean(offered) && box("schema").value === OWN;
    box("own").hidden = !isOwn;
    if (isOwn && !box("written").value) box("written").value = JSON.stringify(EXAMPLE, null, 2);
    box("schema-about").replaceChildren(textOf("span", {}, schema ? firstSentence(schema.description || "") : ""));
    box("schema-shown").hidden = !schema;
    const shown = schema ? JSON.stringify(schema.json_schema, null, 2) : "";
    box("schema-shown").querySelector("pre").replaceChildren(textOf("span", {}, shown));
    const parameters = schema && schema.parameters;
    box("params").hidden = !parameters;
    box("params").replaceChildren(make("legend", {}, "Its parameters"), ...(parameters ? Object.entries(parameters.properties).flatMap((one) => paramField(parameters, ...one)) : []));
  }

  // ---- parameters of a schema

  // A parameter's label, its input and what is said of it. What has no type that an input knows is written as JSON.
  function paramField(parameters, name, about) {
    const id = `play-param-${name}`;
    const isRequired = (parameters.required || []).includes(name);
    const common = { id, name, "aria-describedby": `${id}-about`, autocomplete: "off", ...(isRequired ? { required: true } : {}) };
    const input = about.type === "string" ? make("textarea", { ...common, rows: 2, dir: "auto", ...(about.maxLength ? { maxlength: about.maxLength } : {}) }) : make("input", { ...common, type: "text", spellcheck: "false" });
    if (about.default !== undefined) input.value = typeof about.default === "string" ? about.default : JSON.stringify(about.default);
    return [textOf("label", { for: id }, plain(isRequired ? `${name} (required)` : name)), input, make("p", { id: `${id}-about`, class: "hint" }, textOf("span", {}, plain(about.description || "")))];
  }

  // The parameters as they are sent, as JSON; "" where the schema has none, or none is set.
  function paramsOf(schema) {
    const parameters = schema && schema.parameters;
    if (!parameters) return "";
    const set = [];
    for (const [name, about] of Object.entries(parameters.properties)) {
      const typed = document.getElementById(`play-param-${name}`).value;
      if (!typed.trim()) {
        if ((parameters.required || []).includes(name)) throw new Error(`The schema needs its parameter ${name}: fill it in.`);
        continue;
      }
      if (about.type !== "string") jsonOfParam(name, typed);
      set.push(`${JSON.stringify(name)}:${about.type === "string" ? JSON.stringify(typed.toWellFormed()) : typed.replace(/[\r\n]+/g, " ").trim()}`);
    }
    return set.length ? `{${set.join(",")}}` : "";
  }

  function jsonOfParam(name, typed) {
    try {
      JSON.parse(typed);
    } catch {
      throw new Error(`The parameter ${name} is no JSON: write a number, true, or a text in quotes.`);
    }
  }

  const firstSentence = (text) => cut(text.split(/(?<=[.!?])\s/)[0], 300);

  // ---- a request

  // What the form asks for, as the service takes it.
  function requestOf() {
    if (!offered) throw new Error("Enter a key first.");
    const text = box("text").value.toWellFormed();
    if (!text.trim()) throw new Error("There is no text: paste one, or choose a file.");
    const schema = chosenSchema();
    const json = schema ? JSON.stringify(schema.json_schema) : writtenSchema();
    const model = box("model").value;
    const more = { text, ...(model ? { model } : {}) };
    const params = paramsOf(schema);
    const plainBody = params ? `${JSON.stringify(more).slice(0, -1)},"params":${params}}` : JSON.stringify(more);
    const body = schema ? plainBody : `{"schema":${json},${plainBody.slice(1)}`;
    const path = schema ? `extract/${encodeURIComponent(schema.name)}` : "extract";
    const name = file && file.text === text ? file.name : cut(text.trim().split("\n")[0], NAME);
    return { path, url: new URL(`v1/${path}`, root).href, body, schema: json, params, text, model, name, called: schema ? schema.name : "your schema", isNamed: Boolean(schema) };
  }

  // The schema that was written: as it was typed, with all digits of its numbers, on one line.
  function writtenSchema() {
    const typed = box("written").value;
    try {
      JSON.parse(typed);
    } catch (error) {
      throw new Error(`Your schema is no JSON: ${error.message}`);
    }
    return typed.replace(/[\r\n]+/g, " "); // a string of JSON holds no line end
  }

  function extract() {
    return run(async (signal) => {
      const request = requestOf();
      note("Asking…");
      document.getElementById("list").hidden = false;
      const begun = growingValue.begun({ name: request.name, text: request.text, schema: request.called, model: request.model });
      const number = viewer.add(begun.view, begun.entry);
      extractions.set(number, { request, flagged: new Set() });
      viewer.goTo("right");
      try {
        await follow(number, await post(`${request.path}/stream?partials=values`, request.body, signal));
      } catch (error) {
        const [type, text] = error.name === "AbortError" ? ["stopped", "You have stopped it: what is here is not whole."] : ["failed", error.message];
        const ended = growingValue.ended({ ...begun, view: viewer.viewOf(number) }, type, text);
        put(number, ended.view, ended.entry);
        throw error;
      }
    });
  }

  // Draw what a stream tells until the record has come.
  async function follow(number, response) {
    for await (const event of whole(eventStream.read(response))) {
      if (event.name === "partial") grow(number, JSON.parse(event.data).value);
      if (event.name === "problem") throw new Error(problemText(JSON.parse(event.data), 200));
      if (event.name === "record") return finish(number, event.data);
    }
    throw new Error(ENDED);
  }

  // What a stream yields; one that breaks off says so in words that a person can use.
  async function* whole(events) {
    try {
      yield* events;
    } catch (error) {
      throw error.name === "AbortError" ? error : new Error(ENDED);
    }
  }

  let due = null; // {number, value}: what is drawn with the next frame, however many have come by then
  function grow(number, value) {
    if (!due) requestAnimationFrame(drawGrowth);
    due = { number, value };
  }

  function drawGrowth() {
    const { number, value } = due;
    due = null;
    if (!running || extractions.get(number).record) return;
    const view = viewer.viewOf(number);
    view.fields = growingValue.rows(value).filter((row) => row.value !== null); // what is to come is null so far
    tellGrowth(view.fields.length);
    if (viewer.current.number !== number) return;
    const pane = document.getElementById("fields");
    const [top, path, focused] = [pane.scrollTop, viewer.current.path, document.activeElement.closest("#fields .field")];
    viewer.redrawFields();
    if (path !== null) viewer.select(path);
    pane.scrollTop = top;
    if (focused) fieldForm.focus(focused.dataset.path);
  }

  // How far it is, for screen readers too: not with each frame.
  let toldAt = 0;
  function tellGrowth(count) {
    if (performance.now() - toldAt < TOLD_EVERY) return;
    toldAt = performance.now();
    note(`Asking… ${count === 1 ? "1 field" : `${count} fields`} so far`);
  }

  // The record is here, and paid for: it is shown also where nobody can say what stands where in the text.
  async function finish(number, record) {
    const { request } = extractions.get(number);
    extractions.get(number).record = record;
    let answer;
    try {
      answer = await (await post("view", `{"record":${record},"text":${JSON.stringify(request.text)}}`)).json();
    } catch (error) {
      answer = growingValue.unmarked({ view: viewer.viewOf(number), entry: viewer.entries[number] }, record, error.message);
    }
    put(number, { ...answer.view, source: request.name }, { ...answer.entry, source: request.name });
    note(summary(answer.view));
  }

  function put(number, view, entry) {
    const [path, hadFocus] = [viewer.current.path, document.activeElement.closest("#fields, #text")];
    viewer.entries[number] = entry;
    viewer.replace(number, view);
    viewer.redrawList();
    if (viewer.current.number !== number) return;
    if (path !== null && view.fields.some((row) => row.path === path)) viewer.select(path);
    if (hadFocus) hadFocus.focus();
  }

  // How it ended and what it took; of a reply that broke off the tokens are unknown.
  function summary({ outcome, usage, cost_usd: usd, ms }) {
    const count = (number) => number.toLocaleString("en");
    const read = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens;
    const cached = usage.cache_read_tokens ? ` (${count(usage.cache_read_tokens)} of them cached)` : "";
    const tokens = usage.output_tokens === null ? "tokens unknown" : `${count(read)} tokens in${cached}, ${count(usage.output_tokens)} out`;
    return `${outcome}: ${tokens}, ${usd === null ? "price unknown" : `${usd} USD`}, ${count(ms)} ms`;
  }

  // ---- files

  function readFile(chosen) {
    return run(async (signal) => {
      note(`Reading ${chosen.name}…`);
      const form = new FormData();
      form.append("file", chosen, chosen.name);
      const { text } = await (await post("text", form, signal)).json();
      box("text").value = text;
      file = { name: chosen.name, text: box("text").value.toWellFormed() };
      note(`${chosen.name} is read: ${[...text].length.toLocaleString("en")} characters.`);
      viewer.goTo("left");
      box("text").focus();
    });
  }

  const isFile = (event) => Boolean(event.dataTransfer) && event.dataTransfer.types.includes("Files");

  function onDrag(event) {
    if (!isFile(event)) return; // a text is dropped into an input as ever
    event.preventDefault();
    document.getElementById("play").classList.toggle("dropping", event.type === "dragover");
    if (event.type !== "drop") return;
    if (event.dataTransfer.files.length === 1) readFile(event.dataTransfer.files[0]);
    else complain(new Error("Drop one file at a time."));
  }

  // ---- flags

  function decorateDetails(path) {
    const extraction = viewer.current && extractions.get(viewer.current.number);
    const details = path === null ? null : viewer.fieldElement(path)?.querySelector(".details");
    // What was extracted by a schema of one's own is of none that the service would know when it is reviewed.
    const takesFlags = offered && offered.feedback && extraction && extraction.record && extraction.request.isNamed;
    if (!takesFlags || !details || details.querySelector(".actions")) return;
    const button = make("button", { type: "button" }, "Flag as wrong");
    button.addEventListener("click", () => openFlag(path, details));
    details.prepend(make("div", { class: "actions" }, button));
  }

  function decorateRow(element, row) {
    const extraction = viewer.current && extractions.get(viewer.current.number);
    if (extraction && extraction.flagged.has(row.path)) element.querySelector(".tags").append(make("span", { class: "tag unsure" }, "flagged"));
  }

  function openFlag(path, details) {
    const row = viewer.current.view.fields.find((one) => one.path === path);
    const number = viewer.current.number;
    const right = make("textarea", { id: "play-right", rows: 2, dir: "auto", spellcheck: "false", "aria-describedby": "play-right-about" });
    right.value = typedValue(number, row);
    const nothing = make("input", { type: "checkbox" });
    nothing.addEventListener("change", () => (right.disabled = nothing.checked));
    const remark = make("input", { id: "play-remark", type: "text", autocomplete: "off", dir: "auto" });
    const sendsText = make("input", { type: "checkbox" });
    const cancel = make("button", { type: "button" }, "Cancel", make("kbd", { "aria-hidden": "true" }, "Esc"));
    const form = make(
      "form",
      { class: "editor flag", novalidate: true },
      textOf("label", { for: "play-right" }, `What is right for ${fieldForm.words(path)}?`),
      right,
      make("p", { class: "hint", id: "play-right-about" }, isText(row) ? "As it should stand there" : 'JSON: 12, true, ["a", "b"], "a text"'),
      make("label", { class: "check" }, nothing, "It should be null: nothing"),
      make("label", { for: "play-remark" }, "A remark"),
      remark,
      make("label", { class: "check" }, sendsText, "Send the text along, for those who look into it"),
      make("div", { class: "actions" }, make("button", { type: "submit" }, "Send"), cancel),
    );
    const close = () => {
      form.remove();
      fieldForm.focus(path);
    };
    cancel.addEventListener("click", close);
    form.addEventListener("keydown", (event) => {
      event.stopPropagation(); // whatever is typed is none of the page's own keys
      if (event.key === "Escape") close();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const value = nothing.checked ? () => "null" : () => jsonOf(right.value, row);
      flag(number, path, { value, note: remark.value.trim(), sendsText: sendsText.checked });
    });
    details.querySelector("form")?.remove();
    details.append(form);
    right.focus();
    right.select();
    elements.reveal(document.getElementById("fields"), form);
  }

  const isText = (row) => typeof row.value === "string" && row.digits === undefined;

  // A field's value as one types it: a text as it is, anything else as JSON.
  function typedValue(number, row) {
    if (row.digits !== undefined) return row.digits;
    if (row.items === undefined) return isText(row) ? row.value : JSON.stringify(row.value);
    const keys = row.path.split("/").slice(1).map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
    return JSON.stringify(keys.reduce((value, key) => value[key], JSON.parse(extractions.get(number).record).value));
  }

  function jsonOf(typed, row) {
    if (isText(row)) return JSON.stringify(typed.toWellFormed());
    try {
      JSON.parse(typed);
    } catch {
      throw new Error('What is right is no JSON: a text stands in quotes, as "this".');
    }
    return typed;
  }

  async function flag(number, path, { value, note: remark, sendsText }) {
    const { record, request, flagged } = extractions.get(number);
    try {
      const more = JSON.stringify({ field: path, ...(remark ? { note: remark } : {}), ...(sendsText ? { text: request.text } : {}) });
      await post("feedback", `{"record":${record},"value":${value()},${more.slice(1)}`);
    } catch (error) {
      return complain(error);
    }
    flagged.add(path);
    note(`${fieldForm.words(path)} is flagged. Thank you.`);
    if (viewer.current.number !== number) return;
    viewer.redrawField(path);
    viewer.select(path);
    fieldForm.focus(path);
  }

  // ---- copying

  function openCode() {
    let request;
    try {
      request = requestOf();
    } catch (error) {
      return complain(error);
    }
    const dialog = box("code");
    const shown = make("pre", { tabindex: "0", role: "region", "aria-label": "Code" });
    const said = make("p", { class: "says", role: "status" });
    const languages = requestCode.languages.map((language) => {
      const button = make("button", { type: "button", "aria-pressed": "false" }, language);
      button.addEventListener("click", () => show(language));
      return button;
    });
    function show(language) {
      shown.textContent = requestCode.write(language, request);
      for (const button of languages) button.setAttribute("aria-pressed", String(button.textContent === language));
      said.textContent = "";
    }
    const copy = make("button", { type: "button", class: "main-action" }, "Copy");
    copy.addEventListener("click", async () => {
      said.textContent = (await copied(shown)) ? "Copied." : "The browser lets no page copy here: it is selected, press Ctrl or ⌘ and C.";
    });
    const close = make("button", { type: "button" }, "Close", make("kbd", { "aria-hidden": "true" }, "Esc"));
    close.addEventListener("click", () => dialog.close());
    dialog.replaceChildren(
      make("h2", { id: "play-code-title" }, "This request as code"),
      make("p", { class: "soft" }, "It holds the text, and not the key: that comes from the environment, as SLOTFILL_KEY."),
      make("div", { class: "actions", role: "group", "aria-label": "Language" }, ...languages),
      shown,
      said,
      make("div", { class: "actions" }, copy, close),
    );
    show(requestCode.languages[0]);
    dialog.showModal();
  }

  // Copy what an element shows; where a browser refuses, as on pages without TLS, select it.
  async function copied(element) {
    try {
      await navigator.clipboard.writeText(element.textContent);
      return true;
    } catch {
      document.getSelection().selectAllChildren(element);
      return false;
    }
  }

  // ---- the frame

  // A link may bring the key, behind its #, which no browser sends to any server. It leaves the address at once.
  function takeKey() {
    const key = new URLSearchParams(location.hash.slice(1)).get("key");
    if (!key) return;
    history.replaceState(null, "", root);
    box("key").value = key;
    offer();
  }

  function onKey(event) {
    if (event.key !== "Escape" || !running || box("code").open) return;
    event.preventDefault();
    event.stopPropagation(); // what is chosen stays so
    running.abort();
  }

  function start() {
    const list = document.getElementById("list");
    list.hidden = true; // until there is something in it
    list.setAttribute("aria-label", "Extracted in this tab");
    document.getElementById("summary").textContent = "Playground";
    document.getElementById("name").textContent = "Text";
    document.getElementById("text").append(make("p", { class: "no-text" }, make("b", {}, "The text comes here."), "Each value is marked where it stands in it."));
    document.getElementById("fields").append(make("p", { class: "no-text" }, make("b", {}, "The values come here."), "They grow as the model writes them; choose one for where it stands, what it rests on and how it was mended."));
    viewer.goTo("left");
  }

  box("key").addEventListener("change", offer);
  box("schema").addEventListener("change", drawSchema);
  box("form").addEventListener("submit", (event) => {
    event.preventDefault();
    extract();
  });
  box("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) extract();
  });
  box("file").addEventListener("change", () => box("file").files.length && readFile(box("file").files[0]));
  box("stop").addEventListener("click", () => running && running.abort());
  box("copy").addEventListener("click", openCode);
  for (const kind of ["dragover", "dragleave", "drop"]) document.addEventListener(kind, onDrag);
  document.addEventListener("keydown", onKey, { capture: true });
  addEventListener("hashchange", takeKey);
  viewer.on("row", decorateRow);
  viewer.on("select", decorateDetails);
  document.addEventListener("DOMContentLoaded", start);
  takeKey();
})();
