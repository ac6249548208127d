// Several tabs of one browser, as several rooms in one page: they share locks, channels and storage as tabs do.

import { TOKEN, said, stage, welcome } from "./stage.js";
import { equal, ok, run, test, until } from "./harness.js";
import { TabGroup } from "/sdk/tabs.js";

const attaches = {
  socket: (socket) => {
    socket.open();
    socket.say(welcome(50));
  },
};
const texts = (room) => room.model.state.chat.map(({ id }) => id);

/** Puts off what the browser says about locks, as a busy phone does. */
function slowLocks(ms) {
  const { request } = navigator.locks;
  navigator.locks.request = (name, options, got) => request.call(navigator.locks, name, options, async (lock) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return got(lock);
  });
  return () => delete navigator.locks.request;
}

test("a reloaded tab takes no event before it has the leader's snapshot, and so misses none", () => stage(attaches,
  async ({ room, name, sockets, connect, opens, enters }) => {
    await connect();
    const remembered = { state: room.model.state, resume: "R50", atMs: Date.now() };
    for (let seq = 51; seq <= 60; seq++) sockets[0].say(said(seq));
    const reloaded = opens();
    const mend = slowLocks(100);
    sessionStorage.setItem(`live:memory:${name}:ada`, JSON.stringify(remembered));
    const back = enters(reloaded);
    equal(reloaded.model.state.seq, 50, "it remembers");
    sockets[0].say(said(61));
    await back;
    mend();
    sockets[0].say(said(62));
    await until(() => reloaded.model.state.seq === 62, "the event after the snapshot");
    equal(texts(reloaded), texts(room));
    equal(texts(reloaded).length, 12);
    ok(!reloaded.status.leading, "it follows");
  }));

test("a tab that follows a leader without a state yet starts with the leader's welcome", () => stage({
  socket: (socket) => socket.open(),
}, async ({ room, sockets, connect, opens, enters }) => {
  connect();
  await until(() => sockets.length === 1, "the leader's socket");
  const second = opens();
  const whole = enters(second);
  await until(() => second.status.phase === "connecting" && !second.status.leading, "a follower");
  sockets[0].say(welcome(50));
  sockets[0].say(said(51));
  await whole;
  await until(() => second.model.state.seq === 51, "the event after it");
  equal(texts(second), texts(room));
}));

test("what a following tab says of its video is told by the leader", () => stage(attaches,
  async ({ sockets, connect, opens, enters }) => {
    await connect();
    const second = opens();
    await enters(second);
    second.reportVideo({ positionSec: 12 });
    const beat = () => sockets[0].sent.find(({ op, position_sec }) => op === "heartbeat" && position_sec === 12);
    await until(beat, "a heartbeat with the position");
  }));

const FRESH = `x.${btoa(JSON.stringify({ sub: "ada", n: 2 })).replaceAll("=", "")}.y`;

for (const [code, why] of [[4403, "removed"], [4401, "expired"]]) {
  test(`a new tab's admission is judged by the server, though the leading tab's was ${why}`, () => stage({
    socket: (socket, nth) => {
      socket.open();
      if (nth === 1) socket.drop(code);
      else socket.say(welcome(50));
    },
  }, async ({ room, sockets, connect, opens, enters }) => {
    connect();
    await until(() => room.status.phase === "closed", "the first tab's end");
    const second = opens();
    await enters(second, FRESH);
    equal(sockets[1].protocols[1], `bearer.${FRESH}`);
    equal([room.status.phase, second.status.phase], ["live", "live"]);
  }));
}

test("a new tab leaves the place to the window that took it", () => stage({
  socket: (socket) => {
    socket.open();
    socket.say(welcome(50));
    socket.drop(4409);
  },
}, async ({ sockets, connect, opens, enters }) => {
  await connect();
  const second = opens();
  const closed = new Promise((resolve) => second.addEventListener("closed", ({ detail }) => resolve(detail.why)));
  enters(second, FRESH);
  equal([await closed, sockets.length], ["replaced", 1]);
}));

test("two waiting tabs do not take each other's words for the leader's", async () => {
  // Time runs twenty times as fast here.
  const { now } = Date;
  const { setInterval } = globalThis;
  const startMs = now();
  Date.now = () => startMs + (now() - startMs) * 20;
  globalThis.setInterval = (action, ms) => setInterval(action, ms / 20);
  const name = `dead-${startMs}`;
  navigator.locks.request(`live:${name}`, () => new Promise(() => {})).catch(() => {});
  const groups = [1, 2].map(() => new TabGroup(name, { lead() {}, follow() {}, message() {} }));
  try {
    for (const group of groups) group.start();
    // Both may reach for the lead in the same moment; one has it in the end.
    const oneLeads = () => groups.filter(({ leading }) => leading).length === 1;
    await until(oneLeads, "a tab to lead instead of a dead one", 3_000);
  } finally {
    for (const group of groups) group.stop();
    globalThis.setInterval = setInterval;
    Date.now = now;
  }
});

export { run };
