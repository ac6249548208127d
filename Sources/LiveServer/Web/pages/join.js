// The student's page: from a code to a name to the room. A reload goes straight back into the room.

import {
  brand, connectionBadge, connectionBar, mount, notice, panels, preferenceItems, preferences, renderWith, spinner,
} from "../app/shell.js";
import {
  cleanCode, dropSeat, freshSeat, joinByCode, lookUpClass, patiently, problemKind, savedSeat,
} from "../app/api.js";
import { closedCover, openRoom, titleCount } from "../app/session.js";
import { h, say, show } from "../app/dom.js";
import { t, tn } from "../app/i18n.js";
import { Unsent } from "../app/unsent.js";
import { announcementBanner } from "../app/announcements.js";
import { chatPanel } from "../app/chat.js";
import { handButton } from "../app/hands.js";
import { icon } from "../app/icons.js";
import { menuButton } from "../app/dialogs.js";
import { moderationFor, peoplePanel } from "../app/people.js";
import { pollStage } from "../app/polls.js";
import { questionsPanel } from "../app/questions.js";

const NAME_MAX = 64;
const codeInAddress = () => cleanCode(new URLSearchParams(location.hash.slice(1)).get("c") ?? "");

let code = codeInAddress();
const go = mount(waiting);
addEventListener("hashchange", () => location.reload());
begin();

function begin() {
  if (!code) return go(codeForm);
  const seat = freshSeat(`c:${code}`);
  if (seat) return enter(seat);
  go(waiting);
  return lookUpClass(code).then((found) => go((signal) => nameForm(found, signal)), (error) => {
    go(() => problem(error));
  });
}

function waiting() {
  document.title = `${t("join.title")} · LiveClassroom`;
  return [frame(), h("main", { class: "center" }, spinner(t("join.looking")))];
}

function frame() {
  return h("header", { class: "topbar plain" }, brand(), preferences());
}

function codeForm() {
  document.title = `${t("join.title")} · LiveClassroom`;
  const input = h("input", { type: "text", class: "code-input", maxlength: "9", autocomplete: "off",
    autocapitalize: "characters", spellcheck: "false", placeholder: "ABC 234", required: true, autofocus: true });
  return [frame(), h("main", { class: "center" }, h("form", {
    class: "card door",
    onsubmit: (event) => {
      event.preventDefault();
      code = cleanCode(input.value);
      if (!code) return;
      history.replaceState(null, "", `/join${location.search}#c=${code}`);
      begin();
    },
  }, h("h1", {}, t("join.title")), h("label", { class: "field" }, h("span", {}, t("home.join.code")), input),
  h("button", { type: "submit", class: "primary large wide" }, t("join.next"))))];
}

function problem(error) {
  const actions = [
    h("button", { type: "button", class: "primary large", onclick: () => begin() }, icon("retry"), t("retry")),
    h("button", { type: "button", class: "large", onclick: () => {
      code = "";
      history.replaceState(null, "", `/join${location.search}`);
      go(codeForm);
    } }, t("join.otherCode")),
  ];
  const kind = problemKind(error);
  const text = t(`join.problem.${kind}.text`, { code });
  return [frame(), h("main", { class: "center" },
    notice({ title: t(`join.problem.${kind}`), text, actions, tone: "bad" }))];
}

function nameForm(found) {
  document.title = `${found.name} · LiveClassroom`;
  if (found.guests === "off") return problem({ status: 403 });
  const anonymous = found.guests === "anonymous";
  const input = h("input", { type: "text", maxlength: String(NAME_MAX), autocomplete: "nickname", autofocus: true,
    required: true, value: savedSeat(`c:${code}`)?.name ?? "", placeholder: t("join.name.example") });
  const wrong = h("p", { class: "problem", role: "alert", hidden: true });
  const button = h("button", { type: "submit", class: "primary large wide" }, t("join.go"));
  const tell = (text) => {
    say(wrong, text);
    show(wrong, true);
  };
  return [frame(), h("main", { class: "center" }, h("form", {
    class: "card door",
    onsubmit: async (event) => {
      event.preventDefault();
      const name = anonymous ? undefined : input.value.trim();
      if (name === "") return input.focus();
      button.disabled = true;
      show(wrong, false);
      try {
        enter(await patiently(() => joinByCode(code, name), (seconds) => tell(t("join.full", { seconds }))));
      } catch (error) {
        button.disabled = false;
        tell(t(`join.problem.${problemKind(error)}.text`, { code }));
      }
      return undefined;
    },
  }, h("p", { class: "eyebrow" }, t("join.into")), h("h1", {}, found.name),
  found.locked && h("p", { class: "problem" }, t("join.locked")),
  anonymous
    ? h("p", { class: "hint" }, t("join.anonymous"))
    : h("label", { class: "field" }, h("span", {}, t("join.name")), input),
  wrong, button, h("p", { class: "hint small-print" }, t("join.visible"))))];
}

