// Owns the student's stage: open polls as large buttons, what became of the own answer, results, earlier polls.
// An answer that may be changed is sent with one tap; one that may not is chosen first and sent with a second.
// Never counts: figures are the server's.

import { LETTERS, chart, choicesOf, timer } from "./chart.js";
import { eachSecond, renderWith } from "./shell.js";
import { fill, h, keyed, mark, passFocus, say, show } from "./dom.js";
import { t, tn } from "./i18n.js";
import { icon } from "./icons.js";
import { refusalWords, toast } from "./toasts.js";

const QUESTION_TOLD = 80;

/** `ctx`: {room, signal}. Gives {node}; `node` holds the newest poll and those before. */
export function pollStage(ctx) {
  const { room, signal } = ctx;
  const current = h("div", { class: "poll-list" });
  const earlier = h("div", { class: "poll-list" });
  const more = h("details", { class: "earlier", hidden: true }, h("summary", {}, t("poll.earlier")), earlier);
  const empty = h("div", { class: "empty stage-empty" }, icon("poll"), h("h2", {}, t("stage.empty")),
    h("p", {}, t("stage.empty.text")));
  const spoken = h("div", { class: "visually-hidden", role: "status" });
  const node = h("div", { class: "stage" }, spoken, current, empty, more);
  room.addEventListener("poll_started", ({ detail }) => say(spoken, t("poll.started", { question: detail.question })),
    { signal });
  room.addEventListener("poll_results", ({ detail }) => say(spoken, resultWords(room, detail.poll)), { signal });
  // The refusal may come much later than the tap, or after a reload: it says which question it is about.
  room.addEventListener("ballot_dropped", ({ detail }) => {
    const { question = "" } = room.model.state.polls.find((one) => one.poll === detail.poll) ?? {};
    const told = question.length > QUESTION_TOLD ? `${question.slice(0, QUESTION_TOLD)} …` : question;
    toast(t("poll.dropped", { question: told, reason: refusalWords(detail) }), { tone: "bad" });
  }, { signal });
  const cards = new Set();
  const make = (poll) => {
    const card = pollCard(poll, ctx);
    cards.add(card);
    return card;
  };
  renderWith(room, signal, (state) => {
    const open = state.polls.filter((poll) => poll.open).reverse();
    const closed = state.polls.filter((poll) => !poll.open).reverse();
    const shown = open.length > 0 ? open : closed.slice(0, 1);
    show(empty, shown.length === 0);
    keyed(current, shown, (poll) => poll.poll, make);
    const rest = closed.filter((poll) => !shown.includes(poll));
    show(more, rest.length > 0);
    keyed(earlier, rest, (poll) => poll.poll, make);
  });
  eachSecond(signal, () => cards.forEach((card) => card.isConnected && card.tick()));
  return { node };
}

function resultWords(room, id) {
  const poll = room.model.state.polls.find((one) => one.poll === id);
  if (!poll?.counts) return "";
  const parts = poll.options.map((option, index) => `${option}: ${poll.counts[index]}`);
  return `${poll.question}. ${parts.join(", ")}`;
}

