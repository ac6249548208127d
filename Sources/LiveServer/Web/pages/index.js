// The front page: start a class, join one, or try the demo where the server has it.

import { brand, mount, preferences } from "../app/shell.js";
import { cleanCode, lookUpClass, problemKind, startClass } from "../app/api.js";
import { h, say, show } from "../app/dom.js";
import { icon } from "../app/icons.js";
import { t } from "../app/i18n.js";

const DEMO_CODE = "DEMO24";
const NAME_MAX = 80;

let demo = null;

function home(signal) {
  document.title = `LiveClassroom · ${t("home.tagline")}`;
  return [
    h("header", { class: "topbar plain" }, brand(), preferences()),
    h("main", { class: "home" },
      h("div", { class: "hero" }, h("h1", {}, t("home.title")), h("p", { class: "lead" }, t("home.lead"))),
      h("div", { class: "doors" }, startDoor(signal), joinDoor()),
      demo && demoDoor(),
      h("ul", { class: "promises" }, promise("poll", "home.promise.poll"), promise("retry", "home.promise.network"),
        promise("lock", "home.promise.privacy"))),
  ];
}

function promise(symbol, key) {
  return h("li", {}, icon(symbol), h("div", {}, h("h3", {}, t(key)), h("p", {}, t(`${key}.text`))));
}

function startDoor(signal) {
  const input = h("input", { type: "text", maxlength: String(NAME_MAX), autocomplete: "off",
    placeholder: t("home.start.example") });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const button = h("button", { type: "submit", class: "primary large wide" }, t("home.start.go"));
  // Back from the class, this page may be as it was left.
  addEventListener("pageshow", () => {
    button.disabled = false;
  }, { signal });
  return h("form", {
    class: "card door",
    onsubmit: async (event) => {
      event.preventDefault();
      button.disabled = true;
      show(problem, false);
      try {
        const { secret } = await startClass(input.value.trim() || t("home.start.unnamed"));
        location.assign(`/teach#t=${secret}`);
      } catch (error) {
        const kind = { network: "network", busy: "busy" }[problemKind(error)] ?? "start";
        say(problem, t(`problem.${kind}`));
        show(problem, true);
        button.disabled = false;
      }
    },
  }, h("h2", {}, t("home.start.title")), h("p", { class: "hint" }, t("home.start.text")),
  h("label", { class: "field" }, h("span", {}, t("home.start.name")), input), problem, button);
}

function joinDoor() {
  const input = h("input", { type: "text", class: "code-input", maxlength: "9", autocomplete: "off",
    autocapitalize: "characters", spellcheck: "false", placeholder: "ABC 234", required: true });
  input.addEventListener("input", () => {
    const code = cleanCode(input.value).slice(0, 6);
    input.value = code.length > 3 ? `${code.slice(0, 3)} ${code.slice(3)}` : code;
  });
  return h("form", {
    class: "card door",
    onsubmit: (event) => {
      event.preventDefault();
      const code = cleanCode(input.value);
      if (code) location.assign(`/join#c=${code}`);
    },
  }, h("h2", {}, t("home.join.title")), h("p", { class: "hint" }, t("home.join.text")),
  h("label", { class: "field" }, h("span", {}, t("home.join.code")), input),
  h("button", { type: "submit", class: "large wide" }, t("home.join.go")));
}

function demoDoor() {
  return h("div", { class: "demo" }, h("div", {}, h("h2", {}, t("home.demo.title")), h("p", {}, t("home.demo.text"))),
    h("div", { class: "actions" },
      h("a", { class: "button", href: "/teach#t=demo" }, icon("board"), t("home.demo.teacher")),
      h("a", { class: "button", href: `/join#c=${DEMO_CODE}` }, icon("people"), t("home.demo.student"))));
}

mount(home);
lookUpClass(DEMO_CODE).then((found) => {
  demo = found;
  // Somebody may already be typing: the demo is added without building the page anew.
  document.querySelector(".doors")?.after(demoDoor());
}, () => {});

