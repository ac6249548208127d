// Owns the joint between a page's seat and its LiveRoom: connecting, renewing a seat that ends, and the cover over the
// page once the connection is closed for good. Never builds the room's panels.

import { h, show, fill } from "./dom.js";
import { LiveRoom } from "../sdk/live.js";
import { icon } from "./icons.js";
import { t } from "./i18n.js";

const TRANSPORTS = new Set(["websocket", "sse", "poll"]);

/** Connects a seat. `renew()` gives a new seat of the same participant when the token ends. */
export function openRoom(seat, renew) {
  const room = new LiveRoom();
  const asked = new URLSearchParams(location.search).get("transport");
  room.addEventListener("closed", ({ detail }) => {
    if (detail.why === "expired") room.dispatchEvent(new Event("lost"));
  });
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
  const cover = h("div", { class: "cover", hidden: true, role: "alertdialog", "aria-live": "assertive" }, body);
  const close = (why) => {
    fill(body, h("div", { class: "notice-icon" }, icon(why === "removed" ? "ban" : "alert")),
      h("h1", {}, t(`closed.${why}.title`)), h("p", {}, t(`closed.${why}.text`)),
      h("div", { class: "actions" },
        why === "replaced" && h("button", { type: "button", class: "primary large", onclick: () => room.reopen() },
          t("closed.replaced.here")),
        h("a", { class: "button", href: home }, t("closed.home"))));
    show(cover, true);
    body.querySelector("button, a")?.focus();
  };
  room.addEventListener("closed", ({ detail }) => detail.why !== "expired" && close(detail.why), { signal });
  room.addEventListener("lost", () => close("expired"), { signal });
  room.addEventListener("state", ({ detail }) => {
    if (detail.phase !== "closed") show(cover, false);
  }, { signal });
  const { status } = room;
  if (status.phase === "closed" && status.why && status.why !== "expired") close(status.why);
  return cover;
}

/** The number of unseen things in the tab's title, so that a class in the background is noticed. */
export function titleCount(name, count) {
  document.title = `${count > 0 ? `(${count}) ` : ""}${name} · LiveClassroom`;
}
