import type { Message, Status } from "../protocol/frames";

/** What a page can listen to with `Switchboard.on`. */
export interface EventMap {
  ready: undefined;
  open: undefined;
  close: undefined;
  message: Message;
  unread: number;
  status: Status;
  "token-expired": undefined;
}

type Listener = (detail: never) => void;

export class Events {
  private listeners: [name: string, listener: Listener][] = [];

  /** Answers how to stop listening. */
  on<K extends keyof EventMap>(name: K, listener: (detail: EventMap[K]) => void): () => void {
    const entry: [string, Listener] = [name, listener];
    this.listeners.push(entry);
    return () => {
      this.listeners = this.listeners.filter((other) => other !== entry);
    };
  }

  emit<K extends keyof EventMap>(name: K, detail?: EventMap[K]): void {
    for (const [wanted, listener] of this.listeners) {
      try {
        if (wanted === name) listener(detail as never);
      } catch (error) {
        // The page's own mistake: shown to its author, harmless to the conversation.
        console.error(error);
      }
    }
  }
}
