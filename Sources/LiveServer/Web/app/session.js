// Owns the joint between a page's seat and its LiveRoom: connecting, renewing a seat that ends, and the cover over the
// page once the connection is closed for good. Never builds the room's panels.

import { fill, h, passFocus, show } from "./dom.js";
import { LiveRoom } from "../sdk/live.js";
import { icon } from "./icons.js";
import { t } from "./i18n.js";

const TRANSPORTS = new Set(["websocket", "sse", "poll"]);

/** Connects a seat. `renew()` gives a new seat of the same participant when the token ends. */
export function openRoom(seat, renew) {
  const room = new LiveRoom();
  const asked = new URLSearchParams(location.search).get("transport");
  const getToken = async () => {
    Object.assign(seat, await renew());
    return seat.token;
  };
  room.connect({ room: seat.room, token: seat.token, getToken, ...(TRANSPORTS.has(asked) && { transport: asked }) })
    .catch(() => {});
  // Tests and the curious: the room of this page.
  globalThis.liveRoom = room;
  return room;
}

/** Covers the page where it can't go on by itself: taken elsewhere, removed, expired and not renewable. */
export function closedCover(room, signal, home) {
  const body = h("div", { class: "cover-body" });
  const cover = h("div", { class: "cover", hidden: true, role: "alertdialog", "aria-modal": "true",
    "aria-labelledby": "cover-title", "aria-describedby": "cover-text" }, body);
  const covers = (on) => {
    // What is below can be neither seen nor reached.
    for (const other of cover.parentElement?.children ?? []) {
      if (other !== cover) other.inert = on;
    }
    if (!on) passFocus(cover, document.querySelector("main [tabindex]"));
    show(cover, on);
  };
  const close = (why) => {
    fill(body, h("div", { class: "notice-icon" }, icon(why === "removed" ? "ban" : "alert")),
      h("h1", { id: "cover-title" }, t(`closed.${why}.title`)), h("p", { id: "cover-text" }, t(`closed.${why}.text`)),
      h("div", { class: "actions" },
        why === "replaced" && h("button", { type: "button", class: "primary large", onclick: () => room.reopen() },
          t("closed.replaced.here")),
        why === "expired" && h("button", { type: "button", class: "primary large", onclick: () => location.reload() },
          t("retry")),
        h("a", { class: "button", href: home }, t("closed.home"))));
    document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
    covers(true);
    body.querySelector("button, a")?.focus();
  };
  room.addEventListener("closed", ({ detail }) => close(detail.why), { signal });
  room.addEventListener("state", ({ detail }) => {
    if (detail.phase !== "closed" && !cover.hidden) covers(false);
  }, { signal });
  // A page that is built anew, in another language: once it stands.
  const { phase, why } = room.status;
  if (phase === "closed" && why) queueMicrotask(() => close(why));
  return cover;
}

/** The number of unseen things in the tab's title, so that a class in the background is noticed. */
export function titleCount(name, count) {
  document.title = `${count > 0 ? `(${count}) ` : ""}${name} · LiveClassroom`;
}
