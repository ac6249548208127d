// Owns the pictograms: paths on a 24 × 24 grid, drawn with the text's colour. Decoration only: hidden from readers.

const PATHS = {
  alert: "M12 8v5m0 3.5v.01M10.3 3.9 2.4 17.6A2 2 0 0 0 4.1 20.6h15.8a2 2 0 0 0 1.7-3L13.7 3.9a2 2 0 0 0-3.4 0Z",
  announce: "M4 10v4a1 1 0 0 0 1 1h3l7 4V5L8 9H5a1 1 0 0 0-1 1Zm14.5-1.5a5 5 0 0 1 0 7M8 15v4.5",
  arrowDown: "M12 5v14m-6-6 6 6 6-6",
  ban: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM5.7 5.7l12.6 12.6",
  board: "M3 4h18M5 4v11h14V4M12 15v3m-4 3 4-3 4 3",
  chat: "M4 5.5h16a1 1 0 0 1 1 1v9.5a1 1 0 0 1-1 1h-8.5L7 21v-4H4a1 1 0 0 1-1-1V6.5a1 1 0 0 1 1-1Z",
  check: "m5 12.5 4.5 4.5L19 7.5",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-14v5l3.5 2",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  cross: "m6 6 12 12M18 6 6 18",
  download: "M12 4v11m-5-5 5 5 5-5M5 20h14",
  end: "M14 4H6a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h8m-4-8h11m-4-4 4 4-4 4",
  globe: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM3.5 9h17m-17 6h17M12 3c2.5 2.4 3.7 5.4 3.7 9S14.5 18.6 12"
    + " 21c-2.5-2.4-3.7-5.4-3.7-9S9.5 5.4 12 3Z",
  hand: "M8 12.5V6a1.5 1.5 0 0 1 3 0v5-7a1.5 1.5 0 0 1 3 0v7-5.5a1.5 1.5 0 0 1 3 0V14c0 4-2.5 7-6.2 7-3"
    + " 0-4.3-1.4-5.6-3.7l-2-3.6a1.45 1.45 0 0 1 2.4-1.6L8 14.5",
  lock: "M6 11h12v9H6zm2.5 0V8a3.5 3.5 0 0 1 7 0v3",
  minus: "M5 12h14",
  moon: "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5Z",
  more: "M4.6 12a.8.8 0 1 0 1.6 0 .8.8 0 1 0-1.6 0m6.6 0a.8.8 0 1 0 1.6 0 .8.8 0 1 0-1.6 0m6.6 0a.8.8 0 1 0"
    + " 1.6 0 .8.8 0 1 0-1.6 0",
  mute: "M5 9.5h3L13 5v14l-5-4.5H5zM17 9.5l4.5 5m0-5-4.5 5",
  open: "M14 4h6v6m0-6-9 9M18 14v5a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1h5",
  people: "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Zm-6.5 8c0-3.3 2.9-5.5 6.5-5.5s6.5 2.2 6.5 5.5M16"
    + " 4.9a3.5 3.5 0 0 1 0 6.3m2 3.3c2.1.8 3.5 2.6 3.5 5",
  plus: "M12 5v14m-7-7h14",
  poll: "M5 20v-7m7 7V4m7 16v-10",
  question: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm-2.6-11.3c.2-1.5 1.3-2.4 2.7-2.4 1.5 0 2.7 1 2.7 2.4 0"
    + " 1.9-2.7 2.2-2.7 4m0 2.8v.01",
  react: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm-3.8-7c.7 1.6 2.1 2.5 3.8 2.5s3.1-.9 3.8-2.5M9 9.5v.01m6-.01v.01",
  reply: "M9.5 7 4 12.5 9.5 18M4 12.5h9.5c3.5 0 6 2 6.5 6",
  retry: "M4.5 12a7.5 7.5 0 0 1 13-5l2 2m0-5v5h-5M19.5 12a7.5 7.5 0 0 1-13 5l-2-2m0 5v-5h5",
  send: "M4 12 20.5 4 16 20.5l-4-7zm8 1.5L20.5 4",
  share: "M4 4h6v6H4zm10 0h6v6h-6zM4 14h6v6H4zm10 0h2.5v2.5H14zm3.5 3.5H20V20h-2.5z",
  sun: "M12 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM12 2v2.5m0 15V22M4.9 4.9l1.8 1.8m10.6 10.6 1.8 1.8M2"
    + " 12h2.5m15 0H22M4.9 19.1l1.8-1.8M17.3 6.7l1.8-1.8",
  trash: "M4 7h16M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10 11v5.5m4-5.5v5.5",
  up: "m6 14.5 6-6 6 6",
};

const SVG = "http://www.w3.org/2000/svg";

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** The product's mark: a board with a live dot. */
export function logo() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 32 32");
  svg.setAttribute("class", "logo");
  svg.setAttribute("aria-hidden", "true");
  const shape = (tag, attributes) => {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    svg.append(node);
  };
  shape("rect", { class: "logo-board", x: 2, y: 4, width: 28, height: 20, rx: 5 });
  shape("path", { class: "logo-line", d: "M8 18v-4m5.5 4V10m5.5 8v-6" });
  shape("circle", { class: "logo-dot", cx: 24.5, cy: 9.5, r: 2.5 });
  shape("path", { class: "logo-foot", d: "M11 29l2.5-5m7.5 5-2.5-5" });
  return svg;
}
