// Owns the parsing of a text/event-stream (WHATWG HTML §9.2.6) from text chunks cut anywhere.
// Never touches the network. Limit: one event holds at most EVENT_CHARS_MAX characters; beyond it the parser throws.

const EVENT_CHARS_MAX = 16 * 1024 * 1024;

export class SSEParser {
  #line = "";
  #sawCR = false;
  #first = true;
  #data = [];
  #size = 0;
  #type = "";
  #emit;
  lastEventId = "";
  retryMs = null;

  /** `emit({type, data, id})` is called once for each complete event, in order. */
  constructor(emit) {
    this.#emit = emit;
  }

  push(chunk) {
    let text = chunk;
    if (this.#first && text.length > 0) {
      this.#first = false;
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    }
    let start = 0;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c === 10 && this.#sawCR && i === start && this.#line === "") {
        this.#sawCR = false;
        start = i + 1;
        continue;
      }
      this.#sawCR = false;
      if (c === 10 || c === 13) {
        this.#endLine(this.#line + text.slice(start, i));
        this.#line = "";
        this.#sawCR = c === 13;
        start = i + 1;
      }
    }
    this.#line += text.slice(start);
    if (this.#line.length > EVENT_CHARS_MAX) throw new Error("event too large");
  }

  #endLine(line) {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (field === "data") {
      this.#size += value.length;
      if (this.#size > EVENT_CHARS_MAX) throw new Error("event too large");
      this.#data.push(value);
    } else if (field === "event") {
      this.#type = value;
    } else if (field === "id" && !value.includes("\0")) {
      this.lastEventId = value;
    } else if (field === "retry" && /^[0-9]+$/.test(value)) {
      this.retryMs = Number(value);
    }
  }

  #dispatch() {
    const { length } = this.#data;
    const event = { type: this.#type || "message", data: this.#data.join("\n"), id: this.lastEventId };
    this.#data = [];
    this.#size = 0;
    this.#type = "";
    if (length > 0) this.#emit(event);
  }
}
