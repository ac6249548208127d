// Node's own WebSocket (undici): the browser's interface, so the token can only travel as a subprotocol and there is no
// ping. Words in and out as in lines.py.
"use strict";
const readline = require("node:readline");

const say = (...words) => process.stdout.write(words.join(" ") + "\n");
let socket;

function connect(url, _how, token) {
  socket = new WebSocket(url, ["live.v1", `bearer.${token}`]);
  socket.onopen = () => say("open", socket.protocol || "-");
  socket.onmessage = (event) => say("text", event.data);
  socket.onclose = (event) => say("closed", event.code);
  socket.onerror = () => say("failed", "error event");
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const [word, ...rest] = line.split(" ");
  if (word === "connect") connect(...rest);
  else if (word === "send") socket.send(rest.join(" "));
  else if (word === "close") socket.close(1000);
}).on("close", () => process.exit(0));
