/** Types of the LiveClassroom SDK. The wire behind them: Docs/protocol.md. */

export type Role = "observer" | "student" | "assistant" | "instructor" | "service";
export type Transport = "websocket" | "sse" | "poll";

export interface ConnectOptions {
  /** `institution/course/session`. */
  room: string;
  /** Access token; kept in memory only. */
  token: string;
  /**
   * Gives a fresh access token of the same person. Asked for when the server says that the token ends (some minutes
   * ahead), and once when it has ended; without it the connection is `closed` with `why: "expired"`. Rejects with an
   * error whose `again` is true where it may be asked again later (no network), else it is taken for a refusal.
   */
  getToken?: () => Promise<string>;
  /** The server's origin. Default: the page's. */
  url?: string;
  /** Use this transport alone. Default: WebSocket, then SSE, then long poll. */
  transport?: Transport;
  /** Names this connection, 1–64 of `[A-Za-z0-9._~-]`; a second connection of the same device replaces the first. */
  device?: string;
}

export interface Status {
  phase: "idle" | "connecting" | "live" | "waiting" | "closed";
  transport: Transport | null;
  /** When the next attempt is due, in local milliseconds; null unless `waiting`. */
  retryAtMs: number | null;
  /** Why it is closed for good. */
  why?: "expired" | "removed" | "replaced";
  /** The server says that some of its parts are away. */
  degraded: boolean;
  /** What the browser says about the network. */
  online: boolean;
  rttMs: number | null;
  /** 95th percentile of the delivery lag. */
  lagMs: number;
  /** Whether this tab holds the connection for all tabs of the browser. */
  leading: boolean;
  /** Commands that have not been answered yet. */
  waiting: number;
}

export interface Person {
  participant: string;
  name: string;
  role: Role;
}

export interface ChatMessage {
  id: string;
  seq: number;
  ts: number;
  from: string;
  name: string;
  role: Role;
  text: string;
  reply_to?: string;
  deleted?: boolean;
  reactions: Record<string, number>;
  /** Own reactions, as far as this browser has seen them. */
  mine: string[];
}

export interface Poll {
  poll: string;
  question: string;
  kind: "single" | "multiple" | "quiz";
  options: string[];
  anonymous: boolean;
  allow_change: boolean;
  show: "live" | "after";
  opened_ts: number;
  closes_ts?: number;
  /** When it was closed, where this browser has seen it. */
  closed_ts?: number;
  open: boolean;
  counts?: number[];
  total?: number;
  revision?: number;
  final?: boolean;
  pending?: string[];
  correct?: number[];
}

export interface Ballot {
  poll: string;
  attempt_id: string;
  choice?: number;
  choices?: number[];
  /** null: on its way. "node": safe on the server's disk. "store": safe for good. */
  durable: null | "node" | "store";
  /** While this one is on its way: the one that counts until then. */
  before?: Ballot;
}

export interface Question {
  id: string;
  ts: number;
  text: string;
  from?: string;
  name?: string;
  anonymous?: boolean;
  votes: number;
  status: "open" | "answered" | "dismissed";
  answer?: string;
}

export interface Hand {
  participant: string;
  name: string;
  ts: number;
  called?: boolean;
}

export interface Announcement {
  id: string;
  ts: number;
  text: string;
  link?: string;
  name: string;
}

export interface RoomState {
  readonly room: string;
  readonly participant: string;
  readonly role: Role;
  readonly epoch: string;
  readonly seq: number;
  /** False until the first `welcome`. */
  readonly attached: boolean;
  readonly chatMode: "open" | "slow" | "moderators" | "off";
  readonly slowS: number;
  readonly locked: boolean;
  readonly ended: boolean;
  readonly degraded: boolean;
  /** Features that an operator switched off here, such as `chat`. */
  readonly off: readonly string[];
  readonly chat: readonly ChatMessage[];
  readonly polls: readonly Poll[];
  readonly questions: readonly Question[];
  readonly hands: readonly Hand[];
  readonly announcements: readonly Announcement[];
  readonly muted: readonly string[];
  readonly banned: readonly string[];
  /** `whole`: `people` names everybody. */
  readonly presence: { count: number; people: readonly Person[]; whole: boolean };
  readonly you: {
    participant: string; name: string; role: Role; muted: boolean; upvotes: string[]; ballots: Ballot[];
    /** As the last greeting said: whether the own hand was up, and own reactions by message. */
    hand?: boolean; reactions?: Record<string, string[]>;
  };
}

/** An event as it came over the wire. */
export interface LiveEvent {
  ev: string;
  seq?: number;
  ts?: number;
  [member: string]: unknown;
}

export interface Reply {
  re: string;
  ok: true;
  seq?: number;
  [member: string]: unknown;
}

export declare class LiveError extends Error {
  code:
    | "bad_request" | "unauthenticated" | "forbidden" | "not_found" | "conflict" | "closed" | "already_answered"
    | "muted" | "rate_limited" | "too_large" | "unavailable" | "overloaded" | "internal";
  retryAfterMs?: number;
  /** It may have taken effect: send it again under the same `id` only. */
  maybe: boolean;
  /** The whole refusal; absent where none came. */
  reply?: { re: string | null; ok: false; [member: string]: unknown };
}

export declare const MODERATORS: Set<Role>;
/** Up to so many people a room names everybody to everybody. */
export declare const NAMED_PEOPLE_MAX: number;

/** The next state; events of the log at or below `state.seq` change nothing. */
export declare function reduce(state: RoomState, event: LiveEvent): RoomState;

export declare class RoomModel {
  readonly state: RoomState;
  readonly isModerator: boolean;
  /** False where the event changed nothing. */
  apply(event: LiveEvent): boolean;
  restore(state: RoomState): void;
}

/**
 * One participant's place in one room. Tells:
 * - every event of the protocol under its `ev` name (`detail`: the event), each event of the log once and in order;
 * - `change` after each change of `model.state`;
 * - `state` (`detail`: Status) when connection or transport change;
 * - `closed` (`detail`: {why}) when it will not connect again by itself;
 * - `ballot_dropped` (`detail`: {poll, attempt_id, code}) when the server refused a ballot for good.
 */
export declare class LiveRoom extends EventTarget {
  readonly model: RoomModel;
  readonly status: Status;
  connect(options: ConnectOptions): Promise<RoomState>;
  /** Resolves with the reply, rejects with LiveError. Waits through lost connections; the id is sent again as is. */
  send(op: string, fields?: Record<string, unknown> & { id?: string }): Promise<Reply>;
  /**
   * One index, or a list for polls of kind `multiple`. The ballot survives reloads until the store has it. Resolves
   * with null where it is under way already, or was answered anew before its reply came.
   */
  answer(poll: string, choice: number | number[]): Promise<Reply | null>;
  /** What the page's video does, told with the next heartbeat; an error once, a position until it changes. */
  reportVideo(video: { positionSec?: number; error?: string | boolean } | null): void;
  /** Server time in milliseconds. */
  now(): number;
  renew(token: string): void;
  reopen(): void;
  close(): void;
}
