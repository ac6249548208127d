// LiveRoom: one participant's place in one room. The public face of the SDK; `live.d.ts` has its types.
// Owns the joints between model, connection, unanswered commands, ballots and the browser's other tabs.
// Never builds DOM and never keeps an access token anywhere but in memory.
//
//   const room = new LiveRoom();
//   room.addEventListener("chat_message", ({ detail }) => show(detail));
//   await room.connect({ room: "demo/cs101/live", token });
//   await room.send("chat_send", { text: "hello" });

import { LIMITS, backoffMs, randomId } from "./timing.js";
import { LiveError, Outbox } from "./outbox.js";
import { TabMemory, browserDevice, subjectOf, tabDevice } from "./memory.js";
import { Ballots } from "./ballots.js";
import { Link } from "./link.js";
import { Pulse } from "./pulse.js";
import { Renewal } from "./renewal.js";
import { RoomModel } from "./model.js";
import { TabGroup } from "./tabs.js";
import { followPage } from "./page-life.js";

export { LiveError } from "./outbox.js";
export { MODERATORS, NAMED_PEOPLE_MAX, RoomModel, reduce } from "./model.js";

const SENT_AGAIN = new Set(["unavailable", "overloaded"]);
const SAVE_MS = 2_000;
const STALE_MS = 2_000;

export class LiveRoom extends EventTarget {
  model = new RoomModel();
  #pulse = new Pulse();
  #outbox = new Outbox();
  #ballots = null;
  #memory = null;
  #tabs = null;
  /** Whether a follower's state goes on where the leader's is; before the leader's snapshot, events may lie between. */
  #synced = false;
  #link = null;
  #place = null;
  #subject = "";
  #resume = null;
  #dedupeMs = 10 * 60_000;
  #savedMs = 0;
  #timers = new Set();
  #remote = { phase: "connecting", transport: null, retryAtMs: null, rttMs: null };
  #first = null;
  #unfollow = null;
  #renewal = null;
  #video = null;

