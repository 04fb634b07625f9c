import type { Action, Attachment, Message, Source, Status, ToolState } from "./frames";

/** A customer's message on its way to the server. */
export interface Pending {
  client_id: string;
  content: string;
  attachments: Attachment[];
  action?: Action;
  created: number;
  /** The session whose attachments it carries; attachments belong to one session. */
  session?: string;
  /** Whose message it is; nobody else's session may carry it. */
  user?: string | null;
  state: "sending" | "failed";
  /** Why it failed: an error code, shown in the reader's language. */
  reason?: string;
}

/** An agent's answer while it is being written. */
export interface Turn {
  id: string;
  epoch: number;
  deltas: string[];
  sources: Source[];
  tool: { name: string; state: ToolState } | null;
}

export interface Conversation {
  messages: readonly Message[];
  pending: readonly Pending[];
  turns: readonly Turn[];
  /** Turns whose answer is stored: provisional frames of theirs come too late. */
  settled: ReadonlySet<string>;
  status: Status;
  typing: { author: "agent" | "staff"; until: number } | null;
  /** Messages of a session that has ended, shown above the new one. */
  earlier: readonly Message[];
}

export const empty: Conversation = {
  messages: [],
  pending: [],
  turns: [],
  settled: new Set(),
  status: "bot",
  typing: null,
  earlier: [],
};

/** The text that can be shown: deltas up to the first that has not come. */
export function textOf(turn: Turn): string {
  let text = "";
  for (let i = 0; i < turn.deltas.length && turn.deltas[i] !== undefined; i++) text += turn.deltas[i];
  return text;
}
