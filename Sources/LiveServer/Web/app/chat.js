// Owns the chat panel: the log, what is on its way, the composer with its reasons why it may be closed, moderation.
// Follows the newest message while the reader is at the end, and otherwise says how many came. The log itself is the
// room model's; what was written and not confirmed is Unsent's.

import { clockTime, t, tn } from "./i18n.js";
import { eachSecond, renderWith } from "./shell.js";
import { fill, h, keyed, linked, mark, passFocus, redraw, say, show } from "./dom.js";
import { menuButton } from "./dialogs.js";
import { MODERATORS } from "../sdk/live.js";
import { icon } from "./icons.js";
import { tellError } from "./toasts.js";

const EMOJI = ["👍", "❤️", "😂", "🎉", "🤔", "👏"];
const TEXT_MAX = 2000;
const GROUP_MS = 5 * 60_000;
const AT_END_PX = 80;

/** `ctx`: {room, unsent, signal, moderate(action, participant, name)}. Gives {node, unread()}. */
export function chatPanel(ctx) {
  const { room, unsent, signal } = ctx;
  const view = { replyTo: null, unreadFrom: null, unread: 0, atEnd: true, seen: false };
  const list = h("ol", {});
  const scroller = h("div", { class: "messages", role: "log", "aria-label": t("chat.log"), "aria-live": "polite",
    tabindex: "0" }, list);
  const empty = h("div", { class: "empty" }, icon("chat"), h("p", {}, t("chat.empty")));
  const pill = h("button", { type: "button", class: "pill", hidden: true, onclick: () => toEnd(true) });
  const node = h("section", { class: "chat", "aria-labelledby": "chat-title" },
    h("header", { class: "panel-head" }, h("h2", { id: "chat-title" }, t("chat.title")), chatModeNote(ctx)),
    h("div", { class: "scroll-frame" }, scroller, empty, pill),
    composer(ctx, view));

  const visible = () => node.offsetParent !== null && document.visibilityState === "visible";
  const toEnd = (smooth) => {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    scroller.scrollTo({ top: scroller.scrollHeight, behavior: smooth && !calm ? "smooth" : "instant" });
    view.atEnd = true;
    read();
  };
  const read = () => {
    view.unread = 0;
    show(pill, false);
  };
  scroller.addEventListener("scroll", () => {
    view.atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < AT_END_PX;
    if (view.atEnd && visible()) read();
  }, { passive: true });
  addEventListener("live:panel", () => visible() && view.atEnd && toEnd(), { signal });
  document.addEventListener("visibilitychange", () => visible() && view.atEnd && read(), { signal });
  new ResizeObserver(() => view.atEnd && visible() && toEnd()).observe(scroller);

  room.addEventListener("chat_message", ({ detail }) => {
    if (detail.from === room.model.state.participant) {
      // Whoever writes has read.
      view.unreadFrom = null;
      return;
    }
    if (visible() && view.atEnd) return;
    if (view.unread === 0) view.unreadFrom = detail.id;
    view.unread += 1;
  }, { signal });

  const draw = renderWith(room, signal, (state) => {
    mark(scroller, "aria-busy", state.attached && view.seen ? null : "true");
    const items = rows(state, unsent.list, view, room.now());
    show(empty, items.length === 0);
    keyed(list, items, (item) => item.key, (item) => row(item, ctx, view));
    if (view.atEnd && visible()) toEnd();
    show(pill, view.unread > 0 && !view.atEnd);
    if (!pill.hidden) fill(pill, icon("arrowDown"), tn("chat.new", view.unread));
    if (state.attached) view.seen = true;
  });
  unsent.addEventListener("change", () => {
    if (unsent.list.some((item) => item.state === "sending" && Date.now() - item.atMs < 1000)) view.atEnd = true;
    draw();
  }, { signal });
  return { node, unread: () => view.unread };
}

/** Messages and what is on its way, with what each row needs to know of its neighbours. */
function rows(state, pending, view, nowMs) {
  const byId = new Map(state.chat.map((message) => [message.id, message]));
  const items = [];
  let before = null;
  for (const message of state.chat) {
    items.push({
      key: message.id, message, nowMs,
      own: message.from === state.participant,
      follows: before !== null && before.from === message.from && message.ts - before.ts < GROUP_MS
        && !message.reply_to && message.id !== view.unreadFrom,
      quoted: message.reply_to ? byId.get(message.reply_to) ?? { text: "" } : null,
      firstUnread: message.id === view.unreadFrom,
      moderating: MODERATORS.has(state.role),
      writing: state.role !== "observer" && !state.ended,
    });
    before = message;
  }
  const you = state.you;
  for (const item of pending) {
    items.push({
      key: item.id, pending: item, own: true, nowMs, follows: before?.from === state.participant && !item.reply_to,
      message: { id: item.id, from: state.participant, name: you.name, role: state.role, text: item.text, ts: nowMs,
        reactions: {}, mine: [] },
      quoted: item.reply_to ? byId.get(item.reply_to) ?? { text: "" } : null,
    });
    before = { from: state.participant, ts: nowMs };
  }
  return items;
}

