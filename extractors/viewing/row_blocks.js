"use strict";
// Of many rows those that can be seen. They stand in blocks, one below the other; a block is filled when it is scrolled
// to, and emptied when it is far away, unless something in it has the focus or is open. Rows may be of any height.
const rowBlocks = (() => {
  const { make } = elements;
  const IN_BLOCK = 20; // rows
  const MARGIN = 400; // pixels above and below what can be seen that are filled, too

  const sizes = new ResizeObserver((changed) => changed.forEach(({ target }) => target.onscroll()));

  // Put rows into a holder within a pane that scrolls.
  //   count    how many there are
  //   height   about how high one is: empty blocks go by it
  //   draw     draw(place) makes the row of a place, from 0
  //   before   the blocks that these take the place of: as many rows are as high as they were
  //   printed  how many are printed at most, by whole blocks
  function over(pane, holder, { count, height, draw, before, printed }) {
    pane.onscroll = update;
    sizes.observe(pane);
    const heights = before && before.count === count ? before.heights() : [];
    const blocks = [];
    for (let first = 0; first < count; first += IN_BLOCK) {
      const last = Math.min(count, first + IN_BLOCK);
      const element = make("div", { role: "presentation", class: first < printed ? null : "unprinted" });
      element.style.height = `${heights[blocks.length] || height * (last - first)}px`;
      blocks.push({ element, first, last, isFull: false });
    }
    holder.replaceChildren(...blocks.map((block) => block.element));

    function fill(block) {
      const rows = [];
      for (let place = block.first; place < block.last; place++) rows.push(draw(place));
      block.element.replaceChildren(...rows);
      block.element.style.height = "";
      block.isFull = true;
    }

    function empty(block) {
      block.element.style.height = `${block.element.offsetHeight}px`;
      block.element.replaceChildren();
      block.isFull = false;
    }

    const top = (block) => block.element.getBoundingClientRect().top;
    const isHeld = (block) => block.element.querySelector(":focus, [aria-expanded=true]");

    // The first block that ends behind a height of the window; found by halves, as there may be thousands.
    function firstBelow(height) {
      let [low, high] = [0, blocks.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (blocks[middle].element.getBoundingClientRect().bottom > height) high = middle;
        else low = middle + 1;
      }
      return low;
    }

    // Fill the blocks that can be seen, and empty those that are far away.
    function update() {
      const frame = pane.getBoundingClientRect();
      if (!frame.height) return;
      const seen = new Set();
      for (let at = firstBelow(frame.top - MARGIN); at < blocks.length && top(blocks[at]) < frame.bottom + MARGIN; at++) {
        if (!blocks[at].isFull) fill(blocks[at]);
        seen.add(blocks[at]);
      }
      for (const block of blocks) if (block.isFull && !seen.has(block) && !isHeld(block)) empty(block);
    }

    const blockOf = (place) => blocks[Math.floor(place / IN_BLOCK)];

    // The element of a row, where it is drawn.
    function element(place) {
      const block = blockOf(place);
      return block && block.isFull ? block.element.children[place - block.first] : null;
    }

    // The element of a row; it is drawn if it is not.
    function drawn(place) {
      if (!blockOf(place).isFull) fill(blockOf(place));
      return element(place);
    }

    return {
      count,
      update,
      element,
      drawn,
      redraw: () => blocks.filter((block) => block.isFull).forEach(fill),
      drawPrinted: () => blocks.filter((block) => block.first < printed && !block.isFull).forEach(fill),
      heights: () => blocks.map((block) => block.element.offsetHeight),
    };
  }

  return { over };
})();
