// Owns the commands that were not answered yet.
// A command keeps its id for life: sending it again is safe while the server remembers the id (`welcome.dedupe`).
// Never sends anything: Link and LiveRoom ask what is due. Limits: LIMITS.inFlight, LIMITS.queued.

import { LIMITS } from "./timing.js";

/** A command's refusal or loss. `code` is one of the contract's; `maybe`: it may have taken effect. */
export class LiveError extends Error {
  constructor({ code, message, retry_after_ms, maybe }, reply) {
    super(message || code);
    this.name = "LiveError";
    this.code = code;
    this.retryAfterMs = retry_after_ms;
    this.maybe = !!maybe;
    this.reply = reply;
  }
}

export class Outbox {
  /** id → {command, atMs, sentMs, sends, heldUntilMs, keep, settle(reply), fail(error)}; in sending order. */
  #entries = new Map();

  get size() {
    return this.#entries.size;
  }

  get(id) {
    return this.#entries.get(id);
  }

  /** `keep`: never too old to be sent again (a ballot). */
  add(command, atMs, { keep = false, settle, fail }) {
    if (this.#entries.size >= LIMITS.queued) {
      fail(new LiveError({ code: "overloaded", message: "too many commands are waiting" }));
      return;
    }
    this.#entries.set(command.id, {
      command, atMs, sentMs: null, sends: 0, heldUntilMs: 0, keep, settle, fail,
    });
  }

  /** Another tab's command: sent like one of this tab's, answered to that tab; a ballot may be here already. */
  forward(command, atMs, answer) {
    const known = this.#entries.get(command.id);
    if (known) {
      const { settle } = known;
      known.settle = (reply) => {
        settle(reply);
        answer(reply);
      };
      return;
    }
    this.add(command, atMs, {
      keep: command.op === "poll_answer",
      settle: answer,
      fail: ({ code, message, maybe }) => answer({ re: command.id, ok: false, error: { code, message, maybe } }),
    });
  }

  /** Entries to send now: in order, at most as many as may be in flight. */
  due(nowMs) {
    const due = [];
    let inFlight = 0;
    for (const entry of this.#entries.values()) {
      if (entry.sentMs !== null) inFlight += 1;
      else if (entry.heldUntilMs <= nowMs) due.push(entry);
    }
    return due.slice(0, Math.max(0, LIMITS.inFlight - inFlight));
  }

  /** After a new attach nothing is in flight: all that is unanswered is due again. */
  rewind() {
    for (const entry of this.#entries.values()) entry.sentMs = null;
  }

  /** When the oldest command in flight was sent, or null. */
  oldestSentMs() {
    let oldest = null;
    for (const { sentMs } of this.#entries.values()) {
      if (sentMs !== null && (oldest === null || sentMs < oldest)) oldest = sentMs;
    }
    return oldest;
  }

  /** The server was too busy: not due before `untilMs`. */
  hold(entry, untilMs) {
    entry.sentMs = null;
    entry.heldUntilMs = untilMs;
  }

  take(id) {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    return entry;
  }

  /** Gives up what is older than the server's memory of ids: sent again it might take effect twice. */
  expire(nowMs, windowMs) {
    for (const [id, entry] of this.#entries) {
      if (entry.keep || nowMs - entry.atMs < windowMs) continue;
      this.#entries.delete(id);
      entry.fail(new LiveError({ code: "unavailable", message: "no answer in time", maybe: entry.sends > 0 }));
    }
  }

  failAll(error) {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const entry of entries) entry.fail(error);
  }
}
