// The SDK's small machines: stream parser, back-off, clock, outbox, ballots, pulse.

import { Ballots } from "/sdk/ballots.js";
import { LIMITS, ServerClock, backoffMs, directedDelayMs, retryAfterHeaderMs } from "/sdk/timing.js";
import { equal, ok, run, test, until } from "./harness.js";
import { Outbox } from "/sdk/outbox.js";
import { Pulse } from "/sdk/pulse.js";
import { RoomModel, reduce } from "/sdk/live.js";
import { SSEParser } from "/sdk/sse-parser.js";

const STREAM = "\ufeffretry: 3000\r\n\r\n: hello\n\nid: e.1\ndata: {\"a\":1}\n\nevent: x\rdata: one\rdata:two\r\r"
  + "data\ndata: \n\nid: e.2\r\ndata: naïve 👋\r\n\r\ndata: unfinished";
const EVENTS = [
  { type: "message", data: "{\"a\":1}", id: "e.1" },
  { type: "x", data: "one\ntwo", id: "e.1" },
  { type: "message", data: "\n", id: "e.1" },
  { type: "message", data: "naïve 👋", id: "e.2" },
];

test("the stream parser gives the same events for every cut in two", () => {
  for (let cut = 0; cut <= STREAM.length; cut++) {
    const events = [];
    const parser = new SSEParser((event) => events.push(event));
    parser.push(STREAM.slice(0, cut));
    parser.push(STREAM.slice(cut));
    equal(events, EVENTS, `cut at ${cut}:`);
    equal(parser.retryMs, 3000);
  }
});

test("the stream parser gives the same events one character at a time", () => {
  const events = [];
  const parser = new SSEParser((event) => events.push(event));
  for (const char of STREAM.split("")) parser.push(char);
  equal(events, EVENTS);
});

test("back-off doubles its ceiling up to 30 s, and jitter covers all of it", () => {
  const ceilings = [0, 1, 2, 5, 6, 10, 50].map((failures) => backoffMs(failures, 0.999999));
  equal(ceilings, [499, 999, 1999, 15999, 29999, 29999, 29999]);
  equal(backoffMs(50, 0), 0);
});

test("a close reason directs the delay, and nonsense does not", () => {
  equal(directedDelayMs("{\"reconnect_after_ms\":1234}"), 1234);
  equal(directedDelayMs("{\"retry_after_ms\":0}"), 0);
  equal(directedDelayMs("{\"retry_after_ms\":99999999}"), LIMITS.directedCapMs);
  for (const reason of ["", "going away", "{}", '{"retry_after_ms":"5"}', '{"retry_after_ms":-1}', "null", "[1"]) {
    equal(directedDelayMs(reason), null, reason);
  }
  equal(retryAfterHeaderMs("3", 0), 3000);
  equal(retryAfterHeaderMs(new Date(60_000).toUTCString(), 10_000), 50_000);
  equal(retryAfterHeaderMs("soon", 0), null);
});

test("the clock believes the exchange with the shortest way", () => {
  const clock = new ServerClock();
  clock.hint(5_000, 1_000);
  equal(clock.now(1_000), 5_000);
  clock.exchange(2_000, 2_400, 7_200);
  equal(clock.offsetMs, 5_000);
  clock.exchange(3_000, 3_010, 8_105);
  equal(clock.offsetMs, 5_100, "10 ms beat 400 ms:");
  clock.exchange(4_000, 6_000, 20_000);
  equal(clock.offsetMs, 5_100, "2 s do not:");
});

test("the outbox sends in order, holds back beyond the window, and starts over after a new attach", () => {
  const outbox = new Outbox();
  for (let i = 0; i < LIMITS.inFlight + 3; i++) outbox.add({ id: `c${i}` }, 0, { settle() {}, fail() {} });
  const first = outbox.due(0);
  equal(first.length, LIMITS.inFlight);
  for (const entry of first) entry.sentMs = 1;
  equal(outbox.due(1).length, 0);
  outbox.take("c0");
  equal(outbox.due(1).map((e) => e.command.id), [`c${LIMITS.inFlight}`]);
  outbox.rewind();
  equal(outbox.due(1)[0].command.id, "c1");
  outbox.hold(outbox.get("c1"), 50);
  equal(outbox.due(49)[0].command.id, "c2");
  equal(outbox.due(50)[0].command.id, "c1");
});

test("the outbox gives up commands older than the server's memory, ballots excepted", () => {
  const failed = [];
  const outbox = new Outbox();
  const entry = (id, atMs, keep) =>
    outbox.add({ id }, atMs, { keep, settle() {}, fail: (error) => failed.push([id, error.code]) });
  entry("old", 0, false);
  entry("ballot", 0, true);
  entry("young", 900, false);
  outbox.expire(1_000, 1_000);
  equal(failed, [["old", "unavailable"]]);
  equal(outbox.due(1_000).map((e) => e.command.id), ["ballot", "young"]);
});

