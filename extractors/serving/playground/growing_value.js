"use strict";
// A value that grows, as the rows of a viewer's page: what is there is shown, where it stands is told at the end.
const growingValue = (() => {
  const MOST = 2000; // rows that are drawn while a value grows

  // The rows of a value: a leaf each, and each list with its number of items, as record_view.py makes them.
  function rows(value, path = "", into = []) {
    if (into.length >= MOST) return into;
    const isList = Array.isArray(value);
    const keys = value !== null && typeof value === "object" ? Object.keys(value) : [];
    if (isList) into.push({ path, items: value.length, flags: [] });
    else if (!keys.length) into.push({ path, value, flags: [] });
    for (const key of keys) rows(value[key], `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`, into);
    return into;
  }

  // The data of a document that is being asked about; it has no cost yet.
  function begun({ name, text, schema, model }) {
    const about = { source: name, id: "", schema, model, outcome: "asking", ok: true, repairs: 0, flags: {} };
    const view = { ...about, chars: [...text].length, error: null, ms: 0, attempts: [], fields: [], text };
    return { view, entry: { ...about, cost_usd: null } };
  }

  // The same, of one that has ended with no record.
  function ended({ view, entry }, type, message) {
    const end = { outcome: type, ok: false };
    return { view: { ...view, ...end, error: { type, message } }, entry: { ...entry, ...end } };
  }

  // The same, with its record, where the service could not say what stands where.
  function unmarked({ view, entry }, record, message) {
    const { outcome, value, model, usage, cost_usd, saved_usd, ms, attempts } = JSON.parse(record);
    const end = { outcome, model, cost_usd, ok: value !== null };
    const fields = value === null ? [] : rows(value);
    return { view: { ...view, ...end, usage, saved_usd, ms, attempts, fields, error: { type: "not marked", message } }, entry: { ...entry, ...end } };
  }

  return { rows, begun, ended, unmarked };
})();
