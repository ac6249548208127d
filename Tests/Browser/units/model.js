// The room model: events applied once, in order, to the state that the server would show.

import { equal, ok, run, seeded, test } from "./harness.js";
import { RoomModel, reduce } from "/sdk/live.js";

const welcome = (extra = {}) => ({
  ev: "welcome", room: "i/c/s", participant: "ada", role: "student", epoch: "e1234567", seq: 10, resume: "r",
  presence: { count: 2, people: [{ participant: "ada", name: "Ada", role: "student" },
    { participant: "tom", name: "Tom", role: "instructor" }] },
  state: { chat_mode: "open", slow_s: 0, locked: false, ended: false, chat: [], polls: [], questions: [], hands: [],
    announcements: [], ...extra },
  you: { participant: "ada", name: "Ada", role: "student", muted: false, upvotes: [], ballots: [] },
});

function joined(extra) {
  const model = new RoomModel();
  model.apply(welcome(extra));
  return model;
}

const message = (seq, text = "x", from = "tom") => ({
  ev: "chat_message", seq, ts: seq, id: `m${seq}`, from, name: from, role: "student", text,
});

test("an event at or below the model's seq changes nothing", () => {
  const model = joined();
  ok(!model.apply(message(10)), "seq 10 is in the snapshot already");
  ok(model.apply(message(11)), "seq 11 is new");
  ok(!model.apply(message(11)), "seq 11 again is not");
  equal(model.state.chat.map((m) => m.id), ["m11"]);
});

test("features that are off are known until the next greeting says otherwise", () => {
  const model = joined();
  equal(model.state.off, []);
  model.apply({ ev: "features", off: ["chat", "hands"] });
  equal(model.state.off, ["chat", "hands"]);
  model.apply({ ev: "resumed", from: 10, seq: 10, resume: "r" });
  equal(model.state.off, []);
});

test("own reactions come with you, whatever was known before", () => {
  const model = joined();
  model.apply({
    ...welcome({ chat: [{ id: "m3", seq: 3, reactions: { "👍": 2 } }, { id: "m4", seq: 4, reactions: { x: 1 } }] }),
    you: { participant: "ada", name: "Ada", role: "student", muted: false, reactions: { m3: ["👍"] } },
  });
  equal(model.state.chat.map((m) => m.mine), [["👍"], []]);
});

test("seq may skip, and an unknown event still moves the cursor", () => {
  const model = joined();
  model.apply({ ev: "something_new", seq: 15, ts: 1 });
  equal(model.state.seq, 15);
  model.apply(message(20));
  equal(model.state.seq, 20);
});

test("a reset replaces everything, but keeps own reactions of the same epoch", () => {
  const model = joined();
  model.apply(message(11));
  model.apply({ ev: "chat_reaction", seq: 12, ts: 1, message: "m11", emoji: "👍", count: 1, from: "ada", on: true });
  equal(model.state.chat[0].mine, ["👍"]);
  model.apply({ ...welcome({ chat: [{ id: "m11", seq: 11, ts: 1, from: "tom", name: "tom", role: "student", text: "x",
    reactions: { "👍": 1 } }] }), reset: true, seq: 9 });
  equal(model.state.seq, 9);
  equal(model.state.chat[0].mine, ["👍"]);
});

test("a deleted message loses its text and its reactions", () => {
  const model = joined();
  model.apply(message(11, "secret"));
  model.apply({ ev: "chat_deleted", seq: 12, ts: 1, message: "m11", by: "tom" });
  equal([model.state.chat[0].text, model.state.chat[0].deleted], ["", true]);
});

test("a poll runs from start over tallies to results, and a lower revision never replaces a higher one", () => {
  const model = joined();
  model.apply({ ev: "poll_started", seq: 11, ts: 5, poll: "p11", question: "?", kind: "single", options: ["a", "b"],
    anonymous: false, allow_change: false, show: "after" });
  const poll = () => model.state.polls[0];
  ok(poll().open && poll().opened_ts === 5, "open");
  model.apply({ ev: "poll_tally", poll: "p11", counts: [1, 0], total: 1 });
  equal(poll().counts, [1, 0]);
  model.apply({ ev: "poll_closed", seq: 12, ts: 6, poll: "p11" });
  model.apply({ ev: "poll_results", seq: 13, ts: 6, poll: "p11", counts: [2, 1], total: 3, revision: 2, final: false,
    pending: ["n1"] });
  model.apply({ ev: "poll_tally", poll: "p11", counts: [9, 9], total: 18 });
  equal(poll().counts, [2, 1], "a late tally after results");
  model.apply({ ev: "poll_results", seq: 14, ts: 6, poll: "p11", counts: [0, 0], total: 0, revision: 1, final: true });
  equal([poll().counts, poll().final, poll().pending], [[2, 1], false, ["n1"]], "an older revision");
  model.apply({ ev: "poll_results", seq: 15, ts: 6, poll: "p11", counts: [2, 2], total: 4, revision: 3, final: true });
  equal([poll().counts, poll().final, poll().pending ?? null, poll().open], [[2, 2], true, null, false]);
});

