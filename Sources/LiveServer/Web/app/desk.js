// Owns the teacher's polls: those that run with their live counts, closing them with or without showing results,
// and those that are over. Every figure is the server's.

import { chart, timer } from "./chart.js";
import { eachSecond, renderWith } from "./shell.js";
import { fill, h, keyed, mark, say, show } from "./dom.js";
import { number, t, tn } from "./i18n.js";
import { icon } from "./icons.js";
import { tellError } from "./toasts.js";

/** `ctx`: {room, signal, again(poll)}. Gives {node}. */
export function pollDesk(ctx) {
  const { room, signal } = ctx;
  const running = h("div", { class: "poll-list" });
  const over = h("div", { class: "poll-list" });
  const more = h("details", { class: "earlier", hidden: true }, h("summary", {}, t("poll.earlier")), over);
  const empty = h("div", { class: "empty" }, icon("poll"), h("p", {}, t("desk.empty")));
  const node = h("div", { class: "desk" }, running, empty, more);
  const cards = new Set();
  const make = (poll) => {
    const card = deskCard(poll, ctx);
    cards.add(card);
    return card;
  };
  renderWith(room, signal, (state) => {
    const open = state.polls.filter((poll) => poll.open).reverse();
    const closed = state.polls.filter((poll) => !poll.open).reverse();
    // The last result stays in sight until the next poll begins.
    const shown = open.length > 0 ? open : closed.slice(0, 1);
    keyed(running, shown, (poll) => poll.poll, make);
    const rest = closed.filter((poll) => !shown.includes(poll));
    keyed(over, rest, (poll) => poll.poll, make);
    show(empty, state.polls.length === 0);
    show(more, rest.length > 0);
    if (!more.hidden) fill(more.firstChild, `${t("poll.earlier")} (${number(rest.length)})`);
  });
  eachSecond(signal, () => cards.forEach((card) => card.isConnected && card.tick()));
  return { node };
}

function deskCard(first, { room, again }) {
  const picture = chart();
  const clock = timer();
  const chip = h("span", { class: "chip" });
  const total = h("p", { class: "poll-foot" });
  const close = (reveal) => {
    reveals.forEach((button) => mark(button, "disabled", true));
    room.send("poll_close", { poll: first.poll, reveal }).catch(tellError).finally(() => {
      reveals.forEach((button) => mark(button, "disabled", null));
    });
  };
  const reveals = [
    h("button", { type: "button", class: "primary", onclick: () => close(true) }, icon("poll"), t("desk.reveal")),
    h("button", { type: "button", onclick: () => close(false) }, t("desk.close")),
  ];
  const runningTools = h("div", { class: "actions" }, reveals);
  const overTools = h("div", { class: "actions" }, h("button", { type: "button", class: "quiet small",
    onclick: () => again(first) }, icon("retry"), t("desk.again")));
  const node = h("article", { class: "poll card", "data-poll": first.poll },
    h("header", { class: "poll-head" }, chip, clock), h("h3", { class: "poll-question" }, first.question), picture,
    total, runningTools, overTools);
  let poll = first;
  node.update = (next) => {
    poll = next;
    const { ended, presence } = room.model.state;
    mark(node, "data-open", poll.open);
    say(chip, t(poll.open ? "desk.running" : "poll.closed"));
    clock.update(poll, room.now());
    picture.update(poll, []);
    show(runningTools, poll.open && !ended);
    show(overTools, !poll.open && !ended);
    const answered = tn("poll.total", poll.total ?? 0);
    const of = poll.open ? ` · ${tn("people.count", presence.count)}` : "";
    const provisional = poll.final === false ? ` · ${t("poll.provisional")}` : "";
    say(total, answered + of + provisional);
  };
  node.tick = () => clock.update(poll, room.now());
  node.update(first);
  return node;
}
