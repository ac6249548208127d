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
  /** id → {command, atMs, sentMs, sends, heldUntilMs, keep, idle, settle(reply), fail(error)}; in sending order. */
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
      command, atMs, sentMs: null, sends: 0, heldUntilMs: 0, keep, idle: false, settle, fail,
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

  /**
   * Entries to send now: in order, at most as many as may be in flight. Two requests over HTTP may overtake each other,
   * and the later ballot counts: one waits while another of the same poll is under way.
   */
  due(nowMs) {
    const inFlight = [...this.#entries.values()].filter(({ sentMs }) => sentMs !== null);
    const voting = new Set(inFlight.map(({ command }) => votedOn(command)));
    const due = [...this.#entries.values()].filter(({ sentMs, heldUntilMs, command }) =>
      sentMs === null && heldUntilMs <= nowMs && !(votedOn(command) && voting.has(votedOn(command))));
    return due.slice(0, Math.max(0, LIMITS.inFlight - inFlight.length));
  }

  /** After a new attach nothing is in flight: all that is unanswered is due again. */
  rewind() {
    for (const entry of [...this.#entries.values()]) {
      entry.sentMs = null;
      if (entry.idle) this.#giveUp(entry);
    }
  }

  /** A poll was answered anew under the id `kept`: its other ballots are not sent, or not again. */
  outdate(poll, kept) {
    for (const entry of [...this.#entries.values()]) {
      if (votedOn(entry.command) !== poll || entry.command.id === kept) continue;
      entry.idle = true;
      if (entry.sentMs === null) this.#giveUp(entry);
    }
  }

  #giveUp({ command, settle }) {
    this.#entries.delete(command.id);
    settle({ re: command.id, ok: false, error: { code: "unavailable", message: "answered anew" } });
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
    if (entry.idle) return this.#giveUp(entry);
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

/** The poll that a ballot is for; null for any other command. */
function votedOn({ op, poll }) {
  return op === "poll_answer" ? poll : null;
}
