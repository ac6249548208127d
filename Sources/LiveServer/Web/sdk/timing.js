// Owns every limit of the SDK, the back-off between connects and the estimate of the server's clock.
// Never starts a timer and never reads a clock of its own: callers pass the time in.
// Limits: see LIMITS; each line says the unit and what happens there.

export const LIMITS = Object.freeze({
  backoffBaseMs: 500, // ceiling of the first retry; doubles with each failure
  backoffCapMs: 30_000, // no back-off of our own waits longer
  directedCapMs: 300_000, // longest wait a server may ask for
  stableMs: 10_000, // a connection this old resets the back-off
  attachMs: 10_000, // no `welcome` or `resumed` in this time: the attempt failed
  silenceProbeMs: 20_000, // nothing received for this long: ask with a heartbeat
  silenceMs: 25_000, // an SSE stream silent for this long is dead
  probeMs: 5_000, // a probe without any byte in answer: the connection is dead
  commandMs: 8_000, // a command without any byte in answer: probe at once
  tickMs: 1_000, // how often a live connection is looked at
  postMs: 15_000, // one command over HTTP
  pollWaitS: 25, // what a long poll asks the server to wait
  pollSlackMs: 10_000, // and what the network may add before the poll is given up
  failuresBeforeDemotion: 2, // attempts that never attached before the next transport is tried
  promotionMs: 60_000, // first attempt to go back to a better transport; doubles up to 10 minutes
  promotionCapMs: 600_000,
  inFlight: 64, // commands sent and unanswered; half the server's window of 128 ids
  commandBytes: 16_384, // a larger command is refused here with `too_large`
  queued: 256, // commands waiting; one more is refused with `overloaded`
  renewAgainMs: 15_000, // a fresh token that could not be had is asked for again
  resends: 5, // times a command is sent again because the server said `unavailable`
  ballotAgainMs: 15_000, // a ballot that only the node holds is asked about again
  ballotMaxAgeMs: 24 * 3_600_000, // an unstored ballot older than this is given up
  leaderSilenceMs: 12_000, // a visible follower that hears nothing for this long takes over
});

/** Full jitter: uniform between 0 and min(cap, base · 2^failures). `random` is a number in [0, 1). */
export function backoffMs(failures, random) {
  const ceiling = Math.min(LIMITS.backoffCapMs, LIMITS.backoffBaseMs * 2 ** Math.min(failures, 16));
  return Math.floor(random * ceiling);
}

/** What a close reason asks for: `{"reconnect_after_ms":N}` (draining) or `{"retry_after_ms":N}` (busy). */
export function directedDelayMs(reason) {
  if (!reason) return null;
  let said;
  try {
    said = typeof reason === "string" ? JSON.parse(reason) : reason;
  } catch {
    return null;
  }
  const ms = said?.reconnect_after_ms ?? said?.retry_after_ms;
  if (typeof ms !== "number" || !Number.isFinite(ms) || ms < 0) return null;
  return Math.min(ms, LIMITS.directedCapMs);
}

/** `Retry-After` (RFC 9110 §10.2.3) in seconds or as a date, in milliseconds from `nowMs`. */
export function retryAfterHeaderMs(value, nowMs) {
  if (!value) return null;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - nowMs;
  if (!Number.isFinite(ms)) return null;
  return Math.min(Math.max(0, ms), LIMITS.directedCapMs);
}

/** The server's clock as seen from here: the exchange with the shortest round trip wins. */
export class ServerClock {
  offsetMs = 0;
  rttMs = null;
  #bestRttMs = Infinity;

  /** A server time that came without a round trip (`welcome`): used until a real exchange is known. */
  hint(serverMs, nowMs) {
    if (this.#bestRttMs === Infinity && Number.isFinite(serverMs)) this.offsetMs = serverMs - nowMs;
  }

  /** A request sent at `sentMs` was answered at `receivedMs` with the server's time `serverMs`. */
  exchange(sentMs, receivedMs, serverMs) {
    const rtt = receivedMs - sentMs;
    if (!Number.isFinite(serverMs) || rtt < 0) return;
    this.rttMs = rtt;
    // The best ages slowly, so that a clock that drifts or a new network is followed.
    this.#bestRttMs = this.#bestRttMs * 1.1 + 1;
    if (rtt <= this.#bestRttMs) {
      this.#bestRttMs = rtt;
      this.offsetMs = serverMs - (sentMs + receivedMs) / 2;
    }
  }

  now(nowMs) {
    return nowMs + this.offsetMs;
  }
}

/** The last delivery lags and their 95th percentile. */
export class LagWindow {
  #samples = [];
  #fresh = 0;

  add(ms) {
    this.#samples.push(Math.max(0, Math.round(ms)));
    if (this.#samples.length > 64) this.#samples.shift();
    this.#fresh = Math.min(this.#fresh + 1, this.#samples.length);
  }

  p95() {
    return p95Of(this.#samples) ?? 0;
  }

  /** Of the lags since the last call, for a heartbeat: none is told twice. Undefined where there were none. */
  takeP95() {
    const lag = p95Of(this.#samples.slice(this.#samples.length - this.#fresh));
    this.#fresh = 0;
    return lag;
  }
}

function p95Of(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))];
}

/** Random URL-safe text of `bytes` bytes; works on plain http too, where randomUUID is missing. */
export function randomId(bytes = 12) {
  const raw = crypto.getRandomValues(new Uint8Array(bytes));
  let text = "";
  for (const byte of raw) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
