// Owns the choice of language and the reading of the catalogue. All texts stand in texts.js and nowhere else.
// Order of choice: `?lang=` in the address, what was chosen on this device, the browser's languages, English.

import { LANGUAGES, TEXTS } from "./texts.js";

const KEY = "live:lang";
let current = initial();

function initial() {
  const asked = new URLSearchParams(location.search).get("lang");
  const kept = storage()?.getItem(KEY);
  const wished = [asked, kept, ...(navigator.languages ?? [navigator.language])];
  for (const wish of wished) {
    const code = wish?.slice(0, 2).toLowerCase();
    if (LANGUAGES.some((language) => language.code === code)) return code;
  }
  return "en";
}

function storage() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

export function language() {
  return current;
}

export function setLanguage(code) {
  current = code;
  document.documentElement.lang = code;
  try {
    localStorage.setItem(KEY, code);
  } catch {
    // Chosen for this page only.
  }
}

/** The text of `key` with `{name}` replaced by `params.name`. An unknown key is our own mistake and shows itself. */
export function t(key, params = {}) {
  const entry = TEXTS[key];
  if (!entry) return `⟨${key}⟩`;
  const text = entry[LANGUAGES.findIndex((l) => l.code === current)] ?? entry[0];
  return text.replace(/\{(\w+)\}/g, (_, name) => (name in params ? String(params[name]) : `{${name}}`));
}

/** The text for a number: `key.one` or `key.other`, with `{n}` written in the reader's way. */
export function tn(key, n, params = {}) {
  const rule = new Intl.PluralRules(current).select(n);
  return t(TEXTS[`${key}.${rule}`] ? `${key}.${rule}` : `${key}.other`, { n: number(n), ...params });
}

export function number(n) {
  return new Intl.NumberFormat(locale()).format(n);
}

export function percent(share) {
  return new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: 0 }).format(share);
}

/** The reader's own way of writing numbers and times, where it belongs to the chosen language. */
function locale() {
  const own = (navigator.languages ?? [navigator.language]).find((wish) => wish?.toLowerCase().startsWith(current));
  return own ?? current;
}

/** Time of day; with the day where it is not today. */
export function clockTime(ms, nowMs) {
  const sameDay = new Date(ms).toDateString() === new Date(nowMs).toDateString();
  const form = sameDay
    ? { hour: "2-digit", minute: "2-digit" }
    : { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat(locale(), form).format(ms);
}

/** Seconds as m:ss. */
export function countdown(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
