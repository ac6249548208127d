// Owns one connection's life: which transport, when to connect again, whether it is alive.
// Never looks into events beyond `ev`, and never keeps the cursor: both are its owner's (`hooks`).
//
//   idle ─open→ connecting ─welcome|resumed→ live ─end→ waiting ─timer→ connecting …      any ─4401|4403|4409→ closed
//
// Two attempts in a row that never attach move it one transport down, if the server answers otherwise at that moment
// and gave no reason of its own: a server that is away, or busy, is no fault of the transport. While lower than it
// could be, it tries the better one beside the running one and changes over when that has attached, so that nothing
// is missed.

import { CODES, TRANSPORTS } from "./transports.js";
import { LIMITS, backoffMs, directedDelayMs } from "./timing.js";

const LADDER = ["websocket", "sse", "poll"];
/** What a browser says of a socket that ended without a close frame, or never opened. */
const LOST = 1006;
const TERMINAL = new Map([[CODES.expired, "expired"], [CODES.removed, "removed"], [CODES.replaced, "replaced"]]);

export class Link {
  phase = "idle";
  retryAtMs = null;
  end = null;
  failedConnects = 0;
  lastByteMs = 0;

  #place;
  #hooks;
  #ladder;
  #rung = 0;
  #current = null;
  #candidate = null;
  #failures = 0;
  #rungFailures = 0;
  /** Whether the last failure was the transport's: a promise, while the server is being asked; null: it was not. */
  #verdict = null;
  /** The server asked not to be called before this time. */
  #notBeforeMs = 0;
  #promotionMs = LIMITS.promotionMs;
  #timers = new Map();

  /**
   * `place`: {http, ws, token, device, transport?}. `hooks`: message(object, transport), changed(), tick(nowMs),
   * attached(), query() → {resume?, cursor?}, resumeRefused(), closed(code, why).
   */
  constructor(place, hooks) {
    this.#place = place;
    this.#hooks = hooks;
    this.#ladder = place.transport ? [place.transport] : LADDER;
  }

  get transport() {
    return this.#current?.name ?? this.#ladder[this.#rung];
  }

  /** True where only an answer proves life: a socket's pings are invisible to scripts. */
  get probes() {
    return this.#current?.wire.probes ?? false;
  }

  get live() {
    return this.phase === "live";
  }

  /** A fresh token: for the next connection, and for the requests of this one. */
  set token(token) {
    this.#place.token = token;
    this.#current?.wire.renew?.(token);
  }

  /** Whether the server must be told of a fresh token: a long poll shows it with each request. */
  get holdsToken() {
    return this.transport !== "poll";
  }

  open() {
    if (this.phase !== "idle" && this.phase !== "closed") return;
    this.#failures = 0;
    this.#connect();
  }

  /** Sends one command; rejects where it may not have arrived. */
  send(command) {
    if (!this.live || !this.#current) return Promise.reject(new Error("not connected"));
    return this.#current.wire.send(command);
  }

  /**
   * Connects without waiting any longer: the network is back, or somebody looks at the page again. A wait that the
   * server asked for is kept: it spreads a whole class over time.
   */
  hurry() {
    if (this.phase !== "waiting") return;
    this.#failures = 0;
    if (this.#notBeforeMs > Date.now()) return;
    this.#after("retry", Math.random() * 250, () => this.#retry());
  }

  /** The connection is dead though nothing said so: leave it and connect again at once. */
  abandon() {
    if (!this.#current) return;
    this.#drop();
    this.#ended({ silent: true });
  }

  close() {
    this.#clear();
    this.#leaveCandidate();
    this.#drop();
    this.phase = "idle";
  }

  #connect() {
    this.#clear("retry", "stable", "promote");
    this.#drop();
    this.#become("connecting");
    const attempt = this.#start(this.#ladder[this.#rung], (end) => this.#ended(end));
    this.#current = attempt;
    this.#after("attach", LIMITS.attachMs, () => {
      this.#drop();
      this.#ended({ silent: true });
    });
  }

