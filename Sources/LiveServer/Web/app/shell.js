// Owns the frame of every page: language, theme, header, connection badge, and building the view anew when the
// language changes. Never knows what a page shows inside.

import { LANGUAGES } from "./texts.js";
import { coalesced, fill, h, mark, say, show } from "./dom.js";
import { icon, logo } from "./icons.js";
import { language, setLanguage, t } from "./i18n.js";

const THEME_KEY = "live:theme";

/**
 * Shows screens in the body and builds the current one again when the language changes. A screen is a function of an
 * AbortSignal that gives nodes; the signal ends what the screen listened to. Gives `go(screen)`.
 */
export function mount(first) {
  let screen = first;
  let view = null;
  const draw = () => {
    view?.abort();
    view = new AbortController();
    document.documentElement.lang = language();
    fill(document.body, screen(view.signal));
  };
  addEventListener("live:language", draw);
  draw();
  return (next) => {
    screen = next;
    draw();
  };
}

/** Runs `render(state)` now and after each change of the room, at most once a frame, until `signal` ends. */
export function renderWith(room, signal, render) {
  const draw = coalesced(() => {
    if (!signal.aborted) render(room.model.state);
  });
  room.addEventListener("change", draw, { signal });
  room.addEventListener("state", draw, { signal });
  render(room.model.state);
  return draw;
}

/** Calls `action` each second until `signal` ends. */
export function eachSecond(signal, action) {
  const timer = setInterval(action, 1000);
  signal.addEventListener("abort", () => clearInterval(timer));
}

export function brand() {
  return h("a", { class: "brand", href: "/", "aria-label": t("app.home") }, logo(), h("span", {}, "LiveClassroom"));
}

function switchLanguage() {
  const other = LANGUAGES.find((l) => l.code !== language());
  setLanguage(other.code);
  dispatchEvent(new Event("live:language"));
}

function isDark() {
  return document.documentElement.dataset.theme === "dark";
}

function switchTheme() {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(THEME_KEY, theme);
  } catch {
    // Until the next page, then.
  }
}

/** Language and theme as two buttons, for pages with room in their corner. */
export function preferences() {
  const other = LANGUAGES.find((l) => l.code !== language());
  const theme = h("button", { type: "button", class: "quiet icon-only", onclick: () => {
    switchTheme();
    draw();
  } });
  const draw = () => {
    const label = t(isDark() ? "theme.toLight" : "theme.toDark");
    mark(theme, "aria-label", label);
    theme.title = label;
    fill(theme, icon(isDark() ? "sun" : "moon"));
  };
  draw();
  return h("div", { class: "preferences" },
    h("button", { type: "button", class: "quiet", lang: other.code, "aria-label": other.switchTo,
      onclick: switchLanguage }, icon("globe"), h("span", {}, other.name)),
    theme);
}

/** The same as entries of a menu, for pages that need their corner. */
export function preferenceItems() {
  const other = LANGUAGES.find((l) => l.code !== language());
  return [
    { icon: "globe", label: other.name, run: switchLanguage },
    { icon: isDark() ? "sun" : "moon", label: t(isDark() ? "theme.toLight" : "theme.toDark"), run: switchTheme },
  ];
}

/** What the connection is doing, in words: `tone` is one of good, busy, bad. */
export function connectionWords(status, nowMs) {
  const way = status.transport ? t(`transport.${status.transport}`) : "";
  if (status.phase === "closed") return { tone: "bad", short: t(`closed.${status.why ?? "removed"}.short`), way };
  if (status.phase === "live") {
    if (status.degraded) return { tone: "busy", short: t("link.degraded"), way };
    return { tone: "good", short: t("link.live"), way };
  }
  if (!status.online) return { tone: "bad", short: t("link.offline"), way };
  if (status.phase === "waiting") {
    const seconds = Math.ceil(Math.max(0, (status.retryAtMs ?? nowMs) - nowMs) / 1000);
    return { tone: "bad", short: seconds > 0 ? t("link.waiting", { seconds }) : t("link.reconnecting"), way };
  }
  return { tone: "busy", short: t("link.connecting"), way };
}

