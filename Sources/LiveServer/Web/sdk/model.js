// Owns what a client knows of a room: a pure reducer from (state, event) to the next state, and RoomModel around it.
// Never touches network, storage, clock or DOM, so a state can be kept, cloned and compared. States are never changed
// in place: a part that did not change is the same object in the next state.
// Limits: KEEP; the oldest entries beyond them are forgotten here (the server's log keeps them).

export const KEEP = Object.freeze({ chat: 500, polls: 50, questions: 300, announcements: 5, people: 5_000 });
/** Up to so many people the server tells names to everybody; above, to moderators alone. */
export const NAMED_PEOPLE_MAX = 100;

const EMPTY = Object.freeze({
  room: "", participant: "", role: "", epoch: "", seq: 0, attached: false,
  chatMode: "open", slowS: 0, locked: false, ended: false, degraded: false,
  off: [],
  chat: [], polls: [], questions: [], hands: [], announcements: [], muted: [], banned: [],
  presence: { count: 0, people: [], whole: false },
  you: { participant: "", name: "", role: "", muted: false, upvotes: [], ballots: [] },
});

export class RoomModel {
  state = EMPTY;

  /** Applies one event in order; returns false where it changed nothing (already seen, or unknown). */
  apply(event) {
    const before = this.state;
    this.state = reduce(before, event);
    return this.state !== before;
  }

  /** Replaces everything, with a state that `state` once was (another tab's, or the one before a reload). */
  restore(state) {
    this.state = { ...EMPTY, ...state };
  }

  get isModerator() {
    return MODERATORS.has(this.state.role);
  }
}

export const MODERATORS = new Set(["assistant", "instructor", "service"]);

/** The next state. Events of the log at or below `state.seq` change nothing: each is applied once. */
export function reduce(state, event) {
  if (typeof event.seq === "number" && event.ev !== "welcome" && event.ev !== "resumed") {
    if (event.seq <= state.seq) return state;
    const step = STEPS[event.ev];
    const next = step ? step(state, event) : state;
    return { ...next, seq: event.seq };
  }
  const step = STEPS[event.ev];
  return step ? step(state, event) : state;
}

const STEPS = {
  welcome(state, e) {
    const s = e.state ?? {};
    return {
      ...EMPTY,
      room: e.room, participant: e.participant, role: e.role, epoch: e.epoch, seq: e.seq, attached: true,
      chatMode: s.chat_mode ?? "open", slowS: s.slow_s ?? 0, locked: !!s.locked, ended: !!s.ended,
      chat: (s.chat ?? []).map((m) => ({ reactions: {}, ...m, mine: mineOf(state, e, m.id) })),
      polls: s.polls ?? [], questions: s.questions ?? [], hands: s.hands ?? [],
      announcements: s.announcements ?? [], muted: s.muted ?? [], banned: s.banned ?? [],
      presence: presenceOf(EMPTY.presence, e.presence),
      you: { ...EMPTY.you, participant: e.participant, role: e.role, ...e.you },
    };
  },
  resumed: (state, e) => ({
    ...state,
    attached: true, degraded: false, off: [],
    presence: presenceOf(state.presence, e.presence),
    you: { ...state.you, ...e.you },
  }),

  chat_message: (state, e) => ({
    ...state,
    chat: last(KEEP.chat, [...state.chat, {
      id: e.id, seq: e.seq, ts: e.ts, from: e.from, name: e.name, role: e.role, text: e.text,
      ...(e.reply_to && { reply_to: e.reply_to }), reactions: {}, mine: [],
    }]),
  }),
  chat_deleted: (state, e) => ({
    ...state,
    chat: change(state.chat, "id", e.message, (m) => ({ ...m, text: "", deleted: true, reactions: {} })),
  }),
  chat_reaction: (state, e) => ({
    ...state,
    chat: change(state.chat, "id", e.message, (m) => {
      const reactions = { ...m.reactions };
      if (e.count > 0) reactions[e.emoji] = e.count;
      else delete reactions[e.emoji];
      if (e.from !== state.participant) return { ...m, reactions };
      const others = (m.mine ?? []).filter((emoji) => emoji !== e.emoji);
      return { ...m, reactions, mine: e.on ? [...others, e.emoji] : others };
    }),
  }),

  poll_started: (state, e) => ({
    ...state,
    polls: last(KEEP.polls, [...state.polls.filter((p) => p.poll !== e.poll), {
      ...body(e), opened_ts: e.ts, open: true,
    }]),
  }),
  poll_closed: (state, e) => ({
    ...state,
    polls: change(state.polls, "poll", e.poll, (p) => ({ ...p, open: false, closed_ts: e.ts })),
  }),
  poll_results: (state, e) => ({
    ...state,
    polls: change(state.polls, "poll", e.poll, (p) => {
      if (p.revision !== undefined && e.revision < p.revision) return p;
      const { pending: _, ...kept } = p;
      return { ...kept, ...body(e), open: p.open };
    }),
  }),
  poll_tally: (state, e) => ({
    ...state,
    polls: change(state.polls, "poll", e.poll, (p) => (
      p.revision !== undefined ? p : { ...p, counts: e.counts, total: e.total })),
  }),
  ballot_stored: (state, e) => withBallots(state, (ballots) =>
    ballots.map((b) => (b.poll === e.poll && b.attempt_id === e.attempt_id ? { ...b, durable: "store" } : b))),
  /** Made by the SDK, not by the server: this participant's ballot as it stands. */
  ballot: (state, e) => withBallots(state, (ballots) =>
    [...ballots.filter((b) => b.poll !== e.ballot.poll), e.ballot]),
  /** Refused: the one that counted before it, where there was one, still does. */
  ballot_dropped: (state, e) => withBallots(state, (ballots) => ballots.flatMap((b) =>
    (b.poll !== e.poll || b.attempt_id !== e.attempt_id ? [b] : b.before ? [b.before] : []))),

  question_asked: (state, e) => ({
    ...state,
    questions: last(KEEP.questions, [...state.questions, { ...body(e), ts: e.ts, votes: 0, status: "open" }]),
  }),
  question_upvoted: (state, e) => ({
    ...state, questions: change(state.questions, "id", e.question, (q) => ({ ...q, votes: e.votes })),
  }),
  question_answered: (state, e) => ({
    ...state,
    questions: change(state.questions, "id", e.question, (q) => (
      { ...q, status: "answered", ...(e.text && { answer: e.text }) })),
  }),
  question_dismissed: (state, e) => ({
    ...state, questions: change(state.questions, "id", e.question, (q) => ({ ...q, status: "dismissed" })),
  }),

  hand_raised: (state, e) => ({
    ...state,
    hands: [...state.hands.filter((h) => h.participant !== e.participant),
      { participant: e.participant, name: e.name, ts: e.ts }],
  }),
  hand_lowered: (state, e) => ({ ...state, hands: without(state.hands, e.participant) }),
  hand_called: (state, e) => ({
    ...state, hands: change(state.hands, "participant", e.participant, (h) => ({ ...h, called: true })),
  }),

  announcement: (state, e) => ({
    ...state, announcements: last(KEEP.announcements, [...state.announcements, { ...body(e), ts: e.ts }]),
  }),
  chat_mode_changed: (state, e) => ({ ...state, chatMode: e.mode, slowS: e.slow_s ?? 0 }),
  participant_muted: (state, e) => ({ ...state, muted: including(state.muted, e.participant) }),
  participant_unmuted: (state, e) => ({ ...state, muted: state.muted.filter((p) => p !== e.participant) }),
  participant_removed: (state) => state,
  participant_banned: (state, e) => ({ ...state, banned: including(state.banned, e.participant) }),
  room_locked: (state, e) => ({ ...state, locked: !!e.locked }),
  room_ended: (state) => ({ ...state, ended: true }),

  presence: (state, e) => ({ ...state, presence: presenceOf(state.presence, e) }),
  you: (state, e) => ({ ...state, you: { ...state.you, ...body(e) } }),
  degraded: (state, e) => ({ ...state, degraded: !!e.degraded }),
  features: (state, e) => ({ ...state, off: e.off ?? [] }),
};