  /** Opens a transport; its messages count from the first `welcome` or `resumed` on. */
  #start(name, ended) {
    const { http, ws, token, device } = this.#place;
    const query = { ...(device && { device }), ...this.#hooks.query() };
    const attempt = { name, attached: false, over: false, wire: null, resumes: "resume" in query };
    attempt.wire = TRANSPORTS[name]({ http, ws, token, query }, {
      activity: () => {
        if (attempt === this.#current) this.lastByteMs = Date.now();
      },
      message: (object) => {
        if (attempt.over) return;
        if (object.ev === "welcome" || object.ev === "resumed") this.#attached(attempt);
        if (attempt === this.#current) this.#hooks.message(object);
      },
      end: (end) => {
        if (attempt.over) return;
        attempt.over = true;
        ended(end);
      },
    });
    return attempt;
  }

  #attached(attempt) {
    if (attempt === this.#candidate) {
      this.#drop();
      this.#current = attempt;
      this.#candidate = null;
      this.#rung = this.#ladder.indexOf(attempt.name);
      this.#promotionMs = LIMITS.promotionMs;
    }
    attempt.attached = true;
    this.lastByteMs = Date.now();
    this.#clear("attach", "candidate");
    this.#after("stable", LIMITS.stableMs, () => {
      this.#failures = 0;
      this.#rungFailures = 0;
    });
    this.#every("tick", LIMITS.tickMs, () => this.#hooks.tick(Date.now()));
    if (this.#rung > 0) this.#after("promote", this.#promotionMs, () => this.#promote());
    this.#become("live");
    queueMicrotask(() => this.live && this.#hooks.attached());
  }

  #ended(end) {
    // While a better transport is taking over, the server closes the old one as replaced: the new one's to settle.
    if (this.#candidate && end.code === CODES.replaced) {
      this.#current = null;
      return;
    }
    const { attached = false, resumes = false } = this.#current ?? {};
    this.#current = null;
    this.#leaveCandidate();
    this.#clear("attach", "stable", "promote", "tick");
    if (end.code === CODES.expired && resumes && !attached) {
      // It may be the resume token that is too old, not the access token: once more without.
      this.#hooks.resumeRefused();
      return this.#connect();
    }
    if (TERMINAL.has(end.code)) return this.#terminate(end);
    this.end = end;
    if (!attached) this.failedConnects += 1;
    const directed = end.retryAfterMs ?? directedDelayMs(end.reason);
    const unspoken = directed === null && (end.code === undefined || end.code === LOST);
    this.#verdict = unspoken && (!attached || end.silent) && this.#ladder.length > 1 ? this.#judge() : null;
    this.#failures += 1;
    const delay = directed ?? backoffMs(this.#failures - 1, Math.random());
    this.#notBeforeMs = directed === null ? 0 : Date.now() + directed;
    this.#become("waiting", Date.now() + delay);
    this.#after("retry", delay, () => this.#retry());
  }

  /** Counts a failure against the transport where the server answers otherwise; asked at once, not when it is back. */
  async #judge() {
    this.#rungFailures = await this.#reachable() ? this.#rungFailures + 1 : 0;
  }

  async #retry() {
    const verdict = this.#verdict;
    if (verdict) await verdict;
    // Meanwhile it may have been closed, or hurried on.
    if (this.phase !== "waiting" || this.#verdict !== verdict) return;
    if (this.#rungFailures >= LIMITS.failuresBeforeDemotion) {
      // Below the last comes the first again.
      this.#rung = (this.#rung + 1) % this.#ladder.length;
      this.#rungFailures = 0;
    }
    this.#connect();
  }

  async #reachable() {
    try {
      const url = new URL("/healthz", this.#place.http);
      await fetch(url, { mode: "no-cors", cache: "no-store", signal: AbortSignal.timeout?.(4_000) });
      return true;
    } catch {
      return false;
    }
  }

  #promote() {
    this.#promotionMs = Math.min(this.#promotionMs * 2, LIMITS.promotionCapMs);
    this.#candidate = this.#start(this.#ladder[0], () => this.#candidateFailed());
    this.#after("candidate", LIMITS.attachMs, () => this.#candidateFailed());
  }

  #candidateFailed() {
    this.#leaveCandidate();
    if (!this.#current) return this.#ended({ network: true });
    this.#after("promote", this.#promotionMs, () => this.#promote());
  }

  #leaveCandidate() {
    if (!this.#candidate) return;
    this.#candidate.over = true;
    this.#candidate.wire?.close();
    this.#candidate = null;
    this.#clear("candidate");
  }

  #terminate(end) {
    this.#clear();
    this.end = { ...end, why: TERMINAL.get(end.code) };
    this.#become("closed");
    this.#hooks.closed(end.code, this.end.why);
  }

  #drop() {
    const attempt = this.#current;
    this.#current = null;
    if (!attempt) return;
    attempt.over = true;
    attempt.wire?.close();
  }

  #become(phase, retryAtMs = null) {
    this.retryAtMs = retryAtMs;
    this.phase = phase;
    this.#hooks.changed();
  }

  #after(name, ms, action) {
    this.#clear(name);
    this.#timers.set(name, setTimeout(() => {
      this.#timers.delete(name);
      action();
    }, ms));
  }

  #every(name, ms, action) {
    this.#clear(name);
    this.#timers.set(name, setInterval(action, ms));
  }

  #clear(...names) {
    for (const name of names.length > 0 ? names : [...this.#timers.keys()]) {
      clearTimeout(this.#timers.get(name));
      this.#timers.delete(name);
    }
  }
}