test("presence counts people by joins and leaves, and keeps counts alone in large rooms", () => {
  const model = joined();
  model.apply({ ev: "presence", count: 3, joined: [{ participant: "eve", name: "Eve", role: "student" }], left: [] });
  equal(model.state.presence.people.map((p) => p.name), ["Tom", "Ada", "Eve"], "teachers first");
  model.apply({ ev: "presence", count: 2, joined: [], left: ["ada"] });
  equal([model.state.presence.count, model.state.presence.whole], [2, true]);
  model.apply({ ev: "presence", count: 2000 });
  equal([model.state.presence.count, model.state.presence.whole, model.state.presence.people.length], [2000, false, 0]);
});

test("a count alone keeps the names of a small room, and a whole list replaces them", () => {
  const model = joined();
  const { people } = model.state.presence;
  model.apply({ ev: "presence", count: 2 });
  equal(model.state.presence, { count: 2, people, whole: true });
  model.apply({ ev: "presence", count: 3 });
  equal(model.state.presence, { count: 3, people, whole: false });
  model.apply({ ev: "presence", count: 1, people: [people[0]] });
  equal(model.state.presence, { count: 1, people: [people[0]], whole: true });
});

test("own ballots follow their receipts", () => {
  const model = joined();
  const ballots = () => model.state.you.ballots.map((b) => [b.choice, b.durable]);
  model.apply({ ev: "ballot", ballot: { poll: "p1", attempt_id: "a", choice: 1, durable: null } });
  model.apply({ ev: "ballot", ballot: { poll: "p1", attempt_id: "a", choice: 1, durable: "node" } });
  equal(ballots(), [[1, "node"]]);
  model.apply({ ev: "ballot_stored", poll: "p1", attempt_id: "other" });
  equal(ballots(), [[1, "node"]], "another attempt's receipt");
  model.apply({ ev: "ballot_stored", poll: "p1", attempt_id: "a" });
  equal(ballots(), [[1, "store"]]);
  model.apply({ ev: "ballot_dropped", poll: "p1", attempt_id: "a" });
  equal(ballots(), []);
});

test("any delivery with repeats gives the state of one clean delivery (200 seeds)", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seeded(seed);
    const events = history(random);
    const clean = events.reduce(reduce, joined().state);
    let state = joined().state;
    let sent = 0;
    while (sent < events.length) {
      // Go back a random way and send from there again, as a resumed connection may.
      sent = Math.max(0, sent - Math.floor(random() * 5));
      const upTo = Math.min(events.length, sent + 1 + Math.floor(random() * 7));
      for (; sent < upTo; sent++) state = reduce(state, events[sent]);
    }
    equal(state, clean, `seed ${seed}:`);
  }
});

test("no state is ever changed in place", () => {
  const freeze = (value) => {
    if (value && typeof value === "object" && !Object.isFrozen(value)) {
      Object.freeze(value);
      Object.values(value).forEach(freeze);
    }
    return value;
  };
  let state = freeze(joined().state);
  for (const event of history(seeded(7))) state = freeze(reduce(state, event));
});

function history(random) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const people = ["ada", "tom", "eve"];
  const events = [];
  const ids = { m: ["m0"], q: ["q0"], p: ["p0"] };
  for (let seq = 11; seq < 60; seq += 1 + Math.floor(random() * 3)) {
    const from = pick(people);
    const envelope = { seq, ts: seq * 10 };
    const kind = pick(["say", "say", "delete", "react", "ask", "vote", "answer", "open", "close", "hand", "lower"]);
    const made = {
      say: () => message(seq, `t${seq}`, from),
      delete: () => ({ ev: "chat_deleted", message: pick(ids.m), by: "tom" }),
      react: () => ({ ev: "chat_reaction", message: pick(ids.m), emoji: pick(["👍", "🎉"]), from,
        count: Math.floor(random() * 3), on: random() < 0.5 }),
      ask: () => ({ ev: "question_asked", id: `q${seq}`, text: "why", anonymous: true }),
      vote: () => ({ ev: "question_upvoted", question: pick(ids.q), votes: seq }),
      answer: () => ({ ev: pick(["question_answered", "question_dismissed"]), question: pick(ids.q), by: "tom" }),
      open: () => ({ ev: "poll_started", poll: `p${seq}`, question: "?", kind: "single", options: ["a", "b"],
        allow_change: true, show: "live" }),
      close: () => ({ ev: "poll_closed", poll: pick(ids.p) }),
      hand: () => ({ ev: "hand_raised", participant: from, name: from }),
      lower: () => ({ ev: "hand_lowered", participant: from }),
    }[kind]();
    if (kind === "say") ids.m.push(`m${seq}`);
    if (kind === "ask") ids.q.push(`q${seq}`);
    if (kind === "open") ids.p.push(`p${seq}`);
    events.push({ ...envelope, ...made, ...envelope });
  }
  return events;
}

export { run };
