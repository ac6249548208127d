// Node's own fetch (undici) with a reader of lines, as many web clients do it. Words as in sse_httpx.py.
"use strict";
const readline = require("node:readline");

const say = (...words) => process.stdout.write(words.join(" ") + "\n");

async function connect(url, token, last) {
  const headers = { Authorization: `Bearer ${token}`, Accept: "text/event-stream" };
  if (last) headers["Last-Event-ID"] = last;
  try {
    const response = await fetch(url, { headers });
    if (!response.ok) return say("failed", response.status);
    say("open");
    let buffer = "";
    for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
      buffer += part;
      const events = buffer.split("\n\n");
      buffer = events.pop();
      for (const event of events) tell(event);
    }
  } catch {
    // The stream was cut.
  }
  say("closed");
}

function tell(event) {
  const field = (name) => event.split("\n").filter((line) => line.startsWith(`${name}: `))
    .map((line) => line.slice(name.length + 2)).join("\n");
  if (field("data")) say("event", field("id") || "-", field("data"));
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const [word, ...rest] = line.split(" ");
  if (word === "connect") connect(...rest);
}).on("close", () => process.exit(0));
