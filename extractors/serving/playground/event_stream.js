"use strict";
// Server-sent events of a response to any request: EventSource can neither send a body nor a header.
const eventStream = (() => {
  // Yield the events of a response as {name, data}. Lines end by LF, CR or CRLF, which may be cut anywhere; a line that
  // begins with a colon is a comment.
  async function* read(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    let [name, data] = ["", []];
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return; // an event that no empty line ends is none
      const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const line of lines) {
        const [field, text] = fieldOf(line);
        if (field === "event") name = text;
        if (field === "data") data.push(text);
        if (line !== "") continue;
        if (data.length) yield { name: name || "message", data: data.join("\n") };
        [name, data] = ["", []];
      }
    }
  }

  function fieldOf(line) {
    const colon = line.indexOf(":");
    if (colon < 0) return [line, ""];
    return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
  }

  return { read };
})();
