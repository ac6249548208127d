// A page on which the SDK meets scripted sockets and streams instead of a server. Jitter is zero here, so that nothing
// waits. Rooms made on one stage are one participant's tabs: locks and channels join them as in a browser.

import { LiveRoom } from "/sdk/live.js";

export const TOKEN = `x.${btoa(JSON.stringify({ sub: "ada" })).replaceAll("=", "")}.y`;
let count = 0;

/**
 * Replaces WebSocket, fetch and chance in this page; `script.socket(socket)` and `script.fetch(url, init)` answer.
 * `play` gets `room` and `connect()` for it; `opens()` makes a further tab's room, which `enters(room, token?)`.
 */
export async function stage(script, play) {
  const real = { WebSocket, fetch: globalThis.fetch, random: Math.random };
  const sockets = [];
  const log = [];
  class FakeSocket {
    static OPEN = 1;
    readyState = 0;
    sent = [];
    constructor(url, protocols) {
      this.url = new URL(url);
      this.protocols = protocols;
      sockets.push(this);
      this.nth = sockets.length;
      log.push("websocket");
      queueMicrotask(() => script.socket?.(this, this.nth));
    }
    open() {
      this.readyState = 1;
      this.onopen?.({});
    }
    say(object) {
      this.onmessage?.({ data: JSON.stringify(object) });
    }
    drop(code = 1006, reason = "") {
      this.readyState = 3;
      this.onclose?.({ code, reason });
    }
    send(text) {
      this.sent.push(JSON.parse(text));
      script.command?.(this, this.sent.at(-1));
    }
    close() {
      this.readyState = 3;
    }
  }
  globalThis.WebSocket = FakeSocket;
  globalThis.fetch = (url, init) => {
    log.push(`${init?.method ?? "GET"} ${new URL(url, location.href).pathname.split("/").at(-1)}`
      + (init?.headers?.Accept ? ` ${init.headers.Accept}` : ""));
    return script.fetch?.(new URL(url, location.href), init) ?? Promise.reject(new TypeError("no network"));
  };
  Math.random = () => 0;
  count += 1;
  const name = `t/${count}-${Date.now()}/live`;
  const rooms = [];
  const opens = () => {
    rooms.push(new LiveRoom());
    return rooms.at(-1);
  };
  const enters = (room, token = TOKEN) => {
    const { transport, getToken } = script;
    const whole = room.connect({ room: name, token, transport, getToken });
    whole.catch(() => {});
    return whole;
  };
  const room = opens();
  const states = [];
  room.addEventListener("state", ({ detail }) => states.push(detail));
  try {
    await play({ room, name, sockets, log, states, connect: () => enters(room), opens, enters });
  } finally {
    for (const one of rooms) one.close();
    globalThis.WebSocket = real.WebSocket;
    globalThis.fetch = real.fetch;
    Math.random = real.random;
  }
}

export const welcome = (seq = 5) => ({
  ev: "welcome", room: "r", participant: "ada", role: "student", epoch: "e1234567", seq, resume: `R${seq}`,
  heartbeat_s: 30, server_ts: Date.now(), presence: { count: 1, people: [] }, state: {}, you: {},
});
export const said = (seq) => ({
  ev: "chat_message", seq, ts: 1, id: `m${seq}`, from: "tom", name: "Tom", role: "student", text: "x",
});
