// Owns raised hands: the student's own (with the place in the queue) and the moderators' queue in order of raising.

import { clockTime, t } from "./i18n.js";
import { h, keyed, mark, say, show } from "./dom.js";
import { hue, initial } from "./chat.js";
import { icon } from "./icons.js";
import { renderWith } from "./shell.js";
import { tellError, toast } from "./toasts.js";

/** The student's button. It says what a press does, and how many are before. */
export function handButton({ room, signal }) {
  const label = h("span", { class: "hand-label" });
  const button = h("button", {
    type: "button", class: "hand-button",
    onclick: () => {
      const raised = button.getAttribute("aria-pressed") === "true";
      button.disabled = true;
      room.send(raised ? "hand_lower" : "hand_raise").catch(tellError).finally(() => {
        button.disabled = false;
      });
    },
  }, icon("hand"), label);
  room.addEventListener("hand_called", ({ detail }) => {
    if (detail.participant === room.model.state.participant) toast(t("hand.called"), { tone: "good" });
  }, { signal });
  renderWith(room, signal, (state) => {
    const at = state.hands.findIndex((hand) => hand.participant === state.participant);
    const called = at >= 0 && state.hands[at].called;
    show(button, state.role !== "observer" && !state.ended);
    mark(button, "aria-pressed", String(at >= 0));
    mark(button, "data-called", called);
    const before = state.hands.slice(0, Math.max(0, at)).filter((hand) => !hand.called).length;
    say(label, at < 0 ? t("hand.raise") : called ? t("hand.yourTurn") : t("hand.up", { place: before + 1 }));
    mark(button, "title", at < 0 || called ? null : t("hand.place", { place: before + 1 }));
  });
  return button;
}

/** The moderators' queue: who waits, in order; call, lower. Nothing is shown while nobody waits. */
export function handQueue({ room, signal }) {
  const list = h("ol", { class: "hands" });
  const count = h("span", { class: "head-count" });
  const lowerAll = h("button", {
    type: "button", class: "quiet small",
    onclick: async () => {
      // One after the other: a whole class's hands at once would be over the rate of one person.
      for (const hand of room.model.state.hands) await lower(hand.participant);
    },
  }, t("hand.lowerAll"));
  const node = h("section", { class: "hands-panel", "aria-labelledby": "hands-title" },
    h("header", { class: "panel-head" }, h("h2", { id: "hands-title" }, t("hand.title")), count, lowerAll), list);
  const lower = (participant) => room.send("hand_lower", { participant }).catch(tellError);
  renderWith(room, signal, (state) => {
    show(node, state.hands.length > 0);
    say(count, String(state.hands.length));
    show(lowerAll, state.hands.length > 1);
    keyed(list, state.hands.map((hand) => ({ ...hand, nowMs: room.now() })), (hand) => hand.participant, (first) => {
      const time = h("span", { class: "meta" });
      const call = h("button", { type: "button", class: "small primary",
        onclick: () => room.send("hand_call", { participant: first.participant }).catch(tellError) }, t("hand.call"));
      const item = h("li", { class: "hand", "data-hue": hue(first.participant) },
        h("div", { class: "avatar", "aria-hidden": "true" }, initial(first.name)),
        h("div", { class: "hand-who" }, h("span", { class: "name" }, first.name), time), call,
        h("button", { type: "button", class: "small quiet icon-only", onclick: () => lower(first.participant),
          "aria-label": t("hand.lower", { name: first.name }) }, icon("check")));
      item.update = (hand) => {
        mark(item, "data-called", hand.called);
        show(call, !hand.called);
        say(time, hand.called ? t("hand.isCalled") : clockTime(hand.ts, hand.nowMs));
      };
      item.update(first);
      return item;
    });
  });
  return node;
}

