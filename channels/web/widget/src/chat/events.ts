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

export class Events {
  private readonly listeners = new Map<string, Set<(detail: never) => void>>();

  on<K extends keyof EventMap>(name: K, listener: (detail: EventMap[K]) => void): () => void {
    const set = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, set.add(listener as (detail: never) => void));
    return () => set.delete(listener as (detail: never) => void);
  }

  emit<K extends keyof EventMap>(name: K, detail: EventMap[K]): void {
    for (const listener of this.listeners.get(name) ?? []) {
      try {
        (listener as (detail: EventMap[K]) => void)(detail);
      } catch (error) {
        // The page's own mistake: shown to its author, harmless to the conversation.
        console.error(error);
      }
    }
  }
}
