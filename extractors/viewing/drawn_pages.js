"use strict";
// Pages of a PDF with the boxes of values on them. Boxes are in points from the page's top left corner.
const drawnPages = (() => {
  const { make, reveal } = elements;
  let pane, hooks;

  // options: {colourOf, nameOf, onPick}: onPick is called with the paths of the boxes at a place, the smallest first.
  function draw(target, view, options) {
    pane = target;
    hooks = options;
    target.replaceChildren(...view.pages.map((page) => figure(page, view.fields)));
    target.onclick = (event) => {
      const paths = pathsAt(event);
      if (paths.length) hooks.onPick(paths);
    };
  }

  function figure(page, rows) {
    const sheet = make("div", { class: "sheet" }, make("img", { src: page.picture, alt: `Page ${page.number}` }));
    for (const row of rows) {
      for (const { kind, box } of boxesOn(row, page.number)) sheet.append(button(box, kind, row.path, page));
    }
    return make("figure", {}, sheet, make("figcaption", {}, `page ${page.number}`));
  }

  function boxesOn(row, number) {
    const boxes = (place, kind) => (place && place.page === number && place.box ? (place.boxes || [place.box]).map((box) => ({ kind, box })) : []);
    return [...boxes(row.place, "value"), ...(row.evidence || []).flatMap((one) => boxes(one.place, "evidence"))];
  }

  function button([left, top, right, bottom], kind, path, page) {
    const label = `${hooks.nameOf(path)}: page ${page.number}`;
    const element = make("button", { type: "button", class: `box ${kind} c${hooks.colourOf(path)}`, "aria-label": label, title: label, "data-path": path });
    const share = (number, whole) => `${(100 * number) / whole}%`;
    Object.assign(element.style, {
      left: share(left - 2, page.width),
      top: share(top - 2, page.height),
      width: share(right - left + 4, page.width),
      height: share(bottom - top + 4, page.height),
    });
    return element;
  }

  // A key hits the box that has the focus; a pointer whatever lies there.
  function pathsAt(event) {
    const area = (element) => element.offsetWidth * element.offsetHeight;
    const hit = event.detail ? document.elementsFromPoint(event.clientX, event.clientY) : [event.target];
    const boxes = hit.filter((element) => element.matches(".box") && pane.contains(element));
    return [...new Set(boxes.sort((a, b) => area(a) - area(b)).map((element) => element.dataset.path))];
  }

  // Light up the boxes of a value, and scroll to where it stands itself, or else to what it rests on.
  function light(path) {
    for (const element of pane.querySelectorAll(".box")) element.classList.toggle("on", element.dataset.path === path);
    const first = pane.querySelector(".box.on.value") || pane.querySelector(".box.on");
    if (first) reveal(pane, first);
  }

  return { draw, light };
})();