test("the outbox refuses more than it may hold", () => {
  const outbox = new Outbox();
  const failed = [];
  for (let i = 0; i <= LIMITS.queued; i++) {
    outbox.add({ id: `c${i}` }, 0, { settle() {}, fail: (error) => failed.push(error.code) });
  }
  equal([outbox.size, failed], [LIMITS.queued, ["overloaded"]]);
});

function ballotBench(answers) {
  const key = `test:${Math.random()}`;
  const sent = [];
  const told = [];
  const later = [];
  const make = () => new Ballots(key, {
    send: async (command) => {
      sent.push(command);
      const answer = answers.shift();
      if (!answer) throw new Error("lost");
      return answer;
    },
    local: (event) => {
      if (event.ev !== "ballot" || ballots.noted(event.ballot)) told.push(event);
    },
    shown: () => told.findLast(({ ev }) => ev === "ballot")?.ballot,
    outdate() {},
    after: (ms, action) => later.push(action),
  });
  const stored = () => JSON.parse(localStorage.getItem(key) ?? "[]");
  const ballots = make();
  return { ballots, again: make, sent, told, later, stored };
}

test("a ballot stays in storage until the store has it, also across a reload", async () => {
  const bench = ballotBench([{ ok: true, durable: "node", choice: 1 }, { ok: true, durable: "store", choice: 1 }]);
  await bench.ballots.answer("p1", 1);
  equal(bench.stored().map((b) => [b.choice, b.durable]), [[1, "node"]]);
  bench.again().sendKept();
  await until(() => bench.sent.length === 2, "the second sending");
  await until(() => bench.stored().length === 0, "the empty box");
  equal(bench.sent[0], bench.sent[1], "the same attempt:");
});

test("a ballot whose reply was lost is sent again as the same attempt", async () => {
  const bench = ballotBench([null, { ok: true, durable: "store", choice: 0, duplicate: true }]);
  await bench.ballots.answer("p1", 0).catch(() => {});
  equal(bench.stored().length, 1);
  bench.ballots.sendKept();
  await until(() => bench.stored().length === 0, "the empty box");
  equal(bench.sent[0].attempt_id, bench.sent[1].attempt_id);
});

test("a refused ballot is dropped and told; a busy server's is kept and sent later", async () => {
  const busy = ballotBench([{ ok: false, error: { code: "overloaded", retry_after_ms: 5 } }]);
  const error = await busy.ballots.answer("p1", 0).catch((e) => e);
  equal([error.code, busy.stored().length, busy.later.length], ["overloaded", 1, 1]);
  const closed = ballotBench([{ ok: false, error: { code: "closed" } }]);
  await closed.ballots.answer("p1", 0).catch(() => {});
  equal([closed.stored().length, closed.told.at(-1).ev], [0, "ballot_dropped"]);
});

test("where storage takes nothing more, ballots are kept in memory, not the old list", async () => {
  const bench = ballotBench([null, null, { ok: true, durable: "store" }]);
  await bench.ballots.answer("p1", 0).catch(() => {});
  const { setItem } = Storage.prototype;
  Storage.prototype.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  try {
    await bench.ballots.answer("p1", 1).catch(() => {});
  } finally {
    Storage.prototype.setItem = setItem;
  }
  bench.ballots.sendKept();
  await until(() => bench.sent.length === 3, "the one that is kept");
  equal(bench.sent.map(({ choice }) => choice), [0, 1, 1]);
});

test("the receipt of an answer that was changed meanwhile is neither shown nor kept", async () => {
  const late = Promise.withResolvers();
  const bench = ballotBench([late.promise, { ok: true, durable: "node", choice: 1 }]);
  const first = bench.ballots.answer("p1", 0);
  await bench.ballots.answer("p1", 1);
  late.resolve({ ok: true, durable: "node", choice: 0 });
  equal(await first, null);
  equal(bench.told.at(-1).ballot.choice, 1);
  equal(bench.stored().map((b) => b.choice), [1]);
});

test("an older answer of another tab does not take the place of a newer one", async () => {
  const bench = ballotBench([{ ok: true, durable: "store", choice: 1 }]);
  await bench.ballots.answer("p1", 1);
  ok(!bench.ballots.noted({ poll: "p1", attempt_id: "elsewhere", choice: 0, atMs: Date.now() - 50 }), "older");
  ok(bench.ballots.noted({ poll: "p1", attempt_id: "elsewhere", choice: 0, atMs: Date.now() + 50 }), "newer");
});

test("a changed answer that is refused keeps the one that counts", async () => {
  const bench = ballotBench([
    { ok: true, durable: "store", choice: 0 }, null, { ok: false, error: { code: "closed" } },
  ]);
  await bench.ballots.answer("p1", 0);
  // The second is tapped again before anything is known of it.
  await bench.ballots.answer("p1", 1).catch(() => {});
  await bench.ballots.answer("p1", 2).catch(() => {});
  equal(bench.told.at(-1).ev, "ballot_dropped");
  const { you } = bench.told.reduce(reduce, new RoomModel().state);
  equal(you.ballots.map(({ choice, durable }) => [choice, durable]), [[0, "store"]]);
});

