"use strict";
// A request as code that runs as it stands. The key is never in it: it comes from the environment. What a text holds stays
// a string in each language: it is written as JSON, which ends in one line, with all controls by their numbers.
const requestCode = (() => {
  const HIDDEN = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]/g;
  const escaped = (json) => json.replace(HIDDEN, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const quoted = (text) => escaped(JSON.stringify(text)); // a string of JSON, of Python and of TypeScript

  // {url, body, schema, params, text, model, called}: body, schema and params are JSON as it is sent; model and params may be "".
  const LANGUAGES = {
    curl: ({ url, body }) => [
      `curl -sS ${shellWord(url)} \\`,
      '  -H "Authorization: Bearer $SLOTFILL_KEY" \\',
      "  -H 'Content-Type: application/json' \\",
      "  --data-binary @- <<'JSON'",
      escaped(body),
      "JSON",
    ],
    Python: ({ url, body }) => [
      "import json, os, urllib.request",
      "",
      `body = ${quoted(body)}`,
      `headers = {"Authorization": "Bearer " + os.environ["SLOTFILL_KEY"], "Content-Type": "application/json"}`,
      `request = urllib.request.Request(${quoted(url)}, body.encode(), headers)`,
      "with urllib.request.urlopen(request) as response:",
      "    record = json.load(response)",
      'print(record["outcome"], json.dumps(record["value"]))',
    ],
    "Python, without this service": ({ schema, params, text, model, called }) => [
      "# With an Anthropic credential of your own: pip install slotfill",
      "import json",
      "",
      "from slotfill import Extractor",
      "",
      // What a JSON Schema says has its parameters filled in, and takes none.
      ...(params
        ? ["# The schema by its name: a built-in, or what the service was started with.", `schema, parameters = ${quoted(called)}, json.loads(${quoted(params)})`]
        : [`schema = json.loads(${quoted(schema)})`]),
      `with Extractor(schema${params ? ", parameters=parameters" : ""}${model ? `, model=${quoted(model)}` : ""}) as extractor:`,
      `    extraction = extractor.extract(${quoted(text)})`,
      "print(extraction.outcome, extraction.value)",
    ],
    TypeScript: ({ url, body }) => [
      `const response = await fetch(${quoted(url)}, {`,
      '  method: "POST",',
      "  headers: { Authorization: `Bearer ${process.env.SLOTFILL_KEY}`, \"Content-Type\": \"application/json\" },",
      `  body: ${quoted(body)},`,
      "});",
      "const record = await response.json();",
      "if (!response.ok) throw new Error(record.detail);",
      "console.log(record.outcome, JSON.stringify(record.value));",
    ],
  };

  const shellWord = (text) => `'${text.replaceAll("'", "'\\''")}'`;

  return { languages: Object.keys(LANGUAGES), write: (language, request) => `${LANGUAGES[language](request).join("\n")}\n` };
})();
