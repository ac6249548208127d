// Owns what a tab remembers across a reload (state, cursor, resume token) and how it names its device.
// Never holds access tokens or device secrets: those are the page's. Storage that is full or forbidden is survived.
// Limit: a memory older than RESUME_MS is dropped, since the server would not resume from it either.

import { randomId } from "./timing.js";

const RESUME_MS = 10 * 60_000;

/** One participant in one room, in one tab. */
export class TabMemory {
  #key;

  constructor(subject) {
    this.#key = `live:memory:${subject}`;
  }

  load(nowMs) {
    const kept = read(sessionStorage, this.#key);
    if (!kept || nowMs - kept.atMs > RESUME_MS || typeof kept.resume !== "string") return null;
    return kept;
  }

  save(state, resume, nowMs) {
    if (state.attached && resume) write(sessionStorage, this.#key, { state, resume, atMs: nowMs });
  }

  clear() {
    write(sessionStorage, this.#key, null);
  }
}

/** The device of all tabs of this browser: used where only one of them connects. */
export function browserDevice() {
  const known = read(localStorage, "live:device");
  if (typeof known === "string") return known;
  const device = randomId(12);
  write(localStorage, "live:device", device);
  return device;
}

/**
 * The device of this tab: used where every tab connects. A reload keeps it, so that the new connection replaces the
 * old; a duplicated tab, whose copied storage says that the name is in use, takes another.
 */
export function tabDevice() {
  const known = read(sessionStorage, "live:device");
  const id = known && !known.inUse ? known.id : randomId(12);
  write(sessionStorage, "live:device", { id, inUse: true });
  addEventListener("pagehide", () => write(sessionStorage, "live:device", { id, inUse: false }));
  addEventListener("pageshow", () => write(sessionStorage, "live:device", { id, inUse: true }));
  return id;
}

/** `sub` of an access token, unverified: only to keep two participants of one browser apart. */
export function subjectOf(token) {
  try {
    const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const text = new TextDecoder().decode(Uint8Array.from(atob(payload), (c) => c.charCodeAt(0)));
    return String(JSON.parse(text).sub ?? "");
  } catch {
    return "";
  }
}

function read(storage, key) {
  try {
    return JSON.parse(storage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

function write(storage, key, value) {
  try {
    if (value === null) storage.removeItem(key);
    else storage.setItem(key, JSON.stringify(value));
  } catch {
    // Nothing to do: the memory is a convenience, the server has everything.
  }
}