/** The badge in the header: state at a glance, transport and round trip in words. */
export function connectionBadge(room, signal) {
  const text = h("span", { class: "badge-text" });
  const way = h("span", { class: "badge-way" });
  const spoken = h("span", { class: "visually-hidden", role: "status" });
  const badge = h("div", { class: "connection", "data-tone": "busy" }, h("span", { class: "dot" }), text, way, spoken);
  let lastTone = null;
  const draw = () => {
    const status = room.status;
    const words = connectionWords(status, Date.now());
    mark(badge, "data-tone", words.tone);
    mark(badge, "data-phase", status.phase);
    mark(badge, "data-transport", status.transport);
    say(text, words.short);
    const rtt = status.rttMs === null || status.rttMs === undefined ? "" : ` · ${Math.round(status.rttMs)} ms`;
    say(way, status.phase === "live" ? `${words.way}${rtt}` : "");
    badge.title = status.phase === "live" ? `${words.short} · ${words.way}${rtt}` : words.short;
    // A reader hears changes of state, not each second of a countdown.
    if (lastTone !== null && lastTone !== words.tone) say(spoken, words.tone === "bad" ? t("link.lost") : words.short);
    lastTone = words.tone;
  };
  room.addEventListener("state", draw, { signal });
  room.addEventListener("degraded", draw, { signal });
  eachSecond(signal, draw);
  draw();
  return badge;
}

/** The bar under the header while something is wrong: what it means for the reader, and that nothing is lost. */
export function connectionBar(room, signal) {
  const what = h("strong", {});
  const text = h("span", {});
  const bar = h("div", { class: "connection-bar", hidden: true }, icon("alert"), h("p", {}, what, " ", text));
  let since = null;
  const draw = () => {
    const status = room.status;
    const wrong = status.phase !== "live" && status.phase !== "closed" && room.model.state.attached;
    since = wrong ? since ?? Date.now() : null;
    // A hiccup of two seconds is nobody's business.
    const visible = (wrong && Date.now() - since > 1500) || (status.phase === "live" && status.degraded);
    show(bar, visible);
    if (!visible) return;
    say(what, connectionWords(status, Date.now()).short);
    say(text, t(wrong ? "link.safe" : "link.degraded.long"));
  };
  room.addEventListener("state", draw, { signal });
  room.addEventListener("change", draw, { signal });
  eachSecond(signal, draw);
  return bar;
}

/**
 * Panels beside each other on a wide screen, one at a time with a bar of tabs on a phone.
 * `panels`: [{id, label, icon, node, unread?: () => number}]. Gives {node, bar, select, selected, refresh}.
 */
export function panels(list, { signal, initial }) {
  const main = h("main", { class: "panels", "data-panel": initial }, list.map((panel) => panel.node));
  const buttons = new Map();
  const bar = h("nav", { class: "tabbar", "aria-label": t("nav.sections") });
  const select = (id) => {
    mark(main, "data-panel", id);
    for (const [key, button] of buttons) mark(button, "aria-current", key === id ? "true" : null);
    dispatchEvent(new CustomEvent("live:panel", { detail: id }));
  };
  for (const panel of list) {
    panel.node.classList.add("panel");
    panel.node.id = `panel-${panel.id}`;
    mark(panel.node, "data-panel-id", panel.id);
    const count = h("span", { class: "count", hidden: true });
    const button = h("button", { type: "button", onclick: () => select(panel.id), "aria-controls": panel.node.id },
      h("span", { class: "tab-icon" }, icon(panel.icon), count), h("span", {}, panel.label));
    button.count = count;
    buttons.set(panel.id, button);
    bar.append(button);
  }
  const refresh = () => {
    for (const panel of list) {
      const unread = panel.unread?.() ?? 0;
      const { count } = buttons.get(panel.id);
      show(count, unread > 0);
      say(count, unread > 99 ? "99+" : String(unread));
      mark(buttons.get(panel.id), "data-unread", unread > 0);
    }
  };
  select(initial);
  eachSecond(signal, refresh);
  return { node: main, bar, select, refresh, selected: () => main.dataset.panel };
}

/** A centred card for what stands alone: not found, expired, ended, loading. */
export function notice({ title, text, actions = [], symbol = "alert", tone = "plain" }) {
  return h("div", { class: "notice", "data-tone": tone },
    h("div", { class: "notice-icon" }, icon(symbol)),
    h("h1", {}, title), text && h("p", {}, text),
    actions.length > 0 && h("div", { class: "actions" }, actions));
}

export function spinner(label) {
  return h("div", { class: "loading", role: "status" }, h("span", { class: "spinner" }), h("span", {}, label));
}
