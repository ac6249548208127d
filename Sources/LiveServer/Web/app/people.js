// Owns the list of who is there. Rooms above 100 send counts only: moderators then page through the server's list,
// everybody else sees the number. For moderators each person has a menu: mute, remove, ban.

import { fill, h, keyed, mark, say, show } from "./dom.js";
import { hue, initial } from "./chat.js";
import { t, tn } from "./i18n.js";
import { MODERATORS, NAMED_PEOPLE_MAX } from "../sdk/live.js";
import { confirmed, menuButton } from "./dialogs.js";
import { icon } from "./icons.js";
import { peopleOf } from "./api.js";
import { renderWith } from "./shell.js";
import { tellError } from "./toasts.js";

/** `ctx`: {room, seat, signal, moderation}. Gives {node}. */
export function peoplePanel(ctx) {
  const { room, seat, signal } = ctx;
  const list = h("ul", { class: "people" });
  const count = h("span", { class: "head-count" });
  const note = h("p", { class: "empty-note", hidden: true }, t("people.countOnly"));
  const more = h("button", { type: "button", class: "wide", hidden: true, onclick: () => load() }, t("people.more"));
  const filter = h("input", { type: "search", placeholder: t("people.find"), "aria-label": t("people.find"),
    oninput: () => draw() });
  const finder = h("div", { class: "finder" }, filter);
  const scroll = h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": t("people.title") },
    list, note, more);
  const leave = () => ctx.leavePeople?.();
  const node = h("section", { class: "people-panel", "aria-labelledby": "people-title",
    onkeydown: (event) => event.key === "Escape" && leave() },
  h("header", { class: "panel-head" }, h("h2", { id: "people-title" }, t("people.title")), count,
    h("button", { type: "button", class: "quiet icon-only drawer-close", "aria-label": t("close"), onclick: leave },
      icon("cross"))), finder, scroll);
  let paged = null;

  const load = async () => {
    more.disabled = true;
    try {
      const page = await peopleOf(seat, paged?.next);
      const known = paged?.people ?? [];
      paged = { people: [...known, ...page.participants], next: page.next };
      draw();
    } catch (error) {
      tellError(error);
    } finally {
      more.disabled = false;
    }
  };
  const render = (state) => {
    const moderating = MODERATORS.has(state.role);
    const { presence } = state;
    const people = presence.whole || !paged ? presence.people : paged.people;
    const wanted = filter.value.trim().toLocaleLowerCase();
    say(count, tn("people.count", presence.count));
    show(finder, people.length > 8);
    show(note, presence.count > NAMED_PEOPLE_MAX && !moderating);
    show(more, moderating && !presence.whole && (!paged || !!paged.next));
    keyed(list, people.filter(({ name }) => name.toLocaleLowerCase().includes(wanted)).map((person) => ({
      ...person, moderating, own: person.participant === state.participant,
      muted: state.muted.includes(person.participant),
      hand: state.hands.some((hand) => hand.participant === person.participant),
    })), (person) => person.participant, (person) => personRow(person, ctx));
  };
  const draw = renderWith(room, signal, render);
  return { node };
}

function personRow(first, { moderation }) {
  const signs = h("span", { class: "marks" });
  const tools = h("span", { class: "row-tools" });
  const name = h("span", { class: "name" });
  const node = h("li", { class: "person", "data-hue": hue(first.participant) },
    h("div", { class: "avatar", "aria-hidden": "true" }, initial(first.name)), name,
    MODERATORS.has(first.role) && h("span", { class: "role" }, t(`role.${first.role}`)), signs, tools);
  let shown = "";
  node.update = (person) => {
    say(name, person.own ? `${person.name} (${t("you")})` : person.name);
    mark(node, "data-own", person.own);
    const key = `${person.muted}${person.hand}${person.moderating}`;
    if (key === shown) return;
    shown = key;
    fill(signs,
      person.hand && h("span", { class: "mark hand-mark" }, icon("hand"), t("hand.title.one")),
      person.muted && h("span", { class: "mark" }, icon("mute"), t("people.muted")));
    fill(tools, person.moderating && !person.own && !MODERATORS.has(person.role)
      && menuButton({ label: t("people.actions", { name: person.name }),
        items: () => moderation(person.participant, person.name, person.muted) }));
  };
  node.update(first);
  return node;
}

/** The menu entries for one person; the same beside a message and in the list. */
export function moderationFor(room) {
  const send = (op, participant) => room.send(op, { participant }).catch(tellError);
  return (participant, name, muted) => [
    muted
      ? { icon: "announce", label: t("people.unmute"), run: () => send("unmute", participant) }
      : { icon: "mute", label: t("people.mute"), run: () => send("mute", participant) },
    {
      icon: "end", label: t("people.remove"), tone: "danger",
      run: async () => {
        if (await confirmed(t("people.remove.title", { name }), t("people.remove.text"), t("people.remove"))) {
          send("remove", participant);
        }
      },
    },
    {
      icon: "ban", label: t("people.ban"), tone: "danger",
      run: async () => {
        if (await confirmed(t("people.ban.title", { name }), t("people.ban.text"), t("people.ban"))) {
          send("ban", participant);
        }
      },
    },
  ];
}
