// Owns the making of a poll: one click for the usual ones, a form for the rest.

import { fill, h, mark, passFocus, show } from "./dom.js";
import { LETTERS } from "./chart.js";
import { icon } from "./icons.js";
import { t } from "./i18n.js";
import { tellError } from "./toasts.js";

const OPTIONS_MAX = 20;
const OPTION_CHARS = 200;
const QUESTION_CHARS = 500;
const DURATIONS_S = [0, 30, 60, 120, 300];

/** `ctx`: {room, signal}. Gives {node, refill(poll)}. */
export function pollComposer({ room }) {
  const question = h("input", { type: "text", class: "question-input", maxlength: String(QUESTION_CHARS),
    placeholder: t("compose.question"), "aria-label": t("compose.question"), autocomplete: "off" });
  const form = { kind: "single", options: ["", ""], correct: new Set(), duration: 0, live: false, change: true };
  const body = h("div", { class: "compose-body", hidden: true });
  const toggle = h("button", { type: "button", class: "own", "aria-expanded": "false",
    onclick: () => openBody(body.hidden) }, icon("plus"), h("span", {}, t("compose.own")));

  const optionInput = (index) => body.querySelectorAll(".option-rows input[type=text]")[index];
  const openBody = (open) => {
    if (!open) passFocus(body, toggle);
    show(body, open);
    toggle.setAttribute("aria-expanded", String(open));
    if (open) drawBody();
  };
  let starting = false;
  const start = async (fields) => {
    if (starting) return;
    busy(true);
    try {
      await room.send("poll_open", fields);
      question.value = "";
      form.options = ["", ""];
      form.correct = new Set();
      openBody(false);
    } catch (error) {
      tellError(error);
    } finally {
      busy(false);
    }
  };
  // Said to be disabled, but not: a disabled button would lose the focus.
  const busy = (on) => {
    starting = on;
    const said = on ? "true" : null;
    node.querySelectorAll(".template, [type=submit]").forEach((button) => mark(button, "aria-disabled", said));
  };
  const quick = (options, fallback) => start({
    question: question.value.trim() || fallback, kind: "single", options, allow_change: true, show: "after",
  });
  const templates = h("div", { class: "templates", role: "group", "aria-label": t("compose.quick") },
    template(t("compose.yesNo"), () => quick([t("compose.yes"), t("compose.no")], t("compose.ask.yesNo"))),
    template("A – D", () => quick([...LETTERS.slice(0, 4)], t("compose.ask.letters"))),
    template(t("compose.trueFalse"), () => quick([t("compose.true"), t("compose.false")], t("compose.ask.trueFalse"))),
    template("1 – 5", () => quick(["1", "2", "3", "4", "5"], t("compose.ask.scale"))), toggle);

  const drawBody = () => {
    const rows = form.options.map((text, index) => optionRow(form, text, index, () => {
      drawBody();
      optionInput(Math.min(index, form.options.length - 1)).focus();
    }));
    // The control that was pressed is made anew, and keeps the focus.
    const held = body.contains(document.activeElement) ? document.activeElement.dataset.control : undefined;
    fill(body,
      segmented(t("compose.kind"), ["single", "multiple", "quiz"].map((value) => [value, t(`poll.kind.${value}`)]),
        form.kind, (value) => {
          form.kind = value;
          form.change = value === "single";
          drawBody();
        }),
      h("fieldset", { class: "option-rows" }, h("legend", {}, t(form.kind === "quiz" ? "compose.options.quiz"
        : "compose.options")), rows,
      form.options.length < OPTIONS_MAX && h("button", { type: "button", class: "quiet small",
        onclick: () => {
          form.options.push("");
          drawBody();
          optionInput(form.options.length - 1).focus();
        } }, icon("plus"), t("compose.addOption"))),
      segmented(t("compose.duration"), DURATIONS_S.map((value) => [value, value === 0 ? t("compose.noLimit")
        : value < 60 ? t("compose.seconds", { n: value }) : t("compose.minutes", { n: value / 60 })]),
      form.duration, (value) => {
        form.duration = value;
        drawBody();
      }),
      check(t("compose.live"), form.live, (on) => {
        form.live = on;
      }),
      form.kind !== "quiz" && check(t("compose.change"), form.change, (on) => {
        form.change = on;
      }),
      h("div", { class: "actions end" },
        h("button", { type: "submit", class: "primary", onclick: once() }, icon("poll"), t("compose.start"))));
    if (held) [...body.querySelectorAll("[data-control]")].find(({ dataset }) => dataset.control === held)?.focus();
  };
  const submit = (event) => {
    event.preventDefault();
    if (body.hidden) return openBody(true);
    const kept = form.options.map((text, index) => ({ text: text.trim(), index })).filter(({ text }) => text !== "");
    if (question.value.trim() === "") return question.focus();
    if (kept.length < 2) return body.querySelector(".option-rows input[type=text]:placeholder-shown")?.focus();
    const correct = kept.flatMap(({ index }, at) => (form.correct.has(index) ? [at] : []));
    return start({
      question: question.value.trim(), kind: form.kind, options: kept.map(({ text }) => text),
      show: form.live ? "live" : "after",
      ...(form.kind === "quiz" ? { correct } : { allow_change: form.change }),
      ...(form.duration > 0 && { duration_s: form.duration }),
    });
  };
  const node = h("form", { class: "compose card", onsubmit: submit, "aria-label": t("compose.title") },
    h("h2", {}, t("compose.title")), question, templates, body);
  return {
    node,
    /** Fills the form with an earlier poll, to ask it again. */
    refill(poll) {
      question.value = poll.question;
      Object.assign(form, {
        kind: poll.kind, options: [...poll.options], correct: new Set(poll.correct ?? []),
        live: poll.show === "live", change: poll.allow_change,
      });
      openBody(true);
      question.focus();
    },
  };
}

