// Owns the question "is this connection alive, and how late is it": heartbeats, probes, round trip, delivery lag.
// Never opens or closes anything: `tick` says "dead" and its owner acts. Limits: LIMITS.silence*, probeMs, commandMs.

import { LIMITS, LagWindow, ServerClock, randomId } from "./timing.js";

export class Pulse {
  clock = new ServerClock();
  intervalMs = 30_000;
  #lag = new LagWindow();
  #beats = new Map();
  #beatMs = 0;
  #probeMs = null;
  #headSeq = 0;

  get lagMs() {
    return this.#lag.p95();
  }

  /** A new attach: the next beat is soon, but not at once, since a whole class may be attaching. */
  restart(nowMs) {
    this.#beats.clear();
    this.#probeMs = null;
    this.#beatMs = nowMs - this.intervalMs + 1_000 + Math.random() * 4_000;
  }

  /** Any event of the server: lag is measured on what was sent live, not on what is replayed. */
  heard(event, nowMs) {
    if (event.ev === "welcome" || event.ev === "resumed") {
      this.clock.hint(event.server_ts, nowMs);
      this.#headSeq = event.seq;
      if (event.heartbeat_s > 0) this.intervalMs = event.heartbeat_s * 1000;
    } else if (typeof event.ts === "number" && event.seq > this.#headSeq) {
      this.#lag.add(this.clock.now(nowMs) - event.ts);
    }
  }

  /** The next heartbeat command; `seq` is what this participant has applied, `video` what the page says of one. */
  beat(nowMs, { seq, focus, transport, failedConnects = 0, video }) {
    const id = `h-${randomId(6)}`;
    const lagMs = this.#lag.takeP95();
    this.#beatMs = nowMs;
    this.#beats.set(id, { sentMs: nowMs, failedConnects });
    if (this.#beats.size > 8) this.#beats.delete(this.#beats.keys().next().value);
    return {
      op: "heartbeat", id, seq, focus, ...(lagMs !== undefined && { lag_ms: lagMs }), transport,
      failed_connects: failedConnects,
      ...(video?.positionSec !== undefined && { position_sec: video.positionSec }),
      ...(video?.error && { video_error: video.error }),
    };
  }

  probe(nowMs) {
    this.#probeMs ??= nowMs;
  }

  /** Where the reply answers one of our heartbeats: what that one told, `{failedConnects}`; else null. */
  answered(reply, nowMs) {
    const beat = this.#beats.get(reply.re);
    if (!beat) return null;
    this.#beats.delete(reply.re);
    this.#probeMs = null;
    if (reply.ok) this.clock.exchange(beat.sentMs, nowMs, reply.server_ts);
    return beat;
  }

  /**
   * What to do now: "beat", "probe" (beat and expect a byte soon), "dead" or null.
   * On a socket only an answer proves life (a script does not see pings); a stream has comments every 10 s.
   */
  tick(nowMs, { transport, lastByteMs, oldestCommandMs }) {
    const silentMs = nowMs - lastByteMs;
    if (transport !== "websocket") {
      const limit = transport === "poll" ? LIMITS.pollWaitS * 1000 + 2 * LIMITS.pollSlackMs : LIMITS.silenceMs;
      if (silentMs >= limit) return "dead";
    } else {
      if (this.#probeMs !== null && lastByteMs >= this.#probeMs) this.#probeMs = null;
      if (this.#probeMs !== null) return nowMs - this.#probeMs >= LIMITS.probeMs ? "dead" : null;
      const unanswered = oldestCommandMs !== null && nowMs - oldestCommandMs >= LIMITS.commandMs
        && lastByteMs < oldestCommandMs;
      if (unanswered || silentMs >= LIMITS.silenceProbeMs) return "probe";
    }
    return nowMs - this.#beatMs >= this.intervalMs ? "beat" : null;
  }
}
