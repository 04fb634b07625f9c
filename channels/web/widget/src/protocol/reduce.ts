import type { Conversation, Pending, Turn } from "./conversation";
import { empty } from "./conversation";
import type { Frame, Message, Rating, Status } from "./frames";

/** A typing hint is shown this long at most (the protocol's own limit). */
export const TYPING_MS = 6000;

export type Change =
  | { type: "frame"; frame: Frame; now: number }
  | { type: "history"; messages: Message[]; status: Status }
  | { type: "queued"; message: Pending }
  | { type: "failed"; client_id: string; reason: string }
  | { type: "retried"; client_id: string }
  | { type: "dropped"; client_id: string }
  | { type: "rated"; id: string; rating: Rating | null }
  | { type: "quiet" }
  | { type: "renewed"; keep: boolean; earlier: boolean };

/** The conversation after a change. Pure: the same frames in the same order give the same conversation. */
export function reduce(state: Conversation, change: Change): Conversation {
  switch (change.type) {
    case "frame":
      return reduceFrame(state, change.frame, change.now);
    case "history":
      return { ...change.messages.reduce(store, state), status: change.status };
    case "queued":
      return isKnown(state, change.message.client_id) ? state : { ...state, pending: [...state.pending, change.message] };
    case "failed":
      return editPending(state, change.client_id, { state: "failed", reason: change.reason });
    case "retried":
      return editPending(state, change.client_id, { state: "sending" });
    case "dropped":
      return withoutPending(state, change.client_id);
    case "rated":
      return {
        ...state,
        messages: state.messages.map((m) => (m.id === change.id ? { ...m, feedback: change.rating } : m)),
      };
    case "quiet":
      return state.typing ? { ...state, typing: null } : state;
    case "renewed":
      return {
        ...empty,
        pending: change.keep ? state.pending : [],
        earlier: change.earlier ? [...state.earlier, ...state.messages] : [],
      };
  }
}

function reduceFrame(state: Conversation, frame: Frame, now: number): Conversation {
  switch (frame.type) {
    case "ack":
      return acknowledge(state, frame, now);
    case "text":
      return inTurn(state, frame, (turn) => {
        const deltas = turn.deltas.slice();
        deltas[frame.index] ??= frame.delta;
        return { ...turn, deltas, tool: null };
      });
    case "tool_call":
      return inTurn(state, frame, (turn) => ({ ...turn, tool: { name: frame.name, state: frame.state } }));
    case "sources":
      return inTurn(state, frame, (turn) => ({ ...turn, sources: frame.sources }));
    case "discard":
      return withoutTurn(state, frame.turn_id);
    case "complete":
    case "message": {
      const { type: _, ...message } = frame;
      return store(state, message);
    }
    case "typing":
      return { ...state, typing: { author: frame.author, until: now + TYPING_MS } };
    case "status":
      return { ...state, status: frame.status };
    case "error":
    case "resumed":
    case "pong":
      return state;
  }
}

function acknowledge(state: Conversation, ack: { client_id: string; id: string; cursor: number }, now: number): Conversation {
  const sent = state.pending.find((p) => p.client_id === ack.client_id);
  if (!sent) return state;
  const stored = store(state, {
    id: ack.id,
    cursor: ack.cursor,
    author: "customer",
    content: sent.content,
    timestamp: new Date(sent.created).toISOString(),
    client_id: ack.client_id,
    attachments: sent.attachments,
  });
  // The agent has work now; its own hint replaces this one.
  return state.status === "bot" && !sent.action ? { ...stored, typing: { author: "agent", until: now + TYPING_MS } } : stored;
}

/** Puts a stored message in its place, once, and takes away what it settles. */
function store(state: Conversation, message: Message): Conversation {
  const others = state.messages.filter((m) => m.id !== message.id);
  const old = state.messages.find((m) => m.id === message.id);
  let at = others.length;
  while (at > 0 && others[at - 1]!.cursor > message.cursor) at--;
  const messages = [...others.slice(0, at), { ...old, ...message }, ...others.slice(at)];
  let next: Conversation = { ...state, messages };
  if (message.client_id) next = withoutPending(next, message.client_id);
  if (message.turn_id) next = { ...withoutTurn(next, message.turn_id), settled: new Set(next.settled).add(message.turn_id) };
  return message.author === "customer" ? next : { ...next, typing: null };
}

function inTurn(state: Conversation, frame: { turn_id: string; epoch: number }, edit: (turn: Turn) => Turn): Conversation {
  if (state.settled.has(frame.turn_id)) return state;
  const found = state.turns.find((t) => t.id === frame.turn_id);
  if (found && found.epoch > frame.epoch) return state;
  const fresh = !found || found.epoch < frame.epoch;
  const turn = edit(fresh ? { id: frame.turn_id, epoch: frame.epoch, deltas: [], sources: [], tool: null } : found);
  const turns = found ? state.turns.map((t) => (t === found ? turn : t)) : [...state.turns, turn];
  return { ...state, turns, typing: null };
}

const withoutTurn = (state: Conversation, id: string): Conversation => ({
  ...state,
  turns: state.turns.filter((t) => t.id !== id),
});

const withoutPending = (state: Conversation, id: string): Conversation => ({
  ...state,
  pending: state.pending.filter((p) => p.client_id !== id),
});

function editPending(state: Conversation, id: string, edit: Pick<Pending, "state"> & { reason?: string }): Conversation {
  return {
    ...state,
    pending: state.pending.map((p) => {
      if (p.client_id !== id) return p;
      const { reason: _, ...rest } = p;
      return { ...rest, ...edit };
    }),
  };
}

const isKnown = (state: Conversation, id: string): boolean =>
  state.pending.some((p) => p.client_id === id) || state.messages.some((m) => m.client_id === id);
