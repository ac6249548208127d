// Owns short messages over the page: spoken by readers, gone after a while, kept while hovered or focused.
// Limit: three at a time, the oldest gives way.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./i18n.js";

const SHOWN_MS = 6_000;
const MAX = 3;
let region = null;

/** `tone`: plain, good or bad (spoken at once). `action`: {label, run}. */
export function toast(text, { tone = "plain", action } = {}) {
  if (!region?.isConnected) {
    region = h("div", { class: "toasts", role: "region", "aria-label": t("toasts.label") });
    document.documentElement.append(region);
  }
  const gone = () => node.remove();
  const node = h("div", { class: "toast", "data-tone": tone, role: tone === "bad" ? "alert" : "status" },
    icon(tone === "bad" ? "alert" : tone === "good" ? "check" : "announce"),
    h("span", { class: "toast-text" }, text),
    action && h("button", {
      type: "button",
      class: "toast-action",
      onclick: () => {
        gone();
        action.run();
      },
    }, action.label),
    h("button", { type: "button", class: "quiet icon-only", "aria-label": t("close"), onclick: gone }, icon("cross")));
  region.append(node);
  while (region.childElementCount > MAX) region.firstElementChild.remove();
  const leave = () => {
    if (node.matches(":hover, :focus-within")) setTimeout(leave, 1500);
    else gone();
  };
  setTimeout(leave, SHOWN_MS);
}

/** What a refusal of the server means for the person in front. */
export function refusalWords(error) {
  const known = ["muted", "rate_limited", "closed", "forbidden", "too_large", "unavailable", "overloaded",
    "already_answered", "not_found", "bad_request"];
  const code = known.includes(error?.code) ? error.code : "internal";
  const seconds = Math.ceil((error?.retryAfterMs ?? 0) / 1000);
  return seconds > 0 ? t(`error.${code}`) + " " + t("error.again", { seconds }) : t(`error.${code}`);
}

export function tellError(error) {
  toast(refusalWords(error), { tone: "bad" });
}
