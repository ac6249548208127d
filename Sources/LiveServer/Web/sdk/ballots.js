// Owns a participant's ballots from the click to the store: kept in localStorage until a receipt says
// `durable: "store"`, sent again after a reload, a reconnect or a busy store, given up only where the server refuses.
// Never counts anything and never opens a connection: `room` sends. Limit: LIMITS.ballotMaxAgeMs.

import { LIMITS, backoffMs, randomId } from "./timing.js";
import { LiveError } from "./outbox.js";

/** Refusals that end a ballot; any other is the world's failure, and the ballot is sent again. */
const ENDS = new Set([
  "closed", "already_answered", "bad_request", "not_found", "forbidden", "conflict", "too_large",
]);

export class Ballots {
  #box;
  #ports;
  #tries = 0;
  /** poll → the newest ballot, of whatever tab: an earlier one is neither shown nor kept any more. */
  #newest = new Map();

  /**
   * `ports`: send(command) gives a reply or null if under way; local(event); shown(poll): the ballot that the page
   * shows; outdate(poll, id): no ballot of the poll but that command is to be sent; after(ms, action).
   */
  constructor(key, ports) {
    this.#box = new BallotBox(key);
    this.#ports = ports;
  }

  answer(poll, choice) {
    const chosen = Array.isArray(choice) ? { choices: choice } : { choice };
    const ballot = { poll, attempt_id: randomId(12), ...chosen, atMs: Date.now(), durable: null };
    const shown = this.#ports.shown(poll);
    const before = shown?.durable ? shown : shown?.before;
    if (before) ballot.before = before;
    this.#box.forget(poll);
    this.#box.put(ballot);
    this.#ports.local({ ev: "ballot", ballot });
    return this.#send(ballot);
  }

  /** Every ballot without a receipt from the store, again. */
  sendKept() {
    for (const ballot of this.#box.all(Date.now())) {
      if (this.#ports.shown(ballot.poll)?.attempt_id !== ballot.attempt_id) this.#ports.local({ ev: "ballot", ballot });
      this.#send(ballot).catch(() => {});
    }
  }

  stored(poll, attemptId) {
    this.#box.remove(poll, attemptId);
  }

  /** A ballot of this tab or another is about to be shown; false where a newer one is known. */
  noted(ballot) {
    const { poll, attempt_id, atMs } = ballot;
    const newest = this.#newest.get(poll);
    if (newest && newest.attempt_id !== attempt_id && newest.atMs > atMs) return false;
    this.#newest.set(poll, { attempt_id, atMs });
    this.#ports.outdate(poll, commandId(ballot));
    return true;
  }

  async #send(ballot) {
    const { poll, attempt_id, choice, choices } = ballot;
    const command = {
      op: "poll_answer", id: commandId(ballot), poll, attempt_id, ...(choices ? { choices } : { choice }),
    };
    const reply = await this.#ports.send(command);
    if (!reply) return null;
    if ((this.#newest.get(poll)?.attempt_id ?? attempt_id) !== attempt_id) {
      this.#box.remove(poll, attempt_id);
      return null;
    }
    if (!reply.ok) throw this.#refused(ballot, reply);
    const { before: _, ...kept } = { ...ballot, durable: reply.durable, acceptedMs: reply.accepted_ms };
    // A repeated attempt is answered with the choice that the store holds.
    if (reply.choice !== undefined) kept.choice = reply.choice;
    if (reply.choices !== undefined) kept.choices = reply.choices;
    if (reply.durable === "store") this.#box.remove(poll, attempt_id);
    else this.#box.put(kept);
    this.#tries = 0;
    this.#ports.local({ ev: "ballot", ballot: kept });
    // `ballot_stored` says when it is safe; where that gets lost (long poll), asking again does.
    if (reply.durable === "node") this.#ports.after(LIMITS.ballotAgainMs, () => this.sendKept());
    return reply;
  }

  #refused({ poll, attempt_id }, reply) {
    const error = new LiveError(reply.error ?? { code: "internal" }, reply);
    if (ENDS.has(error.code)) {
      this.#box.remove(poll, attempt_id);
      this.#ports.local({ ev: "ballot_dropped", poll, attempt_id, code: error.code });
    } else {
      this.#tries += 1;
      this.#ports.after(error.retryAfterMs ?? 500 + backoffMs(this.#tries, Math.random()), () => this.sendKept());
    }
    return error;
  }
}

function commandId({ attempt_id }) {
  return `b-${attempt_id}`;
}

/** The list in localStorage; falls back to memory where storage is full or forbidden. */
class BallotBox {
  #key;
  #memory = [];
  /** Storage did not take the last list, and holds an older one. */
  #full = false;

  constructor(key) {
    this.#key = key;
  }

  all(nowMs) {
    return this.#read().filter((ballot) => nowMs - ballot.atMs < LIMITS.ballotMaxAgeMs);
  }

  put(ballot) {
    const others = this.#read().filter((b) => !(b.poll === ballot.poll && b.attempt_id === ballot.attempt_id));
    this.#write([...others, ballot]);
  }

  remove(poll, attemptId) {
    this.#write(this.#read().filter((b) => b.poll !== poll || b.attempt_id !== attemptId));
  }

  /** An earlier answer to the same poll, replaced by a changed one. */
  forget(poll) {
    this.#write(this.#read().filter((b) => b.poll !== poll));
  }

  #read() {
    if (this.#full) return this.#memory;
    try {
      const list = JSON.parse(localStorage.getItem(this.#key) ?? "[]");
      return Array.isArray(list) ? list : [];
    } catch {
      return this.#memory;
    }
  }

  #write(list) {
    this.#memory = list;
    try {
      if (list.length === 0) localStorage.removeItem(this.#key);
      else localStorage.setItem(this.#key, JSON.stringify(list));
      this.#full = false;
    } catch {
      // The ballot still lives in memory until the tab closes.
      this.#full = true;
    }
  }
}
