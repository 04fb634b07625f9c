import type { Pending } from "../protocol/conversation";
import type { Storage } from "./storage";

/** Older than this, a message that was never sent is no longer sent by surprise. */
const MAX_AGE_MS = 7 * 24 * 3600 * 1000;
const PREFIX = "out:";

/** Messages that the server has not confirmed. One key each, so that tabs never overwrite one another. */
export class Outbox {
  constructor(
    private readonly storage: Storage,
    private readonly now: () => number = Date.now,
  ) {}

  save(message: Pending): void {
    this.storage.set(PREFIX + message.client_id, message);
  }

  remove(clientId: string): void {
    this.storage.remove(PREFIX + clientId);
  }

  clear(): void {
    for (const key of this.storage.keys(PREFIX)) this.storage.remove(key);
  }

  /** What this user (or somebody who had not signed in yet) has not sent, oldest first. */
  load(user: string | null): Pending[] {
    const kept: Pending[] = [];
    for (const key of this.storage.keys(PREFIX)) {
      const message = this.storage.get<Pending>(key);
      if (!isWhole(message) || this.now() - message.created > MAX_AGE_MS) this.storage.remove(key);
      else if (!message.user || message.user === user) kept.push(message);
    }
    return kept.sort((a, b) => a.created - b.created);
  }

  /** The message that a storage key stands for, if it is one of ours. */
  static idOf(key: string): string | null {
    return key.startsWith(PREFIX) ? key.slice(PREFIX.length) : null;
  }
}

const isWhole = (message: Pending | null): message is Pending =>
  !!message?.client_id && typeof message.content === "string" && Array.isArray(message.attachments);
