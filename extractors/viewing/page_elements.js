"use strict";
// Elements, and texts as they are. What a document holds is only ever text of a node: never markup, never an address.
const elements = (() => {
  // Controls, and what turns the direction of a line; by the u flag, half a pair alone and not the halves of one.
  const UNSHOWN =
    /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]/gu;

  // So many of them are shown by their numbers; a file of nothing else would be a million elements.
  const MOST_NUMBERED = 5000;

  // make("button", {class: "tag", type: "button"}, "text", element): attributes that are null are left out.
  function make(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
    return element;
  }

  // Append a text so that nothing in it is hidden. Each control is one character of the page, as it is of the text, so
  // that offsets in the page are offsets in the text; its number is drawn by the style sheet.
  function appendText(parent, text, budget = { left: MOST_NUMBERED }) {
    let at = 0;
    for (const match of text.matchAll(UNSHOWN)) {
      if (match.index > at) parent.append(text.slice(at, match.index));
      at = match.index + 1;
      parent.append(budget.left-- > 0 ? control(match[0]) : "\ufffd");
    }
    if (at < text.length) parent.append(at ? text.slice(at) : text);
    return parent;
  }

  function control(character) {
    const number = `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
    return make("span", { class: "control", "data-number": number, title: number }, "\ufffd");
  }

  // A line of text as one string, controls written as numbers: for labels, which hold no elements.
  function plain(text) {
    return text.replace(UNSHOWN, (c) => `[U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);
  }

  // An element with a text.
  function textOf(name, attributes, text) {
    return appendText(make(name, attributes), text);
  }

  function cut(text, longest) {
    return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
  }

  let touched = 0; // how often the reader has done something
  for (const kind of ["wheel", "pointerdown", "touchmove", "keydown"]) {
    addEventListener(kind, () => touched++, { capture: true, passive: true });
  }

  // Scroll what is within a pane to its middle, without moving the page itself. What was never seen is not laid out
  // yet, and may move once it is: so it is looked at again, unless the reader scrolls or goes elsewhere meanwhile.
  function reveal(pane, element, again = 6) {
    const box = element.getBoundingClientRect();
    const frame = pane.getBoundingClientRect();
    if (box.top < frame.top + 8 || box.bottom > frame.bottom - 8) {
      pane.scrollTop += box.top - frame.top - Math.max(24, (frame.height - box.height) / 2);
    }
    const before = touched;
    if (again) requestAnimationFrame(() => touched === before && element.isConnected && reveal(pane, element, again - 1));
  }

  return { make, appendText, textOf, plain, cut, reveal };
})();