function row(first, ctx, view) {
  const { room } = ctx;
  const { message } = first;
  const time = h("time", {});
  const text = h("div", { class: "message-text" });
  const quote = h("div", { class: "quote", hidden: true });
  const reactions = h("div", { class: "reactions" });
  const state = h("div", { class: "message-state", hidden: true });
  const tools = h("div", { class: "message-tools" });
  const divider = h("div", { class: "unread-line", hidden: true }, h("span", {}, t("chat.unread")));
  const node = h("li", { class: "message", "data-id": message.id, "data-hue": hue(message.from) }, divider,
    h("div", { class: "avatar", "aria-hidden": "true" }, initial(message.name)),
    h("div", { class: "message-body" },
      h("div", { class: "message-head" },
        h("span", { class: "name" }, message.name),
        MODERATORS.has(message.role) && h("span", { class: "role" }, t(`role.${message.role}`)), time),
      quote, text, reactions, state), tools);
  node.update = (item) => {
    mark(node, "data-own", item.own);
    mark(node, "data-follows", item.follows);
    mark(node, "data-deleted", item.message.deleted);
    mark(node, "data-state", item.pending?.state);
    show(divider, !!item.firstUnread);
    say(time, item.pending ? "" : clockTime(item.message.ts, item.nowMs));
    if (!item.pending) mark(time, "datetime", new Date(item.message.ts).toISOString());
    // This runs with each change of the room, inside a live region: only what differs is drawn, or it is read again.
    const { deleted } = item.message;
    redraw(text, deleted ? null : item.message.text, () => (deleted ? t("chat.deleted") : linked(item.message.text)));
    show(quote, item.quoted !== null);
    const quoted = quoteWords(item.quoted);
    redraw(quote, quoted, () => [icon("reply"), h("span", {}, quoted)]);
    drawReactions(reactions, item, room);
    drawState(state, item, ctx);
    const toolKey = `${!item.pending} ${deleted} ${item.writing} ${item.moderating}`;
    redraw(tools, toolKey, () => messageTools(item, ctx, view));
  };
  node.update(first);
  return node;
}

function messageTools(item, ctx, view) {
  const { message } = item;
  if (item.pending || message.deleted || !item.writing) return [];
  const react = (emoji) => ctx.room.send("chat_react", {
    message: message.id, emoji, on: !currentMine(ctx.room, message.id).includes(emoji),
  }).catch(tellError);
  return [
    menuButton({ label: t("chat.more", { name: message.name }), className: "quiet icon-only small", items: () => [
      ...EMOJI.map((emoji, index) => ({ emoji, label: t(`emoji.${index}`), run: () => react(emoji) })),
      { icon: "reply", label: t("chat.reply"), run: () => view.reply(message) },
      { icon: "copy", label: t("chat.copy"), run: () => navigator.clipboard?.writeText(message.text) },
      ...(item.moderating ? [{
        icon: "trash", label: t("chat.delete"), tone: "danger",
        run: () => ctx.room.send("chat_delete", { message: message.id }).catch(tellError),
      }] : []),
      ...(item.moderating && !item.own && !MODERATORS.has(message.role)
        ? ctx.moderation(message.from, message.name) : []),
    ] }),
  ];
}

function currentMine(room, id) {
  return room.model.state.chat.find((message) => message.id === id)?.mine ?? [];
}

function quoteWords(quoted) {
  if (!quoted) return "";
  return (quoted.name ? `${quoted.name}: ` : "") + (quoted.deleted ? t("chat.deleted") : quoted.text || t("chat.gone"));
}

function drawReactions(node, { message, writing }, room) {
  const items = Object.entries(message.reactions ?? {}).map(([emoji, count]) => ({
    emoji, count, writing, mine: message.mine?.includes(emoji) ?? false,
  }));
  keyed(node, items, ({ emoji }) => emoji, ({ emoji }) => reactionButton(message.id, emoji, room));
}

function reactionButton(message, emoji, room) {
  const count = h("span", {});
  const node = h("button", {
    type: "button", class: "reaction",
    onclick: () => room.send("chat_react", { message, emoji, on: !currentMine(room, message).includes(emoji) })
      .catch(tellError),
  }, h("span", { class: "emoji" }, emoji), count);
  node.update = (item) => {
    mark(node, "aria-pressed", String(item.mine));
    mark(node, "aria-label", tn("chat.reaction", item.count, { emoji }));
    mark(node, "disabled", !item.writing);
    say(count, String(item.count));
  };
  return node;
}

