// The projector: what the whole room should see, from the last row. The way in while nothing runs; a running poll with
// its bars; its result afterwards. Takes the teacher's seat but sends nothing.

import {
  brand, connectionBadge, connectionBar, eachSecond, mount, notice, preferences, renderWith, spinner,
} from "../app/shell.js";
import { LETTERS, chart, timer } from "../app/chart.js";
import { closedCover, openRoom, titleCount } from "../app/session.js";
import { codeText, joinAddress, qrImage } from "../app/share.js";
import { dropSeat, freshSeat, joinAsTeacher } from "../app/api.js";
import { h, linked, keyed, mark, say, show, fill } from "../app/dom.js";
import { t, tn } from "../app/i18n.js";
import { icon } from "../app/icons.js";

const secret = new URLSearchParams(location.hash.slice(1)).get("t") ?? "";
const go = mount(waiting);
addEventListener("hashchange", () => location.reload());
begin();

async function begin() {
  if (!secret) return go(problem);
  try {
    const seat = freshSeat(`t:${secret}`) ?? await joinAsTeacher(secret);
    const room = openRoom(seat, () => {
      dropSeat(`t:${secret}`);
      return joinAsTeacher(secret);
    });
    return go((signal) => screen({ room, seat, signal }));
  } catch {
    return go(problem);
  }
}

function waiting() {
  return h("main", { class: "center" }, spinner(t("link.connecting")));
}

function problem() {
  return [h("header", { class: "topbar plain" }, brand(), preferences()), h("main", { class: "center" }, notice({
    title: t("show.problem"), text: t("show.problem.text"), tone: "bad",
    actions: [h("a", { class: "button large", href: "/" }, t("closed.home"))],
  }))];
}

function screen({ room, seat, signal }) {
  document.title = `${seat.className} · LiveClassroom`;
  const where = joinAddress(seat);
  const invite = h("section", { class: "show-invite" }, qrImage(seat, "qr"),
    h("div", {}, h("p", { class: "show-lead" }, t("show.join")), h("p", { class: "show-address" }, where),
      seat.code && codeText(seat.code, "code huge")));
  const stage = h("section", { class: "show-stage", hidden: true, "aria-live": "polite" });
  const question = h("section", { class: "show-question", hidden: true });
  const announcement = h("p", { class: "show-announcement", hidden: true });
  const count = h("span", {});
  const hands = h("span", { class: "show-hands", hidden: true });
  const foot = h("footer", { class: "show-foot" },
    seat.code && h("span", { class: "show-foot-join" }, h("span", {}, where), codeText(seat.code, "code")),
    hands, h("span", { class: "show-count" }, icon("people"), count));
  const full = h("button", { type: "button", class: "quiet", onclick: () => (document.fullscreenElement
    ? document.exitFullscreen() : document.documentElement.requestFullscreen?.()) }, icon("open"), t("show.full"));
  let card = null;
  renderWith(room, signal, (state) => {
    const open = state.polls.filter((poll) => poll.open).at(-1);
    const latest = state.polls.filter((poll) => poll.counts !== undefined || poll.open).at(-1);
    const poll = open ?? latest;
    const top = state.questions.filter((one) => one.status === "open").sort((a, b) => b.votes - a.votes)[0];
    keyed(stage, poll ? [poll] : [], (one) => one.poll, (one) => {
      card = showCard(one, room);
      return card;
    });
    show(stage, !!poll);
    show(invite, !poll);
    show(question, !open && !!top);
    if (top) {
      fill(question, icon("question"), h("p", {}, linked(top.text)),
        h("span", { class: "votes" }, tn("questions.votes", top.votes)));
    }
    const newest = state.announcements.at(-1);
    show(announcement, !!newest && room.now() - newest.ts < 10 * 60_000);
    if (newest) say(announcement, newest.text);
    say(count, tn("people.count", state.presence.count));
    show(hands, state.hands.length > 0);
    fill(hands, icon("hand"), tn("show.hands", state.hands.length));
    mark(document.body, "data-busy", !!poll);
    titleCount(seat.className, 0);
  });
  eachSecond(signal, () => card?.tick());
  return h("div", { class: "show" },
    h("header", { class: "show-head" },
      h("h1", {}, seat.className), connectionBadge(room, signal), full, preferences()),
    connectionBar(room, signal), h("main", {}, announcement, invite, stage, question), foot,
    closedCover(room, signal, "/"));
}

/** Counts stay off the wall until the poll closes (unless it is shown live), so that nobody follows the crowd. */
function showCard(first, room) {
  const picture = chart();
  const clock = timer();
  const chip = h("span", { class: "chip" });
  const options = h("ol", { class: "show-options" });
  const total = h("p", { class: "show-total" });
  const node = h("article", { class: "show-poll" }, h("header", { class: "poll-head" }, chip, clock),
    h("h2", {}, first.question), options, picture, total);
  let poll = first;
  node.update = (next) => {
    poll = next;
    const counted = poll.counts !== undefined && (!poll.open || poll.show === "live");
    mark(node, "data-open", poll.open);
    say(chip, t(poll.open ? "show.answerNow" : "poll.closed"));
    clock.update(poll, room.now());
    show(options, !counted);
    if (!counted) {
      keyed(options, poll.options.map((text, index) => ({ text, index })), (one) => one.index, (one) => h("li",
        { "data-option": one.index % 8 }, h("span", { class: "letter" }, LETTERS[one.index]),
        h("span", { class: "option-text" }, one.text)));
    }
    show(picture, counted);
    if (counted) picture.update(poll);
    say(total, tn("poll.total", poll.total ?? 0));
  };
  node.tick = () => clock.update(poll, room.now());
  node.update(first);
  return node;
}
