// Owns the plain HTTP requests of the pages and where a browser keeps its places in classes ("seats").
// Secrets of links stay in the address's fragment and in storage; they travel in request bodies, never in a URL.

const DEVICE_KEY = "live:secret";
const SEAT_PREFIX = "live:seat:";
const EXPIRY_SLACK_MS = 60_000;
const PATIENT_TRIES = 10;

/** A request that the server refused, or that never arrived (`status` 0). */
export class RequestError extends Error {
  constructor(status, body, retryAfterS) {
    super(body?.detail ?? body?.title ?? `HTTP ${status}`);
    this.status = status;
    this.code = body?.code;
    this.retryAfterS = retryAfterS;
  }

  /** Whether the same request may succeed later: there was no network, or the server was busy. */
  get again() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Why a request failed, as one of the words that the catalogue knows. */
export function problemKind({ status }) {
  const kinds = { 0: "network", 403: "locked", 404: "notFound", 429: "busy", 503: "full" };
  return kinds[status] ?? "other";
}

/** Does it again while the server says that it is full and when to come back; `waits(seconds)` tells the person. */
export async function patiently(attempt, waits) {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (error.status !== 503 || !error.retryAfterS || tries >= PATIENT_TRIES) throw error;
      // Spread over half as long again, so that a class does not come back in one wave.
      const seconds = error.retryAfterS * (1 + Math.random() / 2);
      waits(Math.ceil(seconds));
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    }
  }
}

async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout?.(15_000), ...options });
  } catch {
    throw new RequestError(0, null);
  }
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new RequestError(response.status, body, Number(response.headers.get("Retry-After")) || null);
  return body;
}

function post(path, body) {
  return request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** Starts a class and takes the teacher's seat in it. */
export async function startClass(name) {
  const made = await post("/v1/classes", { name });
  const secret = new URL(made.teacher_link, location.href).hash.slice(3);
  keepSeat(`t:${secret}`, {
    room: made.room, className: made.name, token: made.token, participant: made.participant, role: "instructor",
    expiresMs: made.expires_ts, code: made.code, joinLink: made.join_link, qr: made.qr,
  });
  return { secret, code: made.code };
}

/** One page of a class's record. */
export function recordPage({ room, token }, after) {
  return request(`/v1/rooms/${room}/record?after=${after}`, { headers: { Authorization: `Bearer ${token}` } });
}

/** Joins by code; the same device is the same participant. */
export async function joinByCode(code, name) {
  const answer = await post("/v1/join", { code, ...(name && { name }), device: deviceSecret() });
  const seat = { ...seatOf(answer), code, name };
  keepSeat(`c:${code}`, seat);
  return seat;
}

/** Joins with a teacher's secret; what was known of the class (code, QR) is kept. */
export async function joinAsTeacher(secret) {
  const known = savedSeat(`t:${secret}`) ?? {};
  const answer = await post("/v1/join", { teacher: secret });
  const seat = {
    ...seatOf(answer),
    code: answer.code ?? known.code ?? codeOfRoom(answer.room),
    joinLink: answer.join_link ?? known.joinLink,
    qr: answer.qr ?? known.qr,
  };
  keepSeat(`t:${secret}`, seat);
  return seat;
}

function seatOf(answer) {
  return {
    room: answer.room, className: answer.class, token: answer.token, participant: answer.participant,
    role: answer.role, expiresMs: answer.expires_ts,
  };
}

/** A room made by a guest teacher is called after its code. */
function codeOfRoom(room) {
  const [institution, code] = room.split("/");
  return institution === "guest" ? code.toUpperCase() : undefined;
}

export function lookUpClass(code) {
  return request(`/v1/classes/${encodeURIComponent(code)}`);
}

/** One page of the people in a room; moderators only. */
export function peopleOf(seat, after) {
  const query = new URLSearchParams({ limit: "100", ...(after && { after }) });
  return request(`/v1/rooms/${seat.room}/participants?${query}`, {
    headers: { Authorization: `Bearer ${seat.token}` },
  });
}

/** A seat taken before, while its token is good. `key`: `c:CODE` or `t:secret`. */
export function freshSeat(key) {
  const seat = savedSeat(key);
  return seat && seat.expiresMs - EXPIRY_SLACK_MS > Date.now() ? seat : null;
}

export function savedSeat(key) {
  try {
    return JSON.parse(localStorage.getItem(SEAT_PREFIX + key) ?? "null");
  } catch {
    return null;
  }
}

export function dropSeat(key) {
  try {
    localStorage.removeItem(SEAT_PREFIX + key);
  } catch {
    // Nothing was kept then.
  }
}

function keepSeat(key, seat) {
  try {
    localStorage.setItem(SEAT_PREFIX + key, JSON.stringify(seat));
  } catch {
    // The seat lasts as long as this page.
  }
}

/** 32 random bytes that make this browser the same participant after a reload; known to the server alone. */
function deviceSecret() {
  try {
    const known = localStorage.getItem(DEVICE_KEY);
    if (known) return known;
    const made = randomSecret();
    localStorage.setItem(DEVICE_KEY, made);
    return made;
  } catch {
    return randomSecret();
  }
}

function randomSecret() {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Codes are typed by hand: spaces, dashes and case do not matter. */
export function cleanCode(text) {
  return text.toUpperCase().replace(/[^A-Z0-9]/g, "").slice(0, 12);
}