function template(label, run) {
  return h("button", { type: "button", class: "template", onclick: once(run) }, label);
}

/** The second click of a double click asks for nothing: the first may have been answered already. */
function once(run) {
  return (event) => (event.detail > 1 ? event.preventDefault() : run?.());
}

function optionRow(form, text, index, removed) {
  const input = h("input", { type: "text", maxlength: String(OPTION_CHARS), value: text, autocomplete: "off",
    placeholder: t("compose.option", { letter: LETTERS[index] }),
    "aria-label": t("compose.option", { letter: LETTERS[index] }),
    oninput: () => {
      form.options[index] = input.value;
    } });
  return h("div", { class: "option-row", "data-option": index % 8 },
    h("span", { class: "letter", "aria-hidden": "true" }, LETTERS[index]), input,
    form.kind === "quiz" && h("label", { class: "check" },
      h("input", { type: "checkbox", checked: form.correct.has(index),
        "aria-label": t("compose.isCorrect", { letter: LETTERS[index] }),
        onchange: (event) => (event.target.checked ? form.correct.add(index) : form.correct.delete(index)) }),
      h("span", {}, t("compose.correct"))),
    form.options.length > 2 && h("button", { type: "button", class: "quiet icon-only small",
      "aria-label": t("compose.removeOption", { letter: LETTERS[index] }),
      onclick: () => {
        form.options.splice(index, 1);
        const others = [...form.correct].filter((one) => one !== index);
        form.correct = new Set(others.map((one) => (one > index ? one - 1 : one)));
        removed();
      } }, icon("cross")));
}

function segmented(label, choices, value, pick) {
  return h("div", { class: "segment-row" }, h("span", { class: "label" }, label),
    h("div", { class: "segments", role: "group", "aria-label": label }, choices.map(([key, text]) => h("button", {
      type: "button", "aria-pressed": String(key === value), "data-control": `${label} ${key}`,
      onclick: () => pick(key),
    }, text))));
}

function check(label, checked, change) {
  return h("label", { class: "check" },
    h("input", { type: "checkbox", checked, onchange: (event) => change(event.target.checked) }), h("span", {}, label));
}
