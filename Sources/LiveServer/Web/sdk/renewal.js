// Owns the question of a fresh access token: asked in time while the old one is good, and once more when it has ended.
// Never connects and keeps no token. Limit: LIMITS.renewAgainMs between two questions.

import { LIMITS } from "./timing.js";

export class Renewal {
  #getToken;
  #ports;
  #asking = false;
  #revived = false;
  #waits = false;

  /**
   * `getToken()`: as given to `connect`, or null. `ports`: show(token) on the living connection; reopen(token);
   * ended(); living(); after(ms, action).
   */
  constructor(getToken, ports) {
    this.#getToken = getToken;
    this.#ports = ports;
  }

  attached() {
    this.#revived = false;
    this.#waits = false;
  }

  /** The server says that the token ends: a fresh one is shown on the living connection, and nothing is interrupted. */
  async inTime() {
    if (!this.#getToken || this.#asking) return;
    this.#asking = true;
    try {
      await this.#ports.show(await this.#getToken());
    } catch {
      // The old token is good for a while yet.
      this.#ports.after(LIMITS.renewAgainMs, () => this.#ports.living() && this.inTime());
    } finally {
      this.#asking = false;
    }
  }

  /** The token has ended, as after a night's sleep: a fresh one is tried before it is told. False: there is none. */
  revive() {
    if (!this.#getToken || this.#revived) return false;
    this.#revived = true;
    this.#waits = false;
    this.#getToken().then(this.#ports.reopen, (error) => {
      if (!error?.again) return this.#ports.ended();
      // A machine that wakes may have no network yet: that is no refusal.
      this.#waits = true;
      this.#ports.after(LIMITS.renewAgainMs, () => this.hurry());
      return undefined;
    });
    return true;
  }

  /** The network is back, or somebody looks at the page again: what waits is asked now. */
  hurry() {
    if (!this.#waits) return;
    this.#revived = false;
    this.revive();
  }
}
