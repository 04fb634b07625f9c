import type { Action, Attachment, Author, Frame, Message, Source, Status, ToolState } from "./frames";

/** A customer's message on its way to the server. */
export interface Pending {
  client_id: string;
  content: string;
  attachments: Attachment[];
  action?: Action | undefined;
  created: number;
  /** The session whose attachments it carries; attachments belong to one session. */
  session?: string | undefined;
  /** Whose message it is; nobody else's session may carry it. */
  user: string | null;
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

/** What is shown of a session: the same frames in the same order give the same conversation, however often they come. */
export class Conversation {
  messages: Message[] = [];
  pending: Pending[] = [];
  turns: Turn[] = [];
  status: Status = "bot";
  /** No staff are connected, so the agent goes on answering while a request for a person waits. */
  unattended = false;
  typing: Author | null = null;
  /** Turns whose answer is stored: provisional frames of theirs come too late. */
  private readonly settled = new Set<string>();

  /** `earlier`: messages of a session that has ended, shown above the new one. */
  constructor(readonly earlier: Message[] = []) {}

  /** Whether what is written now gets the agent's answer. */
  get answered(): boolean {
    return this.status === "bot" || (this.unattended && this.status === "queued");
  }

  apply(frame: Frame): void {
    if (frame.type === "text" || frame.type === "tool_call" || frame.type === "sources") this.write(frame);
    else if (frame.type === "complete" || frame.type === "message") this.store(frame);
    else if (frame.type === "ack") this.acknowledge(frame);
    else if (frame.type === "discard") this.withdraw(frame.turn_id);
    else if (frame.type === "typing") this.typing = frame.author;
    else if (frame.type === "status") this.status = frame.status;
  }

  /** Puts a stored message in its place, once, and takes away what it settles. */
  store(message: Message): void {
    const old = this.messages.find((m) => m.id === message.id);
    this.messages = [...this.messages.filter((m) => m !== old), { ...old, ...message }].sort((a, b) => a.cursor - b.cursor);
    if (message.client_id) this.remove(message.client_id);
    if (message.turn_id) {
      this.withdraw(message.turn_id);
      this.settled.add(message.turn_id);
    }
    if (message.author !== "customer") this.typing = null;
  }

  /** A message to be sent, unless it is known already. */
  queue(message: Pending): void {
    if (![...this.pending, ...this.messages].some((known) => known.client_id === message.client_id)) this.pending.push(message);
  }

  waiting(clientId: string): Pending | undefined {
    return this.pending.find((p) => p.client_id === clientId);
  }

  remove(clientId: string): void {
    this.pending = this.pending.filter((p) => p.client_id !== clientId);
  }

  private acknowledge({ id, cursor, client_id }: Extract<Frame, { type: "ack" }>): void {
    const sent = this.waiting(client_id);
    if (!sent) return;
    const { content, attachments, created, action } = sent;
    this.store({ id, cursor, client_id, author: "customer", content, attachments, timestamp: new Date(created).toISOString() });
    // The agent has work now; its own hint replaces this one.
    if (this.answered && !action) this.typing = "agent";
  }

  private write(frame: Extract<Frame, { type: "text" | "tool_call" | "sources" }>): void {
    const { turn_id: id, epoch } = frame;
    let turn = this.turns.find((t) => t.id === id);
    if (this.settled.has(id) || (turn && turn.epoch > epoch)) return;
    if (!turn || turn.epoch < epoch) {
      this.withdraw(id);
      turn = { id, epoch, deltas: [], sources: [], tool: null };
      this.turns.push(turn);
    }
    this.typing = null;
    if (frame.type === "sources") turn.sources = frame.sources;
    else if (frame.type === "tool_call") turn.tool = frame;
    else {
      turn.deltas[frame.index] ??= frame.delta;
      turn.tool = null;
    }
  }

  private withdraw(id: string): void {
    this.turns = this.turns.filter((turn) => turn.id !== id);
  }
}

/** The text that can be shown: deltas up to the first that has not come. */
export function textOf(deltas: readonly string[]): string {
  let text = "";
  for (let i = 0; deltas[i] !== undefined; i++) text += deltas[i];
  return text;
}
