// Owns the three ways to move one cursor: WebSocket, SSE with POST, long poll with POST.
// Each `open…` starts at once and reports through `on`; nothing here retries, waits or keeps state between attempts.
// Never decides what happens after an end: that is Link's part.

import { SSEParser } from "./sse-parser.js";
import { LIMITS, retryAfterHeaderMs } from "./timing.js";

/**
 * What a transport is given: `http` and `ws` are the room's base URLs without a final slash, `query` holds
 * device, resume and cursor. What it calls: `on.message(object)`, `on.activity()` for any byte, and once `on.end(end)`
 * with `{attached?, code?, reason?, status?, retryAfterMs?, network?}`.
 * What it gives back: `{send(command) -> Promise<void>, close(), probes, renew?(token)}`; `send` rejects when the
 * command may not have arrived, `renew` gives the requests to come another token.
 */
export const TRANSPORTS = Object.freeze({ websocket: openWebSocket, sse: openSSE, poll: openPoll });

export const CODES = Object.freeze({ expired: 4401, removed: 4403, replaced: 4409 });

function openWebSocket({ ws, token, query }, on) {
  let ended = false;
  const end = (how) => {
    if (ended) return;
    ended = true;
    on.end(how);
  };
  let socket;
  try {
    socket = new WebSocket(`${ws}/live?${new URLSearchParams(query)}`, ["live.v1", `bearer.${token}`]);
  } catch (error) {
    queueMicrotask(() => end({ reason: String(error) }));
    return { send: () => Promise.reject(new Error("not open")), close() {}, probes: true };
  }
  socket.onopen = () => on.activity();
  socket.onmessage = ({ data }) => {
    on.activity();
    const object = parsed(data);
    if (object) on.message(object);
  };
  socket.onclose = ({ code, reason }) => end({ code, reason });
  return {
    probes: true,
    send(command) {
      if (socket.readyState !== WebSocket.OPEN) return Promise.reject(new Error("not open"));
      socket.send(JSON.stringify(command));
      return Promise.resolve();
    },
    close() {
      ended = true;
      socket.onmessage = null;
      socket.close(1000);
    },
  };
}

function openSSE(place, on) {
  const abort = new AbortController();
  readStream(place, on, abort.signal).then(
    (end) => abort.signal.aborted || on.end(end),
    () => abort.signal.aborted || on.end({ network: true }),
  );
  return { probes: false, send: (command) => post(place, command, on), close: () => abort.abort(), renew };

  function renew(token) {
    place.token = token;
  }
}

async function readStream(place, on, signal) {
  const response = await fetch(`${place.http}/live?${new URLSearchParams(place.query)}`, {
    headers: { Accept: "text/event-stream", Authorization: `Bearer ${place.token}` },
    cache: "no-store",
    credentials: "omit",
    signal,
  });
  if (!response.ok || !response.body) return refusal(response);
  on.activity();
  let farewell = {};
  const parser = new SSEParser(({ data }) => {
    const object = parsed(data);
    if (!object) return;
    if (object.ev === "closed") farewell = { code: object.code, reason: object.reason };
    else on.message(object);
  });
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return farewell;
    on.activity();
    parser.push(decoder.decode(value, { stream: true }));
  }
}

function openPoll(place, on) {
  const abort = new AbortController();
  pollLoop(place, on, abort.signal).then(
    (end) => abort.signal.aborted || on.end(end),
    () => abort.signal.aborted || on.end({ network: true }),
  );
  return { probes: false, send: (command) => post(place, command, on), close: () => abort.abort(), renew };

  function renew(token) {
    place.token = token;
  }
}

async function pollLoop(place, on, signal) {
  const query = { ...place.query };
  const from = query.cursor;
  let waitS = 0;
  for (;;) {
    const deadline = AbortSignal.timeout(LIMITS.pollWaitS * 1000 + LIMITS.pollSlackMs);
    const response = await fetch(
      `${place.http}/live?${new URLSearchParams({ ...query, wait: String(waitS) })}`,
      {
        headers: { Accept: "application/json", Authorization: `Bearer ${place.token}` },
        cache: "no-store",
        credentials: "omit",
        signal: AbortSignal.any ? AbortSignal.any([signal, deadline]) : signal,
      },
    );
    if (!response.ok) return refusal(response);
    const answer = await response.json();
    if (signal.aborted) return {};
    on.activity();
    const events = answer.events ?? [];
    // A poll that goes on from a cursor is not greeted: the first answer stands for the `resumed` of the others.
    if (waitS === 0 && from && events[0]?.ev !== "welcome" && events[0]?.ev !== "resumed") {
      on.message(resumedBy(answer, from));
    }
    for (const event of events) on.message(event);
    if (answer.resume) on.message({ ev: "resume", resume: answer.resume, server_ts: answer.server_ts });
    if (typeof answer.cursor === "string") query.cursor = answer.cursor;
    delete query.resume;
    waitS = LIMITS.pollWaitS;
  }
}

function resumedBy({ cursor, resume, server_ts }, from) {
  const seq = (text) => Number(text.slice(text.indexOf(".") + 1));
  return { ev: "resumed", from: seq(from), seq: seq(cursor ?? from), resume, server_ts };
}

/** One command over HTTP. The reply object is handed to `on.message` like one that came over a socket. */
async function post(place, command, on) {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${place.token}` };
  const response = await fetch(`${place.http}/commands`, {
    method: "POST",
    headers,
    body: JSON.stringify(command),
    cache: "no-store",
    credentials: "omit",
    signal: AbortSignal.timeout?.(LIMITS.postMs),
  });
  const body = parsed(await response.text());
  if (typeof body?.re === "string") return on.message(body);
  if (response.ok || !response.status) throw new Error("no reply object");
  on.message({ re: command.id, ok: false, error: problemOf(response, body) });
}

const CODE_BY_STATUS = {
  400: "bad_request", 401: "unauthenticated", 403: "forbidden", 404: "not_found", 409: "conflict",
  413: "too_large", 429: "rate_limited", 500: "internal", 502: "unavailable", 503: "unavailable", 504: "unavailable",
};

/** RFC 9457 problem+json of a refused command as the error of a reply. */
function problemOf(response, body) {
  const wait = retryAfterHeaderMs(response.headers.get("Retry-After"), Date.now());
  return {
    code: body?.code ?? body?.error?.code ?? CODE_BY_STATUS[response.status] ?? "internal",
    message: body?.detail ?? body?.title ?? body?.error?.message ?? `HTTP ${response.status}`,
    retry_after_ms: body?.retry_after_ms ?? wait ?? undefined,
  };
}

/** How an attach over HTTP was refused, in the terms of the close codes. */
function refusal(response) {
  const code = { 401: CODES.expired, 403: CODES.removed, 409: CODES.replaced }[response.status];
  const retryAfterMs = retryAfterHeaderMs(response.headers.get("Retry-After"), Date.now());
  return { status: response.status, code, retryAfterMs: retryAfterMs ?? undefined };
}

function parsed(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : null;
  } catch {
    return null;
  }
}
