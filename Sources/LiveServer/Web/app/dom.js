// Owns the making and matching of DOM nodes. Text goes in as text nodes only: there is no way in here to parse HTML.
// Never listens to a room and keeps no state but the keys of a list.

/**
 * An element: `h("button", { class: "primary", onclick: f, "aria-label": "…" }, "text", child, …)`.
 * Functions become listeners, true an empty attribute; null, undefined and false are left out.
 */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...shown(children));
  return node;
}

/** Puts `children` into `parent` in place of what was there. */
export function fill(parent, ...children) {
  parent.replaceChildren(...shown(children));
  return parent;
}

/** As `fill` with what `make()` gives, only where `key` differs from the last one: what is read, or held, stays. */
export function redraw(parent, key, make) {
  if (parent.drawn === key) return;
  parent.drawn = key;
  fill(parent, make());
}

/** Where the focus is in `node`, which is about to go or to be hidden: on to `next`, not to the start of the page. */
export function passFocus(node, next) {
  if (node.contains(document.activeElement)) next?.focus({ preventScroll: true });
}

function shown(children) {
  return children.flat(4).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Sets text only where it differs, so that live regions and selections are left in peace. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

/** Sets or removes an attribute where it differs. */
export function mark(node, name, value) {
  if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value === true ? "" : String(value));
}

/**
 * Makes `parent`'s children match `items`: nodes are kept by key, made by `create(item)`, brought up to date by
 * `node.update(item)` and moved only where the order differs, so that focus and scroll positions survive.
 */
export function keyed(parent, items, keyOf, create) {
  const known = (parent.keyed ??= new Map());
  const wanted = new Set(items.map(keyOf));
  for (const [key, node] of known) {
    if (wanted.has(key)) continue;
    passFocus(node, parent.closest("[tabindex]"));
    node.remove();
    known.delete(key);
  }
  let at = parent.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    let node = known.get(key);
    if (!node) {
      node = create(item);
      known.set(key, node);
    }
    node.update?.(item);
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
  }
}

/** Text with its http(s) links as links; everything else stays text. */
export function linked(text) {
  const parts = text.split(/(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/u);
  return parts.map((part, index) => (index % 2 === 0
    ? part
    : h("a", { href: part, target: "_blank", rel: "noopener noreferrer nofollow" }, part)));
}

/** At most one call a frame (or five a second while nobody looks). */
export function coalesced(action) {
  let due = false;
  const run = () => {
    due = false;
    action();
  };
  return () => {
    if (due) return;
    due = true;
    if (document.visibilityState === "visible") requestAnimationFrame(run);
    else setTimeout(run, 200);
  };
}
