// Owns the record of a class as a file: fetched in pages, joined, handed to the browser as a download.
// Never shown here, kept here or sent anywhere. Limits: PAGES_MAX pages of a thousand events.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { recordPage } from "./api.js";
import { t } from "./i18n.js";
import { toast } from "./toasts.js";

const PAGES_MAX = 1_000;

/** All pages as one: events and polls of each, the figures of the last. */
async function wholeRecord(seat) {
  const record = { polls: [], events: [] };
  let after = 0;
  for (let pages = 0; pages < PAGES_MAX && after !== undefined; pages++) {
    const { polls, events, next, ...rest } = await recordPage(seat, after);
    Object.assign(record, rest);
    record.polls.push(...polls);
    record.events.push(...events);
    after = next;
  }
  return { class: seat.className, ...record };
}

export async function downloadRecord(seat) {
  try {
    const text = JSON.stringify(await wholeRecord(seat), null, 1);
    const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    const day = new Date().toISOString().slice(0, 10);
    h("a", { href: url, download: `${seat.room.replaceAll("/", "-")}-${day}.json` }).click();
    // Browsers read the blob after the click returns.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch {
    toast(t("record.failed"), { tone: "bad" });
  }
}

export function recordButton(seat) {
  return h("button", { type: "button", onclick: () => downloadRecord(seat) }, icon("download"), t("record.download"));
}