test("of one poll's answers one is under way at a time, and an outdated one is not sent again", () => {
  const settled = [];
  const outbox = new Outbox();
  const add = (id, poll) => outbox.add({ op: "poll_answer", id, poll }, 0,
    { keep: true, settle: (reply) => settled.push([reply.re, reply.ok]), fail() {} });
  const due = (nowMs = 0) => outbox.due(nowMs).map(({ command }) => command.id);
  add("a", "p1");
  add("x", "p2");
  outbox.get("a").sentMs = 1;
  add("b", "p1");
  outbox.outdate("p1", "b");
  equal(due(), ["x"], "while the first is under way");
  outbox.hold(outbox.get("a"), 500);
  equal([due(), settled], [["x", "b"], [["a", false]]], "its request was lost");
  outbox.get("b").sentMs = 2;
  add("c", "p1");
  outbox.outdate("p1", "c");
  outbox.rewind();
  equal([due(), settled.length], [["x", "c"], 2], "after a new attach");
  add("d", "p1");
  outbox.outdate("p1", "d");
  equal([due(), settled.length], [["x", "d"], 3], "not sent yet");
});

test("a stored choice that differs from the repeated attempt is what is told", async () => {
  const bench = ballotBench([{ ok: true, durable: "store", choice: 2, duplicate: true }]);
  await bench.ballots.answer("p1", 0);
  equal(bench.told.at(-1).ballot.choice, 2);
});

test("a silent socket is probed after 20 s and dead 5 s after the probe", () => {
  const pulse = new Pulse();
  pulse.restart(0);
  const at = (nowMs, lastByteMs, oldestCommandMs = null) =>
    pulse.tick(nowMs, { transport: "websocket", lastByteMs, oldestCommandMs });
  pulse.beat(5_000, {});
  equal(at(19_000, 0), null);
  equal(at(20_000, 0), "probe");
  pulse.probe(20_000);
  equal(at(24_999, 0), null);
  equal(at(25_000, 0), "dead");
});

test("any byte after the probe is a sign of life", () => {
  const pulse = new Pulse();
  pulse.restart(0);
  pulse.beat(10_000, {});
  pulse.probe(20_000);
  equal(pulse.tick(26_000, { transport: "websocket", lastByteMs: 20_050, oldestCommandMs: null }), null);
});

test("a command without any byte in answer is a reason to probe; a slow answer beside traffic is not", () => {
  const pulse = new Pulse();
  pulse.restart(0);
  pulse.beat(1_000, {});
  equal(pulse.tick(10_000, { transport: "websocket", lastByteMs: 1_000, oldestCommandMs: 2_000 }), "probe");
  equal(pulse.tick(10_000, { transport: "websocket", lastByteMs: 3_000, oldestCommandMs: 2_000 }), null);
});

test("a stream without comments for 25 s is dead, a poll may wait longer", () => {
  const pulse = new Pulse();
  pulse.restart(0);
  pulse.beat(20_000, {});
  const at = (transport, nowMs) => pulse.tick(nowMs, { transport, lastByteMs: 0, oldestCommandMs: null });
  equal(at("sse", 24_999), null);
  equal(at("sse", 25_000), "dead");
  equal(at("poll", 44_000), null);
  equal(at("poll", 45_000), "dead");
});

test("replayed events do not count as lag, live ones do", () => {
  const pulse = new Pulse();
  pulse.heard({ ev: "resumed", from: 1, seq: 9, server_ts: 100_000 }, 100_000);
  pulse.heard({ ev: "chat_message", seq: 5, ts: 10_000 }, 100_000);
  equal(pulse.lagMs, 0);
  pulse.heard({ ev: "chat_message", seq: 10, ts: 99_960 }, 100_000);
  equal(pulse.lagMs, 40);
  ok(true, "");
});

test("a lag is told by one heartbeat only, and none where nothing came", () => {
  const pulse = new Pulse();
  pulse.heard({ ev: "welcome", seq: 1, server_ts: 100_000 }, 100_000);
  const beat = () => pulse.beat(100_000, { seq: 1, transport: "sse" });
  equal("lag_ms" in beat(), false);
  pulse.heard({ ev: "chat_message", seq: 2, ts: 99_930 }, 100_000);
  equal(beat().lag_ms, 70);
  equal("lag_ms" in beat(), false);
  equal(pulse.lagMs, 70, "what is shown stays:");
});

test("a heartbeat tells failed connects and the video, and its answer gives back what it told", () => {
  const pulse = new Pulse();
  const video = { positionSec: 0, error: "decode" };
  const beat = pulse.beat(0, { seq: 1, transport: "poll", failedConnects: 3, video });
  equal([beat.failed_connects, beat.position_sec, beat.video_error], [3, 0, "decode"]);
  const silent = pulse.beat(0, { seq: 1, transport: "poll", failedConnects: 0 });
  equal(["position_sec" in silent, "video_error" in silent], [false, false]);
  equal(pulse.answered({ re: beat.id, ok: true, server_ts: 0 }, 5).failedConnects, 3);
  equal(pulse.answered({ re: beat.id, ok: true, server_ts: 0 }, 5), null);
  equal(pulse.answered({ re: "another", ok: true }, 5), null);
});

export { run };