function drawState(node, { pending }, { room, unsent }) {
  show(node, !!pending);
  if (!pending) return;
  const failed = pending.state === "failed";
  const words = t(!failed ? (room.status.phase === "live" ? "chat.sending" : "chat.waiting")
    : pending.error?.code === "muted" ? "error.muted" : "chat.failed");
  const then = (action) => () => {
    passFocus(node, node.closest("[tabindex]"));
    action.call(unsent, pending.id);
  };
  redraw(node, words, () => (failed ? [
    icon("alert"), h("span", {}, words),
    h("button", { type: "button", class: "link", onclick: then(unsent.retry) }, t("retry")),
    h("button", { type: "button", class: "link", onclick: then(unsent.discard) }, t("discard")),
  ] : [icon("clock"), words]));
}

function composer({ room, unsent, signal }, view) {
  const input = h("textarea", {
    rows: "1", maxlength: String(TEXT_MAX), "aria-label": t("chat.write"), placeholder: t("chat.write"),
    enterkeyhint: "send", value: unsent.draft,
  });
  const button = h("button", { type: "submit", class: "primary icon-only", "aria-label": t("chat.send") },
    icon("send"));
  const replying = h("div", { class: "replying", hidden: true });
  const note = h("p", { class: "composer-note", hidden: true, role: "status" });
  const count = h("span", { class: "char-count", hidden: true });
  let lastSentMs = 0;
  const grow = () => {
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight + 2, 160)}px`;
    const left = TEXT_MAX - input.value.length;
    show(count, left < 200);
    say(count, String(left));
  };
  const submit = () => {
    const text = input.value.trim();
    if (text === "" || input.disabled) return;
    unsent.send(text, view.replyTo?.id);
    lastSentMs = Date.now();
    input.value = "";
    unsent.draft = "";
    view.reply(null);
    grow();
    allow();
  };
  view.reply = (message) => {
    view.replyTo = message;
    show(replying, message !== null);
    if (message) {
      fill(replying, icon("reply"), h("span", {}, t("chat.replyTo", { name: message.name })),
        h("button", { type: "button", class: "quiet icon-only small", "aria-label": t("cancel"),
          onclick: () => view.reply(null) }, icon("cross")));
      input.focus();
    }
  };
  const allow = () => {
    const state = room.model.state;
    const moderator = MODERATORS.has(state.role);
    const waitS = state.chatMode === "slow" && !moderator
      ? Math.ceil((lastSentMs + state.slowS * 1000 - Date.now()) / 1000) : 0;
    const reason = state.ended ? t("chat.closed.ended")
      : state.role === "observer" ? t("chat.closed.observer")
      : state.you.muted ? t("chat.closed.muted")
      : state.chatMode === "off" || state.off.includes("chat") ? t("chat.closed.off")
      : state.chatMode === "moderators" && !moderator ? t("chat.closed.moderators") : null;
    mark(input, "disabled", reason !== null);
    mark(button, "disabled", reason !== null || waitS > 0);
    show(note, reason !== null || waitS > 0);
    say(note, reason ?? (waitS > 0 ? t("chat.slow.wait", { seconds: waitS }) : ""));
  };
  input.addEventListener("input", () => {
    unsent.draft = input.value;
    grow();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (!button.disabled) submit();
    }
  });
  renderWith(room, signal, allow);
  eachSecond(signal, allow);
  requestAnimationFrame(grow);
  return h("form", {
    class: "composer",
    onsubmit: (event) => {
      event.preventDefault();
      submit();
    },
  }, replying, note, h("div", { class: "composer-row" }, input, count, button));
}

/** Beside the title: which rule the chat follows; for moderators a menu to change it. */
function chatModeNote({ room, signal }) {
  const text = h("span", { class: "mode-note" });
  const set = (mode, slow_s) => room.send("chat_mode", { mode, ...(slow_s && { slow_s }) }).catch(tellError);
  const menu = menuButton({ label: t("chat.mode"), items: () => [
    { icon: "chat", label: t("chat.mode.open"), run: () => set("open") },
    { icon: "clock", label: t("chat.mode.slow"), run: () => set("slow", 10) },
    { icon: "people", label: t("chat.mode.moderators"), run: () => set("moderators") },
    { icon: "mute", label: t("chat.mode.off"), run: () => set("off") },
  ] });
  renderWith(room, signal, (state) => {
    say(text, state.chatMode === "open" ? "" : t(`chat.mode.now.${state.chatMode}`, { seconds: state.slowS }));
    show(menu, MODERATORS.has(state.role));
  });
  return h("div", { class: "head-tools" }, text, menu);
}

export function initial(name) {
  return [...(name || "?").trim()][0]?.toUpperCase() ?? "?";
}

/** One of eight colours, always the same for one person. */
export function hue(participant) {
  let sum = 0;
  for (const char of participant) sum = (sum * 31 + char.codePointAt(0)) % 997;
  return sum % 8;
}