function pollCard(first, { room, signal }) {
  const options = h("div", { class: "options", role: "group", "aria-label": first.question });
  const picture = chart();
  const clock = timer();
  const chip = h("span", { class: "chip" });
  const receipt = h("div", { class: "receipt", role: "status" });
  const sendButton = h("button", { type: "button", class: "primary large", onclick: () => {
    // The button goes: what it has sent is where to go on.
    passFocus(sendButton, options.children[Math.min(...picked)]);
    answer([...picked]);
  } }, icon("send"), t("poll.send"));
  const footer = h("p", { class: "poll-foot" });
  let picked = new Set();
  let poll = first;
  let mayAnswer = false;
  const ballot = () => room.model.state.you.ballots?.find((b) => b.poll === poll.poll);
  const node = h("article", { class: "poll card", "data-poll": first.poll, tabindex: "-1" },
    h("header", { class: "poll-head" }, chip, clock),
    h("h2", { class: "poll-question" }, first.question), options, picture, sendButton, receipt, footer);

  const answer = (choices) => {
    const choice = poll.kind === "multiple" ? choices.sort((a, b) => a - b) : choices[0];
    picked = new Set();
    // What is refused for good is told as `ballot_dropped`; anything else is sent again.
    room.answer(poll.poll, choice).catch(() => {});
  };
  const press = (index) => {
    if (!mayAnswer) return undefined;
    if (poll.kind === "multiple") {
      if (picked.size === 0) picked = new Set(choicesOf(ballot()));
      if (picked.has(index)) picked.delete(index);
      else picked.add(index);
    } else if (poll.allow_change) {
      return answer([index]);
    } else {
      picked = new Set([index]);
    }
    return node.update(poll);
  };

  node.update = (next) => {
    poll = next;
    const { role, ended } = room.model.state;
    const mine = ballot();
    const chosen = picked.size > 0 ? [...picked] : choicesOf(mine);
    mayAnswer = poll.open && !ended && role === "student" && (!mine || poll.allow_change);
    const counted = poll.counts !== undefined && (!poll.open || poll.show === "live") && (!mayAnswer || mine);
    mark(node, "data-open", poll.open);
    say(chip, t(poll.open ? `poll.kind.${poll.kind}` : "poll.closed"));
    clock.update(poll, room.now());
    const withButtons = poll.open && !(counted && !mayAnswer);
    if (!withButtons) passFocus(options, node);
    show(options, withButtons);
    if (withButtons) {
      keyed(options, poll.options.map((text, index) => ({
        text, index, disabled: !mayAnswer, picked: chosen.includes(index), multiple: poll.kind === "multiple",
      })), (option) => option.index, (option) => optionButton(option, press));
    }
    show(picture, counted);
    if (counted) picture.update(poll, choicesOf(mine));
    show(sendButton, mayAnswer && picked.size > 0 && (poll.kind === "multiple" || !poll.allow_change));
    drawReceipt(receipt, poll, mine, picked.size > 0);
    say(footer, footWords(poll, role, mine));
  };
  node.tick = () => clock.update(poll, room.now());
  signal.addEventListener("abort", () => node.remove());
  node.update(first);
  return node;
}

function optionButton(first, press) {
  const sign = h("span", { class: "option-sign" });
  const node = h("button", { type: "button", class: "option", "data-option": first.index % 8,
    onclick: () => press(first.index) },
  h("span", { class: "letter", "aria-hidden": "true" }, LETTERS[first.index]),
  h("span", { class: "option-text" }, first.text), sign);
  node.update = (option) => {
    mark(node, "aria-pressed", String(option.picked));
    // Still reachable and readable when it can no longer be pressed.
    mark(node, "aria-disabled", option.disabled ? "true" : null);
    mark(node, "disabled", option.disabled && !option.picked);
    mark(node, "data-multiple", option.multiple);
    if ((sign.childElementCount > 0) !== option.picked) fill(sign, option.picked && icon("check"));
  };
  node.update(first);
  return node;
}

/** What is known of the own answer: on its way, received, safe. */
function drawReceipt(node, poll, ballot, changing) {
  const state = !ballot || changing ? "" : ballot.durable === "store" ? "stored" : ballot.durable ?? "sending";
  mark(node, "data-durable", state || null);
  if (node.shown === state) return;
  node.shown = state;
  if (state === "") return fill(node);
  fill(node, icon(state === "sending" ? "clock" : "check"), t(`receipt.${state}`));
}

function footWords(poll, role, mine) {
  if (!poll.open) {
    if (poll.counts === undefined) return t("poll.hidden");
    const waiting = poll.final === false ? ` ${t("poll.provisional")}` : "";
    return tn("poll.total", poll.total ?? 0) + waiting;
  }
  if (role !== "student") return "";
  if (!mine && poll.kind === "multiple") return t("poll.hint.multiple");
  if (!mine) return t(poll.allow_change ? "poll.hint.tap" : "poll.hint.once");
  return t(poll.allow_change ? "poll.hint.change" : "poll.hint.wait");
}

