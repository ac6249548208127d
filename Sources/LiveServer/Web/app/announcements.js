// Owns the newest announcement as a banner over the stage, until the reader puts it away, and the form to make one.

import { clockTime, t } from "./i18n.js";
import { fill, h, linked, show } from "./dom.js";
import { dialog } from "./dialogs.js";
import { icon } from "./icons.js";
import { renderWith } from "./shell.js";
import { tellError, toast } from "./toasts.js";

const TEXT_MAX = 2000;

export function announcementBanner({ room, seat, signal }) {
  const key = `live:read:${seat.room}`;
  const body = h("div", { class: "announcement-body" });
  const banner = h("aside", { class: "announcement", hidden: true, "aria-label": t("announce.title") },
    icon("announce"), body, h("button", {
      type: "button", class: "quiet icon-only", "aria-label": t("announce.dismiss"),
      onclick: () => {
        remember(key, banner.shown);
        show(banner, false);
      },
    }, icon("cross")));
  const spoken = h("div", { class: "visually-hidden", role: "status" });
  room.addEventListener("announcement", ({ detail }) => fill(spoken, t("announce.spoken", { text: detail.text })),
    { signal });
  renderWith(room, signal, (state) => {
    const newest = state.announcements.at(-1);
    show(banner, !!newest && recalled(key) !== newest.id);
    if (!newest || banner.shown === newest.id) return;
    banner.shown = newest.id;
    fill(body, h("p", {}, linked(newest.text)),
      safeLink(newest.link) && h("a", { href: newest.link, target: "_blank", rel: "noopener noreferrer" },
        newest.link, icon("open")),
      h("p", { class: "meta" }, `${newest.name} · ${clockTime(newest.ts, room.now())}`));
  });
  return h("div", { class: "announcement-frame" }, spoken, banner);
}

/** Only the web's own schemes become links, whatever a server says. */
function safeLink(link) {
  return typeof link === "string" && /^https?:\/\//i.test(link);
}

export function announceDialog({ room }) {
  return dialog(t("announce.make"), (close) => {
    const text = h("textarea", { rows: "4", maxlength: String(TEXT_MAX), required: true, autofocus: true });
    const link = h("input", { type: "url", placeholder: "https://", pattern: "https?://.+" });
    return h("form", {
      class: "stack",
      onsubmit: (event) => {
        event.preventDefault();
        const fields = { text: text.value.trim(), ...(link.value.trim() && { link: link.value.trim() }) };
        if (fields.text === "") return;
        room.send("announce", fields).then(() => toast(t("announce.sent"), { tone: "good" }), tellError);
        close();
      },
    }, h("label", { class: "field" }, h("span", {}, t("announce.text")), text),
    h("label", { class: "field" }, h("span", {}, t("announce.link")), link),
    h("div", { class: "actions end" }, h("button", { type: "submit", class: "primary" }, icon("announce"),
      t("announce.send"))));
  });
}

function remember(key, id) {
  try {
    sessionStorage.setItem(key, id);
  } catch {
    // It comes back after a reload, then.
  }
}

function recalled(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}
