// Owns the ways into a class: code, link, QR, projector view. A QR comes as SVG text from the server and is shown as
// an image, never parsed into the page.

import { h, mark } from "./dom.js";
import { dialog } from "./dialogs.js";
import { icon } from "./icons.js";
import { t } from "./i18n.js";
import { toast } from "./toasts.js";

/** Where phones join: the server knows an address that they can reach; else this page's own. */
export function joinLink(seat) {
  return seat.joinLink ?? (seat.code ? `${location.origin}/join#c=${seat.code}` : "");
}

export function qrImage(seat, className) {
  if (!seat.qr) return null;
  return h("img", { class: className, src: `data:image/svg+xml,${encodeURIComponent(seat.qr)}`, alt: t("share.qr"),
    width: "240", height: "240" });
}

/** Where people type the code: the address without scheme and fragment. */
export function joinAddress(seat) {
  return joinLink(seat).replace(/^https?:\/\//, "").replace(/#.*$/, "");
}

/** A code in groups of three, spelled out for readers. */
export function codeText(code, className) {
  return h("span", { class: className, role: "text", "aria-label": [...code].join(" ") },
    h("span", { "aria-hidden": "true" }, code.slice(0, 3)), h("span", { "aria-hidden": "true" }, code.slice(3)));
}

export function shareDialog(seat, showLink) {
  const link = joinLink(seat);
  return dialog(t("share.title"), () => h("div", { class: "share" },
    qrImage(seat, "qr"),
    h("div", { class: "share-ways" },
      seat.code && h("div", {}, h("p", { class: "label" }, t("share.code")), codeText(seat.code, "code large")),
      h("div", {}, h("p", { class: "label" }, t("share.link")),
        h("div", { class: "copy-row" },
          h("input", { type: "text", readonly: true, value: link, "aria-label": t("share.link"),
            onfocus: (event) => event.target.select() }),
          copyButton(link))),
      h("p", { class: "hint" }, t("share.hint")),
      h("a", { class: "button", href: showLink, target: "_blank", rel: "noopener" }, icon("board"), t("share.show")))));
}

export function copyButton(text) {
  const button = h("button", {
    type: "button",
    onclick: async () => {
      const done = await copied(text, button);
      toast(t(done ? "share.copied" : "share.copyFailed"), { tone: done ? "good" : "plain" });
    },
  }, icon("copy"), t("share.copy"));
  return button;
}

/** The clipboard interface is missing on plain http, where classes in a local network live. */
async function copied(text, near) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = h("textarea", { class: "visually-hidden", readonly: true, value: text, tabindex: "-1" });
    mark(area, "aria-hidden", "true");
    near.after(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    near.focus();
    return done;
  }
}
