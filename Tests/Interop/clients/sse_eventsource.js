// node-eventsource: comes back by itself with Last-Event-ID. Words as in sse_httpx.py.
"use strict";
const readline = require("node:readline");
const EventSource = require("eventsource");

const say = (...words) => process.stdout.write(words.join(" ") + "\n");

function connect(url, token) {
  const source = new EventSource(url, { headers: { Authorization: `Bearer ${token}` } });
  source.onopen = () => say("open");
  source.onmessage = (event) => say("event", event.lastEventId || "-", event.data);
  source.onerror = () => {};
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const [word, ...rest] = line.split(" ");
  if (word === "connect") connect(...rest);
}).on("close", () => process.exit(0));
