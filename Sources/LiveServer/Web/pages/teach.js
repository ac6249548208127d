// The teacher's page: polls, questions, hands, chat, people, the ways in, and the end of the class.

import {
  brand, connectionBadge, connectionBar, mount, notice, panels, preferenceItems, preferences, renderWith, spinner,
} from "../app/shell.js";
import { closedCover, openRoom, titleCount } from "../app/session.js";
import { confirmed, menuButton } from "../app/dialogs.js";
import { dropSeat, freshSeat, joinAsTeacher } from "../app/api.js";
import { fill, h, mark, say, show } from "../app/dom.js";
import { handQueue } from "../app/hands.js";
import { moderationFor, peoplePanel } from "../app/people.js";
import { codeText, joinAddress, qrImage, shareDialog } from "../app/share.js";
import { t, tn } from "../app/i18n.js";
import { Unsent } from "../app/unsent.js";
import { announceDialog } from "../app/announcements.js";
import { chatPanel } from "../app/chat.js";
import { icon } from "../app/icons.js";
import { pollComposer } from "../app/composer.js";
import { pollDesk } from "../app/desk.js";
import { questionsPanel } from "../app/questions.js";
import { downloadRecord, recordButton } from "../app/record.js";
import { tellError, toast } from "../app/toasts.js";

const secret = new URLSearchParams(location.hash.slice(1)).get("t") ?? "";
const go = mount(waiting);
addEventListener("hashchange", () => location.reload());
begin();

async function begin() {
  if (!secret) return go(() => problem("noLink"));
  const kept = freshSeat(`t:${secret}`);
  if (kept) return enter(kept);
  go(waiting);
  try {
    return enter(await joinAsTeacher(secret));
  } catch (error) {
    return go(() => problem(error.status === 0 ? "network" : error.status === 429 ? "busy" : "noLink"));
  }
}

function waiting() {
  document.title = `${t("teach.title")} · LiveClassroom`;
  return [h("header", { class: "topbar plain" }, brand(), preferences()),
    h("main", { class: "center" }, spinner(t("link.connecting")))];
}

function problem(kind) {
  return [h("header", { class: "topbar plain" }, brand(), preferences()), h("main", { class: "center" }, notice({
    title: t(`teach.problem.${kind}`), text: t(`teach.problem.${kind}.text`), tone: "bad",
    actions: [
      kind !== "noLink" && h("button", { type: "button", class: "primary large", onclick: () => begin() }, t("retry")),
      h("a", { class: "button large", href: "/" }, t("closed.home")),
    ],
  }))];
}

function enter(seat) {
  const room = openRoom(seat, () => {
    dropSeat(`t:${secret}`);
    return joinAsTeacher(secret);
  });
  const unsent = new Unsent(room, seat);
  go((signal) => roomScreen({ room, seat, unsent, signal }));
}

function roomScreen(ctx) {
  const { room, seat, signal } = ctx;
  ctx.moderation = moderationFor(room);
  const composer = pollComposer(ctx);
  ctx.again = (poll) => composer.refill(poll);
  const desk = pollDesk(ctx);
  const chat = chatPanel(ctx);
  const questions = questionsPanel(ctx);
  const hands = handQueue(ctx);
  const people = peoplePanel(ctx);
  const ended = h("div", { class: "ended", hidden: true }, icon("check"), h("div", {}, h("h2", {}, t("ended.title")),
    h("p", {}, t("ended.teacher")), recordButton(seat)));
  const now = h("section", { class: "now scroll", "aria-label": t("nav.polls"), tabindex: "0" },
    ended, composer.node, invitation(ctx), desk.node);
  const voices = h("div", { class: "voices" }, hands, questions.node);
  const view = panels([
    { id: "now", label: t("nav.polls"), icon: "poll", node: now },
    { id: "voices", label: t("nav.questions"), icon: "question", node: voices,
      unread: () => questions.unread() + (view?.selected() === "voices" ? 0 : room.model.state.hands.length) },
    { id: "chat", label: t("nav.chat"), icon: "chat", node: chat.node, unread: chat.unread },
    { id: "people", label: t("nav.people"), icon: "people", node: people.node },
  ], { signal, initial: "now" });
  ctx.leavePeople = () => view.select("now");
  const loading = h("div", { class: "room-loading" }, spinner(t("link.connecting")));
  const spoken = h("div", { class: "visually-hidden", role: "status" });
  const heard = ({ detail }) => say(spoken, t("hand.raisedBy", { name: detail.name }));
  room.addEventListener("hand_raised", heard, { signal });
  renderWith(room, signal, (state) => {
    show(loading, !state.attached);
    show(view.node, state.attached);
    show(ended, state.ended);
    show(composer.node, !state.ended);
    view.refresh();
    titleCount(seat.className, chat.unread() + questions.unread());
  });
  return [header(ctx, view), connectionBar(room, signal), loading, view.node, view.bar, spoken,
    closedCover(room, signal, "/")];
}

