// Owns the picture of a poll's counts: a real table (option, count, share) drawn as bars, so that a reader hears
// numbers and an eye sees lengths. Never decides who may see counts: it draws what the poll holds.

import { fill, h, keyed, mark, say } from "./dom.js";
import { icon } from "./icons.js";
import { number, percent, t, tn } from "./i18n.js";

export const LETTERS = "ABCDEFGHIJKLMNOPQRST";

/** A chart with `update(poll, mine)`; `mine`: own choices, marked. */
export function chart() {
  const caption = h("caption", { class: "visually-hidden" });
  const rows = h("tbody", {});
  const head = h("thead", { class: "visually-hidden" }, h("tr", {},
    h("th", { scope: "col" }, t("poll.option")), h("th", { scope: "col" }, t("poll.answers"))));
  const node = h("table", { class: "chart" }, caption, head, rows);
  node.update = (poll, mine = []) => {
    const total = poll.total ?? 0;
    say(caption, `${poll.question}: ${tn("poll.total", total)}`);
    const top = Math.max(0, ...(poll.counts ?? []));
    keyed(rows, poll.options.map((text, index) => ({
      index, text, count: poll.counts?.[index] ?? 0, total, mine: mine.includes(index),
      correct: poll.correct?.includes(index) ?? false, judged: poll.correct !== undefined,
      leads: top > 0 && poll.counts?.[index] === top && !poll.open,
    })), (row) => row.index, bar);
  };
  return node;
}

function bar() {
  const letter = h("span", { class: "letter", "aria-hidden": "true" });
  const text = h("span", { class: "option-text" });
  const marks = h("span", { class: "marks" });
  const length = h("span", { class: "bar" });
  const count = h("span", { class: "bar-count" });
  const share = h("span", { class: "bar-share" });
  const node = h("tr", {},
    h("th", { scope: "row" }, letter, h("span", { class: "option-cell" }, text, " ", marks)),
    h("td", {}, h("span", { class: "track" }, length), h("span", { class: "figures" }, share, count)));
  let shown = "";
  node.update = (row) => {
    const part = row.total > 0 ? row.count / row.total : 0;
    mark(node, "data-option", row.index % 8);
    mark(node, "data-mine", row.mine);
    mark(node, "data-leads", row.leads);
    mark(node, "data-correct", row.judged ? String(row.correct) : null);
    say(letter, LETTERS[row.index]);
    say(text, row.text);
    say(count, number(row.count));
    say(share, percent(part));
    length.style.setProperty("--share", String(part));
    const signs = `${row.mine}${row.correct}`;
    if (signs === shown) return;
    shown = signs;
    fill(marks,
      row.correct && h("span", { class: "mark good" }, icon("check"), t("poll.correct")),
      row.mine && h("span", { class: "mark" }, t("poll.yours")));
  };
  return node;
}

/** Own choices of a ballot as a list of indexes. */
export function choicesOf(ballot) {
  if (!ballot) return [];
  return ballot.choices ?? (ballot.choice === undefined ? [] : [ballot.choice]);
}

/** Time left of a poll with a deadline, as text and as a shrinking line; `update(poll, serverNowMs)`. */
export function timer() {
  const text = h("span", { class: "timer-text" });
  const line = h("span", { class: "timer-line" }, h("span", {}));
  const node = h("div", { class: "timer", role: "timer", hidden: true }, icon("clock"), text, line);
  node.update = (poll, nowMs) => {
    const visible = poll.open && poll.closes_ts !== undefined;
    if (node.hidden === visible) node.hidden = !visible;
    if (!visible) return;
    const left = Math.max(0, poll.closes_ts - nowMs);
    const seconds = Math.ceil(left / 1000);
    say(text, `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`);
    mark(node, "data-hurry", left < 10_000);
    line.firstChild.style.setProperty("--left", String(left / Math.max(1, poll.closes_ts - poll.opened_ts)));
  };
  return node;
}
