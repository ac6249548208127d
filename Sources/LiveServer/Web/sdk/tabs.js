// Owns which of a browser's tabs holds the connection: one leader (Web Locks), the others follow (BroadcastChannel).
// Carries plain objects between tabs and does not know what they mean. Never connects to a server.
// Where the browser lacks either interface (plain http has no Web Locks), every tab leads itself.

import { LIMITS, randomId } from "./timing.js";

export class TabGroup {
  id = randomId(6);
  leading = false;
  #name;
  #hooks;
  #channel = null;
  #release = null;
  #stopped = false;
  #heardMs = Date.now();
  #watch = null;

  /** `hooks`: lead(alone), follow(), message(object). `name` is the same in all tabs of one participant and room. */
  constructor(name, hooks) {
    this.#name = `live:${name}`;
    this.#hooks = hooks;
  }

  start() {
    this.#stopped = false;
    if (!navigator.locks || typeof BroadcastChannel !== "function") {
      this.leading = true;
      this.#hooks.lead(true);
      return;
    }
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => {
      if (data.to && data.to !== this.id) return;
      // Other followers' words, their pings above all, are no sign of the leader's life.
      if (data.leads) this.#heardMs = Date.now();
      if (data.is === "ping") return void (this.leading && this.post({ is: "pong", to: data.from }));
      if (data.is !== "pong") this.#hooks.message(data);
    };
    this.#campaign({ ifAvailable: true });
  }

  post(object) {
    this.#channel?.postMessage({ ...object, from: this.id, leads: this.leading });
  }

  /** Gives the lead away (if held) and leaves the group. */
  stop() {
    this.#stopped = true;
    this.leading = false;
    clearInterval(this.#watch);
    this.#release?.();
    this.#release = null;
    this.#channel?.close();
    this.#channel = null;
  }

  #campaign(options) {
    navigator.locks.request(this.#name, options, (lock) => {
      if (this.#stopped) return undefined;
      if (!lock) {
        this.#follow();
        this.#campaign({});
        return undefined;
      }
      clearInterval(this.#watch);
      this.leading = true;
      this.#hooks.lead(false);
      return new Promise((resolve) => {
        this.#release = resolve;
      });
    }).catch(() => {
      if (this.#stopped) return;
      this.#release = null;
      if (this.leading) {
        // Another tab took the lock because this one seemed frozen.
        this.leading = false;
        this.#follow();
        this.#campaign({});
      } else if (!this.#watch) {
        // The browser refuses locks here: this tab leads itself.
        this.leading = true;
        this.#hooks.lead(true);
      }
    });
  }

  /** A visible follower makes sure that the leader is awake: phones freeze hidden tabs. */
  #follow() {
    this.#hooks.follow();
    clearInterval(this.#watch);
    this.#heardMs = Date.now();
    this.#watch = setInterval(() => {
      if (document.visibilityState !== "visible") {
        this.#heardMs = Date.now();
        return;
      }
      if (Date.now() - this.#heardMs > LIMITS.leaderSilenceMs) {
        this.#heardMs = Date.now();
        this.#campaign({ steal: true });
      } else {
        this.post({ is: "ping" });
      }
    }, LIMITS.leaderSilenceMs / 3);
  }
}
