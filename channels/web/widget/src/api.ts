import type { Chat } from "./chat/chat";
import type { EventMap } from "./chat/events";

/** `window.Switchboard`: what the embedding page may do with the widget. */
export interface Switchboard {
  open(): void;
  close(): void;
  toggle(): void;
  /** Opens the panel and sends this message. */
  ask(question: string): void;
  /** A fresh token of the site's own user; null when the user signed out. */
  identify(userToken: string | null): void;
  /** Listens to an event; answers how to stop. */
  on<K extends keyof EventMap>(event: K, listener: (detail: EventMap[K]) => void): () => void;
  /** Takes the widget off the page. The conversation stays on the server. */
  destroy(): void;
}

export const publish = (chat: Chat, destroy: () => void): Switchboard => ({
  open: () => chat.setOpen(true),
  close: () => chat.setOpen(false),
  toggle: () => chat.setOpen(!chat.state.open),
  ask: (question) => {
    chat.setOpen(true);
    chat.send(question);
  },
  identify: (token) => chat.identify(token),
  on: (event, listener) => chat.events.on(event, listener),
  destroy,
});

type Call = [name: keyof Switchboard, ...args: unknown[]];

/** Calls made before the script had loaded: `window.Switchboard = [["open"], ["identify", token]]`. */
export function replayCalls(api: Switchboard, before: unknown): void {
  if (Array.isArray(before)) for (const [name, ...args] of before as Call[]) (api[name] as (...args: unknown[]) => unknown)(...args);
}
