// Owns the questions: asking (with or without a name), votes, and for moderators the queue: answer, dismiss.
// Open questions stand by votes, then by age; answered ones below. Never shows an author whom the server withheld.

import { clockTime, t, tn } from "./i18n.js";
import { fill, h, keyed, linked, mark, say, show } from "./dom.js";
import { MODERATORS } from "../sdk/live.js";
import { dialog } from "./dialogs.js";
import { icon } from "./icons.js";
import { renderWith } from "./shell.js";
import { tellError, toast } from "./toasts.js";

const TEXT_MAX = 1000;

/** `ctx`: {room, signal}. Gives {node, unread()}. */
export function questionsPanel(ctx) {
  const { room, signal } = ctx;
  let unread = 0;
  const open = h("ol", { class: "questions" });
  const done = h("ol", { class: "questions" });
  const count = h("span", { class: "head-count" });
  const more = h("details", { class: "earlier", hidden: true }, h("summary", {}, t("questions.answered")), done);
  const empty = h("div", { class: "empty" }, icon("question"), h("p", {}, t("questions.empty")));
  const asker = askForm(ctx);
  const scroll = h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": t("questions.title") },
    open, empty, more);
  const node = h("section", { class: "questions-panel", "aria-labelledby": "questions-title" },
    h("header", { class: "panel-head" }, h("h2", { id: "questions-title" }, t("questions.title")), count),
    scroll, asker);
  const visible = () => node.offsetParent !== null && document.visibilityState === "visible";
  room.addEventListener("question_asked", () => {
    if (!visible()) unread += 1;
  }, { signal });
  addEventListener("live:panel", () => {
    if (visible()) unread = 0;
  }, { signal });
  renderWith(room, signal, (state) => {
    const moderating = MODERATORS.has(state.role);
    const items = state.questions.map((question) => ({
      question, moderating, own: question.from === state.participant, nowMs: room.now(),
      upvoted: state.you.upvotes?.includes(question.id) ?? false, frozen: state.ended || state.role === "observer",
    }));
    const waiting = items.filter(({ question }) => question.status === "open")
      .sort((a, b) => b.question.votes - a.question.votes || a.question.ts - b.question.ts);
    const answered = items.filter(({ question }) => question.status === "answered").reverse();
    const make = (item) => questionCard(item, ctx);
    keyed(open, waiting, ({ question }) => question.id, make);
    keyed(done, answered, ({ question }) => question.id, make);
    show(empty, waiting.length === 0);
    show(more, answered.length > 0);
    show(count, waiting.length > 0);
    say(count, String(waiting.length));
    show(asker, !moderating && state.role !== "observer" && !state.ended);
    asker.allow(state);
  });
  return { node, unread: () => unread };
}

function questionCard(first, { room }) {
  const votes = h("span", { class: "votes" });
  const upvote = h("button", {
    type: "button", class: "upvote",
    onclick: () => {
      if (upvote.getAttribute("aria-pressed") === "true" || upvote.getAttribute("aria-disabled")) return;
      mark(upvote, "aria-pressed", "true");
      room.send("question_upvote", { question: first.question.id }).catch((error) => {
        mark(upvote, "aria-pressed", "false");
        tellError(error);
      });
    },
  }, icon("up"), votes);
  const meta = h("p", { class: "meta" });
  const answer = h("div", { class: "answer", hidden: true });
  const tools = h("div", { class: "actions" });
  const node = h("li", { class: "question", "data-id": first.question.id }, upvote,
    h("div", { class: "question-body" }, h("p", { class: "question-text" }, linked(first.question.text)),
      meta, answer, tools));
  let toolsFor = null;
  node.update = ({ question, moderating, own, upvoted, frozen, nowMs }) => {
    const still = frozen || moderating || question.status !== "open";
    mark(node, "data-status", question.status);
    mark(upvote, "aria-disabled", still ? "true" : null);
    if (upvote.getAttribute("aria-pressed") !== "true" || upvoted) mark(upvote, "aria-pressed", String(upvoted));
    mark(upvote, "aria-label", `${t("questions.upvote")}: ${tn("questions.votes", question.votes)}`);
    say(votes, String(question.votes));
    const author = question.name ? (question.anonymous ? t("questions.anonymous.by", { name: question.name })
      : question.name) : t("questions.anonymous");
    say(meta, `${own ? t("you") : author} · ${clockTime(question.ts, nowMs)}`);
    show(answer, question.status === "answered");
    if (question.status === "answered" && node.answer !== (question.answer ?? "")) {
      node.answer = question.answer ?? "";
      fill(answer, icon("check"), h("span", {}, question.answer ? linked(question.answer) : t("questions.aloud")));
    }
    const wanted = moderating && question.status === "open" && !frozen;
    if (toolsFor !== wanted) fill(tools, wanted && moderatorTools(question, room));
    toolsFor = wanted;
  };
  node.update(first);
  return node;
}

function moderatorTools(question, room) {
  const send = (op, fields) => room.send(op, { question: question.id, ...fields }).catch(tellError);
  return [
    h("button", { type: "button", class: "small", onclick: () => send("question_answer") },
      icon("check"), t("questions.answer.aloud")),
    h("button", { type: "button", class: "small quiet", onclick: () => answerDialog(question, send) },
      icon("reply"), t("questions.answer.write")),
    h("button", { type: "button", class: "small quiet icon-only", "aria-label": t("questions.dismiss"),
      title: t("questions.dismiss"), onclick: () => send("question_dismiss") }, icon("cross")),
  ];
}

function answerDialog(question, send) {
  dialog(t("questions.answer.title"), (close) => {
    const input = h("textarea", { rows: "4", maxlength: String(TEXT_MAX), autofocus: true,
      "aria-label": t("questions.answer.text") });
    return h("form", {
      class: "stack",
      onsubmit: (event) => {
        event.preventDefault();
        const text = input.value.trim();
        send("question_answer", text ? { text } : {});
        close();
      },
    }, h("blockquote", {}, question.text), input,
    h("div", { class: "actions end" },
      h("button", { type: "submit", class: "primary" }, t("questions.answer.publish"))));
  });
}

function askForm({ room }) {
  const input = h("textarea", { rows: "1", maxlength: String(TEXT_MAX), "aria-label": t("questions.ask"),
    placeholder: t("questions.ask") });
  const anonymous = h("input", { type: "checkbox" });
  const button = h("button", { type: "submit", class: "primary icon-only", "aria-label": t("questions.send") },
    icon("send"));
  const form = h("form", {
    class: "composer",
    onsubmit: async (event) => {
      event.preventDefault();
      const text = input.value.trim();
      if (text === "") return;
      button.disabled = true;
      input.value = "";
      try {
        await room.send("question_ask", { text, ...(anonymous.checked && { anonymous: true }) });
        toast(t("questions.asked"), { tone: "good" });
      } catch (error) {
        if (input.value === "") input.value = text;
        tellError(error);
      } finally {
        button.disabled = false;
        anonymous.checked = false;
      }
    },
  }, h("div", { class: "composer-row" }, input, button),
  h("label", { class: "check" }, anonymous, h("span", {}, t("questions.anonymously"))));
  form.allow = (state) => {
    mark(input, "disabled", state.you.muted);
    mark(button, "disabled", state.you.muted);
  };
  return form;
}