/** Members of an event without what belongs to the envelope. */
function body({ ev, seq, ts, ...members }) {
  return members;
}

function last(count, list) {
  return list.length > count ? list.slice(list.length - count) : list;
}

function change(list, key, value, how) {
  const at = list.findIndex((item) => item[key] === value);
  return at < 0 ? list : [...list.slice(0, at), how(list[at]), ...list.slice(at + 1)];
}

function without(list, participant) {
  return list.filter((item) => item.participant !== participant);
}

function including(list, participant) {
  return list.includes(participant) ? list : [...list, participant];
}

function withBallots(state, how) {
  return { ...state, you: { ...state.you, ballots: how(state.you.ballots ?? []) } };
}

/** Own reactions: as `you` says; from an older server, what was known before a reset of the same participant. */
function mineOf(before, welcome, id) {
  if (welcome.you?.reactions) return welcome.you.reactions[id] ?? [];
  if (before.participant !== welcome.participant || before.epoch !== welcome.epoch) return [];
  return before.chat.find((m) => m.id === id)?.mine ?? [];
}

/** `whole` says whether `people` names everybody: in large rooms only moderators learn names, and only changes. */
function presenceOf(before, said) {
  if (!said) return before;
  const count = said.count ?? before.count;
  if (said.people) return { count, people: byName(said.people), whole: said.people.length >= count };
  if (!said.joined && !said.left) {
    // A count alone names nobody: in a small room, those whose names came before are most likely still here.
    const people = count > NAMED_PEOPLE_MAX || count === 0 ? [] : before.people;
    return { count, people, whole: people.length === count };
  }
  const gone = new Set(said.left ?? []);
  for (const person of said.joined ?? []) gone.add(person.participant);
  const people = before.people.filter((person) => !gone.has(person.participant)).concat(said.joined ?? []);
  return { count, people: last(KEEP.people, byName(people)), whole: people.length === count };
}

const ROLE_ORDER = { instructor: 0, assistant: 1, student: 2, observer: 3, service: 4 };

function byName(people) {
  return [...people].sort((a, b) =>
    (ROLE_ORDER[a.role] ?? 9) - (ROLE_ORDER[b.role] ?? 9)
    || a.name.localeCompare(b.name) || (a.participant < b.participant ? -1 : 1));
}