function header(ctx, view) {
  const { room, seat, signal } = ctx;
  const showLink = `/show#t=${encodeURIComponent(secret)}`;
  const count = h("span", {});
  const peopleButton = h("button", { type: "button", class: "quiet people-count",
    onclick: () => view.select(view.selected() === "people" ? "now" : "people") }, icon("people"), count);
  const lock = h("button", { type: "button", class: "quiet wide-only", onclick: () => setLock(room) });
  renderWith(room, signal, (state) => {
    say(count, String(state.presence.count));
    mark(peopleButton, "aria-label", tn("people.count", state.presence.count));
    mark(lock, "aria-pressed", String(state.locked));
    if (lock.shown !== state.locked) fill(lock, icon("lock"), t(state.locked ? "lock.locked" : "lock.open"));
    lock.shown = state.locked;
    show(lock, !state.ended);
  });
  const more = menuButton({ label: t("settings"), items: () => [
    { icon: "announce", label: t("announce.make"), run: () => announceDialog(ctx) },
    { icon: "board", label: t("share.show"), run: () => open(showLink, "_blank", "noopener") },
    { icon: "lock", label: t(room.model.state.locked ? "lock.unlock" : "lock.lock"), run: () => setLock(room) },
    { icon: "download", label: t("record.download"), run: () => downloadRecord(seat) },
    ...preferenceItems(),
    ...(room.model.state.ended ? [] : [
      { icon: "end", label: t("end.class"), tone: "danger", run: () => endClass(room) },
    ]),
  ] });
  return h("header", { class: "topbar" },
    h("a", { class: "brand icon-only", href: "/", "aria-label": t("app.home") }, brand().firstChild),
    h("div", { class: "where" }, h("h1", {}, seat.className), connectionBadge(room, signal)),
    seat.code && h("button", { type: "button", class: "code-chip", "aria-label": t("share.open", { code: seat.code }),
      onclick: () => shareDialog(seat, showLink) }, icon("share"), codeText(seat.code, "code")),
    peopleButton, lock,
    h("button", { type: "button", class: "quiet wide-only", onclick: () => announceDialog(ctx) }, icon("announce"),
      t("announce.short")),
    h("a", { class: "button quiet wide-only", href: showLink, target: "_blank", rel: "noopener" }, icon("board"),
      t("share.show.short")), more);
}

/** While nobody is there yet: the way in, in the middle of the page instead of behind a button. */
function invitation({ room, seat, signal }) {
  const node = h("div", { class: "invitation card", hidden: true }, qrImage(seat, "qr"),
    h("div", {}, h("h2", {}, t("share.invite")), h("p", {}, joinAddress(seat)),
      seat.code && codeText(seat.code, "code large"), h("p", { class: "hint" }, t("share.hint"))));
  renderWith(room, signal, (state) => {
    show(node, state.attached && !state.ended && !!seat.code && state.presence.count <= 1 && state.polls.length === 0);
  });
  return node;
}

function setLock(room) {
  const locked = !room.model.state.locked;
  const done = () => toast(t(locked ? "lock.done" : "lock.undone"), { tone: "good" });
  room.send("room_lock", { locked }).then(done, tellError);
}

async function endClass(room) {
  if (await confirmed(t("end.title"), t("end.text"), t("end.class"))) room.send("room_end").catch(tellError);
}