function enter(seat) {
  const room = openRoom(seat, () => {
    dropSeat(`c:${code}`);
    return joinByCode(code, seat.name);
  });
  const unsent = new Unsent(room, seat);
  go((signal) => roomScreen({ room, seat, unsent, signal }));
}

function roomScreen(ctx) {
  const { room, seat, signal } = ctx;
  ctx.moderation = moderationFor(room);
  const stage = pollStage(ctx);
  const chat = chatPanel(ctx);
  const questions = questionsPanel(ctx);
  const people = peoplePanel(ctx);
  const ended = h("div", { class: "ended", hidden: true }, icon("check"), h("div", {}, h("h2", {}, t("ended.title")),
    h("p", {}, t("ended.text"))));
  const now = h("section", { class: "now scroll", "aria-label": t("nav.now"), tabindex: "0" },
    announcementBanner(ctx), ended, stage.node);
  let waitingPolls = 0;
  const view = panels([
    { id: "now", label: t("nav.now"), icon: "poll", node: now,
      unread: () => (view?.selected() === "now" ? 0 : waitingPolls) },
    { id: "chat", label: t("nav.chat"), icon: "chat", node: chat.node, unread: chat.unread },
    { id: "questions", label: t("nav.questions"), icon: "question", node: questions.node, unread: questions.unread },
    { id: "people", label: t("nav.people"), icon: "people", node: people.node },
  ], { signal, initial: "now" });
  ctx.leavePeople = () => view.select("now");
  const nudge = h("button", { type: "button", class: "nudge", hidden: true, onclick: () => view.select("now") });
  const loading = h("div", { class: "room-loading" }, spinner(t("link.connecting")));

  room.addEventListener("poll_started", () => {
    // A new poll comes to the front, unless somebody is in the middle of a sentence.
    const writing = document.activeElement?.matches("textarea, input") && document.activeElement.value !== "";
    if (!writing) view.select("now");
  }, { signal });
  renderWith(room, signal, (state) => {
    waitingPolls = state.polls.filter((poll) => poll.open
      && !state.you.ballots?.some((ballot) => ballot.poll === poll.poll)).length;
    say(nudge, tn("stage.waiting", waitingPolls));
    show(nudge, waitingPolls > 0);
    show(loading, !state.attached);
    show(view.node, state.attached);
    show(ended, state.ended);
    view.refresh();
    titleCount(seat.className, chat.unread() + waitingPolls);
  });
  return [
    h("header", { class: "topbar" },
      h("a", { class: "brand icon-only", href: "/", "aria-label": t("app.home") }, brand().firstChild),
      h("div", { class: "where" }, h("h1", {}, seat.className), connectionBadge(room, signal)),
      peopleCount(ctx, view), handButton(ctx),
      menuButton({ label: t("settings"), items: preferenceItems })),
    connectionBar(room, signal), loading, view.node, nudge, view.bar, closedCover(room, signal, "/"),
  ];
}

function peopleCount({ room, signal }, view) {
  const text = h("span", {});
  const button = h("button", { type: "button", class: "quiet people-count", "aria-label": t("people.title"),
    onclick: () => view.select(view.selected() === "people" ? "now" : "people") }, icon("people"), text);
  renderWith(room, signal, (state) => {
    say(text, String(state.presence.count));
    button.setAttribute("aria-label", tn("people.count", state.presence.count));
  });
  return button;
}
