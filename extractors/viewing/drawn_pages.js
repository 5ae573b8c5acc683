"use strict";
// Pages of a PDF with the boxes of values on them. Boxes are in points from the page's top left corner.
const drawnPages = (() => {
  const { make, plain, reveal } = elements;
  let pane;

  // rows: those of the fields. onPick: called with the paths of the boxes at a place, the smallest first.
  function draw(target, view, colourOf, onPick) {
    pane = target;
    target.replaceChildren(...view.pages.map((page) => figure(page, view.fields, colourOf)));
    target.onclick = (event) => {
      const paths = pathsAt(event);
      if (paths.length) onPick(paths);
    };
  }

  function figure(page, rows, colourOf) {
    const sheet = make("div", { class: "sheet" }, make("img", { src: page.picture, alt: `Page ${page.number}` }));
    for (const row of rows) {
      for (const box of boxesOn(row, page.number)) sheet.append(button(box, row, page, colourOf(row.path)));
    }
    return make("figure", {}, sheet, make("figcaption", {}, `page ${page.number}`));
  }

  function boxesOn(row, number) {
    const places = [row.place, ...(row.evidence || []).map((one) => one.place)];
    return places.filter((place) => place && place.page === number && place.box).flatMap((place) => place.boxes || [place.box]);
  }

  function button([left, top, right, bottom], row, page, colour) {
    const label = `${plain(row.path)}: page ${page.number}`;
    const element = make("button", { type: "button", class: `box c${colour}`, "aria-label": label, title: label, "data-path": row.path });
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

  function light(path) {
    let first = null;
    for (const element of pane.querySelectorAll(".box")) {
      const isOn = element.dataset.path === path;
      element.classList.toggle("on", isOn);
      if (isOn && !first) first = element;
    }
    if (first) reveal(pane, first);
    return first !== null;
  }

  return { draw, light };
})();
