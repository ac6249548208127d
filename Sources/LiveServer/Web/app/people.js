// Owns the list of who is there. Rooms above 100 send counts only: moderators then page through the server's list,
// from its beginning each time the panel opens, and what is told of who comes and goes keeps it right meanwhile;
// everybody else sees the number. For moderators each person has a menu: mute, remove, ban.

import { h, keyed, mark, redraw, say, show } from "./dom.js";
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
  const nobody = h("p", { class: "empty-note", hidden: true, role: "status" });
  const more = h("button", { type: "button", class: "wide", hidden: true, onclick: () => load(paged) },
    t("people.more"));
  const filter = h("input", { type: "search", placeholder: t("people.find"), "aria-label": t("people.find"),
    oninput: () => draw() });
  const finder = h("div", { class: "finder" }, filter);
  const scroll = h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": t("people.title") },
    list, nobody, note, more);
  const leave = () => ctx.leavePeople?.();
  const node = h("section", { class: "people-panel", "aria-labelledby": "people-title",
    onkeydown: (event) => event.key === "Escape" && leave() },
  h("header", { class: "panel-head" }, h("h2", { id: "people-title" }, t("people.title")), count,
    h("button", { type: "button", class: "quiet icon-only drawer-close", "aria-label": t("close"), onclick: leave },
      icon("cross"))), finder, scroll);
  let paged = null;
  let loading = false;

  /** The page behind `known`, or the first. */
  const load = async (known) => {
    if (loading) return;
    loading = true;
    try {
      const page = await peopleOf(seat, known?.next);
      paged = { people: joining(known?.people ?? [], page.participants), next: page.next };
      draw();
    } catch (error) {
      tellError(error);
    } finally {
      loading = false;
    }
  };
  const large = ({ role, presence }) => MODERATORS.has(role) && !presence.whole;
  addEventListener("live:panel", ({ detail }) => {
    if (detail === "people" && large(room.model.state)) load(null);
  }, { signal });
  room.addEventListener("presence", ({ detail: { joined = [], left = [] } }) => {
    if (!paged) return;
    const people = paged.people.filter(({ participant }) => !left.includes(participant));
    // Who has just come stands first, where it is seen.
    paged = { ...paged, people: joining(joined, people) };
  }, { signal });
  const render = (state) => {
    const moderating = MODERATORS.has(state.role);
    const { presence } = state;
    const people = presence.whole || !paged ? presence.people : paged.people;
    const wanted = filter.value.trim().toLocaleLowerCase();
    say(count, tn("people.count", presence.count));
    const found = people.filter(({ name }) => name.toLocaleLowerCase().includes(wanted));
    show(finder, people.length > 8 || wanted !== "");
    show(nobody, wanted !== "" && found.length === 0);
    say(nobody, nobody.hidden ? "" : t(large(state) ? "people.noneLoaded" : "people.none"));
    show(note, presence.count > NAMED_PEOPLE_MAX && !moderating);
    show(more, large(state) && (!paged || !!paged.next));
    keyed(list, found.map((person) => ({
      ...person, moderating, own: person.participant === state.participant,
      muted: state.muted.includes(person.participant),
      hand: state.hands.some((hand) => hand.participant === person.participant),
    })), (person) => person.participant, (person) => personRow(person, ctx));
  };
  const draw = renderWith(room, signal, render);
  return { node };
}

/** Two lists in one, each person once, as the second list has them. */
function joining(first, second) {
  const again = new Set(second.map(({ participant }) => participant));
  return [...first.filter(({ participant }) => !again.has(participant)), ...second];
}

function personRow(first, { moderation }) {
  const signs = h("span", { class: "marks" });
  const tools = h("span", { class: "row-tools" });
  const name = h("span", { class: "name" });
  const node = h("li", { class: "person", "data-hue": hue(first.participant) },
    h("div", { class: "avatar", "aria-hidden": "true" }, initial(first.name)), name,
    MODERATORS.has(first.role) && h("span", { class: "role" }, t(`role.${first.role}`)), signs, tools);
  node.update = (person) => {
    say(name, person.own ? `${person.name} (${t("you")})` : person.name);
    mark(node, "data-own", person.own);
    redraw(signs, `${person.hand} ${person.muted}`, () => [
      person.hand && h("span", { class: "mark hand-mark" }, icon("hand"), t("hand.title.one")),
      person.muted && h("span", { class: "mark" }, icon("mute"), t("people.muted")),
    ]);
    const wanted = person.moderating && !person.own && !MODERATORS.has(person.role);
    redraw(tools, `${wanted} ${person.name}`, () => wanted && menuButton({
      label: t("people.actions", { name: person.name }), items: () => moderation(person.participant, person.name),
    }));
  };
  node.update(first);
  return node;
}

/** The menu entries for one person; the same beside a message and in the list. */
export function moderationFor(room) {
  const send = (op, participant) => room.send(op, { participant }).catch(tellError);
  return (participant, name) => [
    room.model.state.muted.includes(participant)
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
