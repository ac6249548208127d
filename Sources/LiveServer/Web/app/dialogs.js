// Owns modal dialogs and pop-up menus: focus goes in, Escape and a click outside close them, focus comes back.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./i18n.js";

/** Opens a modal with a title; `body(close)` gives its nodes. Resolves with what `close` was given. */
export function dialog(title, body, { wide = false } = {}) {
  return new Promise((resolve) => {
    const close = (value) => {
      node.returned = value;
      node.close();
    };
    const titleId = `dialog-${Math.random().toString(36).slice(2)}`;
    const node = h("dialog", { class: wide ? "dialog wide" : "dialog", "aria-labelledby": titleId },
      h("header", {},
        h("h2", { id: titleId }, title),
        h("button", { type: "button", class: "quiet icon-only", "aria-label": t("close"), onclick: () => close() },
          icon("cross"))),
      h("div", { class: "dialog-body" }, body(close)));
    // A click outside begins there, too: text that is selected may end on the backdrop.
    let pressed = null;
    node.addEventListener("pointerdown", ({ target }) => {
      pressed = target;
    });
    node.addEventListener("click", ({ target }) => target === node && pressed === node && close());
    node.addEventListener("close", () => {
      node.remove();
      resolve(node.returned);
    });
    document.body.append(node);
    node.showModal();
  });
}

/** Asks before something that can't be taken back. Resolves with true or undefined. */
export function confirmed(title, text, action, tone = "danger") {
  return dialog(title, (close) => [
    h("p", {}, text),
    h("div", { class: "actions end" },
      h("button", { type: "button", onclick: () => close() }, t("cancel")),
      h("button", { type: "button", class: tone, autofocus: true, onclick: () => close(true) }, action)),
  ]);
}

let openMenu = null;

/** A button that opens a menu; `items()` gives [{label, icon, run, tone?}] each time it opens. */
export function menuButton({ label, symbol = "more", items, className = "quiet icon-only" }) {
  const button = h("button", {
    type: "button", class: className, "aria-label": label, title: label, "aria-haspopup": "menu",
    "aria-expanded": "false",
    onclick: () => (button.getAttribute("aria-expanded") === "true" ? openMenu?.() : open(button, label, items())),
  }, icon(symbol));
  return h("span", { class: "menu-anchor" }, button);
}

function open(button, label, items) {
  openMenu?.();
  const ears = new AbortController();
  const close = (refocus = true) => {
    ears.abort();
    menu.remove();
    button.setAttribute("aria-expanded", "false");
    openMenu = null;
    if (refocus === true) button.focus();
  };
  const menu = h("div", { class: "menu", role: "menu", "aria-label": label }, items.map((item) => h("button", {
    type: "button", role: "menuitem", tabindex: "-1", class: item.emoji ? "emoji-item" : item.tone ?? "",
    title: item.emoji && item.label, "aria-label": item.emoji && item.label,
    onclick: () => {
      close();
      item.run();
    },
  }, item.emoji ? h("span", { class: "emoji", "aria-hidden": "true" }, item.emoji)
    : [icon(item.icon), h("span", {}, item.label)])));
  const entries = [...menu.children];
  menu.addEventListener("keydown", (event) => {
    const at = entries.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (step) entries[(at + step + entries.length) % entries.length].focus();
    else if (event.key === "Home") entries[0].focus();
    else if (event.key === "End") entries.at(-1).focus();
    else if (event.key === "Escape") close();
    else if (event.key === "Tab") return close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!menu.contains(event.target) && !button.contains(event.target)) close(false);
  }, { signal: ears.signal, capture: true });
  button.setAttribute("aria-expanded", "true");
  (button.closest("dialog") ?? document.body).append(menu);
  place(menu, button);
  entries[0]?.focus();
  openMenu = close;
}

/** Below the button, or above where there is no room; never beyond the window's edge. */
function place(menu, button) {
  const anchor = button.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const below = anchor.bottom + height + 8 < innerHeight;
  menu.style.top = `${Math.max(8, below ? anchor.bottom + 4 : anchor.top - height - 4)}px`;
  menu.style.left = `${Math.max(8, Math.min(anchor.right - width, innerWidth - width - 8))}px`;
}