  /**
   * Takes a place in `room` ("i/c/s") with an access token. Resolves with the model's state when the room is there,
   * rejects where the server refuses for good. `url`: the server (default: this page's). `transport`: only this one.
   * `device`: names this connection (default: one for the browser, or one for the tab where tabs can't share).
   * `getToken`: gives a fresh access token of the same person, asked for some minutes before the old one ends.
   */
  connect({ room, token, getToken, url = location.origin, transport, device }) {
    if (this.#tabs) throw new Error("already connected; close() first");
    const http = new URL(`/v1/rooms/${room}`, url).href;
    const participant = `${room}:${subjectOf(token)}`;
    this.#subject = transport ? `${participant}:${transport}` : participant;
    this.#place = { http, ws: http.replace(/^http/, "ws"), token, device, transport };
    this.#memory = new TabMemory(this.#subject);
    this.#ballots = new Ballots(`live:ballots:${participant}`, {
      send: (command) => (this.#outbox.get(command.id) ? null : this.#request(command, true)),
      local: (event) => this.#local(event),
      shown: (poll) => this.model.state.you.ballots?.find((b) => b.poll === poll),
      outdate: (poll, id) => this.#outbox.outdate(poll, id),
      after: (ms, action) => this.#after(ms, action),
    });
    this.#renewal = new Renewal(getToken ?? null, {
      show: (fresh) => this.#showToken(fresh),
      reopen: (fresh) => this.renew(fresh),
      ended: () => this.#closed("expired"),
      living: () => !!this.#link?.live,
      after: (ms, action) => this.#after(ms, action),
    });
    const kept = this.#memory.load(Date.now());
    if (kept) {
      this.model.restore(kept.state);
      this.#resume = kept.resume;
      queueMicrotask(() => this.#tell("change"));
    }
    const first = new Promise((resolve, reject) => {
      this.#first = { resolve, reject };
    });
    this.#unfollow = followPage({
      look: () => this.#look(),
      save: () => this.#save(Date.now()),
      rest: () => this.#rest(),
      back: () => this.#tabs ?? this.#join(),
    });
    this.#join();
    return first;
  }

  /** Sends one command; resolves with the reply, rejects with a LiveError. Waits through lost connections. */
  async send(op, fields = {}) {
    const command = { op, id: fields.id ?? randomId(9), ...fields };
    // The server ends the connection of a larger one, and it would be sent again on the next.
    if (new TextEncoder().encode(JSON.stringify(command)).length > LIMITS.commandBytes) {
      throw new LiveError({ code: "too_large", message: `a command has at most ${LIMITS.commandBytes} bytes` });
    }
    const reply = await this.#request(command, false);
    if (!reply.ok) throw new LiveError(reply.error ?? { code: "internal" }, reply);
    if (op === "question_upvote") this.#upvoted(fields.question);
    return reply;
  }

  /** Answers a poll with one index or a list. The ballot is kept and sent again until the store has it. */
  answer(poll, choice) {
    return this.#ballots.answer(poll, choice);
  }

  /** What the page's video does, for the next heartbeat: `{positionSec?, error?}`; null where there is none. */
  reportVideo(video) {
    this.#video = video;
    if (!this.#link) this.#tabs?.post({ is: "video", video });
  }

  /** Server time in milliseconds, as well as it is known. */
  now() {
    return this.#pulse.clock.now(Date.now());
  }

  get status() {
    const link = this.#link;
    const { phase, transport, retryAtMs, rttMs, why } = link
      ? {
        phase: link.phase, transport: link.transport, retryAtMs: link.retryAtMs,
        rttMs: this.#pulse.clock.rttMs, why: link.end?.why,
      }
      : this.#remote;
    return {
      phase, transport, retryAtMs, rttMs, why: phase === "closed" ? why : undefined,
      degraded: this.model.state.degraded, online: navigator.onLine !== false,
      lagMs: this.#pulse.lagMs, leading: !!link, waiting: this.#outbox.size,
    };
  }

  /** Continues with a renewed token, also after the old one has expired. */
  renew(token) {
    this.#place.token = token;
    this.reopen();
  }

  /** Takes the place back after it was closed for good (another device of the same name, an expired token). */
  reopen() {
    const { token } = this.#place;
    if (this.#link) this.#openWith(token);
    else this.#tabs?.post({ is: "reopen", token });
  }

  /** Leaves the room. Commands that were not answered are rejected. */
  close() {
    this.#rest();
    this.#unfollow?.();
    this.#memory?.clear();
    this.#outbox.failAll(new LiveError({ code: "unavailable", message: "closed here", maybe: true }));
  }

  // Tabs

  #join() {
    this.#synced = false;
    this.#tabs = new TabGroup(this.#subject, {
      lead: (alone) => this.#lead(alone),
      follow: () => this.#follow(),
      message: (object) => (this.#link ? this.#fromFollower(object) : this.#fromLeader(object)),
    });
    this.#tabs.start();
  }

  /** Lets go of connection, lead and timers; the state stays, for `#join` or for the next page. */
  #rest() {
    this.#memory?.save(this.model.state, this.#resume, Date.now());
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#link?.close();
    this.#link = null;
    this.#tabs?.stop();
    this.#tabs = null;
  }

  #lead(alone) {
    const device = this.#place.device ?? (alone ? tabDevice() : browserDevice());
    this.#link = new Link({ ...this.#place, device }, {
      message: (object) => this.#fromServer(object),
      changed: () => this.#statusChanged(),
      tick: (nowMs) => this.#tick(nowMs),
      attached: () => this.#attached(),
      query: () => this.#cursor(),
      resumeRefused: () => {
        this.#resume = null;
      },
      closed: (_, why) => this.#closed(why),
    });
    this.#tabs.post({ is: "lead" });
    this.#link.open();
  }

  #follow() {
    this.#link?.close();
    this.#link = null;
    this.#synced = false;
    this.#outbox.rewind();
    this.#greet();
  }

  #greet() {
    this.#tabs.post({ is: "hello", token: this.#place.token });
  }

  #openWith(token) {
    this.#place.token = token;
    this.#link.token = token;
    this.#link.open();
  }

  #fromLeader(object) {
    switch (object.is) {
      case "lead":
        this.#outbox.rewind();
        this.#greet();
        break;
      case "snapshot":
        this.#adopt(object.state);
        break;
      case "event":
        // A `welcome` is whole in itself; anything else before the snapshot is in the snapshot.
        if (object.event.ev === "welcome") this.#synced = true;
        if (this.#synced) this.#accept(object.event);
        break;
      case "local":
        this.#accept(object.event);
        break;
      case "reply":
        this.#outbox.take(object.reply.re)?.settle(object.reply);
        break;
      case "status":
        this.#remote = object.status;
        this.#resume = object.resume;
        this.#pulse.clock.offsetMs = object.offsetMs;
        this.#tell("state", this.status);
        if (object.status.phase === "closed") this.#closed(object.status.why);
        this.#flush();
        break;
      default:
    }
  }

  /** The leader's state. Where this tab has seen more of the same log, its own is kept. */
  #adopt(state) {
    const own = this.model.state;
    if (!state.attached) return;
    this.#synced = true;
    if (!own.attached || own.epoch !== state.epoch || own.seq <= state.seq) this.model.restore(state);
    this.#tell("change");
    this.#first?.resolve(this.model.state);
    this.#first = null;
  }

  #fromFollower(object) {
    const to = object.from;
    if (object.is === "hello") {
      this.#tabs.post({ is: "snapshot", to, state: this.model.state });
      // A tab that comes with its own admission is no part of this one's end: the server judges anew. Another window
      // that took the place keeps it until somebody says otherwise.
      const ended = this.#link.phase === "closed" && this.#link.end.why !== "replaced";
      if (ended && object.token) this.#openWith(object.token);
      else this.#statusChanged();
    } else if (object.is === "reopen") {
      this.#openWith(object.token);
    } else if (object.is === "video") {
      this.#video = object.video;
    } else if (object.is === "local") {
      this.#accept(object.event);
    } else if (object.is === "command") {
      this.#outbox.forward(object.command, Date.now(), (reply) => this.#tabs?.post({ is: "reply", to, reply }));
      this.#flush();
    }
  }

  // Server

  #fromServer(object) {
    if (typeof object.re === "string") return this.#reply(object);
    if (typeof object.ev !== "string") return;
    if (object.ev === "resume") {
      this.#resume = object.resume;
      return;
    }
    if (object.ev === "auth_expiring") this.#renewal.inTime();
    this.#pulse.heard(object, Date.now());
    if (object.ev === "welcome" || object.ev === "resumed") {
      this.#resume = object.resume ?? this.#resume;
      if (object.dedupe?.minutes > 0) this.#dedupeMs = object.dedupe.minutes * 60_000;
    }
    if (this.#accept(object)) this.#tabs?.post({ is: "event", event: object });
  }

  /** One event, from the server or from the leading tab: applied and told once, whatever way it came. */
  #accept(event) {
    const { state } = this.model;
    const attach = event.ev === "welcome" || event.ev === "resumed";
    if (!attach && (!state.attached || event.seq <= state.seq)) return false;
    if (event.ev === "ballot" && !this.#ballots.noted(event.ballot)) return false;
    const changed = this.model.apply(event);
    if (event.ev === "ballot_stored") this.#ballots.stored(event.poll, event.attempt_id);
    this.#tell(event.ev, event);
    if (changed) this.#tell("change");
    if (attach) {
      this.#first?.resolve(this.model.state);
      this.#first = null;
    }
    return true;
  }

  #reply(reply) {
    const nowMs = Date.now();
    const beat = this.#pulse.answered(reply, nowMs);
    if (beat) {
      if (!reply.ok) return;
      this.#resume = reply.resume ?? this.#resume;
      // Those that failed since it was sent are the next one's to tell.
      this.#link.failedConnects = Math.max(0, this.#link.failedConnects - beat.failedConnects);
      return this.#statusChanged();
    }
    const entry = this.#outbox.get(reply.re);
    if (!entry) return;
    const again = !reply.ok && (SENT_AGAIN.has(reply.error?.code) || reply.error?.maybe);
    if (again && !entry.keep && entry.sends <= LIMITS.resends) {
      return this.#hold(entry, reply.error.retry_after_ms ?? 500 + backoffMs(entry.sends, Math.random()));
    }
    this.#outbox.take(reply.re).settle(reply);
    this.#flush();
  }

  #hold(entry, waitMs) {
    this.#outbox.hold(entry, Date.now() + waitMs);
    this.#after(waitMs + 1, () => this.#flush());
  }

  #request(command, keep) {
    return new Promise((settle, fail) => {
      this.#outbox.add(command, Date.now(), { keep, settle, fail });
      this.#flush();
    });
  }

  /** An accepted upvote changed something for its sender alone, which no event says. */
  #upvoted(question) {
    const upvotes = this.model.state.you.upvotes ?? [];
    if (!upvotes.includes(question)) this.#local({ ev: "you", upvotes: [...upvotes, question] });
  }

  /** An event made here, for this participant in all tabs. */
  #local(event) {
    this.#accept(event);
    this.#tabs?.post({ is: this.#link ? "event" : "local", event });
  }

  #flush() {
    const nowMs = Date.now();
    if (!this.#tabs || (this.#link && !this.#link.live)) return;
    for (const entry of this.#outbox.due(nowMs)) {
      entry.sentMs = nowMs;
      entry.sends += 1;
      if (!this.#link) {
        this.#tabs.post({ is: "command", command: entry.command });
        continue;
      }
      this.#link.send(entry.command).catch(() => {
        // Over HTTP one request can be lost while the stream lives on: the same id once more, later.
        if (entry.sentMs === nowMs) this.#hold(entry, 500 + backoffMs(entry.sends, Math.random()));
      });
    }
  }

  // Life of the connection

  #attached() {
    const nowMs = Date.now();
    this.#renewal.attached();
    this.#pulse.restart(nowMs);
    this.#outbox.expire(nowMs, this.#dedupeMs);
    this.#outbox.rewind();
    this.#ballots.sendKept();
    this.#flush();
  }

  async #showToken(token) {
    this.#place.token = token;
    const link = this.#link;
    if (!link) return;
    link.token = token;
    if (link.live && link.holdsToken) this.#resume = (await this.send("auth", { token })).resume ?? this.#resume;
  }

  #closed(why) {
    if (why === "expired" && this.#link && this.#renewal.revive()) return;
    this.#tell("closed", { why });
    this.#first?.reject(new LiveError({ code: "unauthenticated", message: why }));
    this.#first = null;
  }

  #cursor() {
    const { epoch, seq, attached } = this.model.state;
    return attached && this.#resume ? { resume: this.#resume, cursor: `${epoch}.${seq}` } : {};
  }

  #tick(nowMs) {
    const link = this.#link;
    if (!link?.live) return;
    if (nowMs - this.#savedMs > SAVE_MS) this.#save(nowMs);
    this.#outbox.expire(nowMs, this.#dedupeMs);
    const due = this.#pulse.tick(nowMs, {
      transport: link.transport, lastByteMs: link.lastByteMs, oldestCommandMs: this.#outbox.oldestSentMs(),
    });
    if (due === "dead") link.abandon();
    if (due === "probe") this.#probe();
    if (due === "beat") this.#beat();
  }

  #probe() {
    this.#pulse.probe(Date.now());
    this.#beat();
  }

  #beat() {
    const focus = document.visibilityState === "visible";
    const { transport, failedConnects } = this.#link;
    const { seq } = this.model.state;
    const command = this.#pulse.beat(Date.now(), { seq, focus, transport, failedConnects, video: this.#video });
    this.#link.send(command).catch(() => {});
    // An error is told once, a position until it changes.
    if (this.#video?.error) this.#video = { positionSec: this.#video.positionSec };
  }

  #save(nowMs) {
    this.#savedMs = nowMs;
    this.#memory.save(this.model.state, this.#resume, nowMs);
  }

  #look() {
    this.#link?.hurry();
    this.#renewal.hurry();
    if (this.#link?.live && this.#link.probes && Date.now() - this.#link.lastByteMs > STALE_MS) this.#probe();
    this.#statusChanged();
  }

  #statusChanged() {
    const { status } = this;
    this.#tell("state", status);
    if (!this.#link) return;
    this.#tabs?.post({ is: "status", status, resume: this.#resume, offsetMs: this.#pulse.clock.offsetMs });
  }

  #tell(name, detail = null) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #after(ms, action) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }
}
