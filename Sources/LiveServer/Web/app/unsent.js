// Owns what somebody wrote and the log does not hold yet: the draft, and messages on their way, with their state
// (sending, then gone once the log shows them, or failed). Kept in sessionStorage under the command's id, so that a
// reload in the middle of a lost network sends them again under the same id: once, whatever happened. Those that are
// older, or had failed, come back as failed, for their writer to decide.
// Never shows anything. Limit: UNSENT_MS, inside the server's memory of ids.

import { LiveError } from "../sdk/live.js";

const UNSENT_MS = 9 * 60_000;

export class Unsent extends EventTarget {
  /** [{id, text, reply_to, atMs, state: "sending"|"failed", error, message}] in the order of sending. */
  list = [];
  #room;
  #key;

  constructor(room, seat) {
    super();
    this.#room = room;
    this.#key = `live:unsent:${seat.room}:${seat.participant}`;
    room.addEventListener("chat_message", ({ detail }) => this.#seen(detail));
    room.addEventListener("change", () => this.#sweep());
    for (const { failed, ...kept } of this.#read()) {
      const code = failed ?? (Date.now() - kept.atMs < UNSENT_MS ? null : "unavailable");
      if (code) this.list = [...this.list, { ...kept, state: "failed", error: { code } }];
      else this.#send({ ...kept, state: "sending", error: null });
    }
  }

  send(text, replyTo) {
    const id = `c-${crypto.getRandomValues(new Uint32Array(3)).join("")}`;
    this.#send({ id, text, reply_to: replyTo, atMs: Date.now(), state: "sending", error: null, message: null });
  }

  retry(id) {
    const item = this.list.find((one) => one.id === id);
    this.list = this.list.filter((one) => one.id !== id);
    // A refused command had no effect, so the id may be used again; one that may have had keeps it for that reason.
    if (item) this.#send({ ...item, atMs: Date.now(), state: "sending", error: null });
  }

  discard(id) {
    this.list = this.list.filter((item) => item.id !== id);
    this.#changed();
  }

  get draft() {
    return this.#storage("getItem", `${this.#key}:draft`) ?? "";
  }

  set draft(text) {
    if (text) this.#storage("setItem", `${this.#key}:draft`, text);
    else this.#storage("removeItem", `${this.#key}:draft`);
  }

  #send(item) {
    this.list = [...this.list, item];
    this.#changed();
    const fields = { id: item.id, text: item.text, ...(item.reply_to && { reply_to: item.reply_to }) };
    this.#room.send("chat_send", fields).then(
      (reply) => this.#answered(item.id, { message: reply.message, seq: reply.seq }),
      (error) => this.#answered(item.id, {
        state: "failed", error: error instanceof LiveError ? error : { code: "internal" },
      }),
    );
  }

  #answered(id, what) {
    this.list = this.list.map((item) => (item.id === id ? { ...item, ...what } : item));
    this.#sweep();
    this.#changed();
  }

  /** Over a socket the event comes before the reply: own words at the head of the queue are taken as seen. */
  #seen(event) {
    if (event.from !== this.#room.model.state.participant) return;
    const at = this.list.findIndex((item) => item.state === "sending" && !item.message && item.text === event.text);
    if (at < 0) return;
    this.list = this.list.filter((_, index) => index !== at);
    this.#changed();
  }

  /** Messages that the log has applied already (a reply that overtook its event, or came after a reload). */
  #sweep() {
    if (!this.list.some((item) => item.message)) return;
    const { chat, seq } = this.#room.model.state;
    const ids = new Set(chat.map((message) => message.id));
    const left = this.list.filter((item) => !ids.has(item.message) && !(item.seq <= seq));
    if (left.length === this.list.length) return;
    this.list = left;
    this.#changed();
  }

  #changed() {
    const kept = this.list.map(({ id, text, reply_to, atMs, error }) =>
      ({ id, text, reply_to, atMs, failed: error?.code }));
    if (kept.length > 0) this.#storage("setItem", this.#key, JSON.stringify(kept));
    else this.#storage("removeItem", this.#key);
    this.dispatchEvent(new Event("change"));
  }

  #read() {
    try {
      return JSON.parse(this.#storage("getItem", this.#key) ?? "[]");
    } catch {
      return [];
    }
  }

  #storage(method, ...args) {
    try {
      return sessionStorage[method](...args);
    } catch {
      return null;
    }
  }
}
