// The connection machine against scripted sockets and streams: when it connects again, when it changes transport,
// and when it never does.

import { TOKEN, said, stage, welcome } from "./stage.js";
import { equal, ok, run, test, until } from "./harness.js";

/** An event stream that says these events and stays open. */
function streamOf(...events) {
  const stream = new ReadableStream({ start(controller) {
    for (const event of events) controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(event)}\n\n`));
  } });
  return new Response(stream, { headers: { "Content-Type": "text/event-stream" } });
}

test("it offers the token as a subprotocol, never in the address", () => stage({
  socket: (socket) => {
    socket.open();
    socket.say(welcome());
  },
}, async ({ connect, sockets }) => {
  await connect();
  equal(sockets[0].protocols, ["live.v1", `bearer.${TOKEN}`]);
  ok(!sockets[0].url.href.includes(TOKEN), "token in the address");
  ok(sockets[0].url.searchParams.get("device").length > 8, "a device is named");
}));

test("it comes back with resume token and cursor, and tells each event once", () => stage({
  socket: (socket, nth) => {
    socket.open();
    if (nth === 1) {
      [welcome(5), said(6), said(8)].forEach((event) => socket.say(event));
      socket.drop();
    } else {
      socket.say({ ev: "resumed", from: 8, seq: 10, resume: "R10", server_ts: Date.now() });
      [said(8), said(9), said(10), said(10)].forEach((event) => socket.say(event));
    }
  },
}, async ({ room, connect, sockets }) => {
  const heard = [];
  room.addEventListener("chat_message", ({ detail }) => heard.push(detail.seq));
  await connect();
  await until(() => heard.length >= 4, "the missed events");
  equal(heard, [6, 8, 9, 10]);
  equal([sockets[1].url.searchParams.get("resume"), sockets[1].url.searchParams.get("cursor")], ["R5", "e1234567.8"]);
}));

test("a command without an answer is sent again under the same id, an answered one is not", () => stage({
  socket: (socket, nth) => {
    socket.open();
    socket.say(nth === 1 ? welcome() : { ev: "resumed", from: 5, seq: 5, resume: "r", server_ts: 1 });
  },
  command: (socket, command) => {
    if (command.op !== "chat_send") return;
    if (command.text === "answered" || socket.nth === 2) socket.say({ re: command.id, ok: true, seq: 6 });
    else queueMicrotask(() => socket.drop());
  },
}, async ({ room, connect, sockets }) => {
  await connect();
  const first = await room.send("chat_send", { text: "answered" });
  equal(first.ok, true);
  const second = room.send("chat_send", { text: "lost" });
  await second;
  const lost = sockets.map((s) => s.sent.filter((c) => c.text === "lost").map((c) => c.id));
  equal(lost[0], lost[1]);
  equal(sockets[1].sent.filter((c) => c.text === "answered").length, 0);
}));

test("a command that is too large for a frame is refused here, and the connection stays", () => stage({
  socket: (socket) => {
    socket.open();
    socket.say(welcome());
  },
  command: (socket, command) => {
    if (command.op === "chat_send") socket.say({ re: command.id, ok: true, seq: 6 });
  },
}, async ({ room, connect, sockets }) => {
  await connect();
  // Bytes count, not characters: 6,000 of these are 18,000 bytes.
  const error = await room.send("chat_send", { text: "€".repeat(6_000) }).catch((refusal) => refusal);
  equal([error.name, error.code], ["LiveError", "too_large"]);
  await room.send("chat_send", { text: "€".repeat(5_000) });
  equal([sockets.length, sockets[0].sent.filter(({ op }) => op === "chat_send").length], [1, 1]);
}));

for (const [code, why] of [[4401, "expired"], [4403, "removed"], [4409, "replaced"]]) {
  test(`it does not connect again after ${code}`, () => stage({
    socket: (socket) => {
      socket.open();
      socket.say(welcome());
      socket.drop(code);
    },
  }, async ({ room, connect, sockets }) => {
    const closed = new Promise((resolve) => room.addEventListener("closed", ({ detail }) => resolve(detail)));
    connect();
    equal((await closed).why, why);
    await new Promise((resolve) => setTimeout(resolve, 60));
    equal([sockets.length, room.status.phase], [1, "closed"]);
  }));
}

for (const [code, reason] of [[1001, "{\"reconnect_after_ms\":300}"], [1013, "{\"retry_after_ms\":300}"]]) {
  test(`it waits as long as ${code} says`, () => stage({
    socket: (socket, nth) => {
      socket.open();
      socket.say(welcome());
      if (nth === 1) socket.drop(code, reason);
    },
  }, async ({ connect, sockets }) => {
    const start = performance.now();
    connect();
    await until(() => sockets.length === 2, "the second socket");
    ok(performance.now() - start >= 290, "too early");
  }));
}

test("an answer whose request was lost does not come after the one that changed it", () => stage({
  transport: "sse",
  fetch: async (url, init) => {
    if (init.method === "POST") {
      const command = JSON.parse(init.body);
      if (command.op !== "poll_answer") return Response.json({ re: command.id, ok: true });
      stage.votes = [...(stage.votes ?? []), command.choice];
      if (stage.votes.length === 1) throw new TypeError("lost");
      return Response.json({ re: command.id, ok: true, durable: "store", accepted_ms: 1, choice: command.choice });
    }
    return streamOf(welcome());
  },
}, async ({ room, connect }) => {
  await connect();
  await until(() => room.status.phase === "live", "the stream");
  const first = room.answer("p1", 0).catch((error) => error);
  const second = room.answer("p1", 1);
  equal((await second).choice, 1);
  equal(await first, null);
  await new Promise((resolve) => setTimeout(resolve, 600));
  equal(stage.votes, [0, 1]);
  equal(room.model.state.you.ballots.map(({ choice, durable }) => [choice, durable]), [[1, "store"]]);
}));

test("an upgrade that fails twice on a reachable server leads to SSE, with commands by POST", () => stage({
  socket: (socket) => socket.drop(),
  fetch: async (url, init) => {
    if (url.pathname === "/healthz") return new Response("ok");
    if (init.method === "POST") return Response.json({ re: JSON.parse(init.body).id, ok: true, seq: 6 });
    return streamOf(welcome());
  },
}, async ({ room, connect, log }) => {
  await connect();
  equal(room.status.transport, "sse");
  equal(log.filter((line) => line === "websocket").length, 2);
  await room.send("chat_send", { text: "x" });
  ok(log.includes("POST commands"), log.join());
}));

for (const [how, drop] of [["busy", (socket) => socket.drop(1013, "{\"retry_after_ms\":20}")],
  ["failing", (socket) => socket.drop(1011, "oops")]]) {
  test(`a server that says it is ${how} is no reason to change the transport`, () => stage({
    socket: (socket, nth) => {
      if (nth <= 4) return drop(socket);
      socket.open();
      return socket.say(welcome());
    },
    fetch: async () => new Response("ok"),
  }, async ({ room, connect, sockets, log }) => {
    await connect();
    equal([room.status.transport, sockets.length], ["websocket", 5]);
    ok(!log.some((line) => line.includes("event-stream")), log.join());
  }));
}

test("a server that was away for two attempts is no reason to change the transport once it is back", () => stage({
  socket: (socket, nth) => {
    if (nth <= 2) return socket.drop();
    socket.open();
    return socket.say(welcome());
  },
  // Away while the first two are refused; from then on it answers.
  fetch: async () => {
    stage.asks = (stage.asks ?? 0) + 1;
    if (stage.asks <= 2) throw new TypeError("refused");
    return new Response("ok");
  },
}, async ({ room, connect, sockets }) => {
  await connect();
  equal([room.status.transport, sockets.length], ["websocket", 3]);
}));

test("a wait that the server asked for is kept, whoever looks at the page", () => stage({
  socket: (socket, nth) => {
    socket.open();
    socket.say(welcome());
    if (nth === 1) socket.drop(1013, "{\"retry_after_ms\":400}");
  },
}, async ({ connect, sockets }) => {
  const start = performance.now();
  connect();
  await until(() => sockets.length === 1, "the first socket");
  dispatchEvent(new Event("online"));
  await until(() => sockets.length === 2, "the second socket");
  ok(performance.now() - start >= 390, "too early");
}));

test("a server that is away is no reason to change the transport", () => stage({
  socket: (socket) => {
    if ((stage.probes ?? 0) < 5) return socket.drop();
    socket.open();
    return socket.say(welcome());
  },
  fetch: async () => {
    stage.probes = (stage.probes ?? 0) + 1;
    if (stage.probes < 5) throw new TypeError("no network");
    return new Response("ok");
  },
}, async ({ room, connect, log }) => {
  await connect();
  equal([room.status.transport, stage.probes], ["websocket", 5]);
  ok(!log.some((line) => line.includes("event-stream")), log.join());
}));

test("a long poll that goes on from a cursor counts as resumed", () => stage({
  transport: "poll",
  fetch: async (url) => {
    stage.polls = (stage.polls ?? 0) + 1;
    if (stage.polls === 1) return Response.json({ cursor: "e1234567.5", events: [welcome()] });
    if (stage.polls === 2) throw new TypeError("cut");
    stage.asked ??= [url.searchParams.get("cursor"), url.searchParams.get("resume"), url.searchParams.get("wait")];
    if (stage.polls === 3) return Response.json({ cursor: "e1234567.7", resume: "R7", events: [said(6), said(7)] });
    return new Promise(() => {});
  },
}, async ({ room, connect }) => {
  const heard = [];
  room.addEventListener("chat_message", ({ detail }) => heard.push(detail.seq));
  await connect();
  await until(() => heard.length === 2, "the missed events");
  equal(stage.asked, ["e1234567.5", "R5", "0"]);
  equal(room.status.phase, "live");
}));

test("an expired resume token is given up once, an expired access token ends it", () => stage({
  socket: (socket, nth) => {
    socket.open();
    if (nth === 1) {
      socket.say(welcome());
      return socket.drop();
    }
    if (socket.url.searchParams.has("resume")) return socket.drop(4401);
    socket.say(welcome(9));
    return undefined;
  },
}, async ({ room, connect, sockets }) => {
  await connect();
  await until(() => room.model.state.seq === 9, "the fresh welcome");
  equal(sockets.map((s) => s.url.searchParams.has("resume")), [false, true, false]);
}));

const FRESH = `x.${btoa(JSON.stringify({ sub: "ada", n: 2 })).replaceAll("=", "")}.y`;
const expiring = { ev: "auth_expiring", expires_in_s: 200 };

test("a token that ends is renewed on the living socket, and the next socket has the fresh one", () => stage({
  getToken: async () => FRESH,
  socket: (socket, nth) => {
    socket.open();
    socket.say(nth === 1 ? welcome() : { ev: "resumed", from: 5, seq: 5, resume: "r", server_ts: 1 });
    if (nth === 1) [expiring, expiring].forEach((event) => socket.say(event));
  },
  command: (socket, command) => {
    if (command.op !== "auth") return;
    socket.say({ re: command.id, ok: true, role: "student", expires_ts: Date.now() + 3_600_000, resume: "R9" });
  },
}, async ({ room, connect, sockets }) => {
  await connect();
  await until(() => sockets[0].sent.some(({ op }) => op === "auth"), "the renewal");
  await new Promise((resolve) => setTimeout(resolve, 30));
  equal(sockets[0].sent.filter(({ op }) => op === "auth").map(({ token }) => token), [FRESH]);
  equal([sockets.length, room.status.phase], [1, "live"]);
  sockets[0].drop();
  await until(() => sockets.length === 2, "the next socket");
  equal(sockets[1].protocols, ["live.v1", `bearer.${FRESH}`]);
  equal(sockets[1].url.searchParams.get("resume"), "R9");
}));

test("a token that has ended is replaced once before it is told", () => stage({
  getToken: async () => FRESH,
  socket: (socket, nth) => {
    socket.open();
    if (nth === 1) return socket.drop(4401);
    return socket.say(welcome());
  },
}, async ({ connect, sockets }) => {
  await connect();
  equal(sockets[1].protocols[1], `bearer.${FRESH}`);
}));

for (const [how, getToken] of [["cannot be had", async () => Promise.reject(new Error("no"))],
  ["is refused, too", async () => FRESH]]) {
  test(`where a fresh token ${how}, the end is told`, () => stage({
    getToken,
    socket: (socket) => {
      socket.open();
      socket.drop(4401);
    },
  }, async ({ room, connect, sockets }) => {
    const closed = new Promise((resolve) => room.addEventListener("closed", ({ detail }) => resolve(detail)));
    connect();
    equal((await closed).why, "expired");
    await new Promise((resolve) => setTimeout(resolve, 30));
    ok(sockets.length <= 2, "it does not go on for ever");
  }));
}

test("a fresh token that cannot be had without a network is asked for when there is one", () => stage({
  getToken: async () => {
    stage.questions = (stage.questions ?? 0) + 1;
    if (stage.questions === 1) throw Object.assign(new Error("no network"), { again: true });
    return FRESH;
  },
  socket: (socket, nth) => {
    socket.open();
    if (nth === 1) return socket.drop(4401);
    return socket.say(welcome());
  },
}, async ({ room, connect }) => {
  let told = false;
  room.addEventListener("closed", () => {
    told = true;
  });
  const whole = connect();
  await until(() => stage.questions === 1, "the first question");
  await new Promise((resolve) => setTimeout(resolve, 30));
  dispatchEvent(new Event("online"));
  await whole;
  equal([told, stage.questions, room.status.phase], [false, 2, "live"]);
}));

test("a renewal over SSE goes by POST under the fresh token", () => stage({
  transport: "sse",
  getToken: async () => FRESH,
  fetch: async (url, init) => {
    if (init.method === "POST") {
      stage.posted = [JSON.parse(init.body), init.headers.Authorization];
      return Response.json({ re: stage.posted[0].id, ok: true, role: "student", expires_ts: 1 });
    }
    return streamOf(welcome(), expiring);
  },
}, async ({ connect }) => {
  await connect();
  await until(() => stage.posted, "the renewal");
  equal([stage.posted[0].op, stage.posted[0].token, stage.posted[1]], ["auth", FRESH, `Bearer ${FRESH}`]);
}));

test("a long poll needs no renewal: its next request shows the fresh token", () => stage({
  transport: "poll",
  getToken: async () => FRESH,
  fetch: async (url, init) => {
    stage.shown = [...(stage.shown ?? []), init.headers.Authorization];
    if (stage.shown.length === 1) return Response.json({ cursor: "e1234567.5", events: [welcome(), expiring] });
    if (stage.shown.length === 2) return Response.json({ cursor: "e1234567.5", events: [] });
    return new Promise(() => {});
  },
}, async ({ connect, log }) => {
  await connect();
  await until(() => stage.shown.length === 3, "the next requests");
  equal(stage.shown[2], `Bearer ${FRESH}`);
  ok(!log.includes("POST commands"), log.join());
}));

export { run };
