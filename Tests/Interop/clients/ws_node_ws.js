// node-ws, Node's most used WebSocket library. Words in and out as in lines.py.
"use strict";
const readline = require("node:readline");
const WebSocket = require("ws");

const say = (...words) => process.stdout.write(words.join(" ") + "\n");
let socket;

function connect(url, how, token) {
  const byHeader = how === "header";
  const subprotocols = byHeader ? ["live.v1"] : ["live.v1", `bearer.${token}`];
  socket = new WebSocket(url, subprotocols, byHeader ? { headers: { Authorization: `Bearer ${token}` } } : {});
  socket.on("open", () => say("open", socket.protocol || "-"));
  socket.on("message", (data) => say("text", data.toString()));
  socket.on("pong", () => say("pong"));
  socket.on("close", (code) => say("closed", code));
  socket.on("error", (error) => say("failed", error.message));
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const [word, ...rest] = line.split(" ");
  if (word === "connect") connect(...rest);
  else if (word === "send") socket.send(rest.join(" "));
  else if (word === "ping") socket.ping("are you there");
  else if (word === "close") socket.close(1000);
}).on("close", () => process.exit(0));
