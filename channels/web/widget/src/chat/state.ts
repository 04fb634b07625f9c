import type { LinkState } from "../connection/link";
import { type Conversation, empty } from "../protocol/conversation";
import type { SessionConfig } from "../protocol/frames";
import type { Upload } from "../upload/uploads";

export interface ChatState {
  conversation: Conversation;
  link: LinkState | "idle";
  /** The conversation's past is here (or there is none). */
  loaded: boolean;
  /** What stands in the way until somebody acts: the site's token, or the site itself. */
  obstacle: "identity" | "forbidden" | null;
  config: SessionConfig | null;
  open: boolean;
  unread: number;
  uploads: readonly Upload[];
  contactGiven: boolean;
  /** What a screen reader should say next; the key tells equal texts apart. */
  announcement: { key: number; text: string };
}

export const initial: ChatState = {
  conversation: empty,
  link: "idle",
  loaded: false,
  obstacle: null,
  config: null,
  open: false,
  unread: 0,
  uploads: [],
  contactGiven: false,
  announcement: { key: 0, text: "" },
};

/** The one place that holds what the interface shows. */
export class Store<T> {
  private readonly listeners = new Set<() => void>();

  constructor(public state: T) {}

  set(edit: Partial<T>): void {
    this.state = { ...this.state, ...edit };
    for (const listener of this.listeners) listener();
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
